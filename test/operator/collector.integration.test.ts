import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CollectorStatus } from '../../src/api/collector-status.ts';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import {
  configMaps,
  cronJobs,
  deployments,
  jobs,
  type KubernetesObject,
  mailboxSources,
  networkPolicies,
  podDisruptionBudgets,
  pods,
  type ResourceType,
  secrets,
  services,
} from '../../src/kubernetes/objects.ts';
import { annotations, specHashOf } from '../../src/operator/names.ts';
import { eventually } from '../support/processes.ts';
import { type Bench, signal, startBench, write } from './cluster.ts';
import { account, brief } from './fixtures.ts';

const namespace = 'pushed';
const name = 'orders';
let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  await bench.operator();
  await bench.namespace(namespace);
  await secret('mailmill-store', { uri: 'postgresql://store' });
  await secret('push-token', { token: 'one' });
}, 120_000);
afterAll(() => bench?.stop(), 60_000);

const encoded = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, btoa(value)]));
const secret = (of: string, values: Readonly<Record<string, string>>) =>
  bench.client.create(
    secrets,
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: of, namespace }, data: encoded(values) },
    write,
  );
const change = (of: string, values: Readonly<Record<string, string>>) =>
  bench.client.patch(secrets, { namespace, name: of }, 'merge', { data: encoded(values) }, write);
const source = () => bench.client.get(mailboxSources, { namespace, name }, { signal });
const has = (...wanted: string[]) =>
  eventually(async () => {
    const found = brief((await source()).status?.conditions);
    return wanted.every((each) => found.includes(each));
  }, 20_000).catch(async (error: unknown) => {
    throw new Error(`${wanted}: ${JSON.stringify((await source()).status?.conditions, null, 1)}`, { cause: error });
  });

const kinds: readonly ResourceType<KubernetesObject>[] = [
  configMaps,
  deployments,
  services,
  networkPolicies,
  podDisruptionBudgets,
];
/** Children of the source, as `Kind name`. */
async function children(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const type of kinds) {
    const { items } = await bench.client.list(type, { namespace, labelSelector: `mailmill.io/source=${name}`, signal });
    for (const { kind, metadata } of items) {
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'MailboxSource', name, controller: true }]);
      found.push(`${kind} ${metadata.name}`);
    }
  }
  return found;
}

const workload = () => bench.client.get(deployments, { namespace, name: `${name}-collector` }, { signal });
const listening = (): CollectorStatus => {
  const since = new Date().toISOString();
  return {
    version: 1,
    collector: 'c',
    startedAt: since,
    namespace,
    source: name,
    revision: '',
    ready: true,
    store: { ok: true, since },
    listener: { ok: true, since, kind: 'http', port: 8025, connections: 0 },
    counters: { accepted: 0, repeated: 0, refused: 0, bytes: 0 },
  };
};
/** As the kubelet: every collector becomes ready. */
const becomeReady = () =>
  eventually(async () => {
    const { items } = await bench.client.list(pods, { namespace, signal });
    for (const pod of items) {
      if (pod.metadata.deletionTimestamp) await bench.client.delete(pods, pod.metadata, { signal });
      else if (pod.status?.phase !== 'Running') await bench.kubelet(pod, true);
    }
    return brief((await source()).status?.conditions).includes('Ready=True/RolledOut');
  }, 30_000);

test('a source that takes mail in gets its collector; nobody else has its token', async () => {
  const spec: MailboxSourceSpec = { http: { auth: { secretRef: { name: 'push-token' } } } };
  await bench.client.create(
    mailboxSources,
    { apiVersion: 'mailmill.io/v1alpha1', kind: 'MailboxSource', metadata: { name, namespace }, spec },
    write,
  );
  await has('Ready=False/RollingOut', 'Valid=True/Valid', 'CredentialsResolved=True/Resolved');
  expect(await children()).toEqual([
    expect.stringMatching(/^ConfigMap orders-collector-[0-9a-f]{10}$/),
    'Deployment orders-collector',
    'Service orders',
    'NetworkPolicy orders-collector',
    'PodDisruptionBudget orders-collector',
  ]);
  // A pipeline of this name has another token.
  bench.workers.statuses.set(`${namespace}/${name}`, listening());
  await becomeReady();
  await has('Listening=Unknown/CollectorUnreachable');
  bench.workers.statuses.set(`${namespace}/source/${name}`, listening());
  await has('Ready=True/RolledOut', 'Listening=True/Listening', 'Stalled=False/NotStalled');
});

