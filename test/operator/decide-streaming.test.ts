import { describe, expect, test } from 'vitest';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import { aged, at, ill, liveDeployment, pipeline, pod, worker, workerStatus } from './fixtures.ts';
import {
  alone,
  type Case,
  decide,
  expectCase,
  found,
  noWorker,
  ready,
  revision,
  running,
  settled,
  well,
} from './streaming.ts';

const cases: readonly Case[] = [
  {
    name: 'a new pipeline gets its revision and its workers',
    given: {},
    applies: [`ConfigMap orders-${revision.hash}`, 'Deployment orders'],
    conditions: [
      'Ready=False/Applying',
      'Reconciling=True/Applying',
      'Stalled=False/NotStalled',
      ...found,
      ...noWorker,
      alone,
    ],
  },
  {
    name: 'two workers get a PodDisruptionBudget',
    given: { pipeline: pipeline({ replicas: 2 }) },
    applies: [`ConfigMap orders-${revision.hash}`, 'Deployment orders', 'PodDisruptionBudget orders'],
    conditions: [
      'Ready=False/Applying',
      'Reconciling=True/Applying',
      'Stalled=False/NotStalled',
      ...found,
      ...noWorker,
      alone,
    ],
  },
  {
    name: 'more workers than one for each account and a standby are not made',
    given: running({
      pipeline: pipeline({ replicas: 5 }),
      deployment: liveDeployment(revision, { replicas: 2, total: 2, updated: 2, available: 2 }),
    }),
    conditions: ['Ready=True/RolledOut', ...settled, ...found, ...well, alone, 'ReplicasLimited=True/MoreThanAccounts'],
    says: {
      Ready: `revision ${revision.hash} runs with 2 workers`,
      ReplicasLimited: 'spec.replicas is 5, and 2 workers run: one for each account (1), and one that stands by',
    },
  },
  {
    name: 'a rolled out pipeline is ready and well',
    given: running(),
    conditions: ['Ready=True/RolledOut', ...settled, ...found, ...well, alone],
    says: { Ready: `revision ${revision.hash} runs with 1 worker` },
  },
  {
    name: 'a rollout beyond its deadline is Stalled',
    given: running({
      deployment: liveDeployment(revision, { updated: 1, available: 0, progressing: 'ProgressDeadlineExceeded' }),
      pods: [
        pod('orders-1', {
          status: { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available' }] },
        }),
      ],
      workers: [],
    }),
    conditions: [
      'Ready=False/RolloutDeadlineExceeded',
      'Reconciling=False/Stalled',
      'Stalled=True/RolloutDeadlineExceeded',
      ...found,
      ...noWorker,
      alone,
    ],
    says: { Stalled: /pod orders-1 has no node: 0\/1 nodes are available/ },
  },
  {
    name: 'a bad revision beside a good one: the good one keeps running, and speaks for the health',
    given: running({
      pipeline: pipeline({}, undefined, 2),
      deployment: liveDeployment(revision, { updated: 1, available: 1, total: 2, lastGood: '0123456789' }),
      pods: [pod('orders-1', { ready: true }), pod('orders-2')],
      workers: [
        worker('orders-1', workerStatus(revision)),
        worker(
          'orders-2',
          workerStatus(revision, {
            ready: false,
            accounts: [],
            sinks: [{ name: 'warehouse', ...ill('SINK_TABLE_MISMATCH') }],
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=False/RollingOut',
      'Reconciling=True/RollingOut',
      'Stalled=False/NotStalled',
      ...found,
      ...well,
      alone,
    ],
    says: { Ready: /SINK_TABLE_MISMATCH: .*; revision 0123456789 keeps running$/ },
  },
  {
    name: 'a bad revision that only a person can mend is Stalled before its deadline, beside a good one',
    given: running({
      pipeline: pipeline({}, undefined, 2),
      deployment: liveDeployment(revision, { updated: 1, available: 1, total: 2, lastGood: '0123456789' }),
      pods: [pod('orders-1', { ready: true }), pod('orders-2')],
      workers: [
        worker('orders-1', workerStatus(revision)),
        worker(
          'orders-2',
          workerStatus(revision, {
            ready: false,
            accounts: [],
            stalled: { code: 'SINK_TABLE_MISMATCH', message: 'a column is missing; run: ALTER TABLE …;' },
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=False/SinkTableMismatch',
      'Reconciling=False/Stalled',
      'Stalled=True/SinkTableMismatch',
      ...found,
      ...well,
      alone,
    ],
    says: { Stalled: /not ready yet: SINK_TABLE_MISMATCH: .* ALTER TABLE …; revision 0123456789 keeps running$/ },
  },
  {
    name: 'Ready stays when a ready pipeline loses its pods',
    given: running({
      pipeline: pipeline({}, ready('RolledOut')),
      deployment: liveDeployment(revision, { available: 0, lastGood: revision.hash }),
      pods: [pod('orders-1')],
      workers: [],
    }),
    conditions: [
      'Ready=True/RolledOut',
      'Reconciling=True/RollingOut',
      'Stalled=False/NotStalled',
      ...found,
      ...noWorker,
      alone,
    ],
  },
  {
    name: 'Ready stays when a good pipeline is scaled',
    given: running({
      pipeline: pipeline({ replicas: 2 }, ready('RolledOut', 1), 2),
      deployment: liveDeployment(revision, {
        replicas: 2,
        updated: 2,
        available: 1,
        lastGood: revision.hash,
        progressing: 'NewReplicaSetAvailable',
      }),
    }),
    conditions: ['Ready=True/RolledOut', ...settled, ...found, ...well, alone],
  },
  {
    name: 'a resumed pipeline is not ready by what it was while suspended',
    given: running({
      pipeline: pipeline({}, ready('Suspended', 1), 1),
      deployment: liveDeployment(revision, {
        updated: 0,
        available: 0,
        progressing: 'NewReplicaSetAvailable',
        lastGood: revision.hash,
      }),
      pods: [],
      workers: [],
    }),
    conditions: [
      'Ready=False/RollingOut',
      'Reconciling=True/RollingOut',
      'Stalled=False/NotStalled',
      ...found,
      ...noWorker,
      alone,
    ],
  },
  {
    name: 'a suspended pipeline is ready once its workers are gone',
    given: {
      pipeline: pipeline({ suspend: true }),
      deployment: liveDeployment(revision, { replicas: 0, total: 0 }),
      applied: revision,
    },
    conditions: [
      'Ready=True/Suspended',
      ...settled,
      ...found,
      'Connected=Unknown/Suspended',
      'Flowing=Unknown/Suspended',
      'Delivering=Unknown/Suspended',
      alone,
    ],
  },
  {
    name: 'a suspended pipeline is not at rest while a worker still ends what it was at',
    given: {
      pipeline: pipeline({ suspend: true }),
      deployment: liveDeployment(revision, { replicas: 0, total: 0 }),
      applied: revision,
      pods: [pod('orders-1', { ready: true, ending: true })],
    },
    conditions: [
      'Ready=False/Suspending',
      'Reconciling=True/Suspending',
      'Stalled=False/NotStalled',
      ...found,
      'Connected=Unknown/Suspended',
      'Flowing=Unknown/Suspended',
      'Delivering=Unknown/Suspended',
      alone,
    ],
  },
  {
    name: 'a source that several pipelines read is told',
    given: running({ readers: ['nightly', 'orders'] }),
    conditions: ['Ready=True/RolledOut', ...settled, ...found, ...well, 'SharedWithoutArchive=True/Shared'],
    says: { SharedWithoutArchive: /the pipelines nightly, orders each read MailboxSource support/ },
  },
];

describe('a streaming pipeline', () => {
  test.each(cases)('$name', (each) => void expectCase(each));

  test('lastTransitionTime moves only with the status', () => {
    const first = decide(running());
    const again = decide({ ...running(), pipeline: pipeline({}, { conditions: aged(first.status.conditions, 500) }) });
    expect(again.status.conditions?.every(({ lastTransitionTime }) => lastTransitionTime === at(500))).toBe(true);
    expect(again.events).toEqual([]);
    const lost = decide({
      ...running({ workers: [] }),
      pipeline: pipeline({}, { conditions: aged(first.status.conditions, 500) }),
    });
    const times = lost.status.conditions?.filter(({ lastTransitionTime }) => lastTransitionTime === at(0));
    expect(times?.map(({ type }) => type)).toEqual(['Connected', 'Flowing', 'Delivering']);
  });

  test('a CronJob from before goes once the workers are ready', () => {
    const cronJob = { ...liveDeployment(revision), kind: 'CronJob' } as unknown as PipelineSnapshot['cronJob'];
    expect(
      decide({ ...running({ deployment: liveDeployment(revision, { available: 0 }) }), cronJob }).deletions,
    ).toEqual([]);
    expect(decide({ ...running(), cronJob }).deletions.map(({ object }) => object.kind)).toEqual(['CronJob']);
  });
});
