import { expect, test } from 'vitest';
import { decodeText } from '../../src/message/charsets.ts';
import { Defects } from '../../src/message/defects.ts';
import { withLf } from '../../src/message/newlines.ts';

const lf = (text: string): string => withLf(Buffer.from(text, 'latin1')).toString('latin1');
const byPattern = (text: string): string => text.replace(/\r+\n/g, '\n');

test('CRLF becomes LF wherever it stands, with CRs before it; CRs alone stay', () => {
  for (let before = 0; before < 20; before++)
    for (const end of [
      '\r\n',
      '\r',
      '\n',
      '\r\r\n',
      '\r\n\r\n',
      '\n\r',
      '\r\x0c',
      '\r\n\x0e\r',
      '\r\r\r\r',
      '\r\r\r\r\r\r\r\r\r\n',
    ])
      for (const behind of ['', 'b', 'behind it', '\r\nbehind \xe9 it\r\n']) {
        const text = `${'a'.repeat(before)}${end}${behind}`;
        expect(lf(text)).toBe(byPattern(text));
      }
});

test('long texts too, one after the other, and from within a buffer', () => {
  const text = 'one line\r\nand a longer one\r\n'.repeat(20_000);
  expect(lf(text)).toBe(byPattern(text));
  expect(lf(text.slice(0, 1_001))).toBe(byPattern(text.slice(0, 1_001)));
  expect(withLf(Buffer.from(text, 'latin1').subarray(3, 41)).toString()).toBe(byPattern(text.slice(3, 41)));
});

test('CRs that no LF ends take linear time, in a charset with a table of its own too', { timeout: 5_000 }, () => {
  const text = `${'\r'.repeat(2_000_000)}a`;
  expect(lf(text)).toBe(text);
  expect(decodeText(Buffer.from(text), 'iso-8859-2', 'text', new Defects())).toBe(text);
});

test('what holds no CR is not copied', () => {
  const bytes = Buffer.from('one\ntwo\n');
  expect(withLf(bytes)).toBe(bytes);
});
