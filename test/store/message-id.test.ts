import { expect, test } from 'vitest';
import { mintMessageId } from '../../src/store/message-id.ts';

const sight = {
  namespace: 'team',
  source: 'inbox',
  account: 'ann@example.org',
  folder: 'INBOX',
  uidvalidity: 7n,
  uid: 42,
  receivedAt: new Date('2024-08-22T12:36:23.456Z'),
  rawSha256: 'ab'.repeat(32),
};

test('an id is a UUIDv8 that begins with the time of arrival', () => {
  const id = mintMessageId(sight);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16)).toBe(sight.receivedAt.getTime());
});

test('the same first sight gives the same id; any difference another', () => {
  expect(mintMessageId({ ...sight })).toBe(mintMessageId(sight));
  const others = [
    { namespace: 'other' },
    { source: 'other' },
    { account: 'other' },
    { folder: 'other' },
    { uidvalidity: 8n },
    { uid: 43 },
    { rawSha256: 'ac'.repeat(32) },
    { receivedAt: new Date(0) },
  ].map((change) => mintMessageId({ ...sight, ...change }));
  expect(new Set([mintMessageId(sight), ...others]).size).toBe(others.length + 1);
});

test.each([new Date(-1), new Date('9999-12-31T23:59:59Z')])('arrival at %s does not break the layout', (receivedAt) => {
  expect(mintMessageId({ ...sight, receivedAt })).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8/);
});
