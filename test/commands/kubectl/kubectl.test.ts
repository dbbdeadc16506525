import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { logs } from '../../../src/commands/kubectl/logs.ts';
import { replay } from '../../../src/commands/kubectl/replay.ts';
import { run } from '../../../src/commands/kubectl/run.ts';
import { runs, status } from '../../../src/commands/kubectl/status.ts';
import { dead, reconcile, trace } from '../../../src/commands/kubectl/tools.ts';
import { common } from '../../../src/commands/kubectl.ts';
import { deployment, items, meta, pluginOf, type Routes, ready } from './cluster.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function plugin(routes: Routes) {
  const made = await pluginOf(routes);
  ends.push(made.close);
  return made;
}

const ours = '/apis/mailmill.io/v1alpha1/namespaces/shop';
const orders = {
  metadata: meta('orders'),
  spec: { source: { name: 'support' }, sinks: [], storeRef: { name: 'shop-db' } },
  status: { lastGoodRevision: 'abc', conditions: [ready('False', 'WorkerStalled', 'IMAP_AUTH_REJECTED: check it')] },
};
const listed = (sources: readonly object[], pipelines: readonly object[], all: readonly object[] = []): Routes => ({
  [`GET ${ours}/mailboxsources`]: ({ json }) => json(200, items(...sources)),
  [`GET ${ours}/emailpipelines`]: ({ json }) => json(200, items(...pipelines)),
  [`GET ${ours}/emailpipelineruns`]: ({ json }) => json(200, items(...all)),
});

describe('status', () => {
  test('shows what is, why something is not Ready, and ends with 1 then', async () => {
    const support = { metadata: meta('support'), spec: {}, status: { conditions: [ready('True', 'Ready', 'fine')] } };
    const first = {
      metadata: meta('first'),
      spec: { pipeline: { name: 'orders' } },
      status: { state: 'Running', read: 7 },
    };
    const it = await plugin(listed([support], [orders], [first]));
    expect(await status(it.context, [])).toBe(1);
    expect(it.stdout()).toMatch(/^support +True +- +1h$/m);
    expect(it.stdout()).toMatch(/^orders +support +- +False \(WorkerStalled\) +- +- +- +abc +1h$/m);
    expect(it.stdout()).toMatch(/^first +orders +Running +7 +- +- +- +1h$/m);
    expect(it.stdout()).toContain('Ready=False WorkerStalled: IMAP_AUTH_REJECTED: check it');
    expect(it.stdout()).not.toContain('fine');
  });

  test('tells what the last reconcile found, also unasked when a message is missing', async () => {
    const found = {
      accounts: 1,
      unread: 0,
      folders: 2,
      listed: 9,
      recorded: 7,
      dead: 1,
      excluded: 0,
      unfinished: 1,
      gone: 3,
    };
    const of = (missing: number) => {
      const complete = { ...ready(missing === 0 ? 'True' : 'False', 'Reason', 'so'), type: 'Complete' };
      const times = { finishedAt: '2026-11-21T03:00:05Z', succeededAt: '2026-11-21T03:00:05Z' };
      const lastReconcile = { name: 'orders-reconcile-1', state: 'Succeeded', ...times, ...found, missing };
      return { ...orders, status: { conditions: [ready('True', 'RolledOut', 'fine'), complete], lastReconcile } };
    };
    const told = (missing: number) =>
      `  lastReconcile orders-reconcile-1 Succeeded 2026-11-21T03:00:05Z: 9 listed, 7 recorded, 1 dead, 0 excluded, 1 unfinished, ${missing} missing, 3 gone; 0 of 1 accounts unread; last success 2026-11-21T03:00:05Z\n`;
    const well = await plugin(listed([], [of(0)]));
    expect(await status(well.context, [])).toBe(0);
    expect(well.stdout()).not.toContain('lastReconcile');
    expect(await status(well.context, ['orders'])).toBe(0);
    expect(well.stdout()).toContain(told(0));
    const lost = await plugin(listed([], [of(1)]));
    expect(await status(lost.context, [])).toBe(1);
    expect(lost.stdout()).toContain(told(1));
  });

  test('of one name tells its conditions too when all is well; of none says so', async () => {
    const support = { metadata: meta('support'), spec: {}, status: { conditions: [ready('True', 'Ready', 'fine')] } };
    const it = await plugin(listed([support], [orders]));
    expect(await status(it.context, ['support'])).toBe(0);
    expect(it.stdout()).toContain('Ready=True Ready: fine');
    expect(it.stdout()).not.toContain('orders');
    expect(await status(it.context, ['nobody'])).toBe(1);
    expect(it.stderr()).toContain('named nobody');
    expect(await status(it.context, ['a', 'b'])).toBeUndefined();
  });
});

