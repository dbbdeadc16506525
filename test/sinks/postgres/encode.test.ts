import { describe, expect, test } from 'vitest';
import type { FieldType } from '../../../src/message/fields.ts';
import { columnsOf } from '../../../src/sinks/postgres/columns.ts';
import { chunkRows, RowEncoder } from '../../../src/sinks/postgres/encode.ts';

const context = { revision: 'r', source: 's' };
const id = (n: number) => `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`;

function encoder(types: Record<string, FieldType>, columns?: string[]) {
  const known = new Map(Object.entries(types));
  return new RowEncoder(columnsOf({ columns }, known), known);
}

/** Elements of an array in PostgreSQL's binary format. */
function elements(param: Buffer | undefined): (Buffer | null)[] {
  if (!param) throw new Error('no such parameter');
  const count = param.readInt32BE(12);
  const found: (Buffer | null)[] = [];
  let at = 20;
  for (let i = 0; i < count; i++) {
    const length = param.readInt32BE(at);
    at += 4;
    found.push(length < 0 ? null : param.subarray(at, at + length));
    at += Math.max(length, 0);
  }
  expect(at).toBe(param.length);
  return found;
}

const row = (n: number, document: Record<string, unknown>) => ({ documentId: id(n), edition: 1, document });

describe('RowEncoder', () => {
  test('writes each column as an array with its element type', () => {
    const { params } = encoder({ subject: 'string', size: 'int' }).encode(
      [row(1, { subject: 'ü', size: 5 })],
      0,
      context,
    );
    expect(params.map((param) => param.readInt32BE(8))).toEqual([2950, 23, 25, 25, 25, 20, 3802]);
    expect(elements(params[0])[0]?.toString('hex')).toBe('00000000000080008000000000000001');
    expect(elements(params[4])[0]?.toString()).toBe('ü');
    expect(elements(params[5])[0]?.readBigInt64BE()).toBe(5n);
    expect(elements(params[6])).toEqual([null]);
  });

  test('puts fields that the revision does not know into extra, and no others', () => {
    const { params } = encoder({ a: 'string', b: 'string' }).encode([row(1, { a: 'x', c: 1n })], 0, context);
    expect(elements(params.at(-1))[0]?.toString()).toBe('\u0001{"c":1}');
    const chosen = encoder({ a: 'string', b: 'string' }, ['a']).encode([row(1, { a: 'x', b: 'y', c: 1n })], 0, context);
    expect(chosen.params).toHaveLength(5);
  });

  test('cuts chunks at their rows', () => {
    const rows = Array.from({ length: chunkRows + 1 }, (_, i) => row(i, { a: 'x' }));
    const first = encoder({ a: 'string' }).encode(rows, 0, context);
    expect([first.rows.length, first.next]).toEqual([chunkRows, chunkRows]);
    expect(encoder({ a: 'string' }).encode(rows, first.next, context).rows).toHaveLength(1);
  });

  test('cuts chunks at their bytes, and takes a larger row alone', () => {
    const rows = [1, 2, 3].map((n) => row(n, { a: 'x'.repeat(5 * 2 ** 20) }));
    expect(encoder({ a: 'string' }).encode(rows, 0, context).next).toBe(1);
  });

  test('refuses a row whose value does not fit, naming field and reason, and keeps the others whole', () => {
    const rows = [row(1, { a: 'x', n: 1 }), row(2, { a: 'secret', n: 1.5 }), row(3, { a: 'y', n: 3 })];
    const chunk = encoder({ a: 'string', n: 'int' }).encode(rows, 0, context);
    expect(chunk.refused).toEqual([
      {
        documentId: id(2),
        code: 'SINK_VALUE_REFUSED',
        message: 'the field n is no whole number; correct the step that sets it',
      },
    ]);
    expect(elements(chunk.params[4]).map(String)).toEqual(['x', 'y']);
    expect(elements(chunk.params[5]).map((b) => b?.readBigInt64BE())).toEqual([1n, 3n]);
  });

  test.each<[string, FieldType, unknown, string]>([
    ['a number as a string', 'string', 5, 'is no string'],
    ['a bigint beyond 64 bits', 'int', 2n ** 63n, 'is beyond 64 bits'],
    ['a fraction as an int', 'int', 0.5, 'is no whole number'],
    ['a string as a double', 'double', '1', 'is no number'],
    ['a string as a bool', 'bool', 'true', 'is no bool'],
    ['an impossible date', 'timestamp', new Date(Number.NaN), 'is no timestamp'],
    ['a date before PostgreSQL began', 'timestamp', new Date(-8.64e15), 'is before 4713 BC'],
    ['a list of numbers', 'list<string>', [1], 'is no list of strings'],
    ['an impossible date within', 'dyn', { at: new Date(Number.NaN) }, 'holds an impossible date'],
  ])('refuses %s', (_, type, value, reason) => {
    const chunk = encoder({ f: type }).encode([row(1, { f: value })], 0, context);
    expect(chunk.rows).toHaveLength(0);
    expect(chunk.refused[0]?.message).toBe(`the field f ${reason}; correct the step that sets it`);
  });

  test('writes what a database would refuse as U+FFFD', () => {
    const chunk = encoder({ t: 'string', l: 'list<string>' }).encode(
      [row(1, { t: '\0\ud800x', l: ['\0', '\udfff"\\'] })],
      0,
      context,
    );
    expect(elements(chunk.params[4])[0]?.toString()).toBe('\uFFFD\uFFFDx');
    expect(elements(chunk.params[5])[0]?.toString()).toBe('{"\uFFFD","\uFFFD\\"\\\\"}');
  });
});
