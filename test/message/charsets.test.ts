import { describe, expect, test } from 'vitest';
import { decodeCharset } from '../../src/message/charsets.ts';
import { Defects } from '../../src/message/defects.ts';

describe('decodeCharset', () => {
  test.each([
    ['utf-8', [0xc3, 0xa9], 'é', []],
    ['UTF8', [0xef, 0xbb, 0xbf, 0x61], 'a', []],
    ['utf-8', [0xe9, 0x61], '\uFFFDa', ['CHARSET_INVALID_BYTES']],
    ['iso-8859-1', [0xe9, 0x80], 'é€', []],
    // UTF-8 under another name
    ['iso-8859-1', [0xc3, 0xa9, 0xe2, 0x82, 0xac], 'é€', ['CHARSET_WRONG']],
    ['windows-1252', [0xc3, 0xa9, 0xe9], 'Ã©é', []],
    ['iso-8859-1', [0xd0, 0x9f, 0xd1, 0x80], 'Пр', ['CHARSET_WRONG']],
    // windows-1252 that happens to be valid UTF-8
    ['windows-1252', [0x43, 0x41, 0x46, 0xc9, 0x94, 0x20, 0xdf, 0x80], 'CAFÉ” ß€', []],
    ['windows-1252', [0x63, 0x61, 0x66, 0xe9, 0xa0, 0xbb], 'caf\u00e9\u00a0\u00bb', []],
    ['windows-1252', [0xf1, 0x80, 0x80, 0x80], 'ñ€€€', []],
    ['iso-8859-1', [0xe4, 0xb8, 0xad], '中', ['CHARSET_WRONG']],
    ['iso-8859-1', [0xe9, 0x80, 0x80, 0xe5, 0x87, 0xba], '退出', ['CHARSET_WRONG']],
    ['iso-8859-1', [0x69, 0x74, 0xe2, 0x80, 0x99, 0x73], 'it’s', ['CHARSET_WRONG']],
    ['ISO8859_15', [0xa4], '€', []],
    ['win-1251', [0xcf], 'П', []],
    ['cp1252', [0x93], '“', []],
    ['koi8-r', [0xf0], 'П', []],
    ['ks_c_5601-1987', [0xb0, 0xa1], '가', []],
    ['cp932', [0x88, 0x9f], '亜', []],
    ['utf-16', [0x00, 0x61], 'a', []],
    ['us-ascii', [0xc3, 0xa9], 'é', ['UNDECLARED_8BIT']],
    ['', [0xe9], 'é', ['UNDECLARED_8BIT']],
    ['', [0x61], 'a', []],
    ['x-nobody', [0xe9], 'é', ['CHARSET_UNKNOWN']],
    ['utf-8;', [0xc3, 0xa9], 'é', []],
    ['charset="iso-8859-15"', [0xa4], '€', []],
    // RFC 1557: the designation stands at the beginning, KS X 1001 between SO and SI
    ['iso-2022-kr', Buffer.from('\x1b$)Ca \x0e0!\x0f b'), 'a 가 b', []],
    ['iso-2022-kr', Buffer.from('\x1b$)C\x0e0!\na'), '가\na', []],
    ['iso-2022-kr', Buffer.from('\x0e0'), '\uFFFD', ['CHARSET_INVALID_BYTES']],
    // RFC 1922 §7.1: GB 2312 and CNS 11643, whose second plane stands behind single shifts
    ['iso-2022-cn', Buffer.from('\x1b$)A\x0e=;;;\x0f a'), '交换 a', []],
    ['iso-2022-cn', Buffer.from('\x1b$)A\x0e=;\n=;'), '交\n=;', []],
    ['iso-2022-cn', Buffer.from('\x1b$)A\x0e=;\x1b$)GG(_P\x0fa'), '交交換a', []],
    ['iso-2022-cn', Buffer.from('\x1b$)A\x1b$*H\x0e=;\x1bN!!=;\x0f'), '交乂交', []],
    ['iso-2022-cn', Buffer.from('\x1b$)E\x0eG(\x0fa\x1bN!!'), '\uFFFDa\uFFFD', ['CHARSET_INVALID_BYTES']],
    // CNS 11643: the first plane, what Big5 has in another order or not at all, the second plane
    ['euc-tw', Buffer.from('c4e3c5c6f3bfc7a8dfd0', 'hex'), '中文龜交換', []],
    ['euc-tw', Buffer.from('61a6a1c2a18ea2a1a18ea2f2c462', 'hex'), 'a①␀乂龘b', []],
    ['euc-tw', Buffer.from('8ea3a1a161c4', 'hex'), '\uFFFDa\uFFFD', ['CHARSET_INVALID_BYTES']],
    // Johab: syllables by their letters, Hanja by their rows, letters by themselves
    [
      'johab',
      Buffer.from('88618862d3bd20d0658a82a06920f7d3f1ae2088418461d933', 'hex'),
      '가각힣 한국말 漢字 ㄱㅏ。',
      [],
    ],
    ['johab', Buffer.from('8446205c8861ff31df3188', 'hex'), 'ㄵ \\가\uFFFD\uFFFD\uFFFD', ['CHARSET_INVALID_BYTES']],
    ['unicode-1-1-utf-7', Buffer.from('Hi Mom -+Jjo--!'), 'Hi Mom -☺-!', []],
    // RFC 1843 §2 and its example
    ['hz-gb-2312', Buffer.from('~{<:Ky2;S{#,NpJ)l6HK!#~}Bye.'), '己所不欲，勿施於人。Bye.', []],
    ['HZ-GB-2312', Buffer.from('a~~b~\nc ~{VP\nd'), 'a~bc 中\nd', []],
    // the second byte of a pair may be a tilde
    ['hz-gb-2312', Buffer.from('~{0~~}a'), '剥a', []],
    ['x-windows-949', [0xb0, 0xa1], '가', []],
    ['x-big5', [0xa4, 0xa4], '中', []],
    // iconv-lite's
    ['utf-7', Buffer.from('Hi Mom -+Jjo--!'), 'Hi Mom -☺-!', []], // RFC 2152
    ['cp437', [0x63, 0x82], 'cé', []],
    ['IBM850', [0x82, 0x61], 'éa', []],
    ['viscii', [0xe9], 'é', []],
    ['koi8-r', [0x61], 'a', []],
    ['utf-16', [0x00, 0x1b], '\x1b', []],
    ['base64', [0x61, 0x62], 'ab', ['CHARSET_UNKNOWN']],
    // joined words of one charset switch back and forth with nothing between
    ['iso-2022-jp', [...Buffer.from('\x1b$BF|\x1b(B\x1b$BK\\\x1b(B', 'latin1')], '日本', []],
  ])('%s %j', (name, bytes, text, codes) => {
    const defects = new Defects();
    expect(decodeCharset(Buffer.from(bytes), name, 'text', defects)).toBe(text);
    expect(defects.list().map((one) => one.code)).toEqual(codes);
  });
});
