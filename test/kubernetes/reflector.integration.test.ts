import { getEventListeners } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Registry } from 'prom-client';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { fileAccess } from '../../src/kubernetes/access.ts';
import { createClient, type KubernetesClient } from '../../src/kubernetes/client.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { configMaps, type KubernetesObject, namespaces, secrets } from '../../src/kubernetes/objects.ts';
import { type Change, createReflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { grantSecrets, makeOperatorAccount, operatorToken, operatorUser } from '../operator/account.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { eventually } from '../support/processes.ts';
import { jail } from './jail.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

let plane: ControlPlane;
let proxy: TcpProxy;
/** Past the proxy: what the rest of the world does. */
let world: KubernetesClient;
/** Through the proxy: what the reflector has. */
let client: KubernetesClient;
let namespace = '';
let serial = 0;
const ends: (() => Promise<void>)[] = [];
const signal = new AbortController().signal;

beforeAll(async () => {
  // ConfigMaps have no watch cache, so that compaction alone makes a version expire; Secrets have the usual one.
  plane = await startControlPlane({
    flags: ['--watch-cache-sizes=configmaps#0', '--etcd-compaction-interval=0'],
  });
  world = createClient(plane.access());
});
beforeEach(async () => {
  serial += 1;
  namespace = `reflector-${serial}`;
  proxy = await startTcpProxy(new URL(plane.url));
  client = createClient(plane.access('operator', proxy.port));
  await world.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, { signal });
});
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  client.close();
  await proxy.close();
});
afterAll(async () => {
  world?.close();
  await plane?.stop();
});

type Valued = KubernetesObject & { readonly data?: Readonly<Record<string, string>> };

const kinds = {
  ConfigMap: { ...configMaps, kind: 'ConfigMap' },
  Secret: { ...secrets, kind: 'Secret' },
} as const;
type Kind = keyof typeof kinds;

const put = (kind: Kind, name: string, value: string) =>
  world.apply<Valued>(
    kinds[kind],
    { apiVersion: 'v1', kind, metadata: { name, namespace }, data: { value: btoa(value) } },
    { signal },
  );
const drop = (kind: Kind, name: string) => world.delete(kinds[kind], { namespace, name }, { signal });

/** A reflector of this test's namespace with a log of its changes. */
function watch(kind: Kind, more: Partial<ReflectorOptions<Valued>> = {}) {
  const registry = new Registry();
  const stop = new AbortController();
  const reflector = createReflector<Valued>({
    client,
    type: kinds[kind],
    namespaces: [namespace],
    backoffMs: [50, 1_000],
    metrics: kubernetesMetrics(registry),
    ...more,
  });
  const changes: Change<Valued>[] = [];
  reflector.onChange((change) => changes.push(change));
  const running = reflector.run(stop.signal);
  ends.push(async () => {
    stop.abort();
    await running;
  });
  const state = () =>
    Object.fromEntries(reflector.cache.list().map((object) => [object.metadata.name, atob(object.data?.value ?? '')]));
  return {
    reflector,
    changes,
    stop,
    /** Waits until the cache holds exactly this. */
    holds: (wanted: Record<string, string>) =>
      eventually(() => {
        const now = state();
        const names = Object.keys(wanted);
        return names.length === Object.keys(now).length && names.every((name) => now[name] === wanted[name]);
      }, 30_000),
    typesOf: (name: string) =>
      changes.filter(({ object }) => object.metadata.name === name).map((change) => change.type),
    counted: async (metric: string, label = '') => {
      const text = await registry.getSingleMetricAsString(metric);
      const line = text.split('\n').find((one) => one.startsWith(`${metric}{`) && one.includes(label));
      return Number(line?.split(' ').at(-1) ?? 0);
    },
  };
}

