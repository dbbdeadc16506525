import { expect, test } from 'vitest';
import { parseMessage } from '../../src/message/parse.ts';

const largest = 32 * 2 ** 20;
const line = `${'x'.repeat(98)}\r\n`;
const withBody = (type: string, body: Buffer) =>
  Buffer.concat([Buffer.from(`Subject: long\r\nMIME-Version: 1.0\r\nContent-Type: ${type}\r\n\r\n`), body]);

test.each(['text/plain', 'text/html'])('a %s of more than 32 MiB is cut at the end of a line, and says so', (type) => {
  const lines = Math.floor(largest / line.length);
  const message = parseMessage(withBody(type, Buffer.alloc((lines + 5) * line.length, line)));
  const text = type === 'text/plain' ? message.text : message.html;
  expect(text.length).toBe(lines * (line.length - 1)); // LF alone
  expect(message.defects).toContainEqual(expect.objectContaining({ code: 'TEXT_CUT' }));
});

test('one that is not longer stays whole', () => {
  const message = parseMessage(withBody('text/plain', Buffer.alloc(10 * 2 ** 20, line)));
  expect(message.text.length).toBeGreaterThan(10 * 2 ** 20 * 0.98);
  expect(message.defects).toEqual([]);
});
