import { describe, expect, test } from 'vitest';
import {
  cronJobs,
  emailPipelineRuns,
  emailPipelines,
  type Job,
  jobs,
  type KubernetesObject,
} from '../../src/kubernetes/objects.ts';
import { eventually } from '../support/processes.ts';
import { operatorAtWork } from './at-work.ts';
import { signal, write } from './cluster.ts';
import { brief, messageOf } from './fixtures.ts';
import { controller } from './tenants.ts';

const { bench, tenant, pipeline, patch, conditionsOf, has, list, workload, becomeReady, quiet, restart } =
  operatorAtWork();

describe('a scheduled pipeline', () => {
  const ns = 'scheduled';
  const check = (not?: string) =>
    eventually(async () =>
      (await list(jobs, ns)).find(
        ({ metadata }) =>
          metadata.labels?.['mailmill.io/role'] === 'check' && metadata.name !== not && !metadata.deletionTimestamp,
      ),
    );
  const cronJob = () => bench().client.find(cronJobs, { namespace: ns, name: 'nightly' }, { signal });

  test('is checked before there is a CronJob', async () => {
    await tenant(ns);
    await pipeline(ns, 'nightly', { schedule: '0 2 * * *', timeZone: 'Europe/Zurich' });
    const job = await check();
    await has(ns, 'nightly', 'Ready=False/Checking', 'Flowing=Unknown/NotYetRun');
    expect(await cronJob()).toBeUndefined();
    await bench().finish(ns, job.metadata.name, 0);
    await has(ns, 'nightly', 'Ready=True/Scheduled', 'Stalled=False/NotStalled');
    expect((await cronJob())?.spec).toMatchObject({
      schedule: '0 2 * * *',
      timeZone: 'Europe/Zurich',
      concurrencyPolicy: 'Forbid',
      suspend: false,
    });
  });

  test('a revision that fails its check leaves the CronJob as it was', async () => {
    const before = await cronJob();
    const first = await check();
    await patch(ns, 'nightly', { steps: [{ name: 'mark', set: { marked: 'true' } }] });
    const job = await check(first.metadata.name);
    const failed = {
      name: 'check',
      specHash: '',
      revision: 'r',
      state: 'Failed',
      startedAt: new Date().toISOString(),
      read: 0,
      delivered: 0,
      dropped: 0,
      dead: 0,
      family: 'Stalled',
      code: 'SINK_TABLE_MISMATCH',
      message: 'the table does not fit',
    };
    await bench().finish(ns, job.metadata.name, 78, JSON.stringify(failed));
    await has(ns, 'nightly', 'Stalled=True/CheckFailed', 'Ready=False/CheckFailed');
    expect(messageOf(await conditionsOf(ns, 'nightly'), 'Stalled')).toMatch(
      /SINK_TABLE_MISMATCH: the table does not fit/,
    );
    expect((await cronJob())?.spec).toEqual(before?.spec);
    await patch(ns, 'nightly', { suspend: true });
    await eventually(async () => (await cronJob())?.spec?.suspend === true);
    await patch(ns, 'nightly', { suspend: null, steps: null });
    await has(ns, 'nightly', 'Ready=True/Scheduled', 'Stalled=False/NotStalled');
  });

  test('a run on demand is a Job of the last good revision', async () => {
    const name = { namespace: ns, name: 'again' };
    await bench().client.create(
      emailPipelineRuns,
      {
        apiVersion: 'mailmill.io/v1alpha1',
        kind: 'EmailPipelineRun',
        metadata: name,
        spec: { pipeline: { name: 'nightly' } },
      },
      write,
    );
    const job = await eventually(async () =>
      (await list(jobs, ns)).find(({ metadata }) => metadata.labels?.['mailmill.io/run'] === 'again'),
    );
    expect(controller(job)).toBe('EmailPipelineRun/again');
    const args = job.spec?.template.spec?.containers[0]?.args ?? [];
    expect(args).toEqual([
      'worker',
      '--pod',
      '--revision',
      '/etc/mailmill/revision.json',
      '--once',
      '--run',
      'again',
      '--spec-hash',
      expect.any(String),
    ]);
    const time = '2026-11-21T12:00:00.000Z';
    const result = {
      name: 'again',
      specHash: args.at(-1),
      revision: 'r',
      state: 'Succeeded',
      startedAt: time,
      finishedAt: time,
      read: 5,
      delivered: 4,
      dropped: 0,
      dead: 1,
    };
    await bench().finish(ns, job.metadata.name, 0, JSON.stringify(result));
    await eventually(
      async () => (await bench().client.get(emailPipelineRuns, name, { signal })).status?.state === 'Succeeded',
    );
    expect((await bench().client.get(emailPipelineRuns, name, { signal })).status).toMatchObject({
      read: 5,
      delivered: 4,
      dead: 1,
    });
    await bench().client.delete(jobs, job.metadata, { signal });
    await quiet();
    expect((await list(jobs, ns)).filter(({ metadata }) => metadata.labels?.['mailmill.io/run'])).toEqual([]);
  });
});

