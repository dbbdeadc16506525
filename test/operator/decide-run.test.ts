import { describe, expect, test } from 'vitest';
import type { EmailPipelineRunStatus } from '../../src/api/email-pipeline-run.ts';
import type { RunResult } from '../../src/api/worker-status.ts';
import type { Job, Live } from '../../src/kubernetes/objects.ts';
import { runJob } from '../../src/operator/build/jobs.ts';
import { decideRun } from '../../src/operator/decide/run.ts';
import { runSpecHash } from '../../src/operator/names.ts';
import type { RunSnapshot } from '../../src/operator/snapshot.ts';
import {
  at,
  brief,
  compiled,
  config,
  live,
  messageOf,
  now,
  pipeline,
  pod,
  terminated,
  worker,
  workerStatus,
} from './fixtures.ts';

const revision = compiled();
const spec = { pipeline: { name: 'orders' } };
const specHash = runSpecHash(spec);
const run = (status?: EmailPipelineRunStatus) =>
  live({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'EmailPipelineRun',
    metadata: { name: 'now', generation: 1 },
    spec,
    ...(status === undefined ? {} : { status }),
  });

const decide = (change: Partial<RunSnapshot> = {}) =>
  decideRun(
    {
      now,
      run: run(),
      pipeline: pipeline(),
      lastGood: revision,
      job: undefined,
      pods: [],
      workers: [worker('orders-1', workerStatus(revision))],
      ...change,
    },
    config,
  );

const result = (change: Partial<RunResult> = {}): RunResult => ({
  name: 'now',
  specHash,
  revision: revision.hash,
  state: 'Succeeded',
  startedAt: at(60),
  finishedAt: at(30),
  read: 3,
  delivered: 2,
  dropped: 1,
  dead: 0,
  ...change,
});
const shows = (one: RunResult) => ({ workers: [worker('orders-1', workerStatus(revision, { runs: [one] }))] });

const job = (type?: 'Complete' | 'Failed'): Live<Job> => {
  const desired = runJob({ revision, template: undefined, run: 'now', specHash }, config);
  const conditions =
    type === undefined ? [] : [{ type, status: 'True', lastTransitionTime: at(5), message: 'backoff limit reached' }];
  return live({ ...desired, status: { startTime: at(60), conditions } });
};

describe('a run on demand', () => {
  test('asks a worker of a streaming pipeline, and asks again until it is shown', () => {
    const decision = decide();
    expect(decision.ask).toEqual({ pod: 'orders-1', name: 'now', specHash });
    expect(decision.requeueAfterMs).toBe(2_000);
    expect(decision.status).toMatchObject({ state: 'Pending' });
    expect(brief(decision.status?.conditions)).toEqual([
      'Ready=False/Asked',
      'Reconciling=True/Asked',
      'Stalled=False/NotStalled',
    ]);
  });

  test('runs while the worker says so, without live counters', () => {
    const decision = decide(shows(result({ state: 'Running', finishedAt: undefined })));
    expect(decision.ask).toBeUndefined();
    expect(decision.status).toEqual({
      observedGeneration: 1,
      state: 'Running',
      startedAt: at(60),
      conditions: expect.any(Array),
    });
  });

  test('ends with the worker’s result', () => {
    const decision = decide(shows(result()));
    expect(decision.status).toMatchObject({
      state: 'Succeeded',
      read: 3,
      delivered: 2,
      dropped: 1,
      dead: 0,
      finishedAt: at(30),
    });
    expect(brief(decision.status?.conditions)).toEqual([
      'Ready=True/Succeeded',
      'Reconciling=False/Settled',
      'Stalled=False/NotStalled',
    ]);
  });

  test('takes no other run of the same name for its own', () => {
    expect(decide(shows(result({ specHash: 'fedcba9876543210' }))).ask).toBeDefined();
  });

  test.each(['Succeeded', 'Failed'] as const)('is never executed again once it %s', (state) => {
    expect(decide({ run: run({ state }), ...shows(result({ state: 'Running' })) })).toEqual({ events: [] });
  });

  test.each([
    ['a scheduled pipeline', pipeline({ schedule: '0 2 * * *' })],
    ['a suspended pipeline', pipeline({ suspend: true })],
  ])('of %s is a Job of the last good revision', (_, of) => {
    const decision = decide({ pipeline: of, workers: [] });
    expect(decision.job?.metadata.labels).toMatchObject({
      'mailmill.io/revision': revision.hash,
      'mailmill.io/run': 'now',
    });
    expect(decision.ask).toBeUndefined();
  });

  test('follows its Job', () => {
    expect(decide({ job: job() }).status).toMatchObject({ state: 'Running', startedAt: at(60) });
    const uid = job().metadata.uid;
    const ended = (code: number, one: RunResult) => [
      pod('p', { role: 'run', owner: uid, status: terminated(code, JSON.stringify(one)) }),
    ];
    const succeeded = decide({ job: job('Complete'), pods: ended(0, result()) });
    expect(succeeded.status).toMatchObject({ state: 'Succeeded', delivered: 2 });
    const failed = decide({
      job: job('Failed'),
      pods: ended(78, result({ state: 'Failed', code: 'SINK_FORBIDDEN', message: 'grant it' })),
    });
    expect(failed.status).toMatchObject({ state: 'Failed', message: 'SINK_FORBIDDEN: grant it' });
    expect(brief(failed.status?.conditions)).toEqual([
      'Ready=False/Failed',
      'Reconciling=False/Settled',
      'Stalled=True/Failed',
    ]);
    const silent = decide({ job: job('Failed') });
    expect(silent.status).toMatchObject({ state: 'Failed', message: 'backoff limit reached' });
  });

  test.each([
    ['PipelineMissing', { pipeline: undefined }, /there is no EmailPipeline "orders"/],
    ['PipelineNotReady', { lastGood: undefined }, /no revision yet that became ready/],
    [
      'NoWorker',
      { workers: [worker('orders-1', workerStatus(revision, { ready: false }))] },
      /no worker of the pipeline is ready/,
    ],
  ])('waits: %s', (reason, change, says) => {
    const decision = decide(change);
    expect(decision).toMatchObject({ status: { state: 'Pending' }, requeueAfterMs: 10_000 });
    expect(brief(decision.status?.conditions)).toContain(`Ready=False/${reason}`);
    expect(messageOf(decision.status?.conditions, 'Ready')).toMatch(says);
  });
});
