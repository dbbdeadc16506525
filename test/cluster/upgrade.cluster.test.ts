import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { installChart, uninstallChart } from './chart.ts';
import { eventually, throughout } from './eventually.ts';
import type { KubeObject } from './harness.ts';
import type { Previous } from './previous.ts';
import { imapSource, pipeline, secret } from './resources.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-upgrade';
/** Mail from before, enough that some of it is read while the workers change. */
const backlog = 3_000;
/** By pipeline; two of them stream, one with two workers: one of each version for a while. */
const tables = { orders: 'orders', copies: 'copies', nightly: 'nightly' } as const;
const streams = ['orders', 'copies'] as const;

let world: World;
let previous: Previous;
const sent = new Set<string>();
const stopSending = new AbortController();
let sending: Promise<void> = Promise.resolve();

beforeAll(async () => {
  const found = JSON.parse(process.env.MAILMILL_TEST_PREVIOUS ?? '{}') as Partial<Previous> & { problem?: string };
  if (found.image === undefined) throw new Error(found.problem ?? 'the release before this one was not built');
  previous = found as Previous;
  world = await startWorld(tenant, { chart: false });
  const { cluster, dovecot } = world;
  await dovecot.setPassword('shop', 'password');
  deliver(backlog);
  await installChart(cluster, {
    tenants: [tenant],
    // One workload after the other, so that both versions work on one store for a while.
    values: { 'operator.rolloutConcurrency': 1 },
    release: { chart: previous.chart, image: previous.image.name },
  });
  await cluster.apply(
    secret(tenant, 'shop-login', { username: 'shop', password: 'password' }),
    imapSource(tenant, 'shop', dovecot),
    pipeline(tenant, 'orders', 'shop', tables.orders, { replicas: 2 }),
    pipeline(tenant, 'copies', 'shop', tables.copies),
    pipeline(tenant, 'nightly', 'shop', tables.nightly, { schedule: '* * * * *' }),
  );
});

afterAll(async () => {
  stopSending.abort();
  await sending;
  await world?.close();
  if (world !== undefined) await uninstallChart(world.cluster);
});

function deliver(count: number): void {
  for (let i = 0; i < count; i += 1) {
    const subject = `upgrade ${sent.size}`;
    sent.add(subject);
    world.dovecot.deliver('shop', 'INBOX', `From: a@example.org\r\nSubject: ${subject}\r\n\r\nhello ${subject}\r\n`);
  }
}

async function keepSending(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    deliver(2);
    await sleep(100);
  }
}

/** Everything that was sent is a row, once. */
async function isComplete(table: string, seconds = 120): Promise<void> {
  await eventually(`all of ${sent.size} in ${table}`, async () => expect(await world.count(table)).toBe(sent.size), {
    seconds,
  });
  const rows = await world.query(`SELECT subject, _mailmill_id::text AS id FROM ${table}`);
  expect(rows).toHaveLength(sent.size);
  expect(new Set(rows.map(({ subject }) => subject))).toEqual(sent);
  expect(new Set(rows.map(({ id }) => id)).size).toBe(sent.size);
}

const uids = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.uid ?? '').sort();
const replicaSets = (name: string) => world.cluster.list(tenant, 'replicasets', `mailmill.io/pipeline=${name}`);
const workerPods = async () =>
  (await world.cluster.list(tenant, 'pods', 'mailmill.io/role=stream')).filter(
    ({ metadata }) => metadata.deletionTimestamp === undefined,
  );
const imageOf = (pod: KubeObject): string => pod.spec.containers[0].image;
const isReady = (pod: KubeObject): boolean =>
  (pod.status?.conditions ?? []).some(
    ({ type, status }: { type: string; status: string }) => type === 'Ready' && status === 'True',
  );
/** How a pipeline's conditions stand, without their texts. */
const generations = async () => {
  const objects = await world.cluster.list(tenant, 'emailpipelines,mailboxsources');
  return objects.map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid} ${metadata.generation}`);
};

test('the release before delivers', async () => {
  for (const name of streams) await world.ready(name, 120);
  await eventually(
    'mail of the nightly run',
    async () => expect(await world.count(tables.nightly)).toBeGreaterThan(0),
    { seconds: 120 },
  );
  expect(new Set((await workerPods()).map(imageOf))).toEqual(new Set([previous.image.name]));
});

test('an upgrade under mail: both versions work on one store, nothing is lost or doubled, each workload is replaced once', async () => {
  const { cluster } = world;
  const before = new Map<string, readonly string[]>();
  for (const name of streams) before.set(name, uids(await replicaSets(name)));
  const resources = await generations();
  sending = keepSending(stopSending.signal);
  const current = `${cluster.image.repository}:${cluster.image.tag}`;
  const upgraded = installChart(cluster, { tenants: [tenant], values: { 'operator.rolloutConcurrency': 1 } });

  let mixed = false;
  await eventually(
    'every worker is of the new version',
    async () => {
      const pods = await workerPods();
      const ready = new Set(pods.filter(isReady).map(imageOf));
      mixed ||= ready.has(current) && ready.has(previous.image.name);
      expect(pods.filter(isReady).length).toBeGreaterThanOrEqual(3);
      expect(new Set(pods.map(imageOf))).toEqual(new Set([current]));
    },
    { seconds: 240, everyMs: 300 },
  );
  await upgraded;
  expect(mixed).toBe(true);
  for (const name of streams) await world.ready(name, 120);
  const cronJob = await eventually('the CronJob is of the new version', async () => {
    const found = await cluster.get(tenant, 'cronjob/nightly');
    expect(found.spec.jobTemplate.spec.template.spec.containers[0].image).toBe(current);
    return found;
  });
  expect(cronJob.metadata.deletionTimestamp).toBeUndefined();
  stopSending.abort();
  await sending;

  for (const name of streams) {
    await isComplete(tables[name]);
    const now = uids(await replicaSets(name));
    expect(
      now.filter((uid) => !before.get(name)?.includes(uid)),
      `ReplicaSets of ${name}`,
    ).toHaveLength(1);
  }
  for (const pod of await workerPods()) expect(pod.status.containerStatuses[0].restartCount).toBe(0);
  expect(await generations()).toEqual(resources);
  // The next scheduled runs go on where the version before ended.
  await isComplete(tables.nightly, 150);
});

test('the platform goes, and comes back: resources, workloads and data stay as they are', async () => {
  const { cluster } = world;
  const [resources, pods] = [await generations(), uids(await workerPods())];
  await uninstallChart(cluster);
  expect(await generations()).toEqual(resources);
  deliver(20);
  for (const name of streams) await isComplete(tables[name], 60);
  expect(uids(await workerPods())).toEqual(pods);

  await installChart(cluster, { tenants: [tenant] });
  await throughout(10, async () => expect(uids(await workerPods())).toEqual(pods));
  for (const name of streams) await world.ready(name);
  deliver(1);
  for (const name of streams) await isComplete(tables[name], 60);
});