for (const kind of ['ConfigMap', 'Secret'] as const) {
  test(`the API server restarted under a watch of ${kind}s: every change around it arrives once`, async () => {
    await put(kind, 'kept', '1');
    await put(kind, 'gone', '1');
    const seen = watch(kind);
    await seen.reflector.synced;
    await plane.stopApiServer();
    await plane.startApiServer();
    await put(kind, 'kept', '2');
    await drop(kind, 'gone');
    await put(kind, 'new', '1');
    await seen.holds({ kept: '2', new: '1' });
    expect(seen.typesOf('kept')).toEqual(['added', 'updated']);
    expect(seen.typesOf('gone')).toEqual(['added', 'deleted']);
    expect(seen.typesOf('new')).toEqual(['added']);
    // At most one more than the first: the restarted server may have forgotten the version.
    expect(await seen.counted('mailmill_reflector_lists_total')).toBeLessThanOrEqual(2);
  });
}

test('etcd compacted while the watch was cut: 410, one relist, and deletions are found', async () => {
  await put('ConfigMap', 'kept', '1');
  await put('ConfigMap', 'gone', '1');
  await put('ConfigMap', 'same', '1');
  const seen = watch('ConfigMap');
  await seen.reflector.synced;
  proxy.cut();
  await drop('ConfigMap', 'gone');
  for (let value = 2; value <= 20; value += 1) await put('ConfigMap', 'kept', String(value));
  await drop('ConfigMap', 'same');
  await put('ConfigMap', 'same', '2');
  await plane.compact();
  proxy.pass();
  await seen.holds({ kept: '20', same: '2' });
  expect(await seen.counted('mailmill_reflector_watches_total', 'result="expired"')).toBe(1);
  expect(await seen.counted('mailmill_reflector_lists_total')).toBe(2);
  expect(seen.typesOf('kept')).toEqual(['added', 'updated']);
  expect(seen.typesOf('gone')).toEqual(['added', 'deleted']);
  // Another object of the same name is no update.
  expect(seen.typesOf('same')).toEqual(['added', 'deleted', 'added']);
  await put('ConfigMap', 'kept', '21');
  await seen.holds({ kept: '21', same: '2' });
});

test('history compacted while a new server starts: a watch cache without the version is listed anew', async () => {
  await put('Secret', 'kept', '1');
  const seen = watch('Secret');
  await seen.reflector.synced;
  proxy.cut();
  for (let value = 2; value <= 20; value += 1) await put('Secret', 'kept', String(value));
  await plane.compact();
  await plane.stopApiServer();
  await plane.startApiServer();
  proxy.pass();
  await seen.holds({ kept: '20' });
  expect(await seen.counted('mailmill_reflector_lists_total')).toBe(2);
});

test('a connection cut under a watch is resumed from the last version, without a list', async () => {
  await put('Secret', 'a', '1');
  const seen = watch('Secret');
  await seen.reflector.synced;
  for (let round = 2; round <= 5; round += 1) {
    proxy.cut();
    await put('Secret', 'a', String(round));
    proxy.pass();
    await seen.holds({ a: String(round) });
  }
  expect(await seen.counted('mailmill_reflector_lists_total')).toBe(1);
  expect(seen.typesOf('a')).toEqual(['added', 'updated', 'updated', 'updated', 'updated']);
});

test('a half-open connection is noticed by its silence, and nothing is missed', async () => {
  await put('Secret', 'a', '1');
  const seen = watch('Secret', { idleMs: 1_500 });
  await seen.reflector.synced;
  await put('Secret', 'a', '2');
  await seen.holds({ a: '2' });
  proxy.freeze();
  await put('Secret', 'a', '3');
  await seen.holds({ a: '3' });
  expect(await seen.counted('mailmill_reflector_lists_total')).toBe(1);
  // The dead connection was closed, not kept beside the new one.
  expect(proxy.connections).toBeLessThanOrEqual(3);
});

