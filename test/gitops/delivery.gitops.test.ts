import { readFileSync } from 'node:fs';
import { load, loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chart, operatorNamespace } from '../cluster/chart.ts';
import { eventually, throughout } from '../cluster/eventually.ts';
import type { KubeObject } from '../cluster/harness.ts';
import { imapSource, namespace as namespaceObject, pipeline, secret } from '../cluster/resources.ts';
import { startWorld, type World } from '../cluster/world.ts';
import { writeMaildir } from '../support/corpus.ts';
import { type ArgoCd, startArgoCd } from './argocd.ts';
import { createRepository, type Repository } from './repository.ts';

const tenant = 'mail-shop';
const application = 'mail-shop';
const folder = 'tenants/shop';
const manifest = (name: string) => readFileSync(new URL(`../../manifests/argocd/${name}`, import.meta.url), 'utf8');

let world: World;
let argocd: ArgoCd;
let repository: Repository;

/** Seconds from a commit to its effect; printed at the end. */
const timeline: { readonly what: string; readonly seconds: number }[] = [];
let committedAt = 0;
const commit = async (message: string, files: Parameters<Repository['commit']>[1]) => {
  await repository.commit(message, files);
  committedAt = Date.now();
  await argocd.refresh(application);
};
const effect = (what: string) => timeline.push({ what, seconds: (Date.now() - committedAt) / 1000 });

const mail = (subject: string) =>
  Buffer.from(`From: a@example.org\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\nhello\r\n`);
let delivered = 0;
const deliver = (): string => {
  const subject = `later-${delivered++}`;
  world.dovecot.deliver('shop', 'INBOX', mail(subject));
  return subject;
};
const arrives = (subject: string, seconds = 20) =>
  eventually(
    `a row of ${subject}`,
    async () => {
      const rows = await world.query('SELECT count(*)::int AS n FROM emails WHERE subject = $1', subject);
      expect(rows[0]?.n).toBe(1);
    },
    { seconds },
  );

const app = (name = application): Promise<KubeObject> => world.cluster.get('argocd', `application/${name}`);
const isAt = (sync: string, health: string, name = application, seconds = 90) =>
  eventually(
    `${name} is ${sync} and ${health}`,
    async () => {
      const { status } = await app(name);
      const now = { sync: status?.sync?.status, health: status?.health?.status };
      if (now.sync !== sync || now.health !== health)
        throw new Error(
          JSON.stringify({
            ...now,
            conditions: status?.conditions,
            operation: status?.operationState?.message,
            tasks: status?.operationState?.syncResult?.resources,
            resources: status?.resources,
          }),
        );
      return status;
    },
    { seconds },
  );

/** The manifests as they are in the repository, with its address and this cluster's values. */
const ours = (name: string) =>
  loadAll(manifest(name).replaceAll('https://git.example.com/platform/mail.git', repository.url)) as KubeObject[];

const orders = (more: Readonly<Record<string, unknown>> = {}) => [
  imapSource(tenant, 'shop', world.dovecot),
  pipeline(tenant, 'orders', 'shop', 'emails', {
    retention: '30d',
    steps: [{ name: 'mark', set: { size2: 'size * 2' } }],
    ...more,
  }),
];

beforeAll(async () => {
  world = await startWorld(tenant, { chart: false });
  const { cluster, dovecot } = world;
  argocd = await startArgoCd(cluster);
  repository = await createRepository(argocd.directory);
  repository.copy(chart, 'charts/mailmill');
  writeMaildir(dovecot.mailDir('shop'), ['one', 'two', 'three'].map(mail).values());
  await dovecot.adopt('shop');
  await cluster.apply(
    secret(tenant, 'shop-login', { username: 'shop', password: 'secret' }),
    namespaceObject(operatorNamespace),
    secret(operatorNamespace, 'mailmill-status-key', { key: 'a key of the tests, long enough' }),
  );
  const configMap = load(manifest('argocd-cm.yaml')) as { readonly data: object };
  await cluster.kubectl([
    ...['-n', 'argocd', 'patch', 'configmap', 'argocd-cm', '--type=merge'],
    ...['-p', JSON.stringify({ data: configMap.data })],
  ]);
  await repository.commit('The platform, and a tenant', { [`${folder}/orders.yaml`]: orders() });
  committedAt = Date.now();
  const [platform] = ours('platform.yaml');
  const values = {
    image: { ...cluster.image, pullPolicy: 'IfNotPresent' },
    statusKey: { existingSecret: 'mailmill-status-key' },
    operator: { rolloutDeadlineSeconds: 45, stallDeadlineSeconds: 45, statusPollSeconds: 2 },
    tenants: [tenant],
  };
  const source = { ...platform?.spec.source, helm: { releaseName: 'mailmill', valuesObject: values } };
  await cluster.apply(...ours('project.yaml'));
  await cluster.apply({ ...platform, spec: { ...platform?.spec, source } });
  await isAt('Synced', 'Healthy', 'mailmill', 180);
  effect('the platform is Synced and Healthy');
});