test('is left alone when nothing changes, and healed when somebody edits a child', async () => {
  const writes = async () => (await bench.operatorWrites()).filter((each) => !each.includes(' leases/'));
  let before = await writes();
  let since = Date.now();
  await eventually(async () => {
    const now = await writes();
    if (now.length !== before.length) [before, since] = [now, Date.now()];
    return Date.now() - since > 3_000; // three looks at its status
  }, 30_000);
  const selector = { 'mailmill.io/role': 'theirs' };
  const by = { ...write, fieldManager: 'person' };
  await bench.client.patch(services, { namespace, name }, 'merge', { spec: { type: 'NodePort', selector } }, by);
  await eventually(async () => {
    const { spec } = await bench.client.get(services, { namespace, name }, { signal });
    return spec?.type === 'ClusterIP' && spec.selector?.['mailmill.io/role'] === 'collector';
  });
});

test('another token rolls nothing, another store does', async () => {
  const before = (await workload()).metadata.generation;
  await change('push-token', { token: 'one\ntwo' });
  await change('mailmill-store', { uri: 'postgresql://another' });
  await eventually(async () => (await workload()).metadata.generation !== before);
  expect((await workload()).metadata.generation).toBe((before ?? 0) + 1);
  await becomeReady();
});

test('a Service of that name that is not ours is in the way, and the condition says so', async () => {
  const other = 'taken';
  const metadata = { name: other, namespace };
  await bench.client.create(
    services,
    { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }], selector: { app: 'theirs' } } },
    write,
  );
  const spec: MailboxSourceSpec = { smtp: { recipients: ['*@example.com'] } };
  await bench.client.create(
    mailboxSources,
    { apiVersion: 'mailmill.io/v1alpha1', kind: 'MailboxSource', metadata, spec },
    write,
  );
  const message = await eventually(async () => {
    const { status } = await bench.client.get(mailboxSources, metadata, { signal });
    return status?.conditions?.find(({ type, reason }) => type === 'Stalled' && reason === 'ChildNotOwned')?.message;
  }, 20_000);
  expect(message).toMatch(/^Service taken is in the way/);
  await bench.client.delete(mailboxSources, metadata, { signal });
});

