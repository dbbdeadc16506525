import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EmailPipelineSpec } from '../../src/api/email-pipeline.ts';
import type { WorkerStatus } from '../../src/api/worker-status.ts';
import { command } from '../../src/commands/operator.ts';
import { isNotFound } from '../../src/kubernetes/errors.ts';
import {
  configMaps,
  cronJobs,
  deployments,
  emailPipelineRuns,
  emailPipelines,
  events,
  type Job,
  jobs,
  type KubernetesObject,
  type Live,
  mailboxSources,
  networkPolicies,
  podDisruptionBudgets,
  pods,
  type ResourceType,
  secrets,
} from '../../src/kubernetes/objects.ts';
import { freePorts } from '../support/free-port.ts';
import { eventually } from '../support/processes.ts';
import { systemNamespace } from './account.ts';
import { type Bench, signal, startBench, write } from './cluster.ts';
import { account, brief, imapSpec, messageOf, pipelineSpec } from './fixtures.ts';

let bench: Bench;
let stopOperator: () => Promise<void>;
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mailmill-operator-test-'));
  bench = await startBench();
  stopOperator = await bench.operator();
}, 120_000);

afterAll(async () => {
  await bench?.stop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

const encoded = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

async function secret(namespace: string, name: string, values: Readonly<Record<string, string>>): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data: encoded(values) };
  await bench.client.create(secrets, object, write);
}

async function tenant(namespace: string): Promise<void> {
  await bench.namespace(namespace);
  await secret(namespace, 'support-imap', { username: 'support', password: 'first' });
  await secret(namespace, 'analytics-db', { uri: 'postgresql://a' });
  await secret(namespace, 'mailmill-store', { uri: 'postgresql://s' });
  await source(namespace);
}

const source = (namespace: string) =>
  bench.client.create(
    mailboxSources,
    {
      apiVersion: 'mailmill.io/v1alpha1',
      kind: 'MailboxSource',
      metadata: { name: 'support', namespace },
      spec: imapSpec,
    },
    write,
  );

const pipeline = (namespace: string, name: string, spec: Partial<EmailPipelineSpec> = {}) =>
  bench.client.create(
    emailPipelines,
    {
      apiVersion: 'mailmill.io/v1alpha1',
      kind: 'EmailPipeline',
      metadata: { name, namespace, labels: { 'argocd.argoproj.io/instance': 'tenant' } },
      spec: { ...pipelineSpec, ...spec },
    },
    write,
  );

const patch = (namespace: string, name: string, spec: object) =>
  bench.client.patch(emailPipelines, { namespace, name }, 'merge', { spec }, write);

const conditionsOf = async (namespace: string, name: string) =>
  (await bench.client.get(emailPipelines, { namespace, name }, { signal })).status?.conditions;

const has = (namespace: string, name: string, ...wanted: string[]) =>
  eventually(async () => {
    const found = brief(await conditionsOf(namespace, name));
    return wanted.every((each) => found.includes(each));
  }, 20_000).catch(async (error: unknown) => {
    throw new Error(`${wanted}: ${JSON.stringify(await conditionsOf(namespace, name), null, 1)}`, { cause: error });
  });

const list = async <T extends KubernetesObject>(type: ResourceType<T>, namespace: string) =>
  (await bench.client.list(type, { namespace, signal })).items;

const workload = (namespace: string, name: string) => bench.client.find(deployments, { namespace, name }, { signal });

/** As kubelet and mail server: every worker of the newest template becomes ready and well. */
async function becomeReady(namespace: string, name: string): Promise<void> {
  bench.workers.statuses.set(`${namespace}/${name}`, status(namespace, name));
  await eventually(async () => {
    for (const pod of await list(pods, namespace)) {
      const ready = pod.status?.conditions?.some(({ type, status: held }) => type === 'Ready' && held === 'True');
      const labels = pod.metadata.labels ?? {};
      const streams = labels['mailmill.io/pipeline'] === name && labels['mailmill.io/role'] === 'stream';
      // One of a template that is replaced at once may be gone by now.
      if (streams && !ready && !pod.metadata.deletionTimestamp)
        await bench.kubelet(pod, true).catch((error: unknown) => {
          if (!isNotFound(error)) throw error;
        });
      // Nobody else ends what has no kubelet.
      if (pod.metadata.deletionTimestamp) await bench.client.delete(pods, pod.metadata, { signal });
    }
    const object = await bench.client.get(emailPipelines, { namespace, name }, { signal });
    const found = brief(object.status?.conditions);
    return (
      object.status?.observedGeneration === object.metadata.generation &&
      found.includes('Ready=True/RolledOut') &&
      found.includes('Reconciling=False/Settled')
    );
  }, 30_000);
}

