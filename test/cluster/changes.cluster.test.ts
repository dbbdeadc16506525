import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, throughout } from './eventually.ts';
import { imapSource, pipeline, secret } from './resources.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-changes';
let world: World;
let sent = 0;

beforeAll(async () => {
  world = await startWorld(tenant);
  const { cluster, dovecot } = world;
  await dovecot.setPassword('office', 'first-password');
  await cluster.apply(secret(tenant, 'office-login', { username: 'office', password: 'first-password' }));
  await cluster.apply(
    // One connection: the login that makes a new pod ready must be lent by the old one.
    imapSource(tenant, 'office', dovecot, { limits: { connectionsPerAccount: 1 } }),
    pipeline(tenant, 'mail', 'office', 'office'),
  );
  await world.ready('mail', 90);
});

afterAll(() => world?.close());

async function delivers(seconds: number): Promise<void> {
  const subject = `change ${++sent}`;
  world.dovecot.deliver('office', 'INBOX', `From: a@example.org\r\nSubject: ${subject}\r\n\r\nhello\r\n`);
  await eventually(
    `${subject} is a row`,
    async () => expect(await world.query('SELECT 1 AS x FROM office WHERE subject = $1', subject)).toHaveLength(1),
    { seconds, everyMs: 100 },
  );
  expect(await world.count('office')).toBe(sent);
}

const replicaSets = async () =>
  (await world.cluster.list(tenant, 'replicasets', 'mailmill.io/pipeline=mail')).map(({ metadata }) => metadata.uid);

const patch = (what: string, change: object) =>
  world.cluster.kubectl(['-n', tenant, 'patch', what, '--type=merge', '-p', JSON.stringify(change)]);

test('mail flows with a single connection', async () => {
  await delivers(20);
  await delivers(5);
});

test('a revision that needs another column says so, and completes once it is there, with one connection for both', async () => {
  const before = await world.workers('mail');
  await patch('emailpipeline/mail', { spec: { steps: [{ name: 'mark', set: { marked: 'true' } }] } });
  const sql = await eventually('Stalled says what to run', async () => {
    const stalled = await world.condition('emailpipeline/mail', 'Stalled');
    expect(stalled).toMatchObject({ status: 'True', reason: 'SinkTableMismatch' });
    const [, statement] = /run: (ALTER TABLE [^;]+)/.exec(stalled?.message ?? '') ?? [];
    expect(statement).toMatch(/ADD COLUMN "marked" boolean/);
    return statement ?? '';
  });
  await delivers(5);
  await world.query(sql);
  await eventually(
    'a worker of another revision alone is there',
    async () => {
      const workers = await world.workers('mail');
      expect(workers).toHaveLength(1);
      expect(workers[0]).toMatchObject({ ready: true });
      expect(workers[0]?.revision).not.toBe(before[0]?.revision);
    },
    { seconds: 60 },
  );
  await world.ready('mail');
  expect((await world.condition('emailpipeline/mail', 'Stalled'))?.status).toBe('False');
  await delivers(30);
  expect(await world.query('SELECT marked FROM office ORDER BY _mailmill_committed_at DESC LIMIT 1')).toEqual([
    { marked: true },
  ]);
});

test('a Secret that is only relabelled changes nothing', async () => {
  const before = await replicaSets();
  const pods = await world.workers('mail');
  await world.cluster.kubectl(['-n', tenant, 'label', 'secret/office-login', 'team=mail']);
  await patch('secret/office-login', { stringData: { note: 'not referenced by anything' } });
  await throughout(12, async () => expect(await replicaSets()).toEqual(before));
  expect(await world.workers('mail')).toEqual(pods);
});

test('within 10 s of a changed password the new ReplicaSet is there, and mail goes on', async () => {
  const before = await replicaSets();
  await world.dovecot.setPassword('office', 'second-password');
  await patch('secret/office-login', { stringData: { password: 'second-password' } });
  await eventually(
    'a new ReplicaSet',
    async () => expect((await replicaSets()).filter((uid) => !before.includes(uid))).toHaveLength(1),
    { seconds: 10 },
  );
  await world.cluster.kubectl(['-n', tenant, 'rollout', 'status', 'deployment/mail', '--timeout=90s']);
  await world.ready('mail');
  await delivers(30);
});

test('a revision that cannot log in leaves the old workers serving', async () => {
  const before = await world.workers('mail');
  await world.cluster.apply(secret(tenant, 'wrong-login', { username: 'office', password: 'not this one' }));
  await patch('mailboxsource/office', { spec: { imap: { auth: { secretRef: { name: 'wrong-login' } } } } });
  await eventually(
    'Stalled says why',
    async () => {
      const stalled = await world.condition('emailpipeline/mail', 'Stalled');
      expect(stalled?.status).toBe('True');
    },
    { seconds: 120 },
  );
  const described = await world.cluster.kubectl(['-n', tenant, 'describe', 'emailpipeline/mail']);
  expect(described).toMatch(/IMAP_AUTH_REJECTED/);
  const names = (await world.workers('mail')).map(({ name }) => name);
  for (const { name } of before) expect(names).toContain(name);
  await delivers(10);

  await patch('mailboxsource/office', { spec: { imap: { auth: { secretRef: { name: 'office-login' } } } } });
  await world.ready('mail');
  expect((await world.condition('emailpipeline/mail', 'Stalled'))?.status).not.toBe('True');
  await delivers(30);
});

test('the operator reads Secrets of its tenants only', () => {
  const reads = (world.cluster.auditLog() ?? []).filter(
    ({ user, objectRef }) =>
      user.username === 'system:serviceaccount:mailmill-system:mailmill-operator' && objectRef?.resource === 'secrets',
  );
  const allowed = reads.filter(({ responseStatus }) => (responseStatus?.code ?? 0) < 300);
  expect(
    [...new Set(allowed.map(({ objectRef }) => objectRef?.namespace))].filter((ns) => !ns?.startsWith('e2e-')),
  ).toEqual([]);
});