test('a source with an archive is read by workers of its own', async () => {
  await secret('login', { username: 'a', password: 'b' });
  const metadata = { name: 'kept', namespace };
  const imap = { host: 'imap.example.com', auth: { secretRef: { name: 'login' } } };
  const created = await bench.client.create(
    mailboxSources,
    { apiVersion: 'mailmill.io/v1alpha1', kind: 'MailboxSource', metadata, spec: { imap, archive: { postgres: {} } } },
    write,
  );
  const archiver = { namespace, name: 'kept-collector' };
  const made = await eventually(() => bench.client.find(deployments, archiver, { signal }));
  expect(made.metadata.ownerReferences).toMatchObject([{ kind: 'MailboxSource', uid: created.metadata.uid }]);
  // An edit of the source is told apart from another image by it.
  expect(made.metadata.annotations?.[annotations.spec]).toBe(specHashOf(created.spec));
  const policy = await eventually(() =>
    bench.client.find(networkPolicies, { namespace, name: 'mailmill-workers' }, { signal }),
  );
  expect(policy.metadata.ownerReferences).toMatchObject([{ kind: 'MailboxSource', name: 'kept' }]);
  const conditions = async () =>
    brief((await bench.client.get(mailboxSources, metadata, { signal })).status?.conditions);
  await eventually(async () => (await conditions()).includes('Ready=False/RollingOut'));
  const since = new Date().toISOString();
  const folders = [{ name: 'INBOX', state: 'Live' as const, checkedAt: since, lagMessages: 0, lagSeconds: 0 }];
  const health = { ok: true, since };
  bench.workers.statuses.set(`${namespace}/kept-collector`, {
    ...{ version: 1, worker: 'w', startedAt: since },
    pipelines: [
      {
        ...{ namespace, pipeline: 'kept-collector', revision: '', ready: true, store: health, sinks: [], runs: [] },
        accounts: [account({ source: 'kept', folders })],
        counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
      },
    ],
  });
  await eventually(async () => {
    const { items } = await bench.client.list(pods, {
      ...{ namespace, signal },
      labelSelector: 'mailmill.io/pipeline=kept-collector',
    });
    for (const pod of items) if (pod.status?.phase !== 'Running') await bench.kubelet(pod, true);
    const found = await conditions();
    return ['Ready=True/RolledOut', 'Connected=True/Connected', 'Flowing=True/Flowing'].every((each) =>
      found.includes(each),
    );
  }, 30_000);
  await bench.client.patch(mailboxSources, metadata, 'merge', { spec: { archive: null } }, write);
  await eventually(async () => (await bench.client.find(deployments, archiver, { signal })) === undefined, 20_000);
});

test('a source with an archive and a schedule tells of its newest run, in one write', async () => {
  const metadata = { name: 'nightly', namespace };
  const imap = { host: 'imap.example.com', auth: { secretRef: { name: 'login' } } };
  const spec = { imap, archive: { postgres: {} }, schedule: '0 2 1 1 *' };
  const made = { apiVersion: 'mailmill.io/v1alpha1', kind: 'MailboxSource', metadata, spec };
  await bench.client.create(mailboxSources, made, write);
  const status = async () => (await bench.client.get(mailboxSources, metadata, { signal })).status;
  const check = await eventually(async () =>
    (await bench.client.list(jobs, { namespace, signal })).items.find(({ metadata: { name } }) =>
      name.startsWith('nightly-collector-check-'),
    ),
  );
  await bench.finish(namespace, check.metadata.name, 0);
  const cronJob = await eventually(() =>
    bench.client.find(cronJobs, { namespace, name: 'nightly-collector' }, { signal }),
  );
  await eventually(async () => brief((await status())?.conditions).includes('Ready=True/Scheduled'));
  expect((await status())?.lastRun).toBeUndefined();
  const writes = async () =>
    (await bench.operatorWrites()).filter((each) => each === 'patch mailboxsources/nightly').length;
  const before = await writes();
  const { metadata: labelled, spec: jobSpec } = cronJob.spec!.jobTemplate;
  const { uid } = cronJob.metadata;
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: 'nightly-collector', uid, controller: true };
  const run = { name: 'nightly-collector-1', namespace, ...labelled, ownerReferences: [owner] };
  await bench.client.create(jobs, { apiVersion: 'batch/v1', kind: 'Job', metadata: run, spec: jobSpec! }, write);
  await bench.finish(namespace, run.name, 0);
  const told = await eventually(async () => (await status())?.lastRun);
  expect(told).toMatchObject({ name: run.name, state: 'Succeeded' });
  expect(brief((await status())?.conditions)).toContain('Flowing=True/RunSucceeded');
  // Several looks at all sources later.
  await sleep(3_000);
  expect((await writes()) - before).toBe(1);
});

test('a source that becomes one of another kind, or goes, leaves nothing behind', async () => {
  const imap = { host: 'imap.example.com', auth: { secretRef: { name: 'login' } } };
  await bench.client.patch(mailboxSources, { namespace, name }, 'merge', { spec: { http: null, imap } }, write);
  await eventually(async () => (await children()).length === 0, 20_000);
  await has('Ready=True/Valid');
  expect(brief((await source()).status?.conditions).join()).not.toContain('Listening');
});
