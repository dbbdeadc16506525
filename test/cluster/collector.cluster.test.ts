import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually, throughout } from './eventually.ts';
import { imapSource, pipeline, secret } from './resources.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-collector';
let world: World;

beforeAll(async () => {
  world = await startWorld(tenant);
  const { cluster, dovecot } = world;
  await dovecot.setPassword('ann', 'password');
  await dovecot.setPassword('bob', 'password');
  await cluster.apply(
    secret(tenant, 'push-token', { token: 'first' }),
    {
      apiVersion: 'mailmill.io/v1alpha1',
      kind: 'MailboxSource',
      metadata: { name: 'inbound', namespace: tenant },
      spec: { http: { auth: { secretRef: { name: 'push-token' } } } },
    },
    pipeline(tenant, 'pushed', 'inbound', 'pushed'),
    secret(tenant, 'ann-login', { username: 'ann', password: 'password' }),
    kept(imapSource(tenant, 'ann', dovecot)),
    pipeline(tenant, 'archived', 'ann', 'archived'),
    secret(tenant, 'team-list', { accounts: list('ann') }),
    team(imapSource(tenant, 'team', dovecot)),
    pipeline(tenant, 'many', 'team', 'many'),
  );
});

afterAll(() => world?.close());

type Source = ReturnType<typeof imapSource>;
const kept = (source: Source) => ({ ...source, spec: { ...source.spec, archive: { postgres: {} } } });
/** The same server, with the accounts of a list. */
const team = (source: Source) => {
  const { auth: _, ...imap } = source.spec.imap;
  return { ...source, spec: { imap: { ...imap, accounts: { secretRef: { name: 'team-list' } } } } };
};
const list = (...users: readonly string[]) =>
  users.map((username) => `- {username: ${username}, password: password}\n`).join('');

const isTrue = (what: string, type: string, seconds = 120) =>
  eventually(
    `${what} is ${type}`,
    async () => expect(await world.condition(what, type)).toMatchObject({ status: 'True' }),
    { seconds },
  );
const subjects = async (table: string) =>
  (await world.count(table)) === 0
    ? []
    : (await world.query(`SELECT subject FROM ${table} ORDER BY subject`)).map(({ subject }) => subject);
const arrives = (table: string, wanted: readonly string[], seconds = 60) =>
  eventually(`${wanted} in ${table}`, async () => expect(await subjects(table)).toEqual(wanted), { seconds });
const deliver = (user: string, subject: string) =>
  world.dovecot.deliver(user, 'INBOX', `From: a@example.org\r\nSubject: ${subject}\r\n\r\nhello ${subject}\r\n`);

async function push(token: string, subject: string): Promise<number> {
  const { spec } = await world.cluster.get(tenant, 'service/inbound');
  const answer = await fetch(`http://${spec.clusterIP}:${spec.ports[0].port}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'message/rfc822' },
    body: `From: a@example.org\r\nSubject: ${subject}\r\n\r\nhello\r\n`,
    signal: AbortSignal.timeout(10_000),
  });
  await answer.arrayBuffer();
  return answer.status;
}

test('mail that is pushed to the Service of a source becomes rows', async () => {
  await isTrue('mailboxsource/inbound', 'Ready');
  await isTrue('mailboxsource/inbound', 'Listening');
  expect(await push('wrong', 'refused')).toBe(401);
  expect(await push('first', 'pushed 1')).toBe(202);
  await world.ready('pushed', 120);
  await arrives('pushed', ['pushed 1']);
});

test('another token is taken without a restart', async () => {
  const uids = async () =>
    (await world.cluster.list(tenant, 'pods', 'mailmill.io/role=collector')).map(({ metadata }) => metadata.uid).sort();
  const before = await uids();
  expect(before).toHaveLength(2);
  await world.cluster.apply(secret(tenant, 'push-token', { token: 'second' }));
  // The kubelet brings the file up to date within a minute or so.
  await eventually('the second token', async () => expect(await push('second', 'pushed 2')).toBe(202), {
    seconds: 180,
    everyMs: 2_000,
  });
  await arrives('pushed', ['pushed 1', 'pushed 2']);
  expect(await uids()).toEqual(before);
});

test('a source with an archive is read once, and its pipelines read the archive', async () => {
  deliver('ann', 'kept 1');
  for (const type of ['Ready', 'Connected', 'Flowing']) await isTrue('mailboxsource/ann', type);
  await world.ready('archived', 120);
  await arrives('archived', ['kept 1']);
  deliver('ann', 'kept 2');
  await arrives('archived', ['kept 1', 'kept 2']);
});

test('an account that is added to a list is read, and no pod is replaced', async () => {
  await world.ready('many', 120);
  await arrives('many', ['kept 1', 'kept 2']);
  const before = await world.workers('many');
  deliver('bob', 'of bob');
  await world.cluster.apply(secret(tenant, 'team-list', { accounts: list('ann', 'bob') }));
  await arrives('many', ['kept 1', 'kept 2', 'of bob'], 180);
  await throughout(3, async () => expect(await world.workers('many')).toEqual(before));
});
