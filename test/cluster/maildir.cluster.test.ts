import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeMaildir } from '../support/corpus.ts';
import { eventually } from './eventually.ts';
import { pipeline, pipelineRun } from './resources.ts';
import { run } from './shell.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-maildir';
let world: World;
let directory: string;

function* mail(count: number, from = 0) {
  for (let i = from; i < from + count; i++)
    yield Buffer.from(`From: a@example.org\r\nSubject: file ${i}\r\n\r\nhello\r\n`);
}

beforeAll(async () => {
  world = await startWorld(tenant);
  directory = mkdtempSync(join(tmpdir(), 'mailmill-maildir-'));
  writeMaildir(join(directory, 'team'), mail(25));
  await run('chmod', ['-R', 'a+rX', directory]);
  await world.cluster.kubectl(['delete', 'pv', 'e2e-maildir', '--ignore-not-found', '--wait']);
  const claim = { name: 'mail', namespace: tenant };
  await world.cluster.apply(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'e2e-maildir' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadOnlyMany'],
        storageClassName: '',
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: claim,
        hostPath: { path: directory },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: claim,
      spec: {
        accessModes: ['ReadOnlyMany'],
        storageClassName: '',
        volumeName: 'e2e-maildir',
        resources: { requests: { storage: '1Gi' } },
      },
    },
    {
      apiVersion: 'mailmill.io/v1alpha1',
      kind: 'MailboxSource',
      metadata: { name: 'files', namespace: tenant },
      spec: { maildir: { persistentVolumeClaim: { claimName: 'mail', subPath: 'team' }, pollInterval: '1s' } },
    },
    pipeline(tenant, 'files', 'files', 'files'),
    // At no time that this test will see: what runs, runs on demand.
    pipeline(tenant, 'yearly', 'files', 'yearly', { schedule: '0 3 1 1 *' }),
  );
});

afterAll(async () => {
  await world?.close();
  await world?.cluster.kubectl(['delete', 'pv', 'e2e-maildir', '--ignore-not-found', '--wait=false']);
  if (directory) rmSync(directory, { recursive: true, force: true });
});

test('a Maildir on a volume becomes rows, each file once', async () => {
  await world.ready('files', 90);
  await eventually('all rows', async () => expect(await world.count('files')).toBe(25));
  const rows = await world.query('SELECT DISTINCT subject FROM files');
  expect(rows).toHaveLength(25);
});

/** Another message in the Maildir, as a delivery agent does it. */
let delivered = 25;
function deliver(): void {
  const name = `2000000000.${delivered}.e2e`;
  const [raw = Buffer.alloc(0)] = mail(1, delivered++);
  writeFileSync(join(directory, 'team/tmp', name), raw);
  renameSync(join(directory, 'team/tmp', name), join(directory, 'team/new', name));
}

test('a file that is delivered later becomes a row', async () => {
  deliver();
  await eventually('the row', async () => expect(await world.count('files')).toBe(delivered), { seconds: 10 });
});

describe('a scheduled pipeline', () => {
  const runsOnce = async (name: string) => {
    await world.cluster.apply(pipelineRun(tenant, name, 'yearly'));
    return eventually(
      `run ${name} succeeded`,
      async () => {
        const { status } = await world.cluster.get(tenant, `emailpipelinerun/${name}`);
        expect(status).toMatchObject({ state: 'Succeeded' });
        return status;
      },
      { seconds: 60 },
    );
  };
  const patch = (spec: object) =>
    world.cluster.kubectl([
      ...['-n', tenant, 'patch', 'emailpipeline/yearly', '--type=merge'],
      ...['-p', JSON.stringify({ spec })],
    ]);
  /** Revision that the CronJob would run. */
  const revision = async () => {
    const { spec } = await world.cluster.get(tenant, 'cronjob/yearly');
    return String(spec.jobTemplate.spec.template.metadata.labels['mailmill.io/revision']);
  };

  test('is ready once its revision was checked, and runs on demand', async () => {
    await world.ready('yearly');
    expect(await world.count('yearly')).toBe(0);
    expect(await runsOnce('first')).toMatchObject({ read: delivered, delivered, dropped: 0, dead: 0 });
    expect(await world.count('yearly')).toBe(delivered);
  });

  test('a run that is recreated is not repeated', async () => {
    deliver();
    await world.cluster.kubectl(['-n', tenant, 'delete', 'emailpipelinerun/first', '--wait']);
    const again = await runsOnce('first');
    expect(again).toMatchObject({ delivered: delivered - 1 });
    expect(await world.count('yearly')).toBe(delivered - 1);
    expect(await runsOnce('second')).toMatchObject({ delivered: 1 });
    expect(await world.count('yearly')).toBe(delivered);
  });

  test('a revision whose check fails leaves the CronJob as it was', async () => {
    const before = await revision();
    await patch({ steps: [{ name: 'mark', set: { marked: 'true' } }] });
    await eventually(
      'Stalled says why',
      async () => {
        const stalled = await world.condition('emailpipeline/yearly', 'Stalled');
        expect(stalled).toMatchObject({ status: 'True', reason: 'CheckFailed' });
        expect(stalled?.message).toMatch(/SINK_TABLE_MISMATCH.*marked.*keeps running/);
      },
      { seconds: 60 },
    );
    expect(await revision()).toBe(before);
    deliver();
    expect(await runsOnce('third')).toMatchObject({ delivered: 1 });
  });

  test('a revision whose check passes moves the CronJob, and not before', async () => {
    const before = await revision();
    const seen = world.cluster.auditLog()?.length ?? 0;
    await patch({ steps: [{ name: 'some', filter: 'subject != ""' }] });
    await world.ready('yearly');
    expect(await revision()).not.toBe(before);
    expect((await world.condition('emailpipeline/yearly', 'Stalled'))?.status).toBe('False');
    const { status } = await world.cluster.get(tenant, 'emailpipeline/yearly');
    expect(status.lastGoodRevision).toBe(await revision());
    const audit = world.cluster.auditLog();
    if (audit === undefined) return; // a cluster that is not ours keeps its log to itself
    const writes = audit
      .slice(seen)
      .filter(({ objectRef, responseStatus }) => objectRef?.namespace === tenant && (responseStatus?.code ?? 0) < 300)
      .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource} ${objectRef?.name}`);
    const checks = writes.flatMap((write, at) => (/^(patch|create) jobs yearly-check-/.test(write) ? [at] : []));
    expect(checks).toHaveLength(1);
    expect(writes.lastIndexOf('patch cronjobs yearly')).toBeGreaterThan(checks.at(-1) ?? Number.POSITIVE_INFINITY);
  });
});