test('a storm of 429: asked as seldom as the server wants, no list, and nothing is missed', async () => {
  await makeOperatorAccount(world, signal);
  await grantSecrets(world, namespace, signal);
  const token = await operatorToken(world, signal);
  const server = `https://127.0.0.1:${proxy.port}`;
  const registry = new Registry();
  const metrics = kubernetesMetrics(registry);
  const limited = createClient(fileAccess({ server, ca: plane.ca, token }), { metrics });
  const refused = async () => {
    const text = await registry.getSingleMetricAsString('rest_client_requests_total');
    return Number(/code="429",method="GET"} (\d+)/.exec(text)?.[1] ?? 0);
  };
  ends.push(async () => limited.close());
  await put('Secret', 'kept', '1');
  await put('Secret', 'gone', '1');
  const seen = watch('Secret', { client: limited });
  await seen.reflector.synced;

  const free = await jail(plane, { user: operatorUser, token, namespace });
  proxy.cut();
  proxy.pass();
  const since = performance.now();
  await eventually(async () => (await refused()) >= 2, 30_000);
  await put('Secret', 'kept', '2');
  await drop('Secret', 'gone');
  await eventually(async () => (await refused()) >= 4, 30_000);
  // The server asks for a second (Retry-After: 1) each time; one more, for the end that may just have come.
  expect(await refused()).toBeLessThanOrEqual((performance.now() - since) / 1000 + 1);
  expect(seen.typesOf('kept')).toEqual(['added']);
  await free();
  await seen.holds({ kept: '2' });
  expect(seen.typesOf('kept')).toEqual(['added', 'updated']);
  expect(seen.typesOf('gone')).toEqual(['added', 'deleted']);
  expect(await seen.counted('mailmill_reflector_lists_total')).toBe(1);
});

test('metadata only: Secrets arrive without their values', async () => {
  await put('Secret', 'a', 'secret');
  const seen = watch('Secret', { metadataOnly: true });
  await seen.reflector.synced;
  await put('Secret', 'a', 'other');
  await eventually(() => seen.typesOf('a').includes('updated'));
  expect(JSON.stringify(seen.changes)).not.toContain(btoa('secret'));
  expect(JSON.stringify(seen.changes)).not.toContain('managedFields');
  expect(seen.changes[0]?.object.kind).toBe('Secret');
});

test('10,000 watch events: none missed, none doubled, nothing left behind', { timeout: 240_000 }, async () => {
  setFlagsFromString('--expose_gc');
  const collect: () => void = runInNewContext('gc');
  const heap = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const objects = 50;
  let updates = 0;
  let disorder = 0;
  const seen = watch('Secret', { watchTimeoutMs: [2_000, 3_000] });
  seen.reflector.onChange((change) => {
    seen.changes.length = 0;
    if (change.type !== 'updated') return;
    updates += 1;
    if (Number(atob(change.object.data?.value ?? '')) !== Number(atob(change.old.data?.value ?? '')) + 1) disorder += 1;
  });
  const names = Array.from({ length: objects }, (_, i) => `o-${i}`);
  const round = (value: number) => Promise.all(names.map((name) => put('Secret', name, String(value))));
  await round(0);
  await seen.holds(Object.fromEntries(names.map((name) => [name, '0'])));
  let early = 0;
  for (let value = 1; value <= 10_000 / objects; value += 1) {
    await round(value);
    if (value === 40) early = heap();
  }
  await seen.holds(Object.fromEntries(names.map((name) => [name, String(10_000 / objects)])));
  expect([updates, disorder]).toEqual([10_000, 0]);
  expect(await seen.counted('mailmill_reflector_watches_total', 'result="ended"')).toBeGreaterThan(1);
  expect(await seen.counted('mailmill_reflector_lists_total')).toBe(1);
  // 8,000 events and several streams later.
  expect(heap() - early).toBeLessThan(4 * 1024 * 1024);
  expect(getEventListeners(seen.stop.signal, 'abort').length).toBeLessThanOrEqual(2);
  expect(proxy.connections).toBeLessThanOrEqual(3);
});
