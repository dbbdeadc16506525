import { expect, test } from 'vitest';
import { fetchedMessage } from '../../../src/sources/imap/fetched.ts';

const flags = ['\\Seen'];

test('a large literal that is alone in its memory may be freed, one beside others or a small one may not', () => {
  const owns = (body: Buffer) => fetchedMessage(1, body, flags, undefined).ownsMemory;
  const chunk = Buffer.allocUnsafeSlow(200_000);
  expect(owns(chunk)).toBe(true);
  expect(owns(chunk.subarray(1))).toBeUndefined();
  expect(owns(chunk.subarray(0, 199_999))).toBeUndefined();
  expect(owns(Buffer.allocUnsafeSlow(1_000))).toBeUndefined();
});

test('\\Recent is no flag of a message, and a size beyond the limit is told', () => {
  const raw = Buffer.from('x');
  expect(fetchedMessage(1, raw, ['\\Recent', '\\Seen'], undefined)).toEqual({ uid: 1, raw, flags });
  expect(fetchedMessage(2, raw, flags, 7)).toEqual({ uid: 2, raw, flags, oversize: 7 });
});
