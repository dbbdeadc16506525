import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { RunResult } from '../../../src/api/worker-status.ts';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { message, type PodOptions, rowsReach, sql } from '../../support/worker.ts';

const servers = mailToStore();

type Imap = NonNullable<PodOptions['source']['imap']>;

/** A pipeline with one connection to each account; what is no order is a dead letter. */
async function setUp(imap: Partial<Imap>, secrets: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const store = await servers.postgres.createDatabase();
  const pod = servers.pod({
    pipeline: {
      source: { name: 'inbox' },
      steps: [{ name: 'order', set: { number: 'int(subject.extract("Message ([0-9]+)"))' } }],
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'mailmill-store' }, table: 'emails' } }],
    },
    source: {
      imap: {
        ...{
          host: servers.dovecot.host,
          port: servers.dovecot.port,
          tls: { mode: 'None' },
          folders: { include: ['INBOX', 'Archive'] },
        },
        ...{ since: '30d', pollInterval: '1s', limits: { connectionsPerAccount: 1 } },
        ...imap,
      },
    },
    secrets: { ...secrets, 'mailmill-store': { uri: store } },
  });
  /** The result as the operator reads it. */
  const reconcile = async (name: string) => {
    const worker = await pod.start(['--reconcile', name]);
    const code = await worker.exited;
    const said = fs.readFileSync(path.join(pod.dir, 'termination-log'), 'utf8');
    return { code, result: JSON.parse(said) as RunResult, output: worker.output() };
  };
  return { pod, store, reconcile };
}

const one = { auth: { secretRef: { name: 'imap' } } };

test('beside the worker that streams: every message is accounted for, and one that nobody recorded is found', async () => {
  const user = 'complete';
  const old = { internalDate: new Date('2020-01-01T00:00:00Z') };
  servers.dovecot.makeFolder(user, 'INBOX');
  for (const each of [1, 2, 3]) servers.dovecot.deliver(user, 'INBOX', message(each));
  servers.dovecot.deliver(user, 'INBOX', message('without a number'));
  servers.dovecot.deliver(user, 'Archive', message(4));
  servers.dovecot.deliver(user, 'Archive', message(5), old);
  const it = await setUp(one, { imap: { username: user, password: 'secret' } });
  const streaming = await it.pod.start();
  await rowsReach(it.store, 4);
  await eventually(async () => {
    const [dead] = await sql<{ dead: number }>(it.store, 'SELECT count(*)::int AS dead FROM mailmill.dead_letter');
    return dead?.dead === 1;
  });

  let most = 0;
  const counting = setInterval(() => {
    most = Math.max(most, servers.dovecot.connections());
  }, 10);
  const first = await it.reconcile('nightly-1');
  clearInterval(counting);
  expect(first.code, first.output).toBe(0);
  const counts = { accounts: 1, unread: 0, folders: 2, listed: 6, recorded: 5, dead: 1, excluded: 1 };
  expect(first.result).toMatchObject({
    ...{ name: 'nightly-1', state: 'Succeeded', read: 6, revision: it.pod.revision.hash },
    reconcile: { ...counts, unfinished: 0, missing: 0, gone: 0 },
  });
  // The one connection that the account may have went back and forth.
  expect(most).toBe(1);
  servers.dovecot.deliver(user, 'INBOX', message(6));
  await rowsReach(it.store, 5);

  await sql(
    it.store,
    `DELETE FROM mailmill.occurrence o USING mailmill.epoch e, mailmill.folder f
      WHERE e.id = o.epoch_id AND f.id = e.folder_id AND f.name = 'INBOX' AND o.uid = 2`,
  );
  const second = await it.reconcile('nightly-2');
  // What was found is no failure of the Job.
  expect(second.code, second.output).toBe(0);
  expect(second.result).toMatchObject({
    state: 'Succeeded',
    reconcile: { ...counts, listed: 7, recorded: 5, unfinished: 0, missing: 1 },
  });
  const folders = await sql(
    it.store,
    `SELECT name, folder, missing_uids::int[] AS uids, (counts->>'missing')::int AS missing FROM mailmill.reconcile_folder ORDER BY folder`,
  );
  expect(folders).toEqual([
    { name: 'nightly-2', folder: 'Archive', uids: [], missing: 0 },
    { name: 'nightly-2', folder: 'INBOX', uids: [2], missing: 1 },
  ]);
  expect(streaming.child.exitCode).toBeNull();
});

