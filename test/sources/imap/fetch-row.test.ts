import { describe, expect, it } from 'vitest';
import { type FetchRow, parseFetchRow } from '../../../src/sources/imap/fetch-row.ts';

const body = Buffer.from('Subject: x\r\n\r\nbody');

describe('a row of FETCH', () => {
  const cases: readonly (readonly [string, FetchRow])[] = [
    ['* 1 FETCH (UID 7 FLAGS (\\Seen) BODY[] {})', { uid: 7, flags: ['\\Seen'], body }],
    ['* 1 FETCH (BODY[] {} FLAGS () UID 7)', { uid: 7, flags: [], body }],
    ['* 1 fetch (uid 7 body[] {})', { uid: 7, body }],
    ['* 1 FETCH (UID 7 BODY[] NIL)', { uid: 7, body: Buffer.alloc(0) }],
    ['* 1 FETCH (UID 7 BODY[] "a \\"b\\" \\\\ \xe9")', { uid: 7, body: Buffer.from('a "b" \\ \xe9', 'latin1') }],
    ['* 1 FETCH (UID 7 BODY[] "")', { uid: 7, body: Buffer.alloc(0) }],
    [
      '* 1 FETCH (UID 7 FLAGS (\\Seen $Label1 [odd]{x} a"b *\\ \\Seen "quoted one" \xc3\xa9))',
      { uid: 7, flags: ['\\Seen', '$Label1', '[odd]{x}', 'a"b', '*\\', 'quoted one', 'é'] },
    ],
    ['* 1 FETCH (UID 7 FLAGS NIL)', { uid: 7, flags: [] }],
    [
      '* 1 FETCH (UID 7 RFC822.SIZE 5231 INTERNALDATE " 7-Feb-2026 10:00:00 +0100")',
      { uid: 7, size: 5231, receivedAt: new Date('2026-02-07T09:00:00Z') },
    ],
    ['* 1 FETCH (UID 7 RFC822.SIZE much)', { uid: 7, size: 0 }],
    ['* 1 FETCH (UID 7 EMAILID (M6d99) THREADID NIL)', { uid: 7, objectId: 'M6d99' }],
    ['* 1 FETCH (X-GM-MSGID 1278455344230334865 UID 7 MODSEQ (12))', { uid: 7, objectId: '1278455344230334865' }],
    ['* 1 FETCH (UID 7 BODY[HEADER]<0> {})', { uid: 7, header: body }],
    ['* 1 FETCH (UID 7 BODY[HEADER.FIELDS (TO "Fr)om")] {} BODYSTRUCTURE ("TEXT" ("A" "b)") NIL))', { uid: 7 }],
    ['* 1 FETCH  ( UID  7  FLAGS  ( \\Seen  )  ) ', { uid: 7, flags: ['\\Seen'] }],
  ];
  for (const [text, row] of cases) {
    it(`is read: ${text}`, () => expect(parseFetchRow(text, [body])).toEqual(row));
  }

  it('has an invalid date where the date cannot be read', () => {
    const { receivedAt } = parseFetchRow('* 1 FETCH (UID 7 INTERNALDATE "long ago")', [])!;
    expect(receivedAt?.getTime()).toBeNaN();
  });

  const broken = [
    '* 1 FETCH',
    '* 1 FETCH (',
    '* 1 FETCH (UID 7',
    '* 1 FETCH (UID)',
    '* 1 FETCH (FLAGS ())',
    '* 1 FETCH (UID 0)',
    '* 1 FETCH (UID 99999999999)',
    '* 1 FETCH (UID -7)',
    '* 1 FETCH (UID 7 FLAGS (\\Seen)',
    '* 1 FETCH (UID 7 BODY[] "open)',
    '* 1 FETCH (UID 7 BODY[] "ends in \\',
    '* 1 FETCH (UID 7 BODY[)',
    '* 1 FETCH (UID 7 BODY[] {} X {})',
    '* 1 FETCH (UID 7 BODY[] {5})',
    `* 1 FETCH (UID 7 X ${'('.repeat(60_000)}`,
  ];
  for (const text of broken) {
    it(`is none: ${text.slice(0, 60)}`, () => expect(parseFetchRow(text, [body])).toBeUndefined());
  }

  it('is none however a whole one is cut off', () => {
    const text =
      '* 1 FETCH (UID 7 FLAGS (\\Seen $x) RFC822.SIZE 12 INTERNALDATE "1-Feb-2026 10:00:00 +0100" BODY[] {})';
    for (let end = 0; end < text.length; end++) expect(parseFetchRow(text.slice(0, end), [body])).toBeUndefined();
  });
});
