import { expect, test } from 'vitest';
import { headerIdHash } from '../../src/message/header-id.ts';
import { LazyMessage } from '../../src/message/lazy-message.ts';
import { parseMessage } from '../../src/message/parse.ts';

test('the hash of a Message-ID is the beginning of its SHA-256: what stores hold must not change', () => {
  expect(headerIdHash('m-1@example.org')).toBe('2d79b6f6dc068898');
  expect(headerIdHash('grün@example.org')).toBe('ad5fe9869bad6819');
  expect(headerIdHash('')).toBe('0000000000000000');
});

const idOf = (header: string, encoding: BufferEncoding = 'latin1') => {
  const message = parseMessage(Buffer.from(`From: a@b\r\n${header}\r\nTo: c@d\r\n\r\nbody`, encoding));
  if (!(message instanceof LazyMessage)) throw new Error('it is read at once');
  const alone = message.messageIdAlone;
  expect(message.messageId).toBe(alone);
  expect(message.messageIdAlone).toBe(alone);
  return alone;
};

test('a Message-ID is the same by itself and with the rest of the envelope, however it is written', () => {
  const written = [
    'Message-ID: <m-1@example.org>',
    'message-id:<m-1@example.org>',
    'MESSAGE-ID:\r\n <m-1@example.org>',
    'Message-ID: <m-1@\r\n\texample.org>',
    'Message-ID: < m-1@example.org > (added by a gateway)',
    'Message-ID: m-1@example.org',
    // RFC 5322 §4.5.4: comments and blanks stand between any two words
    'Message-ID: (made <by> a gateway) <m-1 @ (its host)  example . org>',
    'Message-ID: <m-1@example.org>\r\nMessage-ID: <second@example.org>',
    'Message-ID: =?utf-8?q?<m-1@example.org>?=',
  ];
  expect(new Set(written.map((header) => idOf(header)))).toEqual(new Set(['m-1@example.org']));
  expect(idOf('Message-ID: <grün@example.org>', 'utf8')).toBe('grün@example.org');
  expect(idOf('Message-ID: <m-1@host.(none)>')).toBe('m-1@host.(none)');
  expect(idOf('Message-ID: (m-1')).toBe('(m-1');
  expect(idOf('Message-ID:')).toBe('');
  expect(idOf('X-Message-ID: <m-1@example.org>')).toBe('');
  expect(idOf(`Message-ID: <${'x'.repeat(5_000)}@example.org>`)).toMatch(/^x{500,}$/);
});

test('the Message-ID by itself adds no defects, and hides none', () => {
  const raw = Buffer.from('Message-ID: <a\xe9@b>\r\nMessage-ID: <c@d>\r\nFrom: <a@b\r\n\r\n', 'latin1');
  const asked = parseMessage(raw);
  if (asked instanceof LazyMessage) void asked.messageIdAlone;
  expect(asked.defects).toEqual(parseMessage(raw).defects);
});