test('a message that another pipeline recorded, and this one has not read, is missing', async () => {
  const user = 'other';
  servers.dovecot.makeFolder(user, 'INBOX');
  for (const each of [1, 2]) servers.dovecot.deliver(user, 'INBOX', message(each));
  const it = await setUp(one, { imap: { username: user, password: 'secret' } });
  expect((await it.pod.once('all')).code).toBe(0);
  await sql(it.store, `UPDATE mailmill.reading SET uids = uids - '{[1,2)}'`);
  const { result } = await it.reconcile('nightly');
  expect(result.reconcile).toMatchObject({ listed: 2, recorded: 1, missing: 1 });
});

test('an account that cannot be read fails it, and the others are compared and kept', async () => {
  const [good, bad] = ['team-good', 'team-bad'];
  for (const user of [good, bad]) {
    servers.dovecot.makeFolder(user, 'INBOX');
    servers.dovecot.deliver(user, 'INBOX', message(1));
  }
  const list = (password: string) =>
    JSON.stringify([
      { username: good, password: 'secret' },
      { username: bad, password },
    ]);
  const accounts = { accounts: { secretRef: { name: 'team', key: 'accounts' } } };
  const it = await setUp(accounts, { team: { accounts: list('secret') } });
  expect((await it.pod.once('all')).code).toBe(0);
  it.pod.writeSecret('team', 'accounts', list('wrong'));
  const { code, result, output } = await it.reconcile('nightly');
  expect(code, output).toBe(78);
  expect(result).toMatchObject({
    ...{ state: 'Failed', family: 'Stalled', code: 'IMAP_AUTH_REJECTED' },
    reconcile: { accounts: 2, unread: 1, folders: 1, listed: 1, recorded: 1, missing: 0 },
  });
  expect(result.message).toMatch(/^1 of 2 accounts could not be read, so that nothing is known of their mail; one of/);
  for (const secret of [good, bad, 'wrong']) expect(JSON.stringify(result)).not.toContain(secret);
  const kept = await sql(it.store, 'SELECT name, code FROM mailmill.reconcile');
  expect(kept).toEqual([{ name: 'nightly', code: 'IMAP_AUTH_REJECTED' }]);
});

test('told to end while it waits for a connection, it leaves nothing behind', async () => {
  const user = 'waits';
  servers.dovecot.makeFolder(user, 'INBOX');
  servers.dovecot.deliver(user, 'INBOX', message(1));
  const it = await setUp(one, { imap: { username: user, password: 'secret' } });
  expect((await it.pod.once('all')).code).toBe(0);
  // Somebody who never lends.
  await sql(
    it.store,
    `WITH w AS (INSERT INTO mailmill.worker (id, name, expires_at) VALUES (gen_random_uuid(), 'other', now() + interval '1 hour') RETURNING id)
     UPDATE mailmill.slot SET worker_id = w.id, holder = gen_random_uuid() FROM w`,
  );
  const logins = servers.dovecot.logins(user);
  const waiting = await it.pod.start(['--reconcile', 'nightly']);
  const asks = async () => (await sql(it.store, 'SELECT FROM mailmill.slot_request')).length === 1;
  await eventually(asks, 60_000).catch((error: unknown) => {
    throw new Error(waiting.output(), { cause: error });
  });
  waiting.kill('SIGTERM');
  expect(await waiting.exited, waiting.output()).toBe(75);
  expect(servers.dovecot.logins(user)).toBe(logins);
  for (const table of ['reconcile', 'slot_request']) {
    expect(await sql(it.store, `SELECT FROM mailmill.${table}`)).toEqual([]);
  }
});
