import { expect, test } from 'vitest';
import type { SourceStatus } from '../../../src/api/worker-status.ts';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { message, type PodOptions, rowsReach, sql, type WorkerProcess } from '../../support/worker.ts';

const servers = mailToStore({ masters: { root: 'master' } });
let n = 0;

type Imap = NonNullable<PodOptions['source']['imap']>;

/** A pipeline over a source with a list of accounts, as a pod has it. */
async function setUp(imap: Partial<Imap>, secrets: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const store = await servers.postgres.createDatabase(`accounts_store_${++n}`);
  const sink = await servers.postgres.createDatabase(`accounts_sink_${n}`);
  const pod = servers.pod({
    pipeline: {
      name: 'mail',
      source: { name: 'team' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse' }, table: 'emails' } }],
    },
    source: { imap: { host: servers.dovecot.host, port: servers.dovecot.port, tls: { mode: 'None' }, ...imap } },
    secrets: { ...secrets, warehouse: { uri: sink }, 'mailmill-store': { uri: store } },
  });
  return { pod, store, sink };
}

const listed = { accounts: { secretRef: { name: 'team' } } };
const users = (count: number) => {
  const made = Array.from({ length: count }, (_, i) => `team${n + 1}-${i}`);
  for (const user of made) servers.dovecot.makeFolder(user, 'INBOX');
  return made;
};
const list = (of: readonly string[], passwords: Readonly<Record<string, string>> = {}) =>
  JSON.stringify(of.map((username) => ({ username, password: passwords[username] ?? 'secret' })));

/** What a worker says of its source; it may not have begun. */
const sourceOf = async (worker: WorkerProcess): Promise<Partial<SourceStatus>> =>
  (await worker.status()).pipelines[0]?.sources?.[0] ?? {};
const connected = (worker: WorkerProcess, count: number) =>
  eventually(async () => (await sourceOf(worker)).connected === count, 30_000);

test('accounts of one Secret are read; a bad login and a bad entry stop nobody, and are told in numbers', async () => {
  const [a, b, c, bad] = users(4) as [string, string, string, string];
  for (const user of [a, b, c]) servers.dovecot.deliver(user, 'INBOX', message(`first-${user}`));
  const entries = [...JSON.parse(list([a, b, c, bad], { [bad]: 'wrong' })), { username: 'nobody' }];
  const { pod, sink, store } = await setUp(listed, { team: { accounts: JSON.stringify(entries) } });
  const worker = await pod.start();
  await rowsReach(sink, 3);
  await eventually(async () => (await sourceOf(worker)).troubles?.length === 2);
  const source = await sourceOf(worker);
  expect(source).toMatchObject({ source: 'team', accounts: 5, held: 4, connected: 3, folders: 3 });
  expect(source.troubles?.map(({ code, accounts }) => [code, accounts]).sort()).toEqual([
    ['IMAP_AUTH_REJECTED', 1],
    ['SOURCE_ACCOUNT_INVALID', 1],
  ]);
  // The log says which: an account by its number in the store, an entry by its number on the list.
  const [{ id } = {}] = await sql(store, 'SELECT id FROM mailmill.account WHERE name = $1', [bad]);
  const said = worker.output();
  expect(said).toMatch(
    new RegExp(
      `"msg":"[^"]*correct its entry on the list[^"]*"[^\n]*"code":"IMAP_AUTH_REJECTED"[^\n]*"account":${id}[,}]`,
    ),
  );
  expect(said).toMatch(/"msg":"entry 5 of the list of accounts has no password; correct it"/);
  for (const user of [a, b, c, bad, 'nobody']) expect(said).not.toContain(user);
  expect((await worker.get('/readyz')).code).toBe(200);
  const status = await worker.status();
  expect(status.pipelines[0]?.stalled).toBeUndefined();
  expect(JSON.stringify(status) + worker.output()).not.toMatch(/team\d+-\d|nobody|wrong/);
});

test('the list is read again: new accounts start, removed ones stop, and only a changed login connects again', async () => {
  const [stays, goes, changes, comes] = users(4) as [string, string, string, string];
  const { pod, store, sink } = await setUp(listed, { team: { accounts: list([stays, goes, changes]) } });
  const worker = await pod.start();
  await connected(worker, 3);
  const before = new Map([stays, goes, changes, comes].map((user) => [user, servers.dovecot.logins(user)]));
  const since = (user: string) => servers.dovecot.logins(user) - (before.get(user) ?? 0);
  await servers.dovecot.setPassword(changes, 'other');
  pod.writeSecret('team', 'accounts', list([comes, changes, stays], { [changes]: 'other' }));
  await eventually(() => since(comes) > 0 && since(changes) > 0, 30_000);
  await connected(worker, 3);
  expect((await sourceOf(worker)).accounts).toBe(3);
  for (const user of [stays, goes, changes, comes]) servers.dovecot.deliver(user, 'INBOX', message(`later-${user}`));
  await rowsReach(sink, 3);
  expect([stays, goes, changes, comes].map(since)).toEqual([0, 0, 1, 1]);
  expect(await sql(sink, 'SELECT FROM emails')).toHaveLength(3);
  // What it had is free for others.
  const left = await sql(
    store,
    `SELECT l.worker_id, s.holder FROM mailmill.account a JOIN mailmill.lease l ON l.account_id = a.id
       LEFT JOIN mailmill.slot s ON s.account_id = a.id AND s.worker_id IS NOT NULL WHERE a.name = $1`,
    [goes],
  );
  expect(left).toEqual([{ worker_id: null, holder: null }]);
});

test('a list that cannot be read leaves everything as it was, and says so', async () => {
  const [a] = users(1) as [string];
  const { pod, sink } = await setUp(listed, { team: { accounts: list([a]) } });
  const worker = await pod.start();
  await connected(worker, 1);
  pod.writeSecret('team', 'accounts', '- {username: ');
  await eventually(async () => (await sourceOf(worker)).list?.code === 'SOURCE_ACCOUNTS_INVALID', 30_000);
  servers.dovecot.deliver(a, 'INBOX', message('still'));
  await rowsReach(sink, 1);
  expect((await sourceOf(worker)).connected).toBe(1);
});

test('when every login is rejected the worker is not ready, and a person is told', async () => {
  const rejected = users(3);
  const wrong = Object.fromEntries(rejected.map((user) => [user, 'wrong']));
  const { pod } = await setUp(listed, { team: { accounts: list(rejected, wrong) } });
  const worker = await pod.start();
  await eventually(async () => (await worker.status()).pipelines[0]?.stalled !== undefined);
  expect((await worker.status()).pipelines[0]?.stalled).toMatchObject({
    code: 'IMAP_AUTH_REJECTED',
    message: expect.stringMatching(/^3 of 3 accounts: /),
  });
  expect((await worker.get('/readyz')).code).toBe(503);
  expect(await pod.start(['--check']).then(({ exited }) => exited)).toBe(78);
});

test('an administrator opens the mailboxes of a list; a run ends when all are read', async () => {
  const mailboxes = users(3);
  for (const user of mailboxes) servers.dovecot.deliver(user, 'INBOX', message(user));
  const auth = { secretRef: { name: 'admin' }, loginAs: 'AuthorizationIdentity' } as const;
  const { pod, sink } = await setUp(
    { ...listed, auth },
    {
      team: { accounts: mailboxes.map((user) => `- ${user}\n`).join('') },
      admin: { adminUsername: 'root', password: 'master' },
    },
  );
  expect(await pod.once('all')).toMatchObject({ code: 0 });
  expect(await sql(sink, 'SELECT FROM emails')).toHaveLength(3);
  expect((await pod.reconcile()).agrees).toBe(true);
});

test('a table of logins is read again too', async () => {
  const [a, b] = users(2) as [string, string];
  const database = await servers.postgres.createDatabase(`accounts_table_${n + 1}`);
  await sql(database, 'CREATE TABLE boxes (username text PRIMARY KEY, password text, note text)');
  await sql(database, `INSERT INTO boxes VALUES ($1, 'secret', 'x')`, [a]);
  const table = { secretRef: { name: 'logins' }, table: 'public.boxes' };
  const { pod, sink } = await setUp({ accounts: { table } }, { logins: { uri: database } });
  const worker = await pod.start();
  await connected(worker, 1);
  await sql(database, `INSERT INTO boxes VALUES ($1, 'secret')`, [b]);
  servers.dovecot.deliver(b, 'INBOX', message('by table'));
  await rowsReach(sink, 1);
  await sql(database, 'DROP TABLE boxes');
  await eventually(async () => (await sourceOf(worker)).list?.code === 'SOURCE_ACCOUNTS_REFUSED', 30_000);
  expect((await sourceOf(worker)).connected).toBe(2);
});
