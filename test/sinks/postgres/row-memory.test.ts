import { describe, expect, test } from 'vitest';
import type { FieldType } from '../../../src/message/fields.ts';
import { columnsOf } from '../../../src/sinks/postgres/columns.ts';
import { CopyPieces } from '../../../src/sinks/postgres/copy.ts';
import { RowEncoder } from '../../../src/sinks/postgres/encode.ts';
import type { Row, WriteContext } from '../../../src/sinks/sink.ts';

const context: WriteContext = { revision: 'r', source: 's' };
const types = new Map<string, FieldType>([
  ['text', 'string'],
  ['n', 'int'],
  ['to', 'list<address>'],
]);
const encoder = () => new RowEncoder(columnsOf({}, types), types);
const id = (n: number) => `00000000-0000-8000-8000-${String(n).padStart(12, '0')}`;
const row = (n: number, text: string): Row => ({
  documentId: id(n),
  edition: 1,
  document: { text, n, to: [{ address: `${n}@example.org`, name: 'ü "x"' }] },
});

/** What COPY would send of these. */
function copied(by: RowEncoder, rows: readonly Row[], under = context) {
  const chunk = by.copy(rows, 0, under);
  const bytes = Buffer.concat(
    Array.from(chunk.pieces, (piece) => {
      const sent = Buffer.from(piece.finish().subarray(5));
      chunk.sent(piece);
      return sent;
    }),
  );
  return { bytes: bytes.toString('hex'), refused: chunk.refused, next: chunk.next };
}

/** The row as it waits: whoever asks for its document is told. */
function waiting(by: RowEncoder, of: Row, asked: string[] = []) {
  const encoded = [by.ahead(of, context)];
  return {
    documentId: of.documentId,
    edition: of.edition,
    encoded,
    get document() {
      asked.push(of.documentId);
      return of.document;
    },
  };
}

describe('rows that are encoded ahead of their COPY', () => {
  test('are sent as if they had been encoded by it, whatever their size and order, and their documents are not asked for', () => {
    const rows = [row(3, 'x'.repeat(200_000)), row(1, 'short'), row(2, 'y'.repeat(100_000)), row(4, '')];
    const by = encoder();
    const asked: string[] = [];
    const ahead = rows.map((each) => waiting(by, each, asked)).toReversed();
    expect(copied(by, ahead)).toEqual(copied(encoder(), rows.toReversed()));
    expect(asked).toEqual([]);
  });

  test('say why they are refused, and leave their neighbours whole', () => {
    const bad = { ...row(2, 'y'), document: { text: 'y', n: 1.5 } };
    const by = encoder();
    const rows = [row(1, 'x'), bad, row(3, 'z')];
    const { bytes, refused } = copied(
      by,
      rows.map((each) => waiting(by, each)),
    );
    expect(bytes).toBe(copied(encoder(), [row(1, 'x'), row(3, 'z')]).bytes);
    expect(refused).toEqual([
      {
        documentId: id(2),
        code: 'SINK_VALUE_REFUSED',
        message: 'the field n is no whole number; correct the step that sets it',
      },
    ]);
  });

  test('are encoded anew for another revision, another edition or another table', () => {
    const by = encoder();
    const other = { revision: 'r2', source: 's' };
    expect(copied(by, [waiting(by, row(1, 'x'))], other)).toEqual(copied(encoder(), [row(1, 'x')], other));
    const later = { ...waiting(by, row(1, 'x')), documentId: id(1), edition: 2, document: row(1, 'x').document };
    expect(copied(by, [later])).toEqual(copied(encoder(), [{ ...row(1, 'x'), edition: 2 }]));
    expect(copied(encoder(), [waiting(by, row(1, 'x'))])).toEqual(copied(encoder(), [row(1, 'x')]));
  });

  test('give their memory back when all of their neighbours are released; what is not stays, what is is not read again', () => {
    const by = encoder();
    const plain = Array.from({ length: 60 }, (_, n) => row(n, `${n} `.repeat(8_000)));
    const waits = plain.map((each) => waiting(by, each));
    const release = (n: number) => {
      for (const each of waits[n]?.encoded ?? []) each.release();
    };
    // The first thirty whole, of the others each third; all of them twice.
    for (const n of [...plain.keys(), ...plain.keys()]) if (n < 30 || n % 3 === 0) release(n);
    const more = Array.from({ length: 60 }, (_, n) => row(100 + n, `${n} more `.repeat(3_000)));
    const rows = [...waits, ...more.map((each) => waiting(by, each))];
    expect(copied(by, rows)).toEqual(copied(encoder(), [...plain, ...more]));
  });

  test('that filled a piece and were released at once leave it to others, and to nobody twice', () => {
    const by = encoder();
    for (const each of waiting(by, row(1, 'x'.repeat(150_000))).encoded) each.release();
    const plain = Array.from({ length: 4 }, (_, n) => row(10 + n, `${n}`.repeat(150_000)));
    const waits = plain.map((each) => waiting(by, each));
    for (const each of waits[1]?.encoded ?? []) each.release();
    const last = row(20, 'y'.repeat(150_000));
    expect(copied(by, [...waits, waiting(by, last)])).toEqual(copied(encoder(), [...plain, last]));
  });
});

test('memory for COPY is kept for the next one up to a number of pieces; the rest is freed at once', () => {
  const pieces = new CopyPieces(1);
  const [kept, freed] = [pieces.take(), pieces.take()];
  const messages = [kept, freed].map((piece) => {
    piece.begin();
    return piece.finish();
  });
  pieces.give(kept);
  pieces.give(freed);
  expect(messages.map((message) => message.length)).toEqual([24, 0]);
  expect(pieces.take()).toBe(kept);
  expect(pieces.take()).not.toBe(freed);
});
