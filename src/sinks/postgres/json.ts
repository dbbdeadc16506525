/** Nested deeper than this a value is refused; PostgreSQL's own parser gives up some thousand levels later. */
const maxDepth = 100;

/** A value that cannot be stored as what its column is; `message` speaks of types, never of content. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

// Quotes, backslashes and controls need an escape; surrogates may be lone, which jsonb refuses.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const needsCare = /["\\\u0000-\u001f\ud800-\udfff]/;

/** `text` as PostgreSQL can keep it: U+0000 becomes U+FFFD. (Lone surrogates become it when text is written as UTF-8.) */
export const withoutNul = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text);

function quote(text: string): string {
  return needsCare.test(text) ? JSON.stringify(withoutNul(text).toWellFormed()) : `"${text}"`;
}

/**
 * A value as JSON that `jsonb` takes: maps and objects become objects, bigint a number of any size, dates RFC 3339, bytes base64,
 * and NaN and infinities strings, as PostgreSQL's own to_jsonb has them. U+0000 and lone surrogates become U+FFFD, in keys too.
 *
 * @throws {ValueError} when it nests deeper than 100 levels, holds an impossible date or something that is no data (a function).
 */
export function toJson(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'number':
      return Number.isFinite(value) ? String(value) : `"${value}"`;
    case 'boolean':
    case 'bigint':
      return String(value);
    case 'undefined':
      return 'null';
    case 'object':
      return value === null ? 'null' : objectToJson(value, depth);
    default:
      throw new ValueError(`holds a ${typeof value}, which is no data`);
  }
}

function objectToJson(value: object, depth: number): string {
  if (depth >= maxDepth) throw new ValueError(`nests deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) {
    let json = '[';
    for (let i = 0; i < value.length; i++) json += (i === 0 ? '' : ',') + toJson(value[i], depth + 1);
    return `${json}]`;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new ValueError('holds an impossible date');
    return `"${value.toISOString()}"`;
  }
  if (value instanceof Uint8Array) return `"${Buffer.from(value).toString('base64')}"`;
  if (value instanceof Map) return entriesToJson(value, depth);
  if (value instanceof Set) return objectToJson([...value], depth);
  const primitive: unknown = value.valueOf();
  if (typeof primitive !== 'object') return toJson(primitive, depth); // CEL's unsigned integers and boxed values
  return entriesToJson(Object.entries(value), depth);
}

function entriesToJson(entries: Iterable<readonly [unknown, unknown]>, depth: number): string {
  let json = '{';
  for (const [key, item] of entries) {
    if (item === undefined) continue;
    json += `${json === '{' ? '' : ','}${quote(String(key))}:${toJson(item, depth + 1)}`;
  }
  return `${json}}`;
}
