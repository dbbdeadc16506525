import { describe, expect, it } from 'vitest';
import type { FetchRow } from '../../../src/sources/imap/fetch-row.ts';
import { FetchTap, ProtocolError, type TapLimits } from '../../../src/sources/imap/fetch-tap.ts';

/** What a tap makes of pieces: its rows, and what it passes on. */
function through(pieces: readonly Buffer[], limits?: TapLimits) {
  const tap = new FetchTap(limits);
  const rows: FetchRow[] = [];
  const passed: Buffer[] = [];
  const pass = (bytes: Buffer) => void passed.push(Buffer.from(bytes));
  tap.onRow = ({ memory, ...row }) => {
    expect(memory === undefined).toBe(row.body === undefined || isQuoted(row.body));
    rows.push(row);
  };
  for (const piece of pieces) tap.feed(piece, pass);
  tap.stop(pass);
  return { rows, passed: Buffer.concat(passed).toString('latin1') };
}

/** Where the transcript has no literal. */
const isQuoted = (body: Buffer): boolean => body.equals(Buffer.from('quoted'));

const bytes = (text: string) => Buffer.from(text, 'latin1');

// Bodies look like what a parser must not see in them.
const trap = '* 9 FETCH (UID 99 BODY[] {3}\r\nabc)\r\nA1 OK\r\n';
const transcript: readonly (readonly ['row' | 'other', string])[] = [
  ['row', `* 1 FETCH (UID 1 FLAGS (\\Seen) BODY[] {${trap.length}}\r\n${trap})\r\n`],
  ['other', '* 4 EXISTS\r\n* OK [ALERT] still here {x}\r\n* 2 EXPUNGE\r\n'],
  ['row', '* 3 FETCH (BODY[] ~{2}\r\n\0\n UID 3)\r\n'],
  ['other', `* LIST () "/" {${trap.length}}\r\n${trap}\r\n`],
  ['other', '* LIST () "/" {0}\r\n\r\n'],
  ['row', '* 2 FETCH (UID 2 BODY[] {4+}\r\nfour FLAGS (a))\r\n'],
  ['row', '* 5 FETCH (UID 5 BODY[] {0}\r\n)\n'],
  ['row', '\0\0* 6 FETCH (UID 6 BODY[] "quoted")\r\n'],
  ['other', '* 7 FETCHED\r\n* 12345678901234 FETCH ()\r\n*\r\n\r\n+ go on\r\n'],
  ['row', '* 8 FETCH (UID 8 FLAGS (\\Seen))\r\n'],
  ['other', 'A1 OK Fetch completed.\r\n'],
];
const whole = bytes(transcript.map(([, text]) => text).join(''));
const expected = {
  rows: [
    { uid: 1, flags: ['\\Seen'], body: bytes(trap) },
    { uid: 3, body: bytes('\0\n') },
    { uid: 2, body: bytes('four'), flags: ['a'] },
    { uid: 5, body: bytes('') },
    { uid: 6, body: bytes('quoted') },
    { uid: 8, flags: ['\\Seen'] },
  ],
  passed: transcript.map(([kind, text]) => (kind === 'other' ? text : '')).join(''),
};

