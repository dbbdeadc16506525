import { expect, test } from 'vitest';
import type { EmailPipelineSpec } from '../../src/api/email-pipeline.ts';
import type { CronJob, Deployment, Job, KubernetesObject, Live } from '../../src/kubernetes/objects.ts';
import type { Change } from '../../src/kubernetes/reflector.ts';
import { preflightJob } from '../../src/operator/build/jobs.ts';
import { type Cached, pipelineKeyOf } from '../../src/operator/caches.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import { annotations, specHashOf } from '../../src/operator/names.ts';
import { createRollouts, isRolling } from '../../src/operator/rollouts.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import {
  brief,
  compiled,
  config,
  imapSpec,
  live,
  liveCheck,
  liveCronJob,
  liveDeployment,
  messageOf,
  pipeline,
  pipelineSpec,
  snapshot,
  source,
} from './fixtures.ts';

const revision = compiled();
const good = { lastGood: revision.hash };

/** Objects as a cache has them, and what tells of their changes. */
function fakeCache<T extends KubernetesObject>() {
  const objects = new Map<string, Live<T>>();
  let handler: (change: Change<T>) => void = () => {};
  const cached = {
    reflector: {
      onChange: (given: typeof handler) => {
        handler = given;
        return () => {};
      },
    },
    objects: {
      get: ({ name }: { readonly name: string }) => objects.get(name),
      byIndex: (_: string, key: string) => [...objects.values()].filter((object) => pipelineKeyOf(object) === key),
    },
  } as unknown as Cached<T>;
  /** What the API server has now; `told`: the watch has brought it. */
  const set = (made: Live<T>, told = true) => {
    const object = { ...made, metadata: { ...made.metadata, namespace: 'n' } };
    objects.set(made.metadata.name, object);
    if (told) handler({ type: 'added', object });
  };
  return { cached, set };
}

function setUp(limit: number) {
  const [deployments, cronJobs, jobs] = [fakeCache<Deployment>(), fakeCache<CronJob>(), fakeCache<Job>()];
  const called: string[] = [];
  const caches = { deployments: deployments.cached, cronJobs: cronJobs.cached, jobs: jobs.cached };
  const rollouts = createRollouts(caches, limit, (key) => called.push(key));
  const set = (name: string, progressing: string, told = true) => {
    const made = liveDeployment(revision, { ...good, progressing });
    deployments.set({ ...made, metadata: { ...made.metadata, name } }, told);
  };
  return { rollouts, set, called, setCronJob: cronJobs.set, setJob: jobs.set };
}

test('who waits is called as others become ready, as many as there is room for', () => {
  const { rollouts, set, called } = setUp(2);
  for (const name of ['a', 'b']) set(name, 'ReplicaSetUpdated');
  expect(rollouts.underWay('n/c')).toBe(2);
  expect(rollouts.underWay('n/a')).toBe(1);
  for (const name of ['n/c', 'n/d', 'n/e']) rollouts.wait(name);
  expect(called).toEqual([]);
  set('a', 'NewReplicaSetAvailable');
  expect(called).toEqual(['n/c']);
  // One that never becomes ready makes room at its deadline.
  set('b', 'ProgressDeadlineExceeded');
  expect(called).toEqual(['n/c', 'n/d', 'n/e']);
});

test('a rollout counts from its decision on, before anything is written', () => {
  const { rollouts, set, called } = setUp(1);
  set('a', 'NewReplicaSetAvailable');
  const done = rollouts.begin('n/a');
  expect(rollouts.underWay('n/b')).toBe(1);
  rollouts.wait('n/b');
  set('a', 'ReplicaSetUpdated', false);
  done();
  expect(rollouts.underWay('n/b')).toBe(1);
  expect(called).toEqual([]);
  set('a', 'NewReplicaSetAvailable');
  expect(called).toEqual(['n/b']);
});

test('a write that failed gives its place back', () => {
  const { rollouts, set, called } = setUp(1);
  set('a', 'NewReplicaSetAvailable');
  const done = rollouts.begin('n/a');
  rollouts.wait('n/b');
  done();
  expect(called).toEqual(['n/b']);
  expect(rollouts.underWay('n/b')).toBe(0);
});