describe('a reconcile by schedule', () => {
  const ns = 'reconciled';
  const name = { namespace: ns, name: 'orders-reconcile' };
  const cronJob = () => bench().client.find(cronJobs, name, { signal });
  const lastReconcile = async () =>
    (await bench().client.get(emailPipelines, { namespace: ns, name: 'orders' }, { signal })).status?.lastReconcile;

  test('has a CronJob of its own once the pipeline is ready', async () => {
    await tenant(ns);
    await pipeline(ns, 'orders', { reconcile: { schedule: '0 3 * * *', timeZone: 'Europe/Zurich' } });
    await eventually(() => workload(ns, 'orders'));
    expect(await cronJob()).toBeUndefined();
    await becomeReady(ns, 'orders');
    await has(ns, 'orders', 'Complete=Unknown/NotYetReconciled');
    const made = await eventually(cronJob);
    expect(controller(made)).toBe('EmailPipeline/orders');
    expect(made.spec).toMatchObject({ schedule: '0 3 * * *', timeZone: 'Europe/Zurich', suspend: false });
  });

  test('what its Job found stands in the status, and is written once', async () => {
    const { metadata, spec } = await eventually(cronJob);
    const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: metadata.name, uid: metadata.uid, controller: true };
    const job = {
      ...{ apiVersion: 'batch/v1', kind: 'Job', spec: spec?.jobTemplate.spec },
      metadata: { ...spec?.jobTemplate.metadata, name: 'orders-reconcile-1', namespace: ns, ownerReferences: [owner] },
    };
    await bench().client.create(jobs, job as KubernetesObject as Job, write);
    const time = '2026-11-21T03:00:00.000Z';
    const found = {
      ...{ accounts: 1, unread: 0, folders: 2, listed: 10, recorded: 8, dead: 1 },
      ...{ excluded: 1, unfinished: 0, missing: 1, gone: 0 },
    };
    const result = {
      ...{ name: 'orders-reconcile-1', specHash: '', revision: 'r', state: 'Succeeded', startedAt: time },
      ...{ finishedAt: time, read: 10, delivered: 0, dropped: 0, dead: 1, reconcile: found },
    };
    await bench().finish(ns, 'orders-reconcile-1', 0, JSON.stringify(result));
    await has(ns, 'orders', 'Ready=True/RolledOut', 'Complete=False/MessagesMissing');
    await eventually(async () => (await lastReconcile())?.missing === 1);
    const times = { startedAt: time, finishedAt: time, succeededAt: time };
    const told = { name: 'orders-reconcile-1', state: 'Succeeded', ...times, ...found };
    expect(await lastReconcile()).toEqual(told);
    await bench().client.delete(jobs, { namespace: ns, name: 'orders-reconcile-1' }, { signal });
    await quiet();
    const writes = async () => (await bench().operatorWrites()).filter((each) => !each.includes(' leases/'));
    const before = await writes();
    await restart();
    await eventually(
      async () => (await bench().operatorWrites()).filter((each) => each.includes(' leases/')).length > 2,
    );
    await quiet();
    expect((await writes()).slice(before.length)).toEqual([]);
    expect(await lastReconcile()).toEqual(told);
  });

  test('rests while the pipeline is suspended, and goes with spec.reconcile', async () => {
    await patch(ns, 'orders', { suspend: true });
    await eventually(async () => (await cronJob())?.spec?.suspend === true);
    await patch(ns, 'orders', { suspend: null, reconcile: null });
    await eventually(async () => (await cronJob()) === undefined);
    await eventually(async () => (await lastReconcile()) === undefined);
    expect(brief(await conditionsOf(ns, 'orders')).filter((each) => each.startsWith('Complete='))).toEqual([]);
  });
});