function status(namespace: string, name: string, change: object = {}): WorkerStatus {
  const since = new Date().toISOString();
  const well = { ok: true, since };
  return {
    version: 1,
    worker: name,
    startedAt: since,
    pipelines: [
      {
        namespace,
        pipeline: name,
        revision: '',
        ready: true,
        store: well,
        sinks: [{ name: 'warehouse', ...well }],
        accounts: [
          account({ folders: [{ name: 'INBOX', state: 'Live', checkedAt: since, lagMessages: 0, lagSeconds: 0 }] }),
        ],
        counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
        runs: [],
        ...change,
      },
    ],
  };
}

const controller = ({ metadata }: Live<KubernetesObject>) => {
  const [owner] = metadata.ownerReferences ?? [];
  return owner && `${owner.kind}/${owner.name}`;
};

/** Nothing is written for two seconds. */
async function quiet(): Promise<void> {
  const leases = (writes: readonly string[]) => writes.filter((each) => !each.includes(' leases/'));
  let before = leases(await bench.operatorWrites());
  let since = Date.now();
  await eventually(async () => {
    const now = leases(await bench.operatorWrites());
    if (now.length !== before.length) {
      before = now;
      since = Date.now();
    }
    return Date.now() - since > 2_000;
  }, 30_000);
}

