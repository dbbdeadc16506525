import { expect, test } from 'vitest';
import { guardedLookup, isRefused } from '../../../src/sinks/webhook/address-guard.ts';

test.each([
  '169.254.169.254',
  '169.254.0.1',
  '100.100.100.200',
  '192.0.0.192',
  'fe80::1',
  'fd00:ec2::254',
  '::ffff:169.254.169.254',
  '::ffff:a9fe:a9fe',
])('%s is refused', (address) => {
  expect(isRefused(address)).toBe(true);
});

test.each(['127.0.0.1', '::1', '10.0.0.1', '192.168.1.1', '100.100.100.201', '8.8.8.8', 'fd00::1', 'example.com'])(
  '%s is not',
  (address) => {
    expect(isRefused(address)).toBe(false);
  },
);

const resolved = (host: string, all: boolean) =>
  new Promise<unknown>((resolve) => guardedLookup(host, { all }, (error, address) => resolve(error ?? address)));

test('a name is looked up as always, in both forms of an answer', async () => {
  expect(await resolved('localhost', false)).toMatch(/^(127\.0\.0\.1|::1)$/);
  expect(await resolved('localhost', true)).toContainEqual({ address: '127.0.0.1', family: 4 });
});

test('a name that means a refused address is refused, whatever form it has', async () => {
  for (const all of [true, false]) {
    expect(await resolved('169.254.169.254', all)).toMatchObject({ code: 'EADDRREFUSED' });
    // How a resolver reads what is no dotted quad.
    expect(await resolved('2852039166', all)).toMatchObject({ code: 'EADDRREFUSED' });
  }
});
