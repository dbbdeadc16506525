import { describe, expect, test } from 'vitest';
import type { LastReconcile } from '../../src/api/last-reconcile.ts';
import type { CronJob, Job, Live, Pod } from '../../src/kubernetes/objects.ts';
import { reconcileCronJob } from '../../src/operator/build/reconcile-job.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import { reconcileName } from '../../src/operator/names.ts';
import { reconcileFigures } from '../../src/operator/reconcile-figures.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import * as archivers from './archivers.ts';
import {
  allSecrets,
  at,
  brief,
  compiled,
  config,
  live,
  liveDeployment,
  messageOf,
  now,
  pipeline,
  pod,
  snapshot,
  terminated,
  worker,
  workerStatus,
} from './fixtures.ts';

const revision = compiled();
const reconcile = { schedule: '0 3 * * *' };

const liveReconciler = (change: { schedule?: string; suspend?: boolean } = {}, of = revision): Live<CronJob> => {
  const input = { revision: of, template: undefined, timeZone: undefined, suspend: false, since: at(7200) };
  return live(reconcileCronJob({ ...input, ...reconcile, ...change }, config), 'uid-of-reconciler');
};

/** A pipeline that runs well. */
const running = {
  deployment: liveDeployment(revision, { lastGood: revision.hash }),
  applied: revision,
  pods: [pod('w-1', { ready: true })],
  workers: [worker('w-1', workerStatus(revision))],
};
const decide = (change: Partial<PipelineSnapshot> = {}, lastReconcile?: LastReconcile) =>
  decidePipeline(
    snapshot({ ...running, pipeline: pipeline({ reconcile }, lastReconcile && { lastReconcile }), ...change }),
    config,
  );
const cronJobOf = ({ objects }: Pick<ReturnType<typeof decide>, 'objects'>) =>
  objects.find(({ kind }) => kind === 'CronJob') as CronJob | undefined;
const complete = ({ status }: ReturnType<typeof decide>) =>
  brief(status.conditions).find((each) => each.startsWith('Complete='));

const found = {
  ...{ accounts: 1, unread: 0, folders: 3, listed: 100, recorded: 90, dead: 2 },
  ...{ excluded: 6, unfinished: 4, missing: 0, gone: 1 },
};
const result = (change: object) =>
  JSON.stringify({
    ...{ name: 'orders-reconcile-1', specHash: '', revision: revision.hash, state: 'Succeeded' },
    ...{ startedAt: at(60), finishedAt: at(30), read: 100, delivered: 0, dropped: 0, dead: 2 },
    reconcile: found,
    ...change,
  });

/** A Job of the reconcile and its pod, ended `ago` seconds ago. */
const ended = (name: string, type: 'Complete' | 'Failed', ago: number, message?: string): [Live<Job>, Live<Pod>] => {
  const ownerReferences = [
    { apiVersion: 'batch/v1', kind: 'CronJob', name: 'orders-reconcile', uid: 'uid-of-reconciler' },
  ];
  const { spec, metadata } = liveReconciler().spec!.jobTemplate;
  const conditions = [{ type, status: 'True', lastTransitionTime: at(ago), message: 'its pods failed' }];
  const job = live<Job>({
    ...{ apiVersion: 'batch/v1', kind: 'Job', spec },
    metadata: { name, labels: metadata?.labels, ownerReferences },
    status: { startTime: at(ago + 30), conditions },
  });
  const status = terminated(type === 'Complete' ? 0 : 78, message);
  return [job, pod(`${name}-pod`, { role: 'reconcile', owner: job.metadata.uid, status })];
};
const seen = (...[job, of]: [Live<Job>, Live<Pod>]) => ({
  reconciler: liveReconciler(),
  jobs: [job],
  pods: [...running.pods, of],
});

