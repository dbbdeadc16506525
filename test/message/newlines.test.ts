import { expect, test } from 'vitest';
import { withLf } from '../../src/message/newlines.ts';

const lf = (text: string): string => withLf(Buffer.from(text, 'latin1')).toString('latin1');
const byPattern = (text: string): string => text.replace(/\r\n/g, '\n');

test('CRLF becomes LF wherever it stands; a CR alone stays', () => {
  for (let before = 0; before < 20; before++)
    for (const end of ['\r\n', '\r', '\n', '\r\r\n', '\r\n\r\n', '\n\r', '\r\x0c', '\r\n\x0e\r'])
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

test('what holds no CR is not copied', () => {
  const bytes = Buffer.from('one\ntwo\n');
  expect(withLf(bytes)).toBe(bytes);
});
