import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Cyrus, startCyrus } from '../../support/cyrus.ts';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { message, type PodFiles, rowCount, sql } from '../../support/worker.ts';
import { changesWorld } from './changes-world.ts';

// Each run of a worker is a process of its own.
vi.setConfig({ testTimeout: 300_000 });

const servers = mailToStore();
const { closing } = servers;
let cyrus: Cyrus;
let runs = 0;

beforeAll(async () => {
  cyrus = await startCyrus();
});
afterAll(async () => {
  await cyrus?.stop();
});

const run = async (pod: PodFiles, env: Readonly<Record<string, string>> = {}) => {
  const { code, output } = await pod.once(`run${++runs}`, env);
  expect(code, output).toBe(0);
};

const world = (user: string, more: object = {}) => {
  const { dovecot, postgres } = servers;
  for (const n of [1, 2, 3]) dovecot.deliver(user, 'INBOX', message(n));
  return changesWorld({ postgres, server: dovecot, user, changes: ['flags', 'expunge'], ...more }, closing);
};

test('a pipeline that reads the archive is told what one is told that reads the mailbox, once each', async () => {
  const it = await world('kept1');
  const archived = it.archived();
  for (const pod of [it.collector, archived, it.direct]) await run(pod);
  expect([await it.told('archived'), await it.told('direct')]).toEqual([[], []]);

  await it.client.mailboxOpen('INBOX');
  await it.client.messageFlagsAdd('1', ['\\Seen', 'todo'], { uid: true });
  await it.client.messageDelete('2', { uid: true });
  for (const pod of [it.collector, archived, it.direct]) await run(pod);
  // While nothing reads the archive, its collector goes on noticing.
  for (const flag of ['\\Answered', '\\Flagged']) {
    await it.client.messageFlagsAdd('1', [flag], { uid: true });
    await run(it.collector);
    await run(it.direct);
  }
  await it.client.messageDelete('3', { uid: true });
  for (const pod of [it.direct, it.collector]) await run(pod);

  const expected = await it.told('direct');
  expect(expected.map(({ change, uid, flags }) => [change, uid, flags])).toEqual([
    ['flags', 1, ['\\Seen', 'todo']],
    ['flags', 1, ['\\Answered', '\\Seen', 'todo']],
    ['flags', 1, ['\\Answered', '\\Flagged', '\\Seen', 'todo']],
    ['expunge', 2, []],
    ['expunge', 3, []],
  ]);
  await run(archived);
  await run(archived);
  expect(await it.told('archived')).toEqual(expected);
});

test('one that begins later is told everything, and neither a replay nor a full load tells anything again', async () => {
  const it = await world('kept2');
  await run(it.collector);
  await it.client.mailboxOpen('INBOX');
  await it.client.messageFlagsAdd('1', ['\\Seen'], { uid: true });
  await it.client.messageDelete('2', { uid: true });
  await run(it.collector);
  const late = it.archived('late');
  await run(late);
  expect((await it.told('late')).map(({ change, uid }) => [change, uid])).toEqual([
    ['flags', 1],
    ['expunge', 2],
  ]);
  expect(await rowCount(it.sink, 'late')).toMatchObject({ rows: 3 });
  const rows = () => sql(it.sink, 'SELECT ctid::text, * FROM late_changes ORDER BY 1');
  const before = await rows();
  for (const spec of [{ replay: { since: '2020-01-01' } }, { load: 'Full' }]) {
    const args = ['--once', '--run', `again${++runs}`, '--spec-hash', 'h', '--spec', JSON.stringify(spec)];
    const again = await late.start(args);
    expect(await again.exited, again.output()).toBe(0);
  }
  expect(await sql(it.sink, 'SELECT max(_mailmill_edition) AS edition FROM late')).toEqual([{ edition: 3 }]);
  await run(late);
  expect(await rows()).toEqual(before);
});

test('what happens before the collector’s first look is told too: the archive knows how a message was', async () => {
  const it = await world('kept3', { changes: ['flags', 'expunge'] });
  await run(it.collector);
  // As after a crash behind the commit of the messages.
  await sql(it.store, 'DELETE FROM mailmill.change_state');
  await sql(it.store, 'DELETE FROM mailmill.change_cursor');
  await it.client.mailboxOpen('INBOX');
  await it.client.messageFlagsAdd('1', ['\\Seen'], { uid: true });
  await it.client.messageDelete('3', { uid: true });
  await run(it.collector);
  await run(it.archived());
  expect((await it.told('archived')).map(({ change, uid }) => [change, uid])).toEqual([
    ['flags', 1],
    ['expunge', 3],
  ]);
});

