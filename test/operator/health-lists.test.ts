import { expect, test } from 'vitest';
import type { PipelineStatus, SourceStatus } from '../../src/api/worker-status.ts';
import { connectedOfLists, lagOf, someAccountsFail, stalledOf } from '../../src/operator/health-lists.ts';

const since = '2026-11-21T00:00:00.000Z';
const list = (of: Partial<SourceStatus>): SourceStatus => ({
  source: 'team',
  accounts: 1_000,
  held: 500,
  connected: 500,
  troubles: [],
  folders: 500,
  catchingUp: 0,
  unchecked: 0,
  lagMessages: 0,
  lagSeconds: 0,
  ...of,
});
const status = (source: SourceStatus, more: Partial<PipelineStatus> = {}): PipelineStatus => ({
  namespace: 'ns',
  pipeline: 'mail',
  revision: 'r',
  ready: true,
  store: { ok: true, since },
  sinks: [],
  accounts: [],
  sources: [source],
  counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
  runs: [],
  ...more,
});
const rejected = (accounts: number) => [{ code: 'IMAP_AUTH_REJECTED', message: 'check the password', accounts }];

test('accounts that several workers share are connected when all are', () => {
  expect(connectedOfLists([status(list({})), status(list({}))])).toMatchObject({
    status: 'True',
    message: 'all 1000 accounts are connected',
  });
  expect(connectedOfLists([status(list({}))])).toMatchObject({ status: 'Unknown', reason: 'WaitingForLease' });
});

test('some that fail are told in numbers, by what is wrong', () => {
  const verdict = connectedOfLists([
    status(list({ connected: 498, troubles: rejected(2) })),
    status(list({ connected: 499, troubles: rejected(1) })),
  ]);
  expect(verdict).toEqual({
    status: 'False',
    reason: someAccountsFail,
    message: '3 of 1000 accounts fail (3 IMAP_AUTH_REJECTED): check the password',
  });
});

test('an entry that is no account is counted once, though every worker sees it', () => {
  const broken = [{ code: 'SOURCE_ACCOUNT_INVALID', message: 'entry 3', accounts: 1 }];
  const verdict = connectedOfLists([status(list({ troubles: broken })), status(list({ troubles: broken }))]);
  expect(verdict.message).toBe('1 of 1000 accounts fail (1 SOURCE_ACCOUNT_INVALID): entry 3');
});

test('a worker whose accounts all fail is no standstill while another one is connected', () => {
  const stalled = { code: 'IMAP_AUTH_REJECTED', message: 'all 1 accounts' };
  const alone = status(list({ held: 1, connected: 0, troubles: rejected(1) }), { stalled });
  const isOfSource = (code: string) => code.startsWith('IMAP_');
  expect(stalledOf([alone, status(list({}))], isOfSource)).toBeUndefined();
  expect(stalledOf([alone], isOfSource)).toEqual(stalled);
  expect(connectedOfLists([alone]).reason).toBe('ImapAuthRejected');
  const dead = { code: 'DEAD_RATE_EXCEEDED', message: 'too much' };
  expect(stalledOf([status(list({}), { stalled: dead })], isOfSource)).toEqual(dead);
});

test('the lag of a list is taken from its numbers', () => {
  const folder = { name: 'INBOX', state: 'CatchingUp', lagMessages: 7, lagSeconds: 1 } as const;
  const account = {
    source: 'team',
    account: 1,
    role: 'Holder',
    connection: { ok: true, since },
    folders: [folder],
  } as const;
  expect(lagOf(status(list({ lagMessages: 90 }), { accounts: [account] }))).toBe(90);
  expect(lagOf(status(list({ lagMessages: 90 }), { accounts: [{ ...account, source: 'other' }] }))).toBe(97);
});
