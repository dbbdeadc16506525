import { describe, expect, test } from 'vitest';
import { account, aged, at, brief, ill, liveDeployment, pipeline, pod, worker, workerStatus } from './fixtures.ts';
import { alone, type Case, decide, expectCase, found, ready, revision, running, settled } from './streaming.ts';

const cases: readonly Case[] = [
  {
    name: 'a worker that cannot log in is told in the worker’s words',
    given: running({
      deployment: liveDeployment(revision, { updated: 1, available: 0 }),
      pods: [pod('orders-1')],
      workers: [
        worker(
          'orders-1',
          workerStatus(revision, {
            ready: false,
            accounts: [account({ role: 'Standby', connection: ill('IMAP_AUTH_REJECTED') })],
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=False/RollingOut',
      'Reconciling=True/RollingOut',
      'Stalled=False/NotStalled',
      ...found,
      'Connected=False/ImapAuthRejected',
      'Flowing=Unknown/NotYetReady',
      'Delivering=True/Delivering',
      alone,
    ],
    says: { Ready: /IMAP_AUTH_REJECTED: it is wrong; mend it/, Connected: 'IMAP_AUTH_REJECTED: it is wrong; mend it' },
  },
  {
    name: 'a password that is rejected says nothing about what is delivered',
    given: running({
      deployment: liveDeployment(revision, { updated: 1, available: 0 }),
      pods: [pod('orders-1')],
      workers: [
        worker(
          'orders-1',
          workerStatus(revision, {
            ready: false,
            accounts: [account({ role: 'Standby', connection: ill('IMAP_AUTH_REJECTED') })],
            stalled: { code: 'IMAP_AUTH_REJECTED', message: 'it is wrong; mend it' },
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=False/ImapAuthRejected',
      'Reconciling=False/Stalled',
      'Stalled=True/ImapAuthRejected',
      ...found,
      'Connected=False/ImapAuthRejected',
      'Flowing=Unknown/NotYetReady',
      'Delivering=True/Delivering',
      alone,
    ],
  },
  {
    name: 'a mail server that is away shows in Connected alone',
    given: running({
      pipeline: pipeline({}, ready('RolledOut')),
      deployment: liveDeployment(revision, { lastGood: revision.hash }),
      workers: [
        worker('orders-1', workerStatus(revision, { accounts: [account({ connection: ill('IMAP_UNREACHABLE') })] })),
      ],
    }),
    conditions: [
      'Ready=True/RolledOut',
      ...settled,
      ...found,
      'Connected=False/ImapUnreachable',
      'Flowing=True/Flowing',
      'Delivering=True/Delivering',
      alone,
    ],
  },
  {
    name: 'a worker that does not answer is Unknown',
    given: running({ workers: [worker('orders-1')] }),
    conditions: [
      'Ready=True/RolledOut',
      ...settled,
      ...found,
      'Connected=Unknown/WorkerUnreachable',
      'Flowing=Unknown/WorkerUnreachable',
      'Delivering=Unknown/WorkerUnreachable',
      alone,
    ],
  },
  {
    name: 'a worker that waits for a person is Stalled at once',
    given: running({
      workers: [
        worker(
          'orders-1',
          workerStatus(revision, { stalled: { code: 'DEAD_RATE_EXCEEDED', message: 'look at the dead letters' } }),
        ),
      ],
    }),
    conditions: [
      'Ready=True/RolledOut',
      'Reconciling=False/Stalled',
      'Stalled=True/WorkerStalled',
      ...found,
      'Connected=True/Connected',
      'Flowing=True/Flowing',
      'Delivering=False/DeadRateExceeded',
      alone,
    ],
  },
  {
    name: 'a folder that is not checked any more stops the flow',
    given: running({
      workers: [
        worker(
          'orders-1',
          workerStatus(revision, {
            accounts: [
              account({
                folders: [{ name: 'INBOX', state: 'Live', checkedAt: at(3000), lagMessages: 0, lagSeconds: 0 }],
              }),
            ],
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=True/RolledOut',
      ...settled,
      ...found,
      'Connected=True/Connected',
      'Flowing=False/FoldersNotChecked',
      'Delivering=True/Delivering',
      alone,
    ],
    says: { Flowing: /^1 of 1 folders/ },
  },
  {
    name: 'lag without a commit stops the flow',
    given: running({
      workers: [{ ...worker('orders-1', workerStatus(revision)), lag: { sinceMs: 700_000, before: 4, now: 9 } }],
    }),
    conditions: [
      'Ready=True/RolledOut',
      ...settled,
      ...found,
      'Connected=True/Connected',
      'Flowing=False/LagWithoutCommits',
      'Delivering=True/Delivering',
      alone,
    ],
  },
];

describe('a streaming pipeline', () => {
  test.each(cases)('$name', (each) => void expectCase(each));

  test('while workers are still to be asked, a status that is current is left as it is', () => {
    const workers = [{ pod: 'orders-1', unasked: true } as const];
    const status = { observedGeneration: 1 };
    expect(decide(running({ workers, pipeline: pipeline({}, status) })).postponed).toBe(true);
    expect(decide(running({ workers, pipeline: pipeline({}, status, 2) })).postponed).toBe(false);
    expect(decide(running({ workers })).postponed).toBe(true);
    expect(decide(running({ pipeline: pipeline({}, status) })).postponed).toBe(false);
  });

  test('not connected for 15 minutes is Stalled, and time is asked for until then', () => {
    const away = running({
      workers: [
        worker('orders-1', workerStatus(revision, { accounts: [account({ connection: ill('IMAP_UNREACHABLE') })] })),
      ],
    });
    const first = decide(away);
    expect(first.requeueAfterMs).toBe(900_000);
    const later = decide({ ...away, pipeline: pipeline({}, { conditions: aged(first.status.conditions, 600) }) });
    expect(later.requeueAfterMs).toBe(300_000);
    const stalled = decide({ ...away, pipeline: pipeline({}, { conditions: aged(first.status.conditions, 901) }) });
    expect(brief(stalled.status.conditions)).toContain('Stalled=True/NotConnected');
    expect(brief(stalled.status.conditions)).toContain('Ready=True/RolledOut');
  });
});