test('runs of one pipeline, the newest first', async () => {
  const made = (name: string, pipeline: string, creationTimestamp: string) => ({
    ...{ metadata: meta(name, { creationTimestamp }), spec: { pipeline: { name: pipeline } } },
  });
  const it = await plugin(
    listed(
      [],
      [],
      [
        made('old', 'orders', '2026-11-20T00:00:00Z'),
        made('new', 'orders', '2026-11-21T00:00:00Z'),
        made('else', 'other', '2026-11-21T00:00:00Z'),
      ],
    ),
  );
  expect(await runs(it.context, ['orders'])).toBe(0);
  expect(
    it
      .stdout()
      .split('\n')
      .map((line) => line.split(' ')[0]),
  ).toEqual(['RUN', 'new', 'old', '']);
});

test('run makes a run of a name of its own, and waits for its end', async () => {
  let asked = 0;
  const it = await plugin({
    [`GET ${ours}/emailpipelines/orders`]: ({ json }) => json(200, orders),
    [`POST ${ours}/emailpipelineruns`]: ({ json, asked: { body } }) =>
      json(201, { ...JSON.parse(body), metadata: meta('orders-tbchc0') }),
    [`GET ${ours}/emailpipelineruns/orders-t9tips`]: ({ json }) => json(200, { metadata: meta('x') }),
    [`GET ${ours}/emailpipelineruns/first`]: ({ json }) =>
      json(200, {
        metadata: meta('first'),
        status: ++asked < 3 ? { state: 'Running' } : { state: 'Failed', read: 2, message: 'no' },
      }),
  });
  expect(await run(it.context, ['orders'])).toBe(0);
  const body = JSON.parse(it.server.asked.find(({ method }) => method === 'POST')!.body);
  expect(body).toMatchObject({ kind: 'EmailPipelineRun', spec: { pipeline: { name: 'orders' } } });
  expect(body.metadata.name).toMatch(/^orders-[a-z0-9]{6}$/);
  expect(await run(it.context, ['orders', '--name', 'first', '--wait'])).toBe(1);
  expect(it.stdout()).toContain('first Failed: 2 read');
  await expect(run(it.context, ['missing'])).rejects.toMatchObject({ code: 'KUBERNETES_NOT_FOUND' });
  expect(await run(it.context, [])).toBeUndefined();
});

test('replay makes a run that reads again, and follows it to its end', async () => {
  let looks = 0;
  const diff = { added: 1, changed: 1, unchanged: 5, removed: 0, keys: [{ id: 'some-id', columns: ['subject'] }] };
  const counts = { read: 7, delivered: 6, dead: 1, missing: 2 };
  const states = [
    {
      state: 'Pending',
      conditions: [{ ...ready('False', 'Starting', ''), type: 'Reconciling', message: 'run x goes first' }],
    },
    { state: 'Running', progress: { done: 3, total: 7, at: '2026-11-21T12:00:00Z' } },
    { state: 'Running', progress: { done: 3, total: 7, at: '2026-11-21T12:00:00Z' } },
    { state: 'Succeeded', ...counts, diff },
  ];
  const it = await plugin({
    [`GET ${ours}/emailpipelines/orders`]: ({ json }) => json(200, orders),
    [`POST ${ours}/emailpipelineruns`]: ({ json, asked: { body } }) => json(201, JSON.parse(body)),
    [`GET ${ours}/emailpipelineruns/mend`]: ({ json }) =>
      json(200, { metadata: meta('mend'), status: states[Math.min(looks++, states.length - 1)] }),
  });
  const args = ['orders', '--dead', '--since', '2026-11-01', '--id', 'ABC', '--dry-run', '--name', 'mend'];
  expect(await replay(it.context, args)).toBe(0);
  const body = JSON.parse(it.server.asked.find(({ method }) => method === 'POST')!.body);
  expect(body.spec).toEqual({
    pipeline: { name: 'orders' },
    replay: { since: '2026-11-01', only: 'Dead', ids: ['abc'] },
    dryRun: true,
  });
  expect(it.stdout().split('\n').slice(1)).toEqual([
    'mend: run x goes first',
    'mend: 3 of 7',
    'mend Succeeded: 7 read, 6 delivered, 0 dropped, 1 dead, 2 that nobody has any more',
    '1 documents would be added, 1 changed, 0 removed; 5 stay as they are',
    '  some-id  subject',
    '',
  ]);
  expect(await replay(it.context, ['orders'])).toBeUndefined();
  expect(await replay(it.context, ['--dead'])).toBeUndefined();
});

