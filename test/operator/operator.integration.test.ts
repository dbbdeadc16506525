import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command } from '../../src/commands/operator.ts';
import {
  deployments,
  emailPipelineRuns,
  emailPipelines,
  events,
  jobs,
  type KubernetesObject,
  type Live,
  networkPolicies,
  pods,
  secrets,
} from '../../src/kubernetes/objects.ts';
import { freePorts } from '../support/free-port.ts';
import { eventually } from '../support/processes.ts';
import { systemNamespace } from './account.ts';
import { type Bench, signal, startBench, write } from './cluster.ts';
import { brief, messageOf } from './fixtures.ts';
import { encoded, status, tenantsOf } from './tenants.ts';

let bench: Bench;
let dir: string;
const { secret, tenant, source, pipeline, patch, conditionsOf, has, list, workload, becomeReady, quiet } = tenantsOf(
  () => bench,
);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mailmill-operator-test-'));
  bench = await startBench();
  await bench.operator();
}, 120_000);

afterAll(async () => {
  await bench?.stop();
  await rm(dir, { recursive: true, force: true });
}, 60_000);

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

test('a changed Secret rolls exactly the workers that use it, within 10 s', async () => {
  const ns = 'rotation';
  await tenant(ns);
  await secret(ns, 'copies-db', { uri: 'postgresql://b' });
  const sinks = [{ name: 'warehouse', postgres: { secretRef: { name: 'copies-db' }, table: 'copies' } }];
  await pipeline(ns, 'orders');
  await pipeline(ns, 'copies', { sinks });
  for (const name of ['orders', 'copies']) await becomeReady(ns, name);
  await quiet();
  const template = async (name: string) => JSON.stringify((await workload(ns, name))?.spec?.template);
  const [orders, copies] = [await template('orders'), await template('copies')];
  const change = { data: encoded({ uri: 'postgresql://c' }) };
  await bench.client.patch(secrets, { namespace: ns, name: 'copies-db' }, 'merge', change, write);
  await eventually(async () => (await template('copies')) !== copies, 10_000);
  await quiet();
  expect(await template('orders')).toBe(orders);
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

test('a Deployment that only looks like ours is not stopped with a pipeline whose generation is wrong', async () => {
  const ns = 'strange';
  await tenant(ns);
  const labels = { 'app.kubernetes.io/managed-by': 'mailmill', 'mailmill.io/pipeline': 'orders' };
  const security = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } };
  const spec = {
    containers: [{ name: 'worker', image: 'registry.example.com/theirs', securityContext: security }],
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
  };
  const theirs = {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'orders', namespace: ns, labels } },
    spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
  };
  await bench.client.create(deployments, theirs, write);
  await pipeline(ns, 'orders', { suspend: true, steps: [{ name: 'typo', filter: 'subjct == "x"' }] });
  await has(ns, 'orders', 'Ready=False/ChildNotOwned', 'Stalled=True/SpecInvalid');
  expect((await workload(ns, 'orders'))?.spec?.replicas).toBe(1);
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