describe('the tap', () => {
  it('takes rows and passes everything else on as it came', () => expect(through([whole])).toEqual(expected));

  it('does so wherever the bytes are cut in two', () => {
    for (let at = 1; at < whole.length; at++)
      expect(through([whole.subarray(0, at), whole.subarray(at)]), `cut at ${at}`).toEqual(expected);
  });

  it('does so for pieces of any size', () => {
    for (const size of [1, 2, 3, 7, 16, 31]) {
      const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, i) =>
        whole.subarray(i * size, (i + 1) * size),
      );
      expect(through(pieces), `pieces of ${size}`).toEqual(expected);
    }
  });

  it('gives a row only when all of it has come', () => {
    const [, first] = transcript[0]!;
    for (let end = 0; end < first.length; end++) {
      const { rows } = through([bytes(first.slice(0, end))]);
      // The last line feed alone ends it.
      expect(rows).toEqual([]);
    }
  });

  it('passes everything on while no rows are wanted, and knows where it is when they are', () => {
    for (let at = 0; at <= whole.length; at++) {
      const tap = new FetchTap();
      const passed: Buffer[] = [];
      const rows: FetchRow[] = [];
      tap.feed(whole.subarray(0, at), (part) => void passed.push(part));
      expect(Buffer.concat(passed).equals(whole.subarray(0, at))).toBe(true);
      tap.onRow = ({ memory, ...row }) => {
        expect(memory === undefined).toBe(row.body === undefined || isQuoted(row.body));
        rows.push(row);
      };
      tap.feed(whole.subarray(at), (part) => void passed.push(part));
      const tail = expected.rows.slice(expected.rows.length - rows.length);
      expect(rows, `wanted from ${at}`).toEqual(tail);
      expect(rows.some((row) => row.uid === 99)).toBe(false);
    }
  });

  it('passes on what it held back when rows are not wanted any more', () => {
    for (const text of ['* 1 FETC', '*', '* 12', '\0']) expect(through([bytes(text)]).passed).toBe(text);
  });

  it('drops a row whose literal was longer than it said, and reads on', () => {
    const { rows } = through([
      bytes('* 1 FETCH (UID 1 BODY[] {3}\r\nabcdef)\r\n* 2 FETCH (UID 2 BODY[] {1}\r\nx)\r\n'),
    ]);
    expect(rows).toEqual([{ uid: 2, body: bytes('x') }]);
  });

  it('gives back the memory of what a row says beside its body, and of rows that are none', () => {
    const tap = new FetchTap();
    const rows: FetchRow[] = [];
    tap.onRow = (row) => void rows.push(row);
    const odd = '* 2 FETCH (UID 2 BODY[] {3}\r\nabcdef)\r\n';
    const told = '* 1 FETCH (UID 1 X-GM-LABELS ({5}\r\nlabel) BODY[] {4}\r\nbody)\r\n';
    tap.feed(bytes(odd + told), () => undefined);
    expect(rows).toMatchObject([{ labels: ['label'], body: bytes('body') }]);
    rows[0]?.memory?.release();
    expect(rows[0]?.body).toHaveLength(0);
  });

  it('puts a literal together that comes in pieces', () => {
    const size = 9 * 2 ** 20 + 5;
    const body = Buffer.alloc(size, 'abcdefg');
    const pieces = [bytes(`* 1 FETCH (UID 1 BODY[] {${size}}\r\n`)];
    for (let at = 0; at < size; at += 65_536) pieces.push(body.subarray(at, at + 65_536));
    const { rows } = through([...pieces, bytes(')\r\n')]);
    expect(rows[0]!.body!.equals(body)).toBe(true);
  });

  it('takes what vanished out of everything else, in any two pieces, also while no rows are wanted', () => {
    const list = '* LIST () "/" {15}\r\n* VANISHED 9:99 x\r\n';
    const row = `* 1 FETCH (UID 1 BODY[] {16}\r\n* VANISHED 7:77 )\r\n`;
    const text = bytes(`* VANISHED (EARLIER) 1:2,5\r\n${row}* V OK\r\n${list}* vanished 7\r\n* 3 EXISTS\r\n`);
    for (const wanted of [true, false])
      for (let cut = 0; cut <= text.length; cut++) {
        const tap = new FetchTap();
        const [gone, rows, passed]: [string[], FetchRow[], string[]] = [[], [], []];
        tap.onVanished = (uids) => void gone.push(uids);
        if (wanted) tap.onRow = (each) => void rows.push(each);
        for (const piece of [text.subarray(0, cut), text.subarray(cut)])
          tap.feed(piece, (some) => void passed.push(some.toString('latin1')));
        expect(gone, `cut after ${cut}`).toEqual(['(EARLIER) 1:2,5', '7']);
        expect(rows.length).toBe(wanted ? 1 : 0);
        expect(passed.join(''), `cut after ${cut}`).toBe(`${wanted ? '' : row}* V OK\r\n${list}* 3 EXISTS\r\n`);
      }
  });

  it('refuses a list of what vanished that does not end', () => {
    const tap = new FetchTap();
    tap.onVanished = () => undefined;
    const feed = () => tap.feed(Buffer.alloc(2 ** 20, '1'), () => undefined);
    tap.feed(bytes('* VANISHED '), () => undefined);
    for (let n = 0; n < 15; n++) feed();
    expect(feed).toThrow(ProtocolError);
  });

  const limits = { line: 100, literals: 1000 };
  const next = '* 2 FETCH (UID 2 BODY[] {2}\r\nab)\r\n';
  const large: readonly (readonly [string, number, string])[] = [
    ['one literal', 1_001, `* 1 FETCH (UID 1 BODY[] {1001}\r\n${'x'.repeat(1_001)} FLAGS ())\r\n`],
    ['two literals', 1_200, `* 1 FETCH (X {600}\r\n${'x'.repeat(600)} BODY[] {600}\r\n${trap.padEnd(600)} UID 1)\r\n`],
  ];
  for (const [what, oversize, text] of large)
    it(`reads ${what} beyond its limit without keeping it, and reads on`, () => {
      for (const size of [7, 100, 5_000]) {
        const all = bytes(text + next);
        const pieces = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
          all.subarray(i * size, (i + 1) * size),
        );
        const { rows, passed } = through(pieces, limits);
        expect(rows).toMatchObject([
          { uid: 1, oversize, body: Buffer.alloc(0) },
          { uid: 2, body: bytes('ab') },
        ]);
        expect(rows[1]).not.toHaveProperty('oversize');
        expect(passed).toBe('');
      }
    });

  const tooMuch: readonly (readonly [string, string])[] = [
    ['a literal of more than 32 bits', '* 1 FETCH (UID 1 BODY[] {4294967296}\r\n'],
    ['a literal of a size beyond all numbers', `* 1 FETCH (X {${'9'.repeat(60)}}\r\n`],
    ['a line', `* 1 FETCH (${'x'.repeat(101)})\r\n`],
    ['a line that does not end', `* 1 FETCH (${'x'.repeat(101)}`],
    ['padding', '\0'.repeat(101)],
    ['a literal of another response with a size that nobody can read', `* OK {${'0'.repeat(100)}5}\r\n`],
  ];
  for (const [what, text] of tooMuch) {
    it(`refuses ${what} beyond its limits`, () => {
      expect(() => through([bytes(text)], limits)).toThrow(ProtocolError);
    });
  }
});
