import type { BinaryWriter } from '../../store/wire/binary-writer.ts';

/** Nested deeper than this a value is refused; PostgreSQL's own parser gives up some thousand levels later. */
const maxDepth = 100;

const comma = 0x2c;

/** A value that cannot be stored as what its column is; `message` speaks of types, never of content. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/**
 * Appends a value, without a length, as JSON that `jsonb` takes: maps and objects become objects, bigint a number of any size, dates
 * RFC 3339, bytes base64, and NaN and infinities strings, as PostgreSQL's own to_jsonb has them. U+0000 and lone surrogates become
 * U+FFFD, in keys too.
 *
 * @throws {ValueError} when it nests deeper than 100 levels, holds an impossible date or something that is no data (a function).
 */
export function writeJson(writer: BinaryWriter, value: unknown, depth = 0): void {
  switch (typeof value) {
    case 'string':
      writer.rawJsonString(value);
      return;
    case 'number':
      writer.rawAscii(Number.isFinite(value) ? String(value) : `"${value}"`);
      return;
    case 'boolean':
    case 'bigint':
      writer.rawAscii(String(value));
      return;
    case 'undefined':
      writer.rawAscii('null');
      return;
    case 'object':
      if (value === null) writer.rawAscii('null');
      else writeObject(writer, value, depth);
      return;
    default:
      throw new ValueError(`holds a ${typeof value}, which is no data`);
  }
}

function writeObject(writer: BinaryWriter, value: object, depth: number): void {
  if (depth >= maxDepth) throw new ValueError(`nests deeper than ${maxDepth} levels`);
  if (Array.isArray(value)) writeList(writer, value, depth);
  else if (value instanceof Map) {
    let first = true;
    writer.rawByte(0x7b);
    for (const [key, item] of value) first = writeEntry(writer, String(key), item, first, depth);
    writer.rawByte(0x7d);
  } else if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new ValueError('holds an impossible date');
    writer.rawAscii(`"${value.toISOString()}"`);
  } else if (value instanceof Uint8Array) writer.rawAscii(`"${Buffer.from(value).toString('base64')}"`);
  else if (value instanceof Set) writeList(writer, [...value], depth);
  else {
    const primitive: unknown = value.valueOf();
    if (typeof primitive !== 'object') {
      writeJson(writer, primitive, depth); // CEL's unsigned integers and boxed values
      return;
    }
    let first = true;
    writer.rawByte(0x7b);
    for (const key of Object.keys(value)) {
      const item: unknown = (value as Record<string, unknown>)[key]; // an own key
      first = writeEntry(writer, key, item, first, depth);
    }
    writer.rawByte(0x7d);
  }
}

function writeList(writer: BinaryWriter, list: readonly unknown[], depth: number): void {
  writer.rawByte(0x5b);
  for (let i = 0; i < list.length; i++) {
    if (i > 0) writer.rawByte(comma);
    writeJson(writer, list[i], depth + 1);
  }
  writer.rawByte(0x5d);
}

/** What is undefined is left out. Returns whether the next entry is the first. */
function writeEntry(writer: BinaryWriter, key: string, item: unknown, first: boolean, depth: number): boolean {
  if (item === undefined) return first;
  if (!first) writer.rawByte(comma);
  writer.rawJsonString(key);
  writer.rawByte(0x3a);
  writeJson(writer, item, depth + 1);
  return false;
}
