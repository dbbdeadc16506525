import { expect, test } from 'vitest';
import type { Deployment, Live } from '../../src/kubernetes/objects.ts';
import type { Change } from '../../src/kubernetes/reflector.ts';
import type { Cached } from '../../src/operator/caches.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import { annotations } from '../../src/operator/names.ts';
import { createRollouts, isRolling } from '../../src/operator/rollouts.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import {
  brief,
  compiled,
  config,
  imapSpec,
  liveDeployment,
  messageOf,
  pipeline,
  snapshot,
  source,
} from './fixtures.ts';

const revision = compiled();
const good = { lastGood: revision.hash };

function setUp(limit: number) {
  const objects = new Map<string, Live<Deployment>>();
  let handler: (change: Change<Deployment>) => void = () => {};
  const called: string[] = [];
  const cached = {
    reflector: {
      onChange: (given: typeof handler) => {
        handler = given;
        return () => {};
      },
    },
    objects: { get: ({ name }: { readonly name: string }) => objects.get(name) },
  } as unknown as Cached<Deployment>;
  const rollouts = createRollouts(cached, limit, (key) => called.push(key));
  /** What the API server has now; `told`: the watch has brought it. */
  const set = (name: string, progressing: string, told = true) => {
    const made = liveDeployment(revision, { ...good, progressing });
    const object = { ...made, metadata: { ...made.metadata, name, namespace: 'n' } };
    objects.set(name, object);
    if (told) handler({ type: 'added', object });
  };
  return { rollouts, set, called };
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