test('first applies, stopped pipelines and crashed workers do not roll', () => {
  expect(isRolling(liveDeployment(revision, { progressing: 'NewReplicaSetCreated' }))).toBe(false);
  expect(isRolling(liveDeployment(revision, { ...good, replicas: 0, progressing: 'ReplicaSetUpdated' }))).toBe(false);
  expect(isRolling(liveDeployment(revision, { ...good, available: 0, progressing: 'NewReplicaSetAvailable' }))).toBe(
    false,
  );
  const unseen = liveDeployment(revision, good);
  expect(isRolling({ ...unseen, metadata: { ...unseen.metadata, generation: 4 } })).toBe(true);
});

test('what is tried before it replaces a workload counts as a rollout while it runs; what was never good does not', () => {
  const { rollouts, setCronJob, setJob, called } = setUp(1);
  setJob(liveCheck(revision));
  expect(rollouts.underWay('n/b')).toBe(0);
  setCronJob(liveCronJob(revision));
  setJob(liveCheck(revision));
  expect(rollouts.underWay('n/b')).toBe(1);
  expect(rollouts.underWay('n/orders')).toBe(0);
  rollouts.wait('n/b');
  setJob(liveCheck(revision, { type: 'Failed', ago: 1 }));
  expect(rollouts.underWay('n/b')).toBe(0);
  const input = { revision, template: undefined, secretsHash: 'x', baseline: 'y', beside: undefined };
  setJob(live(preflightJob({ ...input, messages: 1, maxErrorRate: 0 }, config)));
  expect(rollouts.underWay('n/c')).toBe(1);
  expect(called).toEqual(['n/b']);
});

const ready = {
  observedGeneration: 1,
  revision: revision.hash,
  lastGoodRevision: revision.hash,
  lastGoodGeneration: 1,
  conditions: [
    {
      type: 'Ready',
      status: 'True' as const,
      reason: 'RolledOut',
      message: 'it was',
      lastTransitionTime: '2026-11-21T11:00:00Z',
      observedGeneration: 1,
    },
  ],
};
const busy = (change: Partial<PipelineSnapshot>) =>
  decidePipeline(
    snapshot({
      pipeline: pipeline({}, ready),
      deployment: liveDeployment(revision, good),
      applied: revision,
      rolloutsUnderWay: 20,
      ...change,
    }),
    { ...config, workerImage: 'registry.example.com/mailmill:2' },
  );

test('a new image waits while too many workloads roll, and what runs stays ready', () => {
  const held = busy({});
  expect(held.objects).toEqual([]);
  expect(held.rollout).toBe('Waits');
  expect(brief(held.status.conditions).slice(0, 3)).toEqual([
    'Ready=True/RolledOut',
    'Reconciling=True/RolloutQueued',
    'Stalled=False/NotStalled',
  ]);
  expect(messageOf(held.status.conditions, 'Reconciling')).toBe(
    `revision ${revision.hash} waits for its turn: 20 workloads roll at this moment (operator.rolloutConcurrency is 20); revision ${revision.hash} keeps running`,
  );
  const turn = busy({ rolloutsUnderWay: 19 });
  expect(turn.rollout).toBe('Begins');
  expect(turn.objects.map(({ kind }) => kind)).toContain('Deployment');
});

test('a changed source waits too; while waiting, size and suspension act at once', () => {
  const from = source({ imap: { ...imapSpec.imap!, host: 'other.example.com' } });
  expect(busy({ source: from }).rollout).toBe('Waits');
  const scaled = busy({ pipeline: pipeline({ replicas: 2 }, ready) });
  expect(scaled.patches.map(({ patch }) => patch)).toEqual([{ spec: { replicas: 2 } }]);
  expect(busy({ pipeline: pipeline({ suspend: true }, ready) }).rollout).toBeUndefined();
});

