import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { ScriptedMailbox } from '../../sources/imap/scripted-mailbox.ts';
import { type Cyrus, startCyrus } from '../../support/cyrus.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { imapClient } from '../../support/imap-client.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { message, podFiles, sql } from '../../support/worker.ts';
import { FakeSink, runAccount, startContext } from '../fakes.ts';
import { fill } from '../folders/fault-world.ts';

vi.setConfig({ testTimeout: 180_000 });

let dovecot: Dovecot;
let cyrus: Cyrus;
let postgres: Postgres;
const closing: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  [dovecot, cyrus, postgres] = await Promise.all([startDovecot({ tls: false }), startCyrus(), startPostgres()]);
});
afterAll(async () => {
  await dovecot?.stop();
  await cyrus?.stop();
  await postgres?.stop();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Told {
  readonly change: string;
  readonly subject: string;
  readonly folder: string;
  readonly flags: readonly string[];
  readonly to_folder: string | null;
}

/** A pipeline with a table of changes; `told` gives its rows in the order in which they were noticed. */
async function pipeline(server: { readonly host: string; readonly port: number }, user: string, shared: boolean) {
  const { host, port } = server;
  const client = await imapClient(server, user);
  closing.push(() => client.logout());
  const store = await postgres.createDatabase();
  const sink = shared ? store : await postgres.createDatabase();
  const imap = { host, port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } } } as const;
  const table = { secretRef: { name: 'sink' }, table: 'emails', changes: ['flags', 'expunge', 'move'] } as const;
  const pod = podFiles({
    source: { imap: { ...imap, folders: { include: ['**'] }, pollInterval: '200ms' } },
    pipeline: {
      source: { name: 'inbox' },
      sinks: [{ name: 'warehouse', postgres: { ...table, changes: [...table.changes] } }],
    },
    secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store }, sink: { uri: sink } },
  });
  closing.push(() => pod.remove());
  return {
    client,
    pod,
    sink,
    store,
    told: () =>
      sql<Told & Record<string, unknown>>(
        sink,
        `SELECT c.change, e.subject, c.folder, c.flags, c.to_folder FROM emails_changes c JOIN emails e ON e._mailmill_id::text = c.message
          ORDER BY c._mailmill_committed_at, c.change, e.subject`,
      ),
  };
}

test.each([
  ['the store’s database', true],
  ['a database of its own', false],
])('flags and expunges become rows of %s, each once', async (_, shared) => {
  const user = `changes${shared ? 1 : 2}`;
  for (const n of [1, 2, 3]) dovecot.deliver(user, 'INBOX', message(n));
  const it = await pipeline(dovecot, user, shared);
  expect((await it.pod.once('one')).code).toBe(0);
  expect(await it.told()).toEqual([]);

  await it.client.mailboxOpen('INBOX');
  await it.client.messageFlagsAdd('1', ['\\Seen', 'todo'], { uid: true });
  const second = await it.pod.once('two');
  expect(second.code, second.output).toBe(0);
  expect((await it.pod.once('three')).code).toBe(0);
  const flags = { change: 'flags', subject: 'Message 1', folder: 'INBOX', flags: ['\\Seen', 'todo'], to_folder: null };
  expect(await it.told()).toEqual([flags]);

  await it.client.messageFlagsRemove('1', ['todo'], { uid: true });
  await it.client.messageDelete('2', { uid: true });
  dovecot.deliver(user, 'INBOX', message(4));
  expect((await it.pod.once('four')).code).toBe(0);
  expect((await it.pod.once('five')).code).toBe(0);
  const told = await it.told();
  expect(told.slice(1)).toEqual([
    { change: 'expunge', subject: 'Message 2', folder: 'INBOX', flags: [], to_folder: null },
    { change: 'flags', subject: 'Message 1', folder: 'INBOX', flags: ['\\Seen'], to_folder: null },
  ]);
  const modseq = await sql<{ known: boolean }>(
    it.store,
    'SELECT modseq IS NOT NULL AS known FROM mailmill.change_cursor',
  );
  expect(modseq).toEqual([{ known: true }]);
});

test('a kill between the sink and the store brings no change twice', async () => {
  for (const n of [1, 2]) dovecot.deliver('changes3', 'INBOX', message(n));
  const it = await pipeline(dovecot, 'changes3', false);
  expect((await it.pod.once('one')).code).toBe(0);
  await it.client.mailboxOpen('INBOX');
  await it.client.messageFlagsAdd('1', ['\\Flagged'], { uid: true });
  // As after a crash: the row is there, and the store knows nothing of it.
  expect((await it.pod.once('two')).code).toBe(0);
  await sql(it.store, `UPDATE mailmill.change_state SET flags = '', version = 0`);
  await sql(it.store, 'UPDATE mailmill.change_cursor SET modseq = 1');
  await it.client.messageFlagsAdd('1', ['\\Seen'], { uid: true });
  expect((await it.pod.once('three')).code).toBe(0);
  expect(await it.told()).toMatchObject([{ change: 'flags', flags: ['\\Flagged', '\\Seen'] }]);
});

test('a move is told where the server has object ids (Cyrus)', async () => {
  await cyrus.makeUser('changes', ['INBOX', 'Archive']);
  const it = await pipeline(cyrus, 'changes', true);
  for (const n of [1, 2]) await it.client.append('INBOX', message(n));
  const worker = await it.pod.start();
  closing.push(async () => {
    worker.kill('SIGTERM');
    await worker.exited;
  });
  await eventually(
    async () =>
      (await sql<{ n: number }>(it.store, 'SELECT count(*)::int AS n FROM mailmill.change_state').catch(() => []))[0]
        ?.n === 2,
    30_000,
  );
  await it.client.mailboxOpen('INBOX');
  await it.client.messageMove('1', 'Archive', { uid: true });
  await it.client.messageDelete('2', { uid: true });
  await eventually(async () => (await it.told()).length === 2, 30_000);
  expect(await it.told()).toMatchObject([
    { change: 'expunge', subject: 'Message 2', folder: 'INBOX', to_folder: null },
    { change: 'move', subject: 'Message 1', folder: 'INBOX', to_folder: 'Archive' },
  ]);
});

test('a server without CONDSTORE is compared as a whole', async () => {
  const box = await new ScriptedMailbox().start();
  closing.push(() => box[Symbol.asyncDispose]());
  fill(box, 'INBOX', 4);
  const started = await startContext(postgres, [new FakeSink('warehouse')]);
  closing.push(() => started.database.close());
  const sink = new FakeSink('changes');
  const context = { ...started.context, changes: [{ sink, kinds: new Set(['flags', 'expunge'] as const) }] };
  const stop = new AbortController();
  const { running } = await runAccount({ ...started, context }, await box.source(), stop.signal);
  closing.push(() => {
    stop.abort();
    return running;
  });
  const states = async () => started.database.query('SELECT FROM mailmill.change_state');
  await eventually(async () => (await states()).length === 4);
  box.of('INBOX').messages[0]!.flags = ['\\Seen'];
  box.expunge('INBOX', 3);
  await eventually(() => sink.rows.size === 2);
  const told = [...sink.rows.values()].map(({ document }) => [document.change, document.uid, document.flags]);
  expect(told.sort()).toEqual([
    ['expunge', 3, []],
    ['flags', 1, ['\\Seen']],
  ]);
  expect(started.codes).toEqual([]);
});