afterAll(async () => {
  for (const { what, seconds } of timeline) process.stdout.write(`${seconds.toFixed(1).padStart(7)} s  ${what}\n`);
  await argocd?.[Symbol.asyncDispose]();
  // What Argo CD has deployed stays when it goes.
  await world?.cluster.kubectl(['delete', 'namespace', operatorNamespace, '--ignore-not-found', '--wait']);
  const mine = 'app.kubernetes.io/part-of=mailmill';
  await world?.cluster.kubectl(['delete', 'clusterrole,clusterrolebinding', '-l', mine, '--ignore-not-found']);
  await world?.close();
});

test('a commit with a source and a pipeline becomes Synced, Healthy, and rows', async () => {
  committedAt = Date.now();
  await world.cluster.apply(...ours('tenants.yaml'));
  await isAt('Synced', 'Healthy', application, 120);
  effect('a new tenant is Synced and Healthy');
  await eventually('three rows', async () => expect(await world.count('emails')).toBe(3));
  effect('the mail of a new tenant is in its table');
});

test('a broken commit is Degraded with our message, and the old workload delivers', async () => {
  await commit('A step that does not compile', {
    [`${folder}/orders.yaml`]: orders({ steps: [{ name: 'mark', set: { size2: 'sise * 2' } }] }),
  });
  const status = await isAt('Synced', 'Degraded');
  effect('a broken commit is Degraded');
  const health = status.resources.find(({ kind }: KubeObject) => kind === 'EmailPipeline')?.health;
  expect(health).toMatchObject({ status: 'Degraded', message: expect.stringContaining('sise') });
  await arrives(deliver());
});

test('the fixing commit gets through', async () => {
  await commit('The step again', {
    [`${folder}/orders.yaml`]: orders({ steps: [{ name: 'mark', set: { size2: 'size * 3' } }] }),
  });
  await isAt('Synced', 'Healthy');
  effect('the fixing commit is Synced and Healthy');
  const subject = deliver();
  await arrives(subject);
  const rows = await world.query('SELECT size2 = size * 3 AS thrice FROM emails WHERE subject = $1', subject);
  expect(rows).toEqual([{ thrice: true }]);
});

test('drift is healed: of a child by the operator, of a resource by Argo CD', async () => {
  const { cluster } = world;
  const patch = (what: string, value: object) =>
    cluster.kubectl(['-n', tenant, 'patch', what, '--type=merge', '-p', JSON.stringify(value)]);
  committedAt = Date.now();
  await patch('deployment/orders', { spec: { template: { spec: { terminationGracePeriodSeconds: 7 } } } });
  await eventually('the Deployment is as before', async () => {
    const { spec } = await cluster.get(tenant, 'deployment/orders');
    expect(spec.template.spec.terminationGracePeriodSeconds).not.toBe(7);
  });
  effect('a Deployment that was edited by hand is healed');
  committedAt = Date.now();
  await patch('emailpipeline/orders', { spec: { retention: '1d' } });
  await eventually(
    'the pipeline is as in Git',
    async () => {
      const { spec } = await cluster.get(tenant, 'emailpipeline/orders');
      expect(spec.retention).toBe('30d');
    },
    { seconds: 60 },
  );
  effect('a pipeline that was edited by hand is healed');
  await isAt('Synced', 'Healthy');
});

test('nothing is OutOfSync while nothing changes', async () => {
  await isAt('Synced', 'Healthy');
  await throughout(20, async () => {
    for (const name of [application, 'mailmill']) {
      const { status } = await app(name);
      expect([name, status.sync.status, status.health.status]).toEqual([name, 'Synced', 'Healthy']);
    }
  });
});

test('what is deleted in Git is pruned, and its children go along', async () => {
  await commit('The shop closes', { [`${folder}/orders.yaml`]: [imapSource(tenant, 'shop', world.dovecot)] });
  await eventually(
    'no pipeline and no worker',
    async () => {
      const left = await world.cluster.list(tenant, 'emailpipelines,deployments,pods');
      expect(left.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([]);
    },
    { seconds: 90 },
  );
  effect('a pipeline that was deleted in Git is gone with its workers');
  expect(await world.count('emails')).toBe(3 + delivered);
});
