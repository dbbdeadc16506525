import { describe, expect, test } from 'vitest';
import { Defects } from '../../src/message/defects.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { decodeTransfer } from '../../src/message/transfer-encoding.ts';

const decode = (text: string, encoding: string, defects = new Defects()) =>
  decodeTransfer(Buffer.from(text, 'latin1'), encoding, defects).toString('latin1');

describe('quoted-printable', () => {
  test.each([
    // RFC 2045 §6.7
    [
      "Now's the time =\r\nfor all folk to come=\r\n to the aid of their country.",
      "Now's the time for all folk to come to the aid of their country.",
    ],
    ['=3D=0C=0d=0A', '=\f\r\n'],
    ['blanks go  \t\r\nhere', 'blanks go\r\nhere'],
    ['blanks go  \nhere', 'blanks go\nhere'],
    ['blanks at the end  ', 'blanks at the end'],
    ['escaped ones stay=20\r\n=20', 'escaped ones stay \r\n '],
    ['soft with blanks =  \r\nend', 'soft with blanks end'],
    ['bad =G1 = x =', 'bad =G1 = x '],
    ['==\n41', '=41'],
    ['a\rb', 'a\rb'],
    ['', ''],
    [`${'x'.repeat(100)}=E9${'y'.repeat(100)}`, `${'x'.repeat(100)}\xe9${'y'.repeat(100)}`],
  ])('%j', (text, expected) => {
    const defects = new Defects();
    expect(decode(text, 'quoted-printable', defects)).toBe(expected);
    const codes = /G1|^==/.test(text) ? ['QUOTED_PRINTABLE_INVALID'] : [];
    expect(defects.list().map(({ code }) => code)).toEqual(codes);
  });
});

test('quoted-printable: escapes, blanks and line ends wherever they stand, among any bytes', () => {
  const bytes = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('');
  const plain = bytes.replace(/[=\n\r]/g, '');
  for (let at = 1; at < 12; at++)
    for (const [written, meant] of [
      ['=4A', 'J'],
      ['=\r\n', ''],
      [' \t\n', '\n'],
      ['\r\n', '\r\n'],
    ] as const) {
      const [before, behind] = [plain.slice(-at), plain.slice(33)];
      expect(decode(`${before}${written}${behind}`, 'quoted-printable')).toBe(`${before}${meant}${behind}`);
    }
});

describe('base64', () => {
  test.each([
    // RFC 4648 §10
    ['', ''],
    ['Zg==', 'f'],
    ['Zm8=', 'fo'],
    ['Zm9vYmFy', 'foobar'],
    ['Zm9v\r\nYmFy\r\n', 'foobar'],
    ['Zm9v!YmFy', 'foobar'],
    ['Zg==Zg==', 'ff'],
    ['Zg==\r\n\r\n', 'f'],
    ['Zm9vYg', 'foob'],
  ])('%j', (text, expected) => {
    const defects = new Defects();
    expect(decode(text, 'base64', defects)).toBe(expected);
    expect(defects.list().map(({ code }) => code)).toEqual(text.includes('!') ? ['BASE64_INVALID'] : []);
  });

  test.each([
    'Zm9vYmFy\r\nZm8=\r\n\r\n---------\r\nSponsored by: nobody!\r\n',
    'Zm9vYmFy\r\nZm9v\r\nA footer, here.\r\n',
  ])('text behind the data is left out: %j', (text) => {
    const defects = new Defects();
    expect(decode(text, 'base64', defects)).toMatch(/^foobarfoo?$/);
    expect(defects.list()).toEqual([{ code: 'BASE64_TEXT_SKIPPED', detail: 'part' }]);
  });
});

test('other encodings change nothing', () => {
  expect(decode('=3D', '8bit')).toBe('=3D');
});

describe('names of encodings', () => {
  const parsed = (name: string) => {
    const { text, defects } = parseMessage(Buffer.from(`Content-Transfer-Encoding: ${name}\n\nx=41`));
    return [text, defects.map(({ code }) => code)];
  };
  test.each([
    ['"quoted-printable"', 'xA', []],
    ['Quoted-Printable; x', 'xA', []],
    ['(by hand) quoted-printable (really)', 'xA', []],
    ['8bit', 'x=41', []],
    ['x-other', 'x=41', ['ENCODING_UNKNOWN']],
  ])('%s', (name, text, codes) => {
    expect(parsed(name)).toEqual([text, codes]);
  });
});
