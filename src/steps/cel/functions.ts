import type { Environment } from '@marcbachmann/cel-js';
import { evaluationError } from './error.ts';
import { limits } from './limits.ts';
import type { Meter } from './meter.ts';
import type { Patterns } from './patterns.ts';
import { fromSeconds, parseTimestamp, timestampPart, timestampParts } from './time.ts';

const timestampType = 'google.protobuf.Timestamp';
const durationType = 'google.protobuf.Duration';

/** Comprehensions: the variable, then what is evaluated for each element. */
export const comprehensions: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'map', 'filter']);

/** Functions of the library that are right, linear and small in what they make. */
const builtinFunctions = ['has', 'bool', 'duration', 'dyn'];
const builtinMethods = ['startsWith', 'endsWith', 'trim', 'substring', 'bind', ...comprehensions];

/** What our own functions need of the library's durations. */
interface Duration {
  getHours(): bigint;
  getMinutes(): bigint;
  getSeconds(): bigint;
  getMilliseconds(): bigint;
  toString(): string;
}

type Handler = (...values: never[]) => unknown;
interface Spec {
  readonly name: string;
  /** Type of what stands before the dot; absent: a function. */
  readonly on?: string;
  readonly takes: readonly string[];
  readonly gives: string;
  readonly run: Handler;
}

function int(text: string): bigint {
  if (!/^[-+]?[0-9]{1,19}$/.test(text)) throw evaluationError('int_conversion_error');
  const value = BigInt(text.replace('+', ''));
  if (BigInt.asIntN(64, value) !== value) throw evaluationError('int_conversion_error');
  return value;
}

function truncated(value: number): bigint {
  if (!Number.isFinite(value)) throw evaluationError('numeric_overflow');
  const whole = BigInt(Math.trunc(value));
  if (BigInt.asIntN(64, whole) !== whole) throw evaluationError('numeric_overflow');
  return whole;
}

function double(text: string): number {
  if (!/^[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]{1,4})?$/.test(text))
    throw evaluationError('double_conversion_error');
  return Number(text);
}

/** Offset of the first or last `needle`; -1 when there is none. */
function indexes(meter: Meter): readonly Spec[] {
  const from = (text: string, start: bigint): number => {
    if (start < 0n || start > BigInt(text.length)) throw evaluationError('index_out_of_range');
    return Number(start);
  };
  const first = (text: string, needle: string, start = 0n) => {
    meter.search(text, needle);
    return BigInt(text.indexOf(needle, from(text, start)));
  };
  const last = (text: string, needle: string, start?: bigint) => {
    meter.search(text, needle);
    return BigInt(start === undefined ? text.lastIndexOf(needle) : text.lastIndexOf(needle, from(text, start)));
  };
  return [
    { name: 'indexOf', on: 'string', takes: ['string'], gives: 'int', run: first },
    { name: 'indexOf', on: 'string', takes: ['string', 'int'], gives: 'int', run: first },
    { name: 'lastIndexOf', on: 'string', takes: ['string'], gives: 'int', run: last },
    { name: 'lastIndexOf', on: 'string', takes: ['string', 'int'], gives: 'int', run: last },
  ];
}

/** What functions do with patterns. */
export type Matching = Pick<Patterns, 'matches' | 'extract'>;

function strings(meter: Meter, patterns: Matching): readonly Spec[] {
  const made = (text: string): string => {
    meter.making(text.length);
    return text;
  };
  const split = (text: string, separator: string, limit = -1n): readonly string[] => {
    meter.search(text, separator);
    if (limit === 0n) return [];
    const most = limit > 0n && limit <= limits.madeList ? Number(limit) : limits.madeList;
    const pieces = text.split(separator, most + 1);
    meter.spend(pieces.length);
    if (pieces.length <= most) return pieces;
    if (limit !== BigInt(most)) throw evaluationError('list_too_long');
    const head = pieces.slice(0, most - 1);
    const used = head.reduce((sum, piece) => sum + piece.length + separator.length, 0);
    return [...head, text.slice(used)];
  };
  const replace = (text: string, from: string, to: string): string => {
    meter.search(text, from);
    let count = 0;
    if (from === '') count = text.length + 1;
    else for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + from.length)) count++;
    meter.spend(count);
    meter.making(text.length + count * (to.length - from.length));
    return text.replaceAll(from, () => to);
  };
  const join = (list: readonly string[], separator = ''): string => {
    meter.making(list.reduce((sum, item) => sum + item.length + separator.length, 0));
    return list.join(separator);
  };
  return [
    {
      name: 'matches',
      on: 'string',
      takes: ['string'],
      gives: 'bool',
      run: (t: string, p: string) => patterns.matches(t, p),
    },
    {
      name: 'extract',
      on: 'string',
      takes: ['string'],
      gives: 'string',
      run: (t: string, p: string) => made(patterns.extract(t, p)),
    },
    {
      name: 'contains',
      on: 'string',
      takes: ['string'],
      gives: 'bool',
      run: (text: string, needle: string) => {
        meter.search(text, needle);
        return text.includes(needle);
      },
    },
    { name: 'lower', on: 'string', takes: [], gives: 'string', run: (t: string) => made(t.toLowerCase()) },
    { name: 'upper', on: 'string', takes: [], gives: 'string', run: (t: string) => made(t.toUpperCase()) },
    {
      name: 'lowerAscii',
      on: 'string',
      takes: [],
      gives: 'string',
      run: (t: string) => made(t.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())),
    },
    {
      name: 'upperAscii',
      on: 'string',
      takes: [],
      gives: 'string',
      run: (t: string) => made(t.replace(/[a-z]+/g, (letters) => letters.toUpperCase())),
    },
    { name: 'replace', on: 'string', takes: ['string', 'string'], gives: 'string', run: replace },
    { name: 'split', on: 'string', takes: ['string'], gives: 'list<string>', run: split },
    { name: 'split', on: 'string', takes: ['string', 'int'], gives: 'list<string>', run: split },
    { name: 'join', on: 'list<string>', takes: [], gives: 'string', run: join },
    { name: 'join', on: 'list<string>', takes: ['string'], gives: 'string', run: join },
    ...indexes(meter),
  ];
}

