import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/api/worker-status.ts';
import type { RunDecision } from '../../src/operator/decide/run.ts';
import { aged, at, brief, messageOf, pipeline, pod, terminated, worker, workerStatus } from './fixtures.ts';
import { decide, job, result, revision, run, runOf, shows, spec, specHash } from './runs.ts';

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

  const later = (decision: RunDecision, secondsAgo: number) =>
    run({ state: 'Pending', conditions: aged(decision.status?.conditions, secondsAgo) });

  test.each([
    ['PipelineMissing', { pipeline: undefined }, /there is no EmailPipeline "orders"/, 60],
    ['PipelineNotReady', { lastGood: undefined }, /no revision yet that became ready/, 600],
    [
      'NoWorker',
      { workers: [worker('orders-1', workerStatus(revision, { ready: false }))] },
      /no worker of the pipeline is ready/,
      600,
    ],
  ])('waits: %s; not for ever without a person', (reason, change, says, seconds) => {
    const decision = decide(change);
    expect(decision).toMatchObject({ status: { state: 'Pending' }, requeueAfterMs: 10_000 });
    const waits = [`Ready=False/${reason}`, `Reconciling=True/${reason}`, 'Stalled=False/NotStalled'];
    expect(brief(decision.status?.conditions)).toEqual(waits);
    expect(messageOf(decision.status?.conditions, 'Ready')).toMatch(says);
    expect(brief(decide({ ...change, run: later(decision, seconds - 1) }).status?.conditions)).toEqual(waits);

    const stalled = decide({ ...change, run: later(decision, seconds) });
    expect(stalled).toMatchObject({ status: { state: 'Pending' }, requeueAfterMs: 10_000 });
    const stands = [`Ready=False/${reason}`, 'Reconciling=False/Stalled', `Stalled=True/${reason}`];
    expect(brief(stalled.status?.conditions)).toEqual(stands);
    // It begins all the same.
    expect(brief(decide({ run: later(stalled, 5) }).status?.conditions)).toContain('Stalled=False/NotStalled');
  });

  test('what it waited for before does not count against what it waits for now', () => {
    const waited = decide({ others: [runOf({ ...spec, load: 'Full' }, undefined, 'first', at(9000))] });
    expect(brief(waited.status?.conditions)).toContain('Reconciling=True/WaitsForRun');
    const now = decide({ run: later(waited, 9000), workers: [] });
    expect(brief(now.status?.conditions)).toContain('Reconciling=True/NoWorker');
  });

  test('may not read Secrets: a person must act at once', () => {
    const secrets = new Map([['analytics-db', { kind: 'Forbidden' } as const]]);
    const decision = decide({ run: runOf({ ...spec, load: 'Full' }), secrets });
    expect(brief(decision.status?.conditions)).toContain('Stalled=True/SecretsForbidden');
  });
});