test('edits of the pipeline itself, first applies and rotated Secrets do not wait', () => {
  expect(busy({ pipeline: pipeline({}, ready, 2) }).rollout).toBeUndefined();
  expect(busy({ deployment: undefined }).rollout).toBeUndefined();
  const old = liveDeployment(revision, { ...good, secretsHash: 'before' });
  const rotated = decidePipeline(
    snapshot({ pipeline: pipeline({}, ready), deployment: old, applied: revision, rolloutsUnderWay: 20 }),
    config,
  );
  expect(rotated.rollout).toBeUndefined();
  expect(rotated.objects.map(({ kind }) => kind)).toContain('Deployment');
  expect(old.metadata.annotations?.[annotations.lastGood]).toBe(revision.hash);
});

const other = source({ imap: { ...imapSpec.imap!, host: 'other.example.com' } });
const schedule = '0 2 * * *';
const preflight = { preflight: {} };
const madeFrom = (spec: Partial<EmailPipelineSpec> = {}) => specHashOf({ ...pipelineSpec, ...spec });

test.each<[string, Partial<PipelineSnapshot>, string, string]>([
  [
    'the check of a scheduled pipeline',
    { pipeline: pipeline({ schedule }, ready), deployment: undefined, cronJob: liveCronJob(revision) },
    'Scheduled',
    'Job',
  ],
  ['a preflight', { pipeline: pipeline({ rollout: preflight }, ready) }, 'RolledOut', 'Job'],
])('%s for a changed source waits too, and none of its own edit', (_, change, reason, kind) => {
  const status = { ...ready, conditions: ready.conditions.map((each) => ({ ...each, reason })) };
  const spec = { ...change.pipeline?.spec };
  const given = { ...change, source: other, pipeline: pipeline(spec, status) };
  const held = busy(given);
  expect([held.rollout, held.objects, held.patches]).toEqual(['Waits', [], []]);
  expect(brief(held.status.conditions)).toEqual([
    `Ready=True/${reason}`,
    'Reconciling=True/RolloutQueued',
    'Stalled=False/NotStalled',
    'Valid=True/Valid',
    'CredentialsResolved=True/Resolved',
    ...['Connected', 'Flowing', 'Delivering'].map((type) =>
      reason === 'Scheduled' ? `${type}=Unknown/NotYetRun` : `${type}=Unknown/NoWorker`,
    ),
    'SharedWithoutArchive=False/NotShared',
  ]);
  const turn = busy({ ...given, rolloutsUnderWay: 19 });
  expect(turn.rollout).toBe('Begins');
  expect(turn.objects.map((object) => object.kind)).toContain(kind);
  const edited = { steps: [{ name: 'wanted', filter: 'has(subject)' }] };
  // A new spec that the workload was not made from is an edit, whatever the status has seen of it.
  const told = change.cronJob ?? liveDeployment(revision, { ...good, specHash: madeFrom() });
  const edit = busy({
    ...{ ...given, pipeline: pipeline({ ...spec, ...edited }, status) },
    ...(told.kind === 'CronJob' ? {} : { deployment: told as Live<Deployment> }),
  });
  expect(edit.rollout).toBeUndefined();
  expect(edit.objects.map((object) => object.kind)).toContain(kind);
});

test('a template field that is no longer desired waits as another image does', () => {
  const template = { nodeSelector: { disk: 'fast' } };
  const before = liveDeployment(revision, { ...good, template, specHash: madeFrom() });
  const from = { pipeline: pipeline({}, ready), deployment: before, applied: revision, rolloutsUnderWay: 20 };
  expect(decidePipeline(snapshot(from), config).rollout).toBe('Waits');
  const same = liveDeployment(revision, { ...good, specHash: madeFrom() });
  expect(decidePipeline(snapshot({ ...from, deployment: same }), config).rollout).toBeUndefined();
  // Taken away by its owner: that waits for nobody.
  const edited = liveDeployment(revision, { ...good, template, specHash: madeFrom({ template }) });
  expect(decidePipeline(snapshot({ ...from, deployment: edited }), config).rollout).toBeUndefined();
});

test('a pipeline that is scaled while it waits goes on waiting, at its new size', () => {
  const deployment = liveDeployment(revision, { ...good, specHash: madeFrom() });
  const scaled = busy({ pipeline: pipeline({ replicas: 2 }, ready, 2), deployment });
  expect(scaled.rollout).toBe('Waits');
  expect(scaled.patches.map(({ patch }) => patch)).toEqual([{ spec: { replicas: 2 } }]);
});
