import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { applyObject } from '../../src/kubernetes/apply.ts';
import { createClient, type KubernetesClient } from '../../src/kubernetes/client.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../../src/kubernetes/errors.ts';
import { createEventRecorder } from '../../src/kubernetes/events.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import {
  type ConfigMap,
  configMaps,
  type Deployment,
  deployments,
  events,
  type NetworkPolicy,
  networkPolicies,
  pods,
  secrets,
} from '../../src/kubernetes/objects.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { eventually } from '../support/processes.ts';

let plane: ControlPlane;
let client: KubernetesClient;
const registry = new Registry();
const metrics = kubernetesMetrics(registry);
const signal = new AbortController().signal;

beforeAll(async () => {
  plane = await startControlPlane();
  client = createClient(plane.access('operator'), { metrics });
});
afterAll(async () => {
  client?.close();
  await plane?.stop();
});

const configMap = (name: string, data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data,
});

describe('requests', () => {
  test('create, get, update, patch and delete, with the errors that callers tell apart', async () => {
    const made = await client.create(configMaps, configMap('crud', { a: '1' }), { signal });
    expect(made.metadata.uid).toBeTypeOf('string');
    const twice = await client.create(configMaps, configMap('crud', {}), { signal }).catch((error: unknown) => error);
    expect([isAlreadyExists(twice), isConflict(twice)]).toEqual([true, false]);

    const changed = await client.update(configMaps, { ...made, data: { a: '2' } }, { signal });
    expect(changed.data).toEqual({ a: '2' });
    const stale = await client.update(configMaps, { ...made, data: { a: '3' } }, { signal }).catch((e: unknown) => e);
    expect([isAlreadyExists(stale), isConflict(stale)]).toEqual([false, true]);

    const patched = await client.patch(configMaps, made.metadata, 'merge', { data: { b: '1' } }, { signal });
    expect(patched.data).toEqual({ a: '2', b: '1' });
    expect(Object.keys(patched.metadata)).not.toContain('managedFields');

    expect(await client.delete(configMaps, made.metadata, { signal, uid: 'another' })).toBe(false);
    expect(await client.delete(configMaps, made.metadata, { signal, uid: made.metadata.uid })).toBe(true);
    expect(await client.delete(configMaps, made.metadata, { signal })).toBe(false);
    expect(await client.find(configMaps, made.metadata, { signal })).toBeUndefined();
    const gone = await client.get(configMaps, made.metadata, { signal }).catch((error: unknown) => error);
    expect(isNotFound(gone)).toBe(true);
  });

  test('metadata of Secrets without their data, with the kind that they have', async () => {
    const metadata = { name: 'hidden', namespace: 'default', labels: { a: 'b' } };
    await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data: { key: 'c2VjcmV0' } }, { signal });
    const { items } = await client.list(secrets, { namespace: 'default', metadataOnly: true, signal });
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ apiVersion: 'v1', kind: 'Secret', metadata });
    expect(JSON.stringify(items)).not.toContain('c2VjcmV0');
    const one = await client.get(secrets, metadata, { metadataOnly: true, signal });
    expect(one.data).toBeUndefined();
  });

  test('what the server says of a refused Secret stays out of the error', async () => {
    const metadata = { name: 'Not A Name', namespace: 'default' };
    const error = await client
      .create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data: {}, type: 'a' }, { signal })
      .catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(/answered 422 .*: Invalid$/);
  });

  test('a list of many pages is complete', async () => {
    await Promise.all(
      Array.from({ length: 25 }, (_, i) =>
        client.create(
          configMaps,
          {
            ...configMap(`page-${i}`, {}),
            metadata: { name: `page-${i}`, namespace: 'default', labels: { list: 'pages' } },
          },
          { signal },
        ),
      ),
    );
    const { items, resourceVersion } = await client.list(configMaps, {
      labelSelector: 'list=pages',
      limit: 10,
      signal,
    });
    expect(items).toHaveLength(25);
    expect(resourceVersion).not.toBe('');
  });

  test('a status is written without the rest of the object', async () => {
    const pod = await client.create(
      pods,
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'status', namespace: 'default' },
        spec: { containers: [{ name: 'a', image: 'none' }] },
      },
      { signal },
    );
    const written = await client.updateStatus(pods, pod, { phase: 'Running', message: 'up' }, { signal });
    expect(written.status).toMatchObject({ phase: 'Running', message: 'up' });
    expect(written.spec?.containers[0]?.image).toBe('none');
    // The same status again is no write: its version stays.
    const again = await client.updateStatus(pods, written, written.status, { signal });
    expect(again.metadata.resourceVersion).toBe(written.metadata.resourceVersion);
    const late = await client.updateStatus(pods, pod, { phase: 'Failed' }, { signal }).catch((error: unknown) => error);
    expect(isConflict(late)).toBe(true);
  });

  test('requests are counted by code and method', async () => {
    const text = await registry.getSingleMetricAsString('rest_client_requests_total');
    expect(text).toMatch(/rest_client_requests_total\{code="201",method="POST"\} \d+/);
    expect(text).toMatch(/rest_client_requests_total\{code="404",method="GET"\} \d+/);
  });
});

const deployment = (name: string, more: Partial<Deployment['spec']> = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default', labels: { app: name } },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: 'worker',
            image: 'mailmill:1',
            env: [{ name: 'A', value: '1' }],
            ports: [{ name: 'http', containerPort: 8080 }],
            resources: { requests: { cpu: '0.5', memory: '1024Mi' }, limits: { memory: '2048Mi' } },
            volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1024Mi' } }],
      },
    },
    ...more,
  },
});

