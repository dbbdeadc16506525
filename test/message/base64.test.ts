import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { decodeBase64, decodeBase64Pieces } from '../../src/message/base64.ts';
import { Defects } from '../../src/message/defects.ts';

const content = Buffer.concat(Array.from({ length: 9_000 }, (_, i) => createHash('sha256').update(`${i}`).digest()));
const encoded = content.toString('base64');
const lines = (width: number, end: string) => encoded.replace(new RegExp(`(.{${width}})`, 'g'), `$1${end}`);

function pieces(text: string) {
  const defects = new Defects();
  const found: Buffer[] = [];
  decodeBase64Pieces(Buffer.from(text, 'latin1'), defects, (piece) => found.push(Buffer.from(piece)));
  return { count: found.length, content: Buffer.concat(found), codes: defects.list().map((one) => one.code) };
}

describe('decodeBase64Pieces', () => {
  test.each([
    ['lines of 76 ending in CRLF', lines(76, '\r\n'), true],
    ['lines of 76 ending in LF', lines(76, '\n'), true],
    // A piece holds not one of them: it once took for ever.
    ['one line that is longer than a piece', `${encoded}\r\n`, false],
    ['lines that are longer than a piece', lines(80_000, '\r\n'), false],
    ['lines of 60', lines(60, '\r\n'), true],
    ['lines that part four characters', lines(75, '\r\n'), false],
    ['blanks at line ends', lines(76, '  \r\n'), false],
    ['one line', encoded, false],
    [
      'a line of another length in the middle',
      lines(76, '\r\n').replace(/^((?:.{76}\r\n){2000}.{13})/s, '$1\r\n'),
      true,
    ],
    ['a foreign byte in the middle', lines(76, '\r\n').replace(/^((?:.{76}\r\n){2000}.{13})/s, '$1!'), true],
    ['LF among CRLF', lines(76, '\r\n').replace(/^((?:.{76}\r\n){2000}.{76})\r\n/s, '$1\n'), true],
  ])('%s', (_, text, inPieces) => {
    const result = pieces(text);
    expect(result.content.equals(content)).toBe(true);
    expect(decodeBase64(Buffer.from(text, 'latin1')).equals(content)).toBe(true);
    expect(result.count > 1).toBe(inPieces);
    expect(result.codes).toEqual(text.includes('!') ? ['BASE64_INVALID'] : []);
  });

  test('text behind the data is left out', () => {
    const result = pieces(`${lines(76, '\r\n')}\r\n\r\n-- \r\nA list's footer.\r\n`);
    expect(result.content.equals(content)).toBe(true);
    expect(result.codes).toEqual(['BASE64_TEXT_SKIPPED']);
  });
});
