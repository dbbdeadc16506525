import { describe, expect, test } from 'vitest';
import { Defects } from '../../src/message/defects.ts';
import { decodeRawHeader, decodeWords } from '../../src/message/encoded-words.ts';

const decode = (text: string) => decodeWords(text, 'subject', new Defects());

describe('decodeWords', () => {
  test.each([
    // RFC 2047 §8
    ['=?ISO-8859-1?Q?a?=', 'a'],
    ['=?ISO-8859-1?Q?a?= b', 'a b'],
    ['=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=', 'ab'],
    ['=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=', 'ab'],
    ['=?ISO-8859-1?Q?a_b?=', 'a b'],
    ['=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=', 'a b'],
    [
      '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
      'If you can read this you understand the example.',
    ],
    ['=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=', 'Keld Jørn Simonsen'],
    // RFC 2231 §5
    ['=?US-ASCII*EN?Q?Keith_Moore?=', 'Keith Moore'],
    // a character cut in two by the sender
    ['=?utf-8?B?4oI=?= =?utf-8?B?rA==?=', '€'],
    ['=?iso-2022-jp?B?GyRCRnxLXBsoQg==?= =?iso-2022-jp?B?GyRCRnxLXBsoQg==?=', '日本日本'],
    ['a=?utf-8?Q?=C3=A9?=b', 'aéb'],
    ['=?utf-8?Q?with space?=', 'with space'],
    ['=?utf-8?Q?Really?_Yes?=', 'Really? Yes'],
    ['=?windows-1252?Q?=80?=', '€'],
    ['=?gb2312?B?xOO6ww==?=', '你好'],
  ])('%s', (text, expected) => {
    expect(decode(text)).toBe(expected);
  });

  test.each(['=?', '=?a', '=?utf-8?X?abc?=', '=?utf-8?Q?open', '?= =?', '=??Q?a?='])(
    '%s is no encoded word',
    (text) => {
      expect(decode(text)).toBe(text);
    },
  );

  test('a word that was never closed does not swallow the next', () => {
    expect(decode('=?utf-8?Q?open =?utf-8?Q?closed?=')).toBe('=?utf-8?Q?open closed');
  });

  test('base64 that was cut within its groups of four is joined, and told', () => {
    const read = (text: string) => {
      const defects = new Defects();
      return [decodeWords(text, 'subject', defects), defects.list().map(({ code }) => code)];
    };
    expect(read('=?utf-8?B?w?= =?utf-8?B?6nDqQ==?=')).toEqual(['éé', ['ENCODED_WORD_CUT']]);
    expect(read('=?utf-8?B?4oKs4oK?= =?utf-8?B?s?=')).toEqual(['€€', ['ENCODED_WORD_CUT']]);
    // Words that only lack their padding are whole, and what is broken stays so.
    expect(read('=?utf-8?B?w6k?= =?utf-8?B?w6k?=')).toEqual(['éé', []]);
    expect(read('=?utf-8?B?6Q==?= =?utf-8?Q?=E9?=')).toEqual(['\uFFFD\uFFFD', ['CHARSET_INVALID_BYTES']]);
  });

  test('an unknown charset is a defect', () => {
    const defects = new Defects();
    expect(decodeWords('=?x-nobody?Q?=E9?=', 'subject', defects)).toBe('é');
    expect(defects.list()).toEqual([{ code: 'CHARSET_UNKNOWN', detail: 'subject' }]);
  });
});

describe('decodeRawHeader', () => {
  test.each([
    ['plain', 'plain', []],
    ['caf\xc3\xa9', 'café', ['HEADER_8BIT']],
    ['caf\xe9 \x80', 'café €', ['HEADER_8BIT']],
  ])('%j', (raw, text, codes) => {
    const defects = new Defects();
    expect(decodeRawHeader(raw, 'subject', defects)).toBe(text);
    expect(defects.list().map((one) => one.code)).toEqual(codes);
  });
});