describe('a streaming pipeline', () => {
  const ns = 'streaming';

  test('gets its children, owned, with our labels only', async () => {
    await tenant(ns);
    await pipeline(ns, 'orders', { replicas: 2 });
    await has(ns, 'orders', 'Ready=False/RollingOut', 'Valid=True/Valid', 'CredentialsResolved=True/Resolved');
    const children = [
      ...(await list(configMaps, ns)),
      ...(await list(deployments, ns)),
      ...(await list(podDisruptionBudgets, ns)),
    ].filter((object) => object.metadata.name !== 'kube-root-ca.crt');
    expect(children.map((child) => child.kind)).toEqual(['ConfigMap', 'Deployment', 'PodDisruptionBudget']);
    for (const child of children) {
      expect(controller(child)).toBe('EmailPipeline/orders');
      expect(child.metadata.labels).toMatchObject({
        'app.kubernetes.io/managed-by': 'mailmill',
        'mailmill.io/pipeline': 'orders',
      });
      expect(Object.keys(child.metadata.labels ?? {}).filter((label) => label.includes('argocd'))).toEqual([]);
    }
    const policy = await eventually(() =>
      bench.client.find(networkPolicies, { namespace: ns, name: 'mailmill-workers' }, { signal }),
    );
    expect(policy.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['orders']);
    const sourceConditions = (await bench.client.get(mailboxSources, { namespace: ns, name: 'support' }, { signal }))
      .status?.conditions;
    expect(brief(sourceConditions)).toContain('Valid=True/Valid');
  });

  test('says in the worker’s words why it is not ready', async () => {
    const ill = {
      ok: false,
      code: 'IMAP_AUTH_REJECTED',
      message: 'the server rejects the login',
      since: new Date().toISOString(),
    };
    bench.workers.statuses.set(
      `${ns}/orders`,
      status(ns, 'orders', { ready: false, accounts: [account({ role: 'Standby', connection: ill, folders: [] })] }),
    );
    const found = await eventually(async () => {
      const all = await list(pods, ns);
      return all.length > 0 && all;
    });
    for (const pod of found) await bench.kubelet(pod, false);
    await has(ns, 'orders', 'Connected=False/ImapAuthRejected', 'Ready=False/RollingOut');
    expect(messageOf(await conditionsOf(ns, 'orders'), 'Ready')).toMatch(
      /IMAP_AUTH_REJECTED: the server rejects the login/,
    );
  });

  test('is ready and well once its workers are; the revision is good', async () => {
    await becomeReady(ns, 'orders');
    await has(
      ns,
      'orders',
      'Connected=True/Connected',
      'Flowing=True/Flowing',
      'Delivering=True/Delivering',
      'Stalled=False/NotStalled',
    );
    const object = await bench.client.get(emailPipelines, { namespace: ns, name: 'orders' }, { signal });
    expect(object.status).toMatchObject({
      observedGeneration: object.metadata.generation,
      lastGoodRevision: object.status?.revision,
      lastGoodGeneration: object.metadata.generation,
    });
  });

  test('is left alone when nothing changes, and after a restart of the operator', async () => {
    await quiet();
    const before = (await bench.operatorWrites()).filter((each) => !each.includes(' leases/'));
    await stopOperator();
    stopOperator = await bench.operator();
    await eventually(async () => {
      const writes = await bench.operatorWrites();
      return writes.filter((each) => each.includes(' leases/')).length > 2;
    });
    await quiet();
    expect((await bench.operatorWrites()).filter((each) => !each.includes(' leases/')).slice(before.length)).toEqual(
      [],
    );
  });

  test('a relabelled Secret changes nothing; a changed value rolls the workers', async () => {
    const name = { namespace: ns, name: 'support-imap' };
    const hash = async () =>
      (await workload(ns, 'orders'))?.spec?.template.metadata?.annotations?.['mailmill.io/secrets-hash'];
    const before = await hash();
    await bench.client.patch(
      secrets,
      name,
      'merge',
      { metadata: { labels: { team: 'a' } }, data: encoded({ note: 'x' }) },
      write,
    );
    await quiet();
    expect(await hash()).toBe(before);
    await bench.client.patch(secrets, name, 'merge', { data: encoded({ password: 'second' }) }, write);
    await eventually(async () => (await hash()) !== before);
    await has(ns, 'orders', 'Ready=True/RolledOut', 'Reconciling=True/RollingOut');
    // Why workers are replaced stands in an event, whatever is noted on the Deployment by the same write.
    await eventually(async () =>
      (await list(events, ns)).some(
        ({ reason, note }) =>
          reason === 'Updated' &&
          note === 'Deployment orders: spec.template.metadata.annotations.mailmill.io/secrets-hash',
      ),
    );
    await becomeReady(ns, 'orders');
    await has(ns, 'orders', 'Reconciling=False/Settled');
  });

  test('a broken spec keeps the old workload; suspending works even so', async () => {
    const before = await workload(ns, 'orders');
    await patch(ns, 'orders', { steps: [{ name: 'typo', filter: 'subjct == "x"' }] });
    await has(ns, 'orders', 'Stalled=True/SpecInvalid', 'Ready=False/SpecInvalid', 'Flowing=True/Flowing');
    expect((await workload(ns, 'orders'))?.spec).toEqual(before?.spec);
    await patch(ns, 'orders', { suspend: true });
    await eventually(async () => (await workload(ns, 'orders'))?.spec?.replicas === 0);
    expect((await workload(ns, 'orders'))?.spec?.template).toEqual(before?.spec?.template);
    await patch(ns, 'orders', { steps: null });
    await eventually(async () => {
      for (const pod of await list(pods, ns))
        if (pod.metadata.deletionTimestamp) await bench.client.delete(pods, pod.metadata, { signal });
      return brief(await conditionsOf(ns, 'orders')).includes('Ready=True/Suspended');
    });
    await patch(ns, 'orders', { suspend: null });
    await becomeReady(ns, 'orders');
  });

  test('an edited child is healed, and the event says what differed', async () => {
    const change = { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } };
    await bench.client.patch(deployments, { namespace: ns, name: 'orders' }, 'merge', change, write);
    await eventually(
      async () => (await workload(ns, 'orders'))?.spec?.template.spec?.terminationGracePeriodSeconds === 60,
    );
    const noted = await eventually(async () =>
      (await list(events, ns)).find(({ note }) => note?.includes('terminationGracePeriodSeconds: 1 → 60')),
    );
    expect(noted.reason).toBe('Updated');
    await becomeReady(ns, 'orders');
  });

  test('a run on demand asks a worker and ends with its result, once', async () => {
    const name = { namespace: ns, name: 'now' };
    await bench.client.create(
      emailPipelineRuns,
      {
        apiVersion: 'mailmill.io/v1alpha1',
        kind: 'EmailPipelineRun',
        metadata: name,
        spec: { pipeline: { name: 'orders' } },
      },
      write,
    );
    const request = await eventually(
      () => bench.workers.asked.at(-1) as { name: string; specHash: string } | undefined,
    );
    expect(request).toEqual({ name: 'now', specHash: expect.stringMatching(/^[0-9a-f]{16}$/) });
    const time = '2026-11-21T12:00:00.000Z';
    const result = {
      ...request,
      revision: 'r',
      state: 'Succeeded',
      startedAt: time,
      finishedAt: time,
      read: 3,
      delivered: 2,
      dropped: 1,
      dead: 0,
    };
    bench.workers.statuses.set(`${ns}/orders`, status(ns, 'orders', { runs: [result] }));
    await eventually(
      async () => (await bench.client.get(emailPipelineRuns, name, { signal })).status?.state === 'Succeeded',
    );
    expect((await bench.client.get(emailPipelineRuns, name, { signal })).status).toMatchObject({
      read: 3,
      delivered: 2,
      dropped: 1,
      dead: 0,
    });
    await quiet();
    const asked = bench.workers.asked.length;
    bench.workers.statuses.set(`${ns}/orders`, status(ns, 'orders'));
    await patch(ns, 'orders', { retention: '30d' });
    await becomeReady(ns, 'orders');
    expect(bench.workers.asked.length).toBe(asked);
  });

  test('deleting it leaves nothing behind', async () => {
    await bench.client.delete(emailPipelineRuns, { namespace: ns, name: 'now' }, { signal });
    await bench.client.delete(emailPipelines, { namespace: ns, name: 'orders' }, { signal });
    await eventually(async () => {
      for (const pod of await list(pods, ns)) await bench.client.delete(pods, pod.metadata, { signal });
      const left = await Promise.all([
        list(configMaps, ns),
        list(deployments, ns),
        list(podDisruptionBudgets, ns),
        list(networkPolicies, ns),
        list(jobs, ns),
        list(pods, ns),
      ]);
      return left.flat().every(({ metadata }) => metadata.name === 'kube-root-ca.crt');
    }, 30_000);
  });
});

