import type { FieldType } from '../../message/fields.ts';
import { oids } from '../../store/wire/array-writer.ts';
import { type BinaryWriter, withoutNul } from '../../store/wire/binary-writer.ts';
import { ValueError, writeJson } from './json.ts';

const minTimestampMs = -210_866_803_200_000; // 4713-01-01 BC, where PostgreSQL's timestamps begin
const minBigint = -(2n ** 63n);
const maxBigint = 2n ** 63n - 1n;

function strings(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
    throw new ValueError('is no list of strings');
  return value;
}

const arrayLiteral = (items: readonly string[]): string =>
  `{${items.map((item) => `"${withoutNul(item).replace(/["\\]/g, '\\$&')}"`).join(',')}}`;

/** An array of text in its binary format; one without elements has no dimension. */
function arrayOfText(writer: BinaryWriter, items: readonly string[]): void {
  const at = writer.open();
  writer.rawInt32(items.length === 0 ? 0 : 1);
  writer.rawInt32(0); // holds no nulls
  writer.rawInt32(oids.text);
  if (items.length > 0) {
    writer.rawInt32(items.length);
    writer.rawInt32(1); // lower bound
    for (const item of items) writer.text(withoutNul(item));
  }
  writer.close(at);
}

function wholeNumber(value: unknown): number | bigint {
  if (Number.isSafeInteger(value)) return value as number; // as it says
  const plain: unknown = typeof value === 'object' && value !== null ? value.valueOf() : value;
  if (typeof plain !== 'bigint' && !(typeof plain === 'number' && Number.isInteger(plain)))
    throw new ValueError('is no whole number');
  const whole = BigInt(plain);
  if (whole < minBigint || whole > maxBigint) throw new ValueError('is beyond 64 bits');
  return whole;
}

/** Appends a value that is there. */
export type Encoder = (writer: BinaryWriter, value: unknown) => void;

const json: Encoder = (writer, value) => {
  const at = writer.open();
  writer.rawByte(1); // version of jsonb's binary format
  writeJson(writer, value);
  writer.close(at);
};

export const encoders: Readonly<Record<FieldType, Encoder>> = {
  string: (writer, value) => {
    if (typeof value !== 'string') throw new ValueError('is no string');
    writer.text(withoutNul(value));
  },
  int: (writer, value) => writer.int64(wholeNumber(value)),
  double: (writer, value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw new ValueError('is no number');
    writer.float64(Number(value));
  },
  bool: (writer, value) => {
    if (typeof value !== 'boolean') throw new ValueError('is no bool');
    writer.boolean(value);
  },
  timestamp: (writer, value) => {
    const ms = value instanceof Date ? value.getTime() : Number.NaN;
    if (Number.isNaN(ms)) throw new ValueError('is no timestamp');
    if (ms < minTimestampMs) throw new ValueError('is before 4713 BC');
    writer.timestamp(ms);
  },
  'list<string>': (writer, value) => arrayOfText(writer, strings(value)),
  address: json,
  'list<address>': json,
  'list<attachment>': json,
  'list<link>': json,
  'list<header>': json,
  headers: json,
  mailingList: json,
  report: json,
  authentication: json,
  dyn: json,
};

/** As an element of an array: an array of arrays would have to be rectangular, so that text[] travels as its text form and is cast. */
export const elementEncoders: Readonly<Record<FieldType, Encoder>> = {
  ...encoders,
  'list<string>': (writer, value) => writer.text(arrayLiteral(strings(value))),
};
