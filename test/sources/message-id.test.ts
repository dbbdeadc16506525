import { expect, test } from 'vitest';
import { hasMessageId, messageIdAsRead } from '../../src/sources/message-id.ts';

test('a Message-ID is found by what stands in the header, and by what documents have', () => {
  const header = Buffer.from('Subject: x\r\nMessage-ID: <m-a b "c"@example.org>\r\n\r\n');
  expect(hasMessageId(header, 'm-a b "c"@example.org')).toBe(true);
  expect(hasMessageId(header, messageIdAsRead('m-a b "c"@example.org'))).toBe(true);
  expect(hasMessageId(header, 'm-a')).toBe(false);
  expect(hasMessageId(Buffer.from('Subject: <m-1@example.org>\r\n\r\n'), 'm-1@example.org')).toBe(false);
});
