import { expect, test } from 'vitest';
import type { AccountStatus } from '../../../src/api/worker-status.ts';
import { accountsTold } from '../../../src/pipeline/accounts/account-status.ts';
import { stalled } from '../../../src/telemetry/errors.ts';

const since = '2026-11-21T00:00:00.000Z';
const rejected = { ok: false, code: 'IMAP_AUTH_REJECTED', message: 'check it', since };

/** Accounts of a list: so many that are connected, and so many whose login fails. */
function state(good: number, bad: number, error = false) {
  const workers = Array.from({ length: good + bad }, (_, index) => ({
    status: (): AccountStatus => ({
      source: 'team',
      account: index,
      role: 'Holder',
      connection: index < good ? { ok: true, since } : rejected,
      folders: [{ name: 'INBOX', state: 'Live', checkedAt: since, lagMessages: 2, lagSeconds: 1 }],
    }),
    lag: () => ({ messages: 2, seconds: 1 }),
  }));
  const empty = stalled('SOURCE_NO_ACCOUNTS', 'add one');
  return {
    source: { name: 'team', relist: async () => ({ accounts: [], broken: [] }) },
    workers,
    broken: [],
    error: error ? empty : undefined,
  };
}

test('a thousand accounts are told in numbers; of them fifty, those with trouble first', () => {
  const told = accountsTold([state(997, 3)]);
  expect(told.sources).toMatchObject([
    { accounts: 1_000, held: 1_000, connected: 997, folders: 1_000, lagMessages: 2_000, liveSince: since },
  ]);
  expect(told.sources[0]?.troubles).toEqual([{ code: 'IMAP_AUTH_REJECTED', message: 'check it', accounts: 3 }]);
  expect(told.accounts).toHaveLength(50);
  expect(told.accounts.slice(0, 4).map(({ account }) => account)).toEqual([997, 998, 999, 0]);
  expect(told.stalled).toBeUndefined();
  expect(JSON.stringify(told).length).toBeLessThan(20_000);
});

test('when nobody can log in, a person is needed', () => {
  expect(accountsTold([state(0, 3)]).stalled).toEqual({
    code: 'IMAP_AUTH_REJECTED',
    message: 'all 3 accounts of this worker: check it',
  });
});

test('a list that became empty needs a person', () => {
  expect(accountsTold([state(0, 0, true)]).stalled?.code).toBe('SOURCE_NO_ACCOUNTS');
});

test('the one account of a source without a list is told as it is', () => {
  const { source, ...alone } = state(0, 1);
  const told = accountsTold([{ ...alone, source: { name: source.name } }]);
  expect(told).toMatchObject({ sources: [], stalled: undefined });
  expect(told.accounts).toHaveLength(1);
});
