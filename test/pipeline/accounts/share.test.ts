import { expect, test } from 'vitest';
import { leasesToGive, leasesToTake } from '../../../src/pipeline/accounts/share.ts';

test.each([
  ['alone takes everything', { accounts: 1_000, mine: 0, others: [], free: 1_000, left: false }, 1_000],
  [
    'one of three takes a third, rounded up',
    { accounts: 1_000, mine: 0, others: [0, 0], free: 1_000, left: false },
    334,
  ],
  ['who has its share takes nothing', { accounts: 10, mine: 5, others: [4], free: 1, left: false }, 0],
  ['unless nobody took it for a while', { accounts: 10, mine: 5, others: [4], free: 1, left: true }, 1],
  ['a standby of one account takes it when it is free', { accounts: 1, mine: 0, others: [0], free: 1, left: false }, 1],
  ['what is free and no more', { accounts: 10, mine: 0, others: [8], free: 2, left: false }, 2],
])('%s', (_, shares, expected) => {
  expect(leasesToTake(shares)).toBe(expected);
});

test.each([
  ['nobody is short', { accounts: 10, mine: 5, others: [5], leaving: 0 }, 0],
  ['shares that differ by rounding stay', { accounts: 5, mine: 3, others: [2], leaving: 0 }, 0],
  ['one account stays where it is', { accounts: 1, mine: 1, others: [0], leaving: 0 }, 0],
  ['a new worker gets its half, some at a time', { accounts: 1_000, mine: 1_000, others: [0], leaving: 0 }, 50],
  ['and no more while those are on their way', { accounts: 1_000, mine: 1_000, others: [0], leaving: 50 }, 0],
  ['few go at once', { accounts: 8, mine: 8, others: [0], leaving: 0 }, 4],
  ['two new ones', { accounts: 9, mine: 9, others: [0, 0], leaving: 0 }, 6],
  ['only what is missing elsewhere', { accounts: 9, mine: 5, others: [2, 2], leaving: 0 }, 2],
])('%s', (_, shares, expected) => {
  expect(leasesToGive(shares)).toBe(expected);
});