describe('apply', () => {
  const owner = () => client.create(configMaps, configMap(`owner-${crypto.randomUUID()}`, {}), { signal });

  test('creates, then writes nothing while every desired field is there', async () => {
    const parent = await owner();
    const desired = deployment('steady');
    const made = await applyObject(client, deployments, desired, undefined, parent, { signal });
    expect(made).toMatchObject({ changed: true, difference: 'created' });
    const before = (await plane.writes('operator')).length;
    const live = await client.get(deployments, desired.metadata, { signal });
    const again = await applyObject(client, deployments, desired, live, parent, { signal });
    expect([again.changed, again.difference]).toEqual([false, undefined]);
    expect(await plane.writes('operator')).toHaveLength(before);
  });

  test('tells what differed, also when a field is no longer desired, and heals edits by hand', async () => {
    const parent = await owner();
    const first = await applyObject(
      client,
      deployments,
      deployment('moving', { minReadySeconds: 7 }),
      undefined,
      parent,
      { signal },
    );
    const scaled = await applyObject(
      client,
      deployments,
      deployment('moving', { minReadySeconds: 7, replicas: 2 }),
      first.object,
      parent,
      { signal },
    );
    expect(scaled.difference).toBe('spec.replicas: 1 → 2');
    const removed = await applyObject(
      client,
      deployments,
      deployment('moving', { replicas: 2 }),
      scaled.object,
      parent,
      { signal },
    );
    expect(removed.difference).toBe('spec.minReadySeconds: 7 → absent');
    expect(removed.object.spec?.minReadySeconds ?? 0).toBe(0);
    const by = { signal, fieldManager: 'kubectl-edit' };
    const edited = await client.patch(deployments, removed.object.metadata, 'merge', { spec: { replicas: 9 } }, by);
    const healed = await applyObject(client, deployments, deployment('moving', { replicas: 2 }), edited, parent, {
      signal,
    });
    expect(healed.difference).toBe('spec.replicas: 9 → 2');
    expect(healed.object.spec?.replicas).toBe(2);
  });

  test('takes over nothing that is not its own, known to the cache or not', async () => {
    const parent = await owner();
    const foreign = await client.create(configMaps, configMap('foreign', { keep: 'me' }), {
      signal,
      fieldManager: 'person',
    });
    for (const live of [undefined, foreign]) {
      const refused = applyObject(client, configMaps, configMap('foreign', { a: 'b' }), live, parent, { signal });
      await expect(refused).rejects.toMatchObject({ family: 'Stalled', code: 'CHILD_NOT_OWNED' });
    }
    expect((await client.get(configMaps, foreign.metadata, { signal })).data).toEqual({ keep: 'me' });
  });

  test('makes at once what cannot be mistaken, and still takes over nothing', async () => {
    const parent = await owner();
    const how = { signal, unmistakable: true };
    const asked = async () =>
      (await registry.getSingleMetricAsString('rest_client_requests_total')).match(/^.*"GET".*$/gm);
    const before = await asked();
    const made = await applyObject(client, deployments, deployment('sure'), undefined, parent, how);
    expect(made).toMatchObject({ changed: true, difference: 'created' });
    expect(await asked()).toEqual(before);
    // The same object, unknown to the cache: found by the conflict, or nothing to do.
    const again = await applyObject(client, deployments, deployment('sure'), undefined, parent, how);
    expect(again.object.metadata.uid).toBe(made.object.metadata.uid);
    const strange = deployment('strange', { selector: { matchLabels: { app: 'theirs' } } });
    const theirs = { ...strange.spec?.template, metadata: { labels: { app: 'theirs' } } };
    const foreign = await client.create(
      deployments,
      { ...strange, spec: { ...strange.spec, template: theirs } as NonNullable<typeof strange.spec> },
      { signal, fieldManager: 'person' },
    );
    await expect(applyObject(client, deployments, deployment('strange'), undefined, parent, how)).rejects.toMatchObject(
      { family: 'Stalled', code: 'CHILD_NOT_OWNED' },
    );
    const after = await client.get(deployments, foreign.metadata, { signal });
    expect(after.metadata.resourceVersion).toBe(foreign.metadata.resourceVersion);
  });

  test('shares a child among owners that come and go', async () => {
    const [a, b] = [await owner(), await owner()];
    const policy: NetworkPolicy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'workers', namespace: 'default' },
      spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 993, protocol: 'TCP' }] }] },
    };
    const one = await applyObject(client, networkPolicies, policy, undefined, [a], { signal });
    const two = await applyObject(client, networkPolicies, policy, one.object, [a, b], { signal });
    expect(two.object.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([a.metadata.uid, b.metadata.uid]);
    const three = await applyObject(client, networkPolicies, policy, two.object, [b], { signal });
    expect(three.object.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([b.metadata.uid]);
    expect((await applyObject(client, networkPolicies, policy, three.object, [b], { signal })).changed).toBe(false);
  });
});

test('events repeat as a series', async () => {
  const stop = new AbortController();
  const recorder = createEventRecorder({ client, controller: 'mailmill.io/operator', instance: 'test', metrics });
  const running = recorder.run(stop.signal);
  const regarding = await client.create(configMaps, configMap('told', {}), { signal });
  const note = { type: 'Warning', reason: 'HostUnreachable', action: 'Reconcile', note: 'check the host' } as const;
  for (let i = 0; i < 3; i += 1) recorder.record(regarding, note);
  const series = await eventually(async () => {
    const { items } = await client.list(events, { namespace: 'default', signal });
    return items.find((event) => event.regarding.uid === regarding.metadata.uid && event.series !== undefined);
  });
  expect(series).toMatchObject({ ...note, series: { count: 3 } });
  stop.abort();
  await running;
});
