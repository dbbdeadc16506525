import type { Random } from '../random.ts';

/** Types of expressions that are made here. */
type Kind = 'string' | 'int' | 'bool' | 'double' | 'timestamp' | 'strings' | 'addresses' | 'address';

const strings = [
  '"a"',
  '""',
  "'é🍵'",
  '"\\u0000"',
  'r"\\d+"',
  '"(a+)+$"',
  '"[a-"',
  '"""x"""',
  '"Europe/Zurich"',
  '"2024-01-01T00:00:00Z"',
  '"12"',
  '"1e400"',
];
const ints = ['0', '1', '-1', '9223372036854775807', '-9223372036854775808', '256', '1000000', '0x7f'];
const doubles = ['0.5', '-0.0', '1e308', '1.0 / 0.0', '5e-324'];

/** An expression of a type; what it uses may not exist or not fit, as people write it. */
export function expression(random: Random, kind: Kind, depth: number): string {
  const make = (one: Kind): string => expression(random, one, depth + 1);
  const leaf = depth > random.between(1, 6);
  switch (kind) {
    case 'string':
      return leaf
        ? random.pick(['subject', 'text', 'html', ...strings, 'from.address', 'to[0].name', 'messageId'])
        : stringOf(random, make);
    case 'int':
      return leaf ? random.pick([...ints, 'size']) : intOf(random, make);
    case 'double':
      return leaf
        ? random.pick(doubles)
        : random.pick([
            () => `double(${make('int')})`,
            () => `double(${make('string')})`,
            () => `${make('double')} ${operator(random)} ${make('double')}`,
          ])();
    case 'bool':
      return leaf ? random.pick(['true', 'false', 'has(date)', '"x" in headers']) : boolOf(random, make);
    case 'timestamp':
      return random.pick(
        [
          'receivedAt',
          'date',
          () => `timestamp(${make('string')})`,
          () => `timestamp(${make('int')})`,
          () => `receivedAt + duration(${random.pick(['"1h"', '"-9999999h"', '"1x"'])})`,
        ].map((one) => (typeof one === 'string' ? () => one : one)),
      )();
    case 'strings':
      return leaf
        ? random.pick(['references', 'flags', 'headers.received', '["a", "b"]', '[]'])
        : stringsOf(random, make);
    case 'addresses':
      return leaf
        ? random.pick(['to', 'cc', 'replyTo'])
        : `${make('addresses')}.filter(${variable(random)}, ${make('bool')})`;
    case 'address':
      return random.pick(['from', 'sender', 'to[0]', `to[${random.pick(ints)}]`]);
  }
}

const operator = (random: Random): string => random.pick(['+', '-', '*', '/', '%']);
const comparison = (random: Random): string => random.pick(['==', '!=', '<', '<=', '>', '>=']);
const variable = (random: Random): string => random.pick(['a', 'b', 'subject', 'x']);

function stringOf(random: Random, make: (kind: Kind) => string): string {
  return random.pick([
    () => `${make('string')} + ${make('string')}`,
    () => `${make('string')}.replace(${make('string')}, ${make('string')})`,
    () => `${make('string')}.extract(${make('string')})`,
    () => `${make('string')}.substring(${make('int')}, ${make('int')})`,
    () => `${make('string')}.${random.pick(['lower', 'upper', 'trim', 'lowerAscii', 'upperAscii'])}()`,
    () => `${make('strings')}.join(${make('string')})`,
    () => `string(${make(random.pick(['int', 'double', 'bool', 'timestamp']))})`,
    () => `${make('bool')} ? ${make('string')} : ${make('string')}`,
    () => `${make('address')}.${random.pick(['name', 'address', 'domain', 'nothing'])}`,
    () => `headers[${make('string')}][${make('int')}]`,
    () => `cel.bind(${variable(random)}, ${make('string')}, ${make('string')})`,
  ])();
}

function intOf(random: Random, make: (kind: Kind) => string): string {
  return random.pick([
    () => `${make('int')} ${operator(random)} ${make('int')}`,
    () => `size(${make(random.pick(['string', 'strings', 'addresses']))})`,
    () => `${make('string')}.${random.pick(['indexOf', 'lastIndexOf'])}(${make('string')}, ${make('int')})`,
    () => `int(${make(random.pick(['string', 'double', 'timestamp']))})`,
    () => `${make('timestamp')}.${random.pick(['getHours', 'getFullYear', 'getDayOfWeek'])}(${make('string')})`,
    () => `-(${make('int')})`,
  ])();
}

function boolOf(random: Random, make: (kind: Kind) => string): string {
  const kind = random.pick(['string', 'int', 'double', 'timestamp', 'bool'] as const);
  return random.pick([
    () => `${make(kind)} ${comparison(random)} ${make(kind)}`,
    () => `${make('bool')} ${random.pick(['&&', '||'])} ${make('bool')}`,
    () => `!(${make('bool')})`,
    () => `${make('string')}.${random.pick(['matches', 'contains', 'startsWith', 'endsWith'])}(${make('string')})`,
    () => `${make('string')} in ${make('strings')}`,
    () => `${make('addresses')}.${random.pick(['all', 'exists', 'exists_one'])}(${variable(random)}, ${make('bool')})`,
    () => `${make('strings')}.exists(${variable(random)}, ${variable(random)} ${comparison(random)} ${make('string')})`,
    () => `has(${random.pick(['date', 'from.name', 'headers.x', 'subject', 'a.b.c', 'headers["x"]'])})`,
  ])();
}

function stringsOf(random: Random, make: (kind: Kind) => string): string {
  return random.pick([
    () => `${make('string')}.split(${make('string')})`,
    () => `${make('string')}.split(${make('string')}, ${make('int')})`,
    () => `${make('addresses')}.map(${variable(random)}, ${make('string')})`,
    () => `${make('strings')}.map(${variable(random)}, ${make('string')} + ${variable(random)})`,
    () => `${make('strings')} + ${make('strings')}`,
    () => `[${make('string')}, ${make('string')}]`,
    () => `${make('strings')}.filter(${variable(random)}, ${make('bool')})`,
  ])();
}

export const kinds: readonly Kind[] = [
  'string',
  'bool',
  'int',
  'strings',
  'double',
  'timestamp',
  'addresses',
  'address',
];

const tokens = [
  '(',
  ')',
  '[',
  ']',
  '{',
  '}',
  '.',
  ',',
  '?',
  ':',
  '"',
  "'",
  '\\',
  '&&',
  '||',
  '!',
  '-',
  '+',
  'in',
  '==',
  'null',
  'dyn(',
  'has(',
  '.map(a, ',
  '.all(',
  'cel.bind(',
  '$subject',
  '__proto__',
  'constructor',
  '0u',
  'b"x"',
  '\u0000',
  '\u2028',
  '🍵',
  '\ud800',
  '//',
  '\n',
  '"""',
  'size',
  'type(',
  '1'.repeat(400),
  '['.repeat(40),
  '('.repeat(600),
  '!'.repeat(600),
  '-'.repeat(600),
  'a.'.repeat(600),
];

/** An expression with some of its characters taken out, doubled or replaced by tokens. */
export function misspelt(random: Random, text: string): string {
  let result = text;
  for (let i = random.between(1, 4); i > 0; i--) {
    const at = random.int(result.length + 1);
    const end = at + random.int(8);
    result =
      result.slice(0, at) +
      random.pick(['', random.pick(tokens), result.slice(at, end).repeat(random.pick([2, 40]))]) +
      result.slice(end);
  }
  return result.slice(0, 20_000);
}