describe('a scheduled pipeline', () => {
  const ns = 'scheduled';
  const check = (not?: string) =>
    eventually(async () =>
      (await list(jobs, ns)).find(
        ({ metadata }) =>
          metadata.labels?.['mailmill.io/role'] === 'check' && metadata.name !== not && !metadata.deletionTimestamp,
      ),
    );
  const cronJob = () => bench.client.find(cronJobs, { namespace: ns, name: 'nightly' }, { signal });

  test('is checked before there is a CronJob', async () => {
    await tenant(ns);
    await pipeline(ns, 'nightly', { schedule: '0 2 * * *', timeZone: 'Europe/Zurich' });
    const job = await check();
    await has(ns, 'nightly', 'Ready=False/Checking', 'Flowing=Unknown/NotYetRun');
    expect(await cronJob()).toBeUndefined();
    await bench.finish(ns, job.metadata.name, 0);
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
    await bench.finish(ns, job.metadata.name, 78, JSON.stringify(failed));
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
    await bench.client.create(
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
    await bench.finish(ns, job.metadata.name, 0, JSON.stringify(result));
    await eventually(
      async () => (await bench.client.get(emailPipelineRuns, name, { signal })).status?.state === 'Succeeded',
    );
    expect((await bench.client.get(emailPipelineRuns, name, { signal })).status).toMatchObject({
      read: 5,
      delivered: 4,
      dead: 1,
    });
    await bench.client.delete(jobs, job.metadata, { signal });
    await quiet();
    expect((await list(jobs, ns)).filter(({ metadata }) => metadata.labels?.['mailmill.io/run'])).toEqual([]);
  });
});

describe('a reconcile by schedule', () => {
  const ns = 'reconciled';
  const name = { namespace: ns, name: 'orders-reconcile' };
  const cronJob = () => bench.client.find(cronJobs, name, { signal });
  const lastReconcile = async () =>
    (await bench.client.get(emailPipelines, { namespace: ns, name: 'orders' }, { signal })).status?.lastReconcile;

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
    await bench.client.create(jobs, job as KubernetesObject as Job, write);
    const time = '2026-11-21T03:00:00.000Z';
    const found = {
      ...{ accounts: 1, unread: 0, folders: 2, listed: 10, recorded: 8, dead: 1 },
      ...{ excluded: 1, unfinished: 0, missing: 1, gone: 0 },
    };
    const result = {
      ...{ name: 'orders-reconcile-1', specHash: '', revision: 'r', state: 'Succeeded', startedAt: time },
      ...{ finishedAt: time, read: 10, delivered: 0, dropped: 0, dead: 1, reconcile: found },
    };
    await bench.finish(ns, 'orders-reconcile-1', 0, JSON.stringify(result));
    await has(ns, 'orders', 'Ready=True/RolledOut', 'Complete=False/MessagesMissing');
    await eventually(async () => (await lastReconcile())?.missing === 1);
    const times = { startedAt: time, finishedAt: time, succeededAt: time };
    const told = { name: 'orders-reconcile-1', state: 'Succeeded', ...times, ...found };
    expect(await lastReconcile()).toEqual(told);
    await bench.client.delete(jobs, { namespace: ns, name: 'orders-reconcile-1' }, { signal });
    await quiet();
    const writes = async () => (await bench.operatorWrites()).filter((each) => !each.includes(' leases/'));
    const before = await writes();
    await stopOperator();
    stopOperator = await bench.operator();
    await eventually(async () => (await bench.operatorWrites()).filter((each) => each.includes(' leases/')).length > 2);
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

describe('runs that read again, and preflights', () => {
  const ns = 'again';
  const time = '2026-11-21T12:00:00.000Z';
  const run = (name: string, work: object) =>
    bench.client.create(
      emailPipelineRuns,
      {
        apiVersion: 'mailmill.io/v1alpha1',
        kind: 'EmailPipelineRun',
        metadata: { name, namespace: ns },
        spec: { pipeline: { name: 'orders' }, ...work },
      },
      write,
    );
  const statusOf = async (name: string) =>
    (await bench.client.get(emailPipelineRuns, { namespace: ns, name }, { signal })).status;
  const jobOf = (name: string) =>
    eventually(async () =>
      (await list(jobs, ns)).find(({ metadata }) => metadata.labels?.['mailmill.io/run'] === name),
    );
  const podOf = (job: Live<KubernetesObject>) =>
    eventually(async () =>
      (await list(pods, ns)).find(({ metadata }) =>
        metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid),
      ),
    );
  const resultOf = (job: Live<KubernetesObject> & { spec?: object }, change: object) => ({
    ...{ name: job.metadata.labels?.['mailmill.io/run'] ?? 'preflight', revision: 'r', state: 'Succeeded' },
    ...{ specHash: '', startedAt: time, finishedAt: time, read: 4, delivered: 3, dropped: 1, dead: 0 },
    ...change,
  });

  test('are Jobs beside the worker that streams, one at a time, and tell how far they are', async () => {
    await tenant(ns);
    await pipeline(ns, 'orders');
    await becomeReady(ns, 'orders');
    const deployment = await workload(ns, 'orders');
    await run('first', { replay: { only: 'Dead' } });
    const job = await jobOf('first');
    await run('second', { load: 'Full' });
    await eventually(async () =>
      brief((await statusOf('second'))?.conditions).includes('Reconciling=True/WaitsForRun'),
    );
    expect(messageOf((await statusOf('second'))?.conditions, 'Ready')).toContain('run first goes first');
    const args = job.spec?.template.spec?.containers[0]?.args ?? [];
    expect(args.slice(-2)).toEqual(['--spec', '{"replay":{"only":"Dead"}}']);
    const specHash = args.at(args.indexOf('--spec-hash') + 1);
    const shown = resultOf(job, { specHash, state: 'Running', done: 2, total: 4 });
    bench.workers.statuses.set(`${ns}/orders`, status(ns, 'orders', { runs: [shown] }));
    await bench.kubelet(await podOf(job), true);
    await eventually(async () => (await statusOf('first'))?.progress?.done === 2);
    expect((await statusOf('first'))?.progress).toMatchObject({ done: 2, total: 4 });
    bench.workers.statuses.set(`${ns}/orders`, status(ns, 'orders'));
    const ended = resultOf(job, { specHash, edition: 2, removed: 0, missing: 1, done: 4, total: 4 });
    await bench.finish(ns, job.metadata.name, 0, JSON.stringify(ended));
    await eventually(async () => (await statusOf('first'))?.state === 'Succeeded');
    expect(await statusOf('first')).toMatchObject({ edition: 2, missing: 1, delivered: 3 });
    expect((await statusOf('first'))?.progress).toBeUndefined();
    expect((await jobOf('second')).metadata.labels?.['mailmill.io/run']).toBe('second');
    expect((await workload(ns, 'orders'))?.spec).toEqual(deployment?.spec);
  }, 90_000);

  test('are cancelled by deletion', async () => {
    await bench.client.delete(emailPipelineRuns, { namespace: ns, name: 'second' }, { signal });
    await eventually(async () => {
      for (const pod of await list(pods, ns))
        if (pod.metadata.labels?.['mailmill.io/run'] === 'second')
          await bench.client.delete(pods, pod.metadata, { signal });
      return !(await list(jobs, ns)).some(({ metadata }) => metadata.labels?.['mailmill.io/run'] === 'second');
    }, 30_000);
  }, 60_000);

  test('a preflight that rejects a revision leaves the old one running; the next that passes lets it roll out', async () => {
    const before = await workload(ns, 'orders');
    const preflight = (not?: string) =>
      eventually(async () =>
        (await list(jobs, ns)).find(
          ({ metadata }) => metadata.labels?.['mailmill.io/role'] === 'preflight' && metadata.name !== not,
        ),
      );
    await patch(ns, 'orders', {
      rollout: { preflight: { maxErrorRate: 0.05 } },
      steps: [{ name: 'strict', set: { n: 'int(subject)' } }],
    });
    const job = await preflight();
    await has(ns, 'orders', 'Ready=False/Preflight', 'Stalled=False/NotStalled', 'Flowing=True/Flowing');
    const rejected = { state: 'Failed', family: 'Stalled', code: 'PREFLIGHT_REJECTED', message: '9 of 100 would die' };
    await bench.finish(ns, job.metadata.name, 78, JSON.stringify(resultOf(job, rejected)));
    await has(ns, 'orders', 'Stalled=True/PreflightRejected', 'Flowing=True/Flowing');
    expect(messageOf(await conditionsOf(ns, 'orders'), 'Stalled')).toContain('PREFLIGHT_REJECTED: 9 of 100 would die');
    expect((await workload(ns, 'orders'))?.spec).toEqual(before?.spec);
    await quiet();
    await patch(ns, 'orders', { steps: [{ name: 'kind', set: { n: '1' } }] });
    const next = await preflight(job.metadata.name);
    await bench.finish(ns, next.metadata.name, 0, JSON.stringify(resultOf(next, {})));
    await becomeReady(ns, 'orders');
    await eventually(async () => {
      const left = await list(jobs, ns);
      return !left.some(({ metadata }) => metadata.labels?.['mailmill.io/role'] === 'preflight');
    }, 30_000);
    expect((await workload(ns, 'orders'))?.spec?.template.metadata?.labels?.['mailmill.io/revision']).not.toBe(
      before?.spec?.template.metadata?.labels?.['mailmill.io/revision'],
    );
  }, 120_000);
});

describe('what is missing', () => {
  test('is named, and found once it is there', async () => {
    const ns = 'missing';
    await bench.namespace(ns, false);
    await pipeline(ns, 'orders');
    await has(ns, 'orders', 'Valid=False/SourceMissing');
    await source(ns);
    await has(ns, 'orders', 'CredentialsResolved=False/SecretsForbidden');
    expect(messageOf(await conditionsOf(ns, 'orders'), 'CredentialsResolved')).toMatch(
      /kubectl create rolebinding mailmill-secret-reader -n missing/,
    );
    await bench.grantSecrets(ns);
    await has(ns, 'orders', 'CredentialsResolved=False/SecretMissing');
    await secret(ns, 'analytics-db', { uri: 'postgresql://a' });
    await secret(ns, 'mailmill-store', { uri: 'postgresql://s' });
    await secret(ns, 'support-imap', { username: 'support' });
    await has(ns, 'orders', 'CredentialsResolved=False/SecretKeyMissing');
    expect(messageOf(await conditionsOf(ns, 'orders'), 'Ready')).toMatch(
      /Secret "support-imap" has no key "password" \(it has username\)/,
    );
    await bench.client.patch(
      secrets,
      { namespace: ns, name: 'support-imap' },
      'merge',
      { data: encoded({ password: 'x' }) },
      write,
    );
    await has(ns, 'orders', 'CredentialsResolved=True/Resolved', 'Ready=False/RollingOut');
  });
});

test('what the API server refuses is told in its words', async () => {
  const ns = 'refused';
  await tenant(ns);
  const resources = { requests: { memory: '2Gi' }, limits: { memory: '1Gi' } };
  await pipeline(ns, 'orders', { template: { resources } });
  await has(ns, 'orders', 'Stalled=True/KubernetesRejected', 'Ready=False/KubernetesRejected');
  expect(messageOf(await conditionsOf(ns, 'orders'), 'Stalled')).toMatch(/memory limit/);
  await patch(ns, 'orders', { template: null });
  await has(ns, 'orders', 'Stalled=False/NotStalled', 'Ready=False/RollingOut');
});

test('a pipeline that is recreated at once waits until its predecessor is gone', async () => {
  const ns = 'successor';
  await tenant(ns);
  await pipeline(ns, 'orders');
  const first = await eventually(() => workload(ns, 'orders'));
  await bench.client.delete(emailPipelines, { namespace: ns, name: 'orders' }, { signal });
  await pipeline(ns, 'orders');
  await eventually(async () => {
    const second = await workload(ns, 'orders');
    return second !== undefined && second.metadata.uid !== first.metadata.uid;
  });
  await has(ns, 'orders', 'Ready=False/RollingOut', 'Stalled=False/NotStalled');
  const policy = await eventually(async () => {
    const found = await bench.client.find(networkPolicies, { namespace: ns, name: 'mailmill-workers' }, { signal });
    const owner = (await workload(ns, 'orders'))?.metadata.ownerReferences?.[0]?.uid;
    return found?.metadata.ownerReferences?.some(({ uid }) => uid === owner) ? found : undefined;
  });
  expect(policy.metadata.ownerReferences).toHaveLength(1);
  expect((await list(events, ns)).filter(({ reason }) => reason === 'ChildNotOwned')).toEqual([]);
});

test('the command reads its environment, tells that it is ready, and ends in order', async () => {
  await bench.namespace('listed');
  const [port] = (await freePorts(1)) as [number];
  const file = join(dir, 'key');
  await writeFile(file, 'a key that nobody guesses');
  const lines: string[] = [];
  const out = new Writable({
    write: (chunk, _, done) => {
      lines.push(...String(chunk).trim().split('\n'));
      done();
    },
  });
  const ended = new AbortController();
  const env = {
    KUBECONFIG: bench.kubeconfig,
    MAILMILL_NAMESPACE: systemNamespace,
    // Not where the other operator works.
    MAILMILL_WATCH_NAMESPACES: 'listed',
    MAILMILL_LEASE_NAME: 'another-operator',
    MAILMILL_WORKER_IMAGE: 'registry.example.com/mailmill:1',
    MAILMILL_STATUS_KEY_FILE: file,
    MAILMILL_HTTP_PORT: String(port),
  };
  const running = command.run([], { stdout: out, stderr: out, env, signal: ended.signal });
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
  await eventually(() =>
    get('/readyz').then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  expect((await get('/healthz')).status).toBe(200);
  const metrics = await (await get('/metrics')).text();
  for (const name of ['workqueue_depth', 'rest_client_requests_total', 'leader_election_master_status']) {
    expect(metrics).toContain(name);
  }
  ended.abort();
  expect(await running).toBe(0);
  const messages = lines.map((line) => JSON.parse(line) as { readonly msg: string });
  expect(messages.map(({ msg }) => msg)).toEqual(
    expect.arrayContaining(['operator started', 'leading', 'operator ended']),
  );
});