describe('the CronJob of a reconcile', () => {
  test('is made once the pipeline became ready, and says since when', () => {
    expect(cronJobOf(decide({ deployment: undefined, applied: undefined, pods: [], workers: [] }))).toBeUndefined();
    const made = cronJobOf(decide());
    expect(made?.metadata).toMatchObject({
      name: 'orders-reconcile',
      annotations: { 'mailmill.io/scheduled-since': '2026-11-21T12:00:00Z' },
    });
    expect(made?.spec).toMatchObject({ schedule: '0 3 * * *', timeZone: 'Etc/UTC', suspend: false });
  });

  test('stays as it is while nothing changes', () => {
    const reconciler = liveReconciler();
    const { objects, patches, deletions } = decide({ reconciler });
    expect(objects.find(({ kind }) => kind === 'CronJob')).toEqual({
      ...reconciler,
      metadata: { ...reconcileMetadata(reconciler) },
    });
    expect([patches, deletions]).toEqual([[], []]);
  });

  test('counts from now on at other times', () => {
    const made = cronJobOf(decide({ reconciler: liveReconciler({ schedule: '0 3 * * 0' }) }));
    expect(made?.metadata.annotations).toEqual({ 'mailmill.io/scheduled-since': at(0) });
  });

  test('rests while the pipeline is suspended, and is not late from before afterwards', () => {
    const suspended = decide({ pipeline: pipeline({ reconcile, suspend: true }), reconciler: liveReconciler() });
    expect(cronJobOf(suspended)?.spec?.suspend).toBe(true);
    const resumed = cronJobOf(decide({ reconciler: liveReconciler({ suspend: true }) }));
    expect(resumed?.spec?.suspend).toBe(false);
    expect(resumed?.metadata.annotations).toEqual({ 'mailmill.io/scheduled-since': at(0) });
  });

  test('keeps the revision that works while a new one rolls out; suspending acts even so', () => {
    const other = { ...revision, hash: '0123456789' };
    const rolling = {
      deployment: liveDeployment(other, { lastGood: other.hash }),
      applied: other,
      reconciler: liveReconciler({}, other),
    };
    expect(cronJobOf(decide(rolling))).toBeUndefined();
    const missing = { ...rolling, secrets: new Map([...allSecrets, ['analytics-db', { kind: 'Missing' as const }]]) };
    const suspended = decide({ ...missing, pipeline: pipeline({ reconcile, suspend: true }) });
    expect(suspended.patches.filter(({ object }) => object.kind === 'CronJob')).toMatchObject([
      { patch: { spec: { suspend: true } }, why: 'suspended' },
    ]);
  });

  test('goes with spec.reconcile, and what was found with it', () => {
    const before = { name: 'a', state: 'Succeeded' as const, ...found };
    const decision = decide({ pipeline: pipeline({}, { lastReconcile: before }), reconciler: liveReconciler() });
    expect(decision.deletions.map(({ object, why }) => [object.metadata.name, why])).toEqual([
      ['orders-reconcile', 'spec.reconcile is gone'],
    ]);
    expect(decision.status.lastReconcile).toBeUndefined();
    expect(complete(decision)).toBeUndefined();
  });

  test('has a name that a CronJob may have, also where that of the workload is long', () => {
    const [a, b] = ['a', 'b'].map((end) => reconcileName(`${'x'.repeat(39)}${end}-collector`));
    expect([a!.length, b!.length]).toEqual([52, 52]);
    expect(a).not.toBe(b);
  });
});

const reconcileMetadata = ({ metadata: { name, labels, annotations } }: Live<CronJob>) => ({
  ...{ name, namespace: 'team-a', labels, annotations },
});