test.each(['in-kept-changes', 'after-kept-changes'])(
  'the collector, killed at %s, keeps each change once',
  async (place) => {
    const it = await world(`kill-${place}`);
    const archived = it.archived();
    for (const pod of [it.collector, archived]) await run(pod);
    await it.client.mailboxOpen('INBOX');
    await it.client.messageFlagsAdd('1', ['\\Seen'], { uid: true });
    expect((await it.collector.once('killed', { MAILMILL_FAILPOINT: place })).code).toBe('SIGKILL');
    await sql(it.store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);
    for (const pod of [it.collector, archived, archived]) await run(pod);
    expect(await it.told('archived')).toMatchObject([{ change: 'flags', uid: 1, flags: ['\\Seen'] }]);
    expect(await sql(it.store, 'SELECT count(*)::int AS n FROM mailmill.kept_change')).toEqual([{ n: 1 }]);
  },
);

test.each(['after-change-sinks', 'after-change-commit'])(
  'a pipeline, killed at %s, is told each change once',
  async (place) => {
    const it = await world(`kill-${place}`);
    const archived = it.archived();
    for (const pod of [it.collector, archived]) await run(pod);
    await it.client.mailboxOpen('INBOX');
    await it.client.messageFlagsAdd('1', ['\\Seen'], { uid: true });
    await it.client.messageDelete('2', { uid: true });
    await run(it.collector);
    expect((await archived.once('killed', { MAILMILL_FAILPOINT: place })).code).toBe('SIGKILL');
    await sql(it.store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);
    const rows = () => sql<{ id: string }>(it.sink, 'SELECT _mailmill_id AS id FROM archived_changes ORDER BY 1');
    const before = await rows();
    expect(before).toHaveLength(2);
    await run(archived);
    expect(await rows()).toEqual(before);
  },
);

test('retention lets changes go with the mail that they belong to', async () => {
  const it = await world('kept4', { retention: '1d' });
  await run(it.collector);
  await it.client.mailboxOpen('INBOX');
  await it.client.messageFlagsAdd('1', ['\\Seen'], { uid: true });
  await run(it.collector);
  await it.client.messageFlagsAdd('2', ['\\Seen'], { uid: true });
  await run(it.collector);
  await sql(it.store, `UPDATE mailmill.kept_change SET noticed_at = now() - interval '2 days' WHERE uid = 1`);
  await run(it.collector);
  expect(await sql(it.store, 'SELECT uid::int FROM mailmill.kept_change')).toEqual([{ uid: 2 }]);
});

test('moves are told from the archive of a server with object ids, streaming (Cyrus)', async () => {
  await cyrus.makeUser('kept', ['INBOX', 'Archive']);
  const it = await changesWorld({ postgres: servers.postgres, server: cyrus, user: 'kept' }, closing);
  for (const n of [1, 2]) await it.client.append('INBOX', message(n));
  const archived = it.archived();
  for (const pod of [it.collector, it.direct, archived]) {
    const worker = await pod.start();
    closing.push(async () => {
      worker.kill('SIGTERM');
      await worker.exited;
    });
  }
  const known = (count: number) =>
    eventually(async () => {
      const there = await sql(it.store, 'SELECT FROM mailmill.change_state WHERE NOT gone').catch(() => []);
      return there.length === count;
    }, 60_000);
  await known(4);
  await it.client.mailboxOpen('INBOX');
  await it.client.messageMove('1', 'Archive', { uid: true });
  await it.client.messageDelete('2', { uid: true });
  const all = (count: number) =>
    eventually(async () => {
      const told = await Promise.all(['direct', 'archived'].map((name) => it.told(name).catch(() => [])));
      return told.every(({ length }) => length === count);
    }, 60_000);
  await all(2);
  await known(2);
  // The message goes on to be told of where it is now.
  await it.client.mailboxOpen('Archive');
  await it.client.messageFlagsAdd('1', ['\\Flagged'], { uid: true });
  await all(3);
  const told = await it.told('archived');
  expect(told).toEqual(await it.told('direct'));
  expect(told).toMatchObject([
    { change: 'flags', folder: 'Archive', uid: 1, flags: ['\\Flagged'], to_folder: null },
    { change: 'move', folder: 'INBOX', uid: 1, to_folder: 'Archive' },
    { change: 'expunge', folder: 'INBOX', uid: 2, to_folder: null },
  ]);
});
