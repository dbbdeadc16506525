import { describe, expect, test } from 'vitest';
import type { EmailPipelineRunStatus } from '../../src/api/email-pipeline-run.ts';
import type { RunResult } from '../../src/api/worker-status.ts';
import type { EmailPipelineRun, Job, Live } from '../../src/kubernetes/objects.ts';
import { runJob } from '../../src/operator/build/jobs.ts';
import { decideRun } from '../../src/operator/decide/run.ts';
import { runSpecHash } from '../../src/operator/names.ts';
import type { RunSnapshot } from '../../src/operator/snapshot.ts';
import {
  allSecrets,
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
const runOf = (
  of: EmailPipelineRun['spec'],
  status?: EmailPipelineRunStatus,
  name = 'now',
  creationTimestamp?: string,
) =>
  live<EmailPipelineRun>({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'EmailPipelineRun',
    metadata: { name, generation: 1, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
    spec: of,
    ...(status === undefined ? {} : { status }),
  });
const run = (status?: EmailPipelineRunStatus) => runOf(spec, status);

const decide = (change: Partial<RunSnapshot> = {}) =>
  decideRun(
    {
      now,
      run: run(),
      others: [],
      pipeline: pipeline(),
      lastGood: revision,
      secrets: allSecrets,
      job: undefined,
      pods: [],
      jobWorkers: [],
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
  const desired = runJob({ revision, template: undefined, run: 'now', specHash, work: {} }, config);
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
    expect(brief(decision.status?.conditions)).toEqual([
      `Ready=False/${reason}`,
      `Reconciling=True/${reason}`,
      'Stalled=False/NotStalled',
    ]);
    expect(messageOf(decision.status?.conditions, 'Ready')).toMatch(says);
  });
});

describe('a run that reads again', () => {
  const replay = { ...spec, replay: { only: 'Dead' as const } };
  const again = (change: Partial<RunSnapshot> = {}) => decide({ run: runOf(replay), ...change });
  const jobOf = (type?: 'Complete' | 'Failed') => {
    const made = job(type);
    return { ...made, metadata: { ...made.metadata, creationTimestamp: at(60) } };
  };
  const jobWorkers = (done: number, total = 100) => [
    worker(
      'job-1',
      workerStatus(revision, { runs: [result({ specHash: runSpecHash(replay), state: 'Running', done, total })] }),
    ),
  ];

  test('is a Job of the last good revision, beside a worker that streams', () => {
    const { job: made, ask } = again();
    expect(ask).toBeUndefined();
    const args = made?.spec?.template.spec?.containers[0]?.args ?? [];
    expect(args.slice(-2)).toEqual(['--spec', '{"replay":{"only":"Dead"}}']);
    expect(args).toContain(runSpecHash(replay));
  });

  test('is one although its pipeline is suspended', () => {
    expect(again({ pipeline: pipeline({ suspend: true }), workers: [] }).job).toBeDefined();
  });

  const others: readonly (readonly [string, Live<EmailPipelineRun>, boolean])[] = [
    ['an older one that is to begin goes first', runOf(spec, { state: 'Pending' }, 'older', at(120)), true],
    ['a younger one that is under way goes first', runOf(spec, { state: 'Running' }, 'younger', at(10)), true],
    ['a younger one waits', runOf(spec, { state: 'Pending' }, 'younger', at(10)), false],
  ];
  test('waits for a Secret of the last good revision, by its name, and starts no pod that would hang', () => {
    const secrets = new Map([...allSecrets, ['analytics-db', { kind: 'Missing' } as const]]);
    const decision = decide({ run: runOf({ ...spec, load: 'Full' }), secrets });
    expect(decision.job).toBeUndefined();
    expect(decision.requeueAfterMs).toBe(10_000);
    expect(brief(decision.status?.conditions)).toEqual([
      'Ready=False/SecretMissing',
      'Reconciling=True/SecretMissing',
      'Stalled=False/NotStalled',
    ]);
    expect(messageOf(decision.status?.conditions, 'Ready')).toMatch(/has no Secret "analytics-db" \(with uri\)/);
    // A worker that streams has what it needs.
    expect(decide({ secrets }).ask).toBeDefined();
  });

  test.each(others)('one at a time: %s', (_, other, waits) => {
    const decision = again({ run: runOf(replay, undefined, 'now', at(60)), others: [other] });
    expect(decision.job === undefined).toBe(waits);
    if (!waits) return;
    expect(brief(decision.status?.conditions)).toEqual([
      'Ready=False/WaitsForRun',
      'Reconciling=True/WaitsForRun',
      'Stalled=False/NotStalled',
    ]);
    expect(messageOf(decision.status?.conditions, 'Ready')).toContain(`run ${other.metadata.name} goes first`);
    expect(decision.events).toEqual([]);
  });

  test('one that has a Job goes on, whoever is older', () => {
    const decision = again({ job: jobOf(), others: [runOf(spec, { state: 'Pending' }, 'older', at(120))] });
    expect(decision.status).toMatchObject({ state: 'Running' });
  });

  test('tells how far it is, at most every 30 seconds', () => {
    const first = again({ job: jobOf(), jobWorkers: jobWorkers(10) }).status;
    expect(first?.progress).toEqual({ done: 10, total: 100, at: `${new Date(now).toISOString().slice(0, 19)}Z` });
    const later = (ms: number, done: number) =>
      again({ run: runOf(replay, first), now: now + ms, job: jobOf(), jobWorkers: jobWorkers(done) }).status?.progress;
    expect(later(29_000, 50)).toEqual(first?.progress);
    expect(later(31_000, 50)).toMatchObject({ done: 50 });
    expect(later(31_000, 10)).toEqual(first?.progress);
  });

  test('ends with what its pod said last', () => {
    const diff = { added: 1, changed: 2, unchanged: 3, removed: 4, keys: [{ id: 'x', columns: ['subject'] }] };
    const ended = result({ specHash: runSpecHash(replay), edition: 2, removed: 5, missing: 1, diff });
    const made = jobOf('Complete');
    const last = pod('job-1', { role: 'run', owner: made.metadata.uid, status: terminated(0, JSON.stringify(ended)) });
    const { status } = again({ job: made, pods: [last] });
    expect(status).toMatchObject({ state: 'Succeeded', edition: 2, removed: 5, missing: 1, diff });
    expect(messageOf(status?.conditions, 'Ready')).toBe(
      'of 3 messages: 1 documents would be added, 2 changed, 4 removed, 3 are the same; 0 messages would be dead',
    );
  });

  test('that was told to end, and is started again, is still under way', () => {
    const made = jobOf();
    const cancelled = result({ specHash: runSpecHash(replay), state: 'Cancelled' });
    const last = pod('job-1', {
      role: 'run',
      owner: made.metadata.uid,
      status: terminated(75, JSON.stringify(cancelled)),
    });
    expect(again({ job: made, pods: [last] }).status).toMatchObject({ state: 'Running' });
  });
});
