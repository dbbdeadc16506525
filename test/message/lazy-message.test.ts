import { describe, expect, test } from 'vitest';
import { everything } from '../../src/message/insights.ts';
import type { Message } from '../../src/message/normal-message.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { spamAssassin } from './corpus.ts';

const broken = Buffer.from(
  [
    'From: "a <a@example.org>',
    'Date: yesterday',
    'X: \xe9',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=nobody-knows-it',
    '',
    '\xe9',
    '--b',
    'Content-Type: application/octet-stream',
    'Content-Transfer-Encoding: base64',
    '',
    'AAAA'.repeat(19),
    'AAAA',
    '',
    'a footer!',
  ].join('\r\n'),
  'latin1',
);

const names: readonly (keyof Message)[] = ['attachments', 'text', 'headers', 'subject', 'from', 'html', 'date'];

describe('a lazy message', () => {
  test('has the same defects whatever was asked before', () => {
    const expected = parseMessage(broken).defects;
    expect(expected.map((one) => one.code)).toEqual([
      'BOUNDARY_END_MISSING',
      'DATE_UNREADABLE',
      'ADDRESS_QUOTE_UNTERMINATED',
      'HEADER_8BIT',
      'CHARSET_UNKNOWN',
      'BASE64_TEXT_SKIPPED',
    ]);
    for (const first of names)
      for (const second of names) {
        const message = parseMessage(broken);
        void [message[first], message[second]];
        expect(message.defects, `${first}, ${second}`).toEqual(expected);
      }
  });

  test('gives the same value each time, without decoding again', () => {
    const message = parseMessage(broken);
    for (const name of names) expect(message[name]).toBe(message[name]);
  });

  test('decodes no attachment for its text', () => {
    const bytes = Buffer.from(broken);
    const message = parseMessage(bytes);
    expect(message.text).toBe('\xe9');
    // Nobody may do this; it shows when the attachment is read.
    bytes.fill('B', bytes.indexOf('AAAA'), bytes.indexOf('AAAA') + 4);
    expect(message.attachments[0]?.sha256).not.toBe(parseMessage(broken).attachments[0]?.sha256);
  });

  test('is the same twice, in whatever order it is read', () => {
    let count = 0;
    for (const { raw, name } of spamAssassin()) {
      if (count++ % 40 !== 0) continue;
      const backwards = parseMessage(Buffer.from(raw));
      for (const field of names.toReversed()) void backwards[field];
      expect(everything(backwards), name).toEqual(everything(parseMessage(raw)));
    }
  });
});
