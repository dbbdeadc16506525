import type { Random } from '../random.ts';

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const values: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1e21,
  0.5,
  '',
  'x',
  [],
  {},
  [null],
  'x'.repeat(5_000),
  '\u0000',
  '\ud800',
  '90d',
  '-1d',
  '99999999999d',
  '8Gi',
  '*/5 * * * *',
  '60 25 * * *',
  '2026-02-30',
  'Europe/Nowhere',
  '**',
  '[a',
  '__proto__',
  '9'.repeat(30),
  ['a', 'a'],
  { a: { b: {} } },
  'from.domain +',
  'true',
];
const names = [
  'name',
  'kind',
  'spec',
  '__proto__',
  'constructor',
  'toString',
  '',
  ' ',
  'a.b',
  '0',
  'steps',
  'filter',
  'imap',
  'maildir',
  'postgres',
  'x'.repeat(300),
  'é',
  'schedule',
  'metadata',
  'columns',
  'retention',
];

/** Another value for one place in `value`, or a member more or less; changes in place where it can. */
export function mutateJson(random: Random, value: Json): Json {
  if (typeof value !== 'object' || value === null || random.once(8)) return structuredClone(random.pick(values));
  if (Array.isArray(value)) {
    const at = random.int(value.length + 1);
    if (random.once(4)) value.splice(at, 1);
    else if (at === value.length) value.push(structuredClone(value[0] ?? random.pick(values)));
    else value[at] = mutateJson(random, value[at] ?? null);
    return value;
  }
  const keys = Object.keys(value);
  const key = keys.length === 0 || random.once(6) ? random.pick(names) : random.pick(keys);
  if (random.once(6)) delete value[key];
  else {
    const changed = Object.hasOwn(value, key)
      ? mutateJson(random, value[key] ?? null)
      : structuredClone(random.pick(values));
    Object.defineProperty(value, key, { value: changed, enumerable: true, configurable: true, writable: true });
  }
  return value;
}

const pieces = [
  '---\n',
  '...\n',
  '%YAML 1.1\n',
  '&a ',
  '*a',
  '<<: *a\n',
  '!!binary ',
  '!!js/function ',
  '!!timestamp ',
  '? ',
  ': ',
  '- ',
  '|\n',
  '>-\n',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '\\x',
  '#',
  '\t',
  '\n',
  '\r',
  '\u0000',
  '\u0085',
  '\u2028',
  '\ufeff',
  '@',
  '`',
  'yes',
  '0o7',
  '1_000',
  '.inf',
  '~',
  '&a [*a, *a]',
  '- '.repeat(300),
  '['.repeat(3_000),
  '{a: '.repeat(500),
  '"\\ud800"',
  '!'.repeat(50),
  `&a [${'x, '.repeat(9)}]`,
];

/** YAML text with pieces of its grammar put in, lines moved in and out, or cut. */
export function mutateYaml(random: Random, text: string): string {
  let result = text;
  for (let i = random.between(1, 5); i > 0; i--) {
    const at = random.int(result.length + 1);
    const end = at + random.int(30);
    result = random.pick([
      () => result.slice(0, at) + random.pick(pieces) + result.slice(at),
      () => result.slice(0, at) + result.slice(end),
      () => result.slice(0, end) + result.slice(at),
      () => result.slice(0, at),
      () => result.replace(/\n( *)(?=\S)/g, (line) => (random.once(12) ? `${line} ` : line)),
      () => result.slice(0, at) + String.fromCharCode(random.int(256)) + result.slice(at + 1),
    ])();
  }
  return result.slice(0, 100_000);
}