test('logs of each started pod, behind its name', async () => {
  const pod = (name: string, phase: string) => ({ metadata: meta(name), status: { phase } });
  const log = (name: string): Routes => ({
    [`GET /api/v1/namespaces/shop/pods/${name}/log`]: ({ bytes, end }) => {
      bytes(`from ${name}\n`);
      end();
    },
  });
  const it = await plugin({
    'GET /api/v1/namespaces/shop/pods': ({ json }) =>
      json(200, items(pod('a', 'Running'), pod('b', 'Running'), pod('c', 'Pending'))),
    ...log('a'),
    ...log('b'),
  });
  expect(await logs(it.context, ['orders', '--since', '2m'])).toBe(0);
  expect(it.stdout()).toBe('[a] from a\n[b] from b\n');
  const asked = it.server.asked;
  expect(asked[0]?.query.get('labelSelector')).toBe(
    'app.kubernetes.io/managed-by=mailmill,mailmill.io/pipeline=orders',
  );
  expect(Object.fromEntries(asked[1]!.query)).toMatchObject({
    container: 'worker',
    follow: 'false',
    sinceSeconds: '120',
  });
  expect(await logs(it.context, ['orders', '--since', 'soon'])).toBeUndefined();
});

describe('a verb that needs the store', () => {
  const jobs = '/apis/batch/v1/namespaces/shop/jobs';
  /** A cluster whose Job runs and ends with this exit code. */
  const running = (exitCode: number, state: object = { terminated: { exitCode } }): Routes => ({
    [`GET ${ours}/emailpipelines/orders`]: ({ json }) => json(200, orders),
    'GET /apis/apps/v1/namespaces/shop/deployments/orders': ({ json }) => json(200, deployment),
    [`POST ${jobs}`]: ({ json, asked: { body } }) => {
      const job = JSON.parse(body);
      json(201, { ...job, metadata: { ...job.metadata, uid: 'u', resourceVersion: '1' } });
    },
    'GET /api/v1/namespaces/shop/pods': ({ json }) =>
      json(200, items({ metadata: meta('pod'), status: { containerStatuses: [{ name: 'worker', state }] } })),
    'GET /api/v1/namespaces/shop/pods/pod/log': ({ bytes, end }) => {
      bytes('one dead letter\n');
      end();
    },
  });
  const withDelete = (routes: Routes): Routes =>
    new Proxy(routes, {
      get: (target, key) =>
        String(key).startsWith(`DELETE ${jobs}/`)
          ? ({ json }: Parameters<Routes[string]>[0]) => json(200, { kind: 'Status', status: 'Success' })
          : Reflect.get(target, key),
    });
  const posted = (it: Awaited<ReturnType<typeof plugin>>) =>
    JSON.parse(it.server.asked.find(({ method }) => method === 'POST')!.body);

  test('runs as a Job with the store alone, shows its log, deletes it and ends as it did', async () => {
    const it = await plugin(withDelete(running(1)));
    expect(await dead(it.context, ['orders'])).toBe(1);
    expect(it.stdout()).toBe('one dead letter\n');
    const job = posted(it);
    expect(job.metadata.labels).toEqual({
      ...{
        'app.kubernetes.io/managed-by': 'kubectl-mailmill',
        'mailmill.io/pipeline': 'orders',
        'mailmill.io/tool': 'dead',
      },
    });
    expect(job.metadata.ownerReferences).toBeUndefined();
    expect(job.spec).toMatchObject({ backoffLimit: 0, ttlSecondsAfterFinished: 300 });
    const { metadata, spec } = job.spec.template;
    expect(metadata.labels).toMatchObject({ 'mailmill.io/role': 'tool', 'app.kubernetes.io/managed-by': 'mailmill' });
    expect(spec.volumes).toEqual([{ name: 'tmp', emptyDir: {} }]);
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      restartPolicy: 'Never',
      securityContext: { runAsNonRoot: true },
    });
    expect(spec.containers).toEqual([
      {
        ...{ name: 'worker', image: 'mailmill:1', args: ['dead', 'list', 'orders', '--namespace', 'shop'] },
        env: [{ name: 'MAILMILL_STORE_URI', valueFrom: { secretKeyRef: { name: 'shop-db', key: 'uri' } } }],
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
        volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
      },
    ]);
    expect(it.asked().at(-1)).toBe(`DELETE ${jobs}/${job.metadata.name}`);
    expect(JSON.parse(it.server.asked.at(-1)!.body).preconditions).toEqual({ uid: 'u' });
  });

  test('has what a worker has when it needs the mailbox', async () => {
    const it = await plugin(withDelete(running(0)));
    expect(await trace(it.context, ['orders', '--message-id', 'a@b'])).toBe(0);
    const [container] = posted(it).spec.template.spec.containers;
    expect(container.args).toEqual(['trace', '--revision', '/etc/mailmill/revision.json', '--message-id', 'a@b']);
    expect(container.env).toEqual([{ name: 'MAILMILL_SECRETS', value: '/var/run/mailmill/secrets' }]);
    expect(container.volumeMounts).toHaveLength(3);
    expect([container.ports, container.livenessProbe]).toEqual([undefined, undefined]);
  });

  test('deletes the Job also when its pod does not start, and says why', async () => {
    const waiting = { waiting: { reason: 'ImagePullBackOff', message: 'no such image' } };
    const it = await plugin(withDelete(running(0, waiting)));
    await expect(reconcile(it.context, ['orders'])).rejects.toMatchObject({
      ...{ code: 'KUBERNETES_JOB_FAILED', message: expect.stringContaining('ImagePullBackOff: no such image') },
    });
    expect(it.asked().at(-1)).toMatch(/^DELETE /);
  });

  test('is refused without a workload, and where mail would stand in a log', async () => {
    const it = await plugin({ [`GET ${ours}/emailpipelines/orders`]: ({ json }) => json(200, orders) });
    await expect(dead(it.context, ['orders'])).rejects.toMatchObject({ code: 'WORKLOAD_MISSING' });
    expect(await dead(it.context, ['orders', 'show', 'id', '--raw=-'])).toBe(2);
    for (const args of [[], ['orders', 'bury'], ['orders', 'constructor'], ['orders', 'show']])
      expect(await dead(it.context, args)).toBeUndefined();
    expect(it.asked().filter((line) => line.startsWith('POST'))).toEqual([]);
  });
});

test('the options of every verb may stand anywhere', () => {
  expect(common(['status', '-n', 'shop', 'x'])).toEqual({ rest: ['status', 'x'], namespace: 'shop' });
  expect(common(['--namespace=a', 'logs', '--kubeconfig', 'f'])).toEqual({
    rest: ['logs'],
    namespace: 'a',
    kubeconfig: 'f',
  });
  expect(common(['status', '-n'])).toBeUndefined();
});

test('under the name kubectl-mailmill the program is the plugin', () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-plugin-'));
  ends.push(async () => fs.rmSync(directory, { recursive: true, force: true }));
  const link = path.join(directory, 'kubectl-mailmill');
  fs.symlinkSync(new URL('../../../src/mailmill.mjs', import.meta.url).pathname, link);
  expect(execFileSync(process.execPath, [link, 'help'], { encoding: 'utf8' })).toMatch(/^usage: kubectl mailmill VERB/);
});
