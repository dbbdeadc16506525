import { Registry } from 'prom-client';
import { afterEach, expect, test } from 'vitest';
import { createClient } from '../../src/kubernetes/client.ts';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { configMaps, secrets } from '../../src/kubernetes/objects.ts';
import { manualClock } from './manual-clock.ts';
import { item, type Step, startScriptedServer, status } from './scripted-server.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function setUp(...script: readonly Step[]) {
  const server = await startScriptedServer(...script);
  const clock = manualClock();
  const registry = new Registry();
  const client = createClient(server.access, { clock, random: () => 0, metrics: kubernetesMetrics(registry) });
  ends.push(async () => {
    client.close();
    await server.close();
  });
  return { server, clock, client, registry };
}

const signal = new AbortController().signal;
const name = { namespace: 'n', name: 'a' };
const caught = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );

test('sends the credentials of the kubeconfig and reuses its connection', async () => {
  const { server, client } = await setUp(({ json }) => json(200, item('a', 1)));
  for (let i = 0; i < 3; i += 1) await client.get(configMaps, name, { signal });
  expect(server.asked.map(({ headers }) => headers.authorization)).toEqual(Array(3).fill('Bearer a-token'));
  expect(server.connections()).toBe(1);
});

test('waits for 429 and for 503 that name a time, also before writes; gives up within its timeout', async () => {
  const { server, clock, client } = await setUp(
    ({ json }) => json(429, status(429, 'TooManyRequests'), { 'retry-after': '2' }),
    ({ json }) => json(503, status(503, 'ServiceUnavailable'), { 'retry-after': '5' }),
    ({ json }) => json(201, item('a', 1)),
    ({ json }) => json(429, status(429, 'TooManyRequests'), { 'retry-after': '60' }),
  );
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: name };
  const made = client.create(configMaps, object, { signal });
  for (const [count, wait] of [
    [1, 2_000],
    [2, 5_000],
  ] as const) {
    await expect.poll(() => clock.sleeping).toBe(1);
    expect(server.asked).toHaveLength(count);
    await clock.advance(wait - 1);
    expect(clock.sleeping).toBe(1);
    await clock.advance(1);
  }
  expect((await made).metadata.name).toBe('a');
  // 60 s are more than the request may take: the caller is told when to come back.
  const error = await caught(client.create(configMaps, object, { signal }));
  expect(error).toMatchObject({ family: 'Waiting', code: 'KUBERNETES_THROTTLED', retryAfterMs: 60_000, status: 429 });
});

test('errors carry family, code and status', async () => {
  const cases = [
    [404, 'NotFound', 'Transient', 'KUBERNETES_NOT_FOUND'],
    [403, 'Forbidden', 'Stalled', 'KUBERNETES_FORBIDDEN'],
    [409, 'Conflict', 'Transient', 'KUBERNETES_CONFLICT'],
    [410, 'Expired', 'Transient', 'KUBERNETES_EXPIRED'],
    [422, 'Invalid', 'Stalled', 'KUBERNETES_REJECTED'],
    [500, 'InternalError', 'Transient', 'KUBERNETES_UNAVAILABLE'],
  ] as const;
  for (const [code, reason, family, word] of cases) {
    const { client } = await setUp(({ json }) => json(code, status(code, reason)));
    const error = await caught(client.get(configMaps, name, { signal }));
    expect(error).toBeInstanceOf(KubernetesError);
    expect(error).toMatchObject({ family, code: word, status: code, reason });
    expect(String(error)).toContain(`get configmaps/a in namespace n: ${reason} happened`);
  }
});

test('what is said about Secrets stays out of errors', async () => {
  const { client } = await setUp(({ json }) =>
    json(422, { ...status(422, 'Invalid'), message: 'value "hunter2" is bad' }),
  );
  expect(String(await caught(client.get(secrets, name, { signal })))).not.toContain('hunter2');
});

test('a read on a kept connection that died is sent again; a write is not', async () => {
  const fine: Step = ({ json }) => json(200, item('a', 1));
  const { server, client } = await setUp(
    fine,
    ({ drop }) => drop(),
    fine,
    ({ drop }) => drop(),
  );
  await client.get(configMaps, name, { signal });
  await client.get(configMaps, name, { signal });
  expect(server.asked).toHaveLength(3);
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: name };
  const error = await caught(client.create(configMaps, object, { signal }));
  expect(error).toMatchObject({ family: 'Transient', code: 'KUBERNETES_UNREACHABLE', status: 0 });
  expect(server.asked).toHaveLength(4);
  // A new connection that is reset says more than that it was old.
  expect(await caught(client.get(configMaps, name, { signal }))).toMatchObject({ code: 'KUBERNETES_UNREACHABLE' });
  expect(server.asked).toHaveLength(5);
});

test('a server that never answers ends in bounded time, a half answer too; an abort ends at once', async () => {
  const { client, registry, server } = await setUp(
    () => {},
    ({ bytes }) => bytes('{"metadata":'),
    () => {},
  );
  for (const _ of [1, 2]) {
    const error = await caught(client.get(configMaps, name, { signal, timeoutMs: 50 }));
    expect(error).toMatchObject({ code: 'KUBERNETES_UNREACHABLE', message: expect.stringContaining('within 50 ms') });
  }
  const stop = new AbortController();
  const asked = caught(client.get(configMaps, name, { signal: stop.signal }));
  await expect.poll(() => server.asked.length).toBe(3);
  stop.abort(new Error('enough'));
  expect(await asked).toMatchObject({ message: 'enough' });
  await expect.poll(() => server.connections()).toBe(0);
  expect(await registry.getSingleMetricAsString('rest_client_requests_total')).toContain(
    '{code="<error>",method="GET"} 2',
  );
});

test('a namespaced object without a namespace is a mistake of the caller', async () => {
  const { client, server } = await setUp(({ json }) => json(200, {}));
  expect(await caught(client.get(configMaps, { name: 'a' }, { signal }))).toMatchObject({
    code: 'KUBERNETES_NAMESPACE_MISSING',
  });
  expect(server.asked).toHaveLength(0);
});