function sizes(meter: Meter): readonly Spec[] {
  const runs: readonly (readonly [string, Handler])[] = [
    [
      'string',
      (text: string) => {
        meter.spend(text.length / 4);
        let count = 0n;
        for (const _ of text) count++;
        return count;
      },
    ],
    ['list', (list: readonly unknown[]) => BigInt(list.length)],
    ['map', (map: object) => BigInt(map instanceof Map ? map.size : Object.keys(map).length)],
  ];
  return runs.flatMap(([type, run]) => [
    { name: 'size', takes: [type], gives: 'int', run },
    { name: 'size', on: type, takes: [], gives: 'int', run },
  ]);
}

const conversions: readonly Spec[] = [
  { name: 'int', takes: ['int'], gives: 'int', run: (v: bigint) => v },
  { name: 'int', takes: ['double'], gives: 'int', run: truncated },
  { name: 'int', takes: ['string'], gives: 'int', run: int },
  { name: 'int', takes: [timestampType], gives: 'int', run: (v: Date) => BigInt(Math.floor(v.getTime() / 1000)) },
  { name: 'double', takes: ['double'], gives: 'double', run: (v: number) => v },
  { name: 'double', takes: ['int'], gives: 'double', run: (v: bigint) => Number(v) },
  { name: 'double', takes: ['string'], gives: 'double', run: double },
  { name: 'string', takes: ['string'], gives: 'string', run: (v: string) => v },
  { name: 'string', takes: ['bool'], gives: 'string', run: (v: boolean) => String(v) },
  { name: 'string', takes: ['int'], gives: 'string', run: (v: bigint) => v.toString() },
  { name: 'string', takes: ['double'], gives: 'string', run: (v: number) => String(v) },
  {
    name: 'string',
    takes: [timestampType],
    gives: 'string',
    run: (v: Date) => v.toISOString().replace(/\.000Z$/, 'Z'),
  },
  { name: 'string', takes: [durationType], gives: 'string', run: (v: Duration) => v.toString() },
  { name: 'timestamp', takes: ['string'], gives: timestampType, run: parseTimestamp },
  { name: 'timestamp', takes: ['int'], gives: timestampType, run: fromSeconds },
  { name: 'timestamp', takes: [timestampType], gives: timestampType, run: (v: Date) => v },
];

function times(meter: Meter): readonly Spec[] {
  const ofDurations: readonly Spec[] = [
    { name: 'getHours', on: durationType, takes: [], gives: 'int', run: (d: Duration) => d.getHours() },
    { name: 'getMinutes', on: durationType, takes: [], gives: 'int', run: (d: Duration) => d.getMinutes() },
    { name: 'getSeconds', on: durationType, takes: [], gives: 'int', run: (d: Duration) => d.getSeconds() },
    { name: 'getMilliseconds', on: durationType, takes: [], gives: 'int', run: (d: Duration) => d.getMilliseconds() },
  ];
  const ofTimestamps = timestampParts.flatMap((name): readonly Spec[] => [
    { name, on: timestampType, takes: [], gives: 'int', run: (date: Date) => timestampPart(name, date) },
    {
      name,
      on: timestampType,
      takes: ['string'],
      gives: 'int',
      run: (date: Date, timeZone: string) => {
        meter.spend(100);
        return timestampPart(name, date, timeZone);
      },
    },
  ]);
  return [...ofTimestamps, ...ofDurations];
}

/** The names that expressions may call, and what each is called in the library (ours begin with `$`). */
export interface FunctionNames {
  readonly functions: ReadonlyMap<string, string>;
  readonly methods: ReadonlyMap<string, string>;
}

/**
 * Registers our functions. Those that the library has too replace them: its `matches` is a JavaScript RegExp, its conversions take
 * `int("")`, its time zones depend on the machine's, and some can make gigabytes. Everything that is not named here
 * cannot be called.
 */
export function registerFunctions(environment: Environment, meter: Meter, patterns: Matching): FunctionNames {
  const functions = new Map(builtinFunctions.map((name) => [name, name]));
  const methods = new Map(builtinMethods.map((name) => [name, name]));
  for (const spec of [...strings(meter, patterns), ...sizes(meter), ...conversions, ...times(meter)]) {
    const name = `$${spec.name}`;
    (spec.on === undefined ? functions : methods).set(spec.name, name);
    environment.registerFunction({
      name,
      receiverType: spec.on,
      returnType: spec.gives,
      params: spec.takes.map((type) => ({ type })),
      async: false,
      // The library passes values of the declared types, or refuses the call.
      handler: spec.run as (...values: unknown[]) => unknown,
    });
  }
  return { functions, methods };
}
