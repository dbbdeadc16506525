import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installChart, operatorNamespace } from './chart.ts';
import { eventually, throughout } from './eventually.ts';
import { imapSource, namespace, pipeline, secret } from './resources.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-operator';
const elsewhere = 'e2e-elsewhere';
let world: World;

beforeAll(async () => {
  world = await startWorld(tenant, { tenants: [], values: { 'operator.replicas': 2 } });
  const { cluster, dovecot } = world;
  await dovecot.setPassword('team', 'password');
  dovecot.deliver('team', 'INBOX', 'From: a@example.org\r\nSubject: first\r\n\r\nhello\r\n');
  await cluster.apply(
    secret(tenant, 'team-login', { username: 'team', password: 'password' }),
    imapSource(tenant, 'team', dovecot),
    pipeline(tenant, 'mail', 'team', 'team'),
  );
});

afterAll(async () => {
  await world?.cluster.kubectl(['delete', 'namespace', elsewhere, '--ignore-not-found', '--wait=false']);
  await world?.close();
});

const patch = (change: object) =>
  world.cluster.kubectl(['-n', tenant, 'patch', 'emailpipeline/mail', '--type=merge', '-p', JSON.stringify(change)]);

const leader = async () => {
  const lease = await world.cluster.get(operatorNamespace, 'lease/mailmill-operator');
  return String(lease.spec.holderIdentity ?? '');
};

const workersOf = async () => (await world.workers('mail')).map(({ name }) => name);

describe('Secrets of a namespace', () => {
  test('that was not granted are not read, and the command that is printed grants them', async () => {
    const command = await eventually('the command', async () => {
      const condition = await world.condition('emailpipeline/mail', 'CredentialsResolved');
      expect(condition).toMatchObject({ status: 'False', reason: 'SecretsForbidden' });
      const [, found] = /run: kubectl (create rolebinding .+)$/.exec(condition?.message ?? '') ?? [];
      expect(found, condition?.message).toBeDefined();
      return found ?? '';
    });
    expect(await world.workers('mail')).toEqual([]);
    await world.cluster.kubectl(command.split(' '));
    await world.ready('mail');
    await eventually('the row', async () => expect(await world.count('team')).toBe(1));
  });
});

describe('two operators', () => {
  test('the one that stands by takes over when the leader is killed, and touches nothing that runs', async () => {
    const before = await leader();
    const workers = await workersOf();
    const [pod = ''] = before.split('_');
    await world.cluster.kill(operatorNamespace, pod);
    await eventually(
      'another leader',
      async () => {
        const now = await leader();
        expect(now).not.toBe('');
        expect(now).not.toBe(before);
      },
      { seconds: 40 },
    );
    await throughout(3, async () => expect(await workersOf()).toEqual(workers));
    await patch({ spec: { steps: [{ name: 'all', filter: 'true' }] } });
    await world.ready('mail');
    expect(await workersOf()).not.toEqual(workers);
  });
});

describe('with listed namespaces', () => {
  beforeAll(async () => {
    const { cluster, dovecot } = world;
    await cluster.kubectl(['-n', tenant, 'delete', 'rolebinding', 'mailmill-secret-reader']);
    await cluster.kubectl(['delete', 'namespace', elsewhere, '--ignore-not-found', '--wait']);
    await installChart(cluster, {
      tenants: [tenant],
      values: { 'operator.replicas': 1, 'watch.namespaces': [tenant] },
    });
    await cluster.apply(namespace(elsewhere));
    await cluster.apply(imapSource(elsewhere, 'team', dovecot), pipeline(elsewhere, 'mail', 'team', 'never'));
  });

  test('the operator works with Roles alone, and there only', async () => {
    const { cluster } = world;
    const clusterWide = await cluster.kubectl(['get', 'clusterroles,clusterrolebindings', '-o', 'name']);
    expect(clusterWide).not.toMatch(/mailmill-operator|mailmill-secret-reader/);
    const workers = await workersOf();
    await patch({ spec: { steps: [{ name: 'all', filter: 'size(subject) >= 0' }] } });
    await eventually('another worker', async () => expect(await workersOf()).not.toEqual(workers), { seconds: 60 });
    await world.ready('mail');
    expect((await cluster.get(elsewhere, 'emailpipeline/mail')).status).toBeUndefined();
    expect(await cluster.list(elsewhere, 'deployments,pods')).toEqual([]);
  });

  test('nothing that it asks for is refused', async () => {
    const events = world.cluster.auditLog();
    if (events === undefined) return; // a cluster that is not ours keeps its log to itself
    const pods = await world.cluster.list(operatorNamespace, 'pods', 'app.kubernetes.io/component=operator');
    const since = Math.max(...pods.map(({ status }) => Date.parse(status.startTime)));
    const refused = events.filter(
      ({ user, responseStatus, requestReceivedTimestamp }) =>
        user.username === 'system:serviceaccount:mailmill-system:mailmill-operator' &&
        responseStatus?.code === 403 &&
        Date.parse(requestReceivedTimestamp) > since,
    );
    expect(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)).toEqual([]);
  });
});
