import { describe, expect, test } from 'vitest';
import { lastGoodOf } from '../../src/operator/decide/decision.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import { at, config, liveConfigMap, liveDeployment, pipeline, snapshot } from './fixtures.ts';
import { decide, revision, running } from './streaming.ts';

describe('a streaming pipeline', () => {
  test('a revision becomes good when its workers are ready', () => {
    const before = decide({ ...running(), deployment: liveDeployment(revision, { available: 0 }) });
    expect(before.lastGood).toBeUndefined();
    const after = decide(running());
    expect(after.lastGood).toBe(revision.hash);
    expect(after.status).toMatchObject({ lastGoodRevision: revision.hash, lastGoodGeneration: 1, replicas: 1 });
  });

  test('the workload names the good revision once it changes, and not by a write of its own', () => {
    const rolledOut = liveDeployment(revision, { progressing: 'NewReplicaSetAvailable' });
    const goodAfter = (given: Partial<PipelineSnapshot>, image = config.workerImage) =>
      decidePipeline(snapshot(running(given)), { ...config, workerImage: image }).objects.find(
        ({ kind }) => kind === 'Deployment',
      )?.metadata.annotations?.['mailmill.io/last-good-revision'];
    expect(goodAfter({ deployment: rolledOut })).toBeUndefined();
    expect(goodAfter({ deployment: rolledOut }, 'registry.example.com/mailmill:2')).toBe(revision.hash);
    expect(goodAfter({ deployment: rolledOut, pipeline: pipeline({ replicas: 2 }) })).toBe(revision.hash);
    const before = liveDeployment(revision, { lastGood: 'rev8', progressing: 'NewReplicaSetAvailable' });
    expect(goodAfter({ deployment: before })).toBe('rev8');
    const edited = { deployment: before, pipeline: pipeline({ steps: [{ name: 'a', filter: 'size > 1' }] }, {}, 2) };
    expect(goodAfter(edited)).toBe(revision.hash);
  });

  test.each([
    ['the Deployment itself', { progressing: 'NewReplicaSetAvailable', lastGood: 'rev8' }, undefined, 'current'],
    ['the status, while its pods are away', { available: 0, lastGood: 'rev8' }, 'current', 'current'],
    ['the annotation, while it rolls', { progressing: 'ReplicaSetUpdated', lastGood: 'rev8' }, 'rev7', 'rev8'],
    ['the status, where nothing else tells', { progressing: 'ReplicaSetUpdated' }, 'rev7', 'rev7'],
    ['nobody, without workers', { replicas: 0, total: 0, progressing: 'NewReplicaSetAvailable' }, undefined, undefined],
  ])('which revision is good is told by %s', (_, deployment, told, good) => {
    const named = (hash: string | undefined) => (hash === 'current' ? revision.hash : hash);
    const status = told === undefined ? undefined : { lastGoodRevision: named(told) };
    const found = lastGoodOf({
      deployment: liveDeployment(revision, deployment),
      cronJob: undefined,
      pipeline: pipeline({}, status),
    });
    expect(found).toBe(named(good));
  });

  test('no worker, nothing proven: a suspended revision does not become good', () => {
    const deployment = liveDeployment(revision, { replicas: 0, total: 0, progressing: 'NewReplicaSetAvailable' });
    const decision = decide({ pipeline: pipeline({ suspend: true }), deployment, applied: revision });
    expect(decision.lastGood).toBeUndefined();
    expect(decision.status.lastGoodGeneration).toBeUndefined();
  });

  test('five old revisions are kept, and those in use', () => {
    const maps = Array.from({ length: 9 }, (_, age) => {
      const map = liveConfigMap({ ...revision, hash: `rev${age}` });
      return { ...map, metadata: { ...map.metadata, creationTimestamp: at(1000 * (age + 1)) } };
    });
    const decision = decide({
      ...running(),
      deployment: liveDeployment(revision, { available: 0, lastGood: 'rev8' }),
      configMaps: maps,
    });
    expect(decision.deletions.map(({ object }) => object.metadata.name)).toEqual([
      'orders-rev5',
      'orders-rev6',
      'orders-rev7',
    ]);
  });
});