describe('what a reconcile found', () => {
  const settled = [
    'Ready=True/RolledOut',
    'Reconciling=False/Settled',
    'Stalled=False/NotStalled',
    'Valid=True/Valid',
    'CredentialsResolved=True/Resolved',
    'Connected=True/Connected',
    'Flowing=True/Flowing',
    'Delivering=True/Delivering',
  ];
  const alone = ['SharedWithoutArchive=False/NotShared'];

  test('is not known before the first', () => {
    expect(brief(decide({ reconciler: liveReconciler() }).status.conditions)).toEqual([
      ...settled,
      'Complete=Unknown/NotYetReconciled',
      ...alone,
    ]);
  });

  test('stands in the status: nothing is missing', () => {
    const decision = decide(seen(...ended('orders-reconcile-1', 'Complete', 20, result({}))));
    expect(decision.status.lastReconcile).toEqual({
      ...{ name: 'orders-reconcile-1', state: 'Succeeded', ...found },
      ...{ startedAt: at(60), finishedAt: at(30), succeededAt: at(30) },
    });
    expect(brief(decision.status.conditions)).toEqual([...settled, 'Complete=True/NothingMissing', ...alone]);
    expect(messageOf(decision.status.conditions, 'Complete')).toBe(
      '100 messages in the mailboxes, 90 recorded, 4 not finished yet, none missing',
    );
  });

  test('a missing message is told, with what to do, and as an event', () => {
    const lost = { ...found, recorded: 89, missing: 1 };
    const decision = decide(seen(...ended('orders-reconcile-1', 'Complete', 20, result({ reconcile: lost }))));
    expect(brief(decision.status.conditions)).toEqual([...settled, 'Complete=False/MessagesMissing', ...alone]);
    expect(messageOf(decision.status.conditions, 'Complete')).toBe(
      '1 message of 100 in the mailboxes was finished and never recorded: kubectl mailmill reconcile names the folders and UIDs, an EmailPipelineRun with load: Full reads everything again',
    );
    expect(decision.events).toContainEqual(
      expect.objectContaining({ type: 'Warning', reason: 'MessagesMissing', action: 'Complete' }),
    );
  });

  test('one that failed keeps the figures and the success from before', () => {
    const before: LastReconcile = { name: 'orders-reconcile-0', state: 'Succeeded', succeededAt: at(90_000), ...found };
    const failed = {
      ...{ state: 'Failed', reconcile: undefined, family: 'Stalled' },
      ...{ code: 'IMAP_AUTH_REJECTED', message: 'correct the Secret' },
    };
    const decision = decide(seen(...ended('orders-reconcile-1', 'Failed', 20, result(failed))), before);
    expect(decision.status.lastReconcile).toMatchObject({
      ...{ name: 'orders-reconcile-1', state: 'Failed', succeededAt: at(90_000), ...found },
      message: 'IMAP_AUTH_REJECTED: correct the Secret',
    });
    expect(complete(decision)).toBe('Complete=Unknown/ReconcileFailed');
    const missing = decide(seen(...ended('orders-reconcile-1', 'Failed', 20, result(failed))), {
      ...before,
      missing: 2,
    });
    expect(complete(missing)).toBe('Complete=False/MessagesMissing');
  });

  test('a success without figures proves nothing: its pod is not seen yet', () => {
    const [job] = ended('orders-reconcile-1', 'Complete', 20, result({}));
    const decision = decide({ reconciler: liveReconciler(), jobs: [job] });
    expect(decision.status.lastReconcile).toBeUndefined();
    expect(complete(decision)).toBe('Complete=Unknown/NotYetReconciled');
  });

  test('stays when Job and pod are gone, and while the next one runs: nothing is written', () => {
    const [job, of] = ended('orders-reconcile-1', 'Complete', 20, result({}));
    const { status } = decide(seen(job, of));
    const told = (change: Partial<PipelineSnapshot>) =>
      decidePipeline(
        snapshot({ ...running, reconciler: liveReconciler(), pipeline: pipeline({ reconcile }, status), ...change }),
        config,
      ).status;
    const next = { ...job, metadata: { ...job.metadata, name: 'orders-reconcile-2', uid: 'next' }, status: {} };
    for (const jobs of [[], [job], [job, next]]) expect(told({ jobs })).toEqual(status);
  });
});

test('a source with an archive compares its mailbox, and tells what was found', () => {
  const spec = { ...archivers.onVolume, reconcile };
  const first = archivers.decide(spec, archivers.running());
  expect(cronJobOf(first)?.metadata).toMatchObject({ name: 'support-collector-reconcile' });
  expect(brief(first.status.conditions)).toContain('Complete=Unknown/NotYetReconciled');
  const [job, of] = ended('support-collector-reconcile-1', 'Complete', 20, result({}));
  const pods = [...(archivers.running().pods ?? []), of];
  const { status } = archivers.decide(spec, {
    ...archivers.running(),
    reconciler: liveReconciler(),
    jobs: [job],
    pods,
  });
  expect(status.lastReconcile).toMatchObject({ state: 'Succeeded', ...found });
  expect(brief(status.conditions)).toContain('Complete=True/NothingMissing');
});

describe('the figures for Prometheus', () => {
  const cached = (...objects: readonly object[]) => ({
    reflector: { cache: { list: () => objects, get: () => objects[0] } },
  });
  const figures = (reconciler: Live<CronJob> | undefined, last: LastReconcile | undefined) =>
    reconcileFigures({
      pipelines: cached(pipeline({ reconcile }, last && { lastReconcile: last })),
      sources: cached(),
      cronJobs: cached(...(reconciler ? [reconciler] : [])),
    } as unknown as Parameters<typeof reconcileFigures>[0])();
  const day = 86_400_000;
  const three = Date.parse('2026-11-21T03:00:00Z');

  test('two times after the last success, or after it was asked for, it is overdue', () => {
    expect(figures(liveReconciler(), undefined)).toEqual([
      { namespace: 'team-a', pipeline: 'orders', overdueAt: new Date(three + 2 * day) },
    ]);
    const last: LastReconcile = { name: 'a', state: 'Failed', succeededAt: at(-day / 1000), ...found };
    expect(figures(liveReconciler(), last)).toEqual([
      {
        ...{ namespace: 'team-a', pipeline: 'orders', counts: last },
        ...{ succeededAt: new Date(now + day), overdueAt: new Date(three + 3 * day) },
      },
    ]);
  });

  test('what rests, or is not there yet, is never overdue', () => {
    expect(figures(liveReconciler({ suspend: true }), undefined)[0]?.overdueAt).toBeUndefined();
    expect(figures(undefined, undefined)[0]?.overdueAt).toBeUndefined();
  });
});
