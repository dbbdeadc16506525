import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { openKeptFolder } from '../../src/store/kept.ts';
import { appendKept } from '../../src/store/kept-append.ts';
import { keptContents, searchKept } from '../../src/store/kept-read.ts';
import { migrate } from '../../src/store/migrate.ts';
import { purge } from '../../src/store/purge.ts';
import { append, kept, key, noLimits } from '../support/kept.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { message } from '../support/worker.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

const place = { namespace: 'ns', source: 'desk', account: 'smtp', folder: 'INBOX' };

async function open() {
  const database = new Database({ uri: await postgres.createDatabase(), max: 4, applicationName: 'test' });
  await migrate(database);
  return { database, folder: await openKeptFolder(database, place) };
}

const counters = (database: Database) =>
  database.query('SELECT next_uid::int, messages::int, inline_bytes::int FROM mailmill.kept_folder');

describe('positions', () => {
  test('are given in order, and the folder is the same at every opening', async () => {
    const { database, folder } = await open();
    expect(await openKeptFolder(database, place)).toEqual(folder);
    const first = await append(database, folder, [kept(message(1)), kept(message(2))]);
    const second = await append(database, folder, [kept(message(3))]);
    expect([...first, ...second].map((each) => each.state !== 'Full' && each.uid)).toEqual([1, 2, 3]);
    expect(await searchKept(database, folder.folderId, 2, undefined)).toEqual([2, 3]);
  });

  test('wait for the transaction before: a reader never sees one while a smaller one can still appear', async () => {
    const { database, folder } = await open();
    const [inside, leave] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = database.transaction(async (client) => {
      await appendKept(client, folder, [kept(message(1))], noLimits);
      inside.resolve();
      await leave.promise;
    });
    await inside.promise;
    let done = false;
    const fast = append(database, folder, [kept(message(2))]).then((result) => {
      done = true;
      return result;
    });
    // The second one waits in the database for the lock of the first.
    for (let waits = 0; waits === 0; )
      waits = (await database.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length;
    expect(done).toBe(false);
    expect(await searchKept(database, folder.folderId, 1, undefined)).toEqual([]);
    leave.resolve();
    await slow;
    expect(await fast).toMatchObject([{ state: 'Kept', uid: 2 }]);
  });

  test('of a transaction that failed are given again', async () => {
    const { database, folder } = await open();
    const failed = database.transaction(async (client) => {
      await appendKept(client, folder, [kept(message(1))], noLimits);
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    expect(await append(database, folder, [kept(message(2))])).toMatchObject([{ uid: 1 }]);
    expect(await counters(database)).toMatchObject([{ next_uid: 2, messages: 1 }]);
  });
});

describe('a repeat', () => {
  test('within the window has the position and identity of the first; within one call as well', async () => {
    const { database, folder } = await open();
    const [first] = await append(database, folder, [kept(message(1))]);
    const repeated = await append(database, folder, [kept(message(1)), kept(message(2)), kept(message(2))]);
    expect(first).toMatchObject({ state: 'Kept', uid: 1, messageId: expect.stringMatching(/^[0-9a-f-]{36}$/) });
    expect(repeated).toMatchObject([
      { ...first, state: 'Repeated', sameBytes: true },
      { state: 'Kept', uid: 2 },
      { state: 'Repeated', uid: 2 },
    ]);
    expect(await counters(database)).toMatchObject([{ messages: 2 }]);
  });

  test('with other bytes is told', async () => {
    const { database, folder } = await open();
    await append(database, folder, [kept(message(1), { key: key('k') })]);
    const again = await append(database, folder, [kept(message(2), { key: key('k') })]);
    expect(again).toMatchObject([{ state: 'Repeated', uid: 1, sameBytes: false }]);
  });

  test('after the window is another message', async () => {
    const { database, folder } = await open();
    await append(database, folder, [kept(message(1))]);
    await database.query(`UPDATE mailmill.kept_message SET kept_at = kept_at - interval '2 hours'`);
    expect(await append(database, folder, [kept(message(1))])).toMatchObject([{ state: 'Kept', uid: 2 }]);
  });
});

test('copies share their bytes, each with its own prefix; what is over the limit is refused and nothing of it kept', async () => {
  const { database, folder } = await open();
  const content = kept(message(1)).content;
  const copy = (to: string) =>
    kept(message(1), { key: key(to), prefix: Buffer.from(`Delivered-To: ${to}\r\n`), content });
  await append(database, folder, [copy('a'), copy('b')]);
  const stored = 'zstd' in content ? content.zstd.length : 0;
  expect(await counters(database)).toMatchObject([{ messages: 2, inline_bytes: stored }]);
  const contents = await keptContents(database, folder.folderId, [1, 2]);
  expect(contents.map(({ prefix }) => String(prefix))).toEqual(['Delivered-To: a\r\n', 'Delivered-To: b\r\n']);
  const full = await append(database, folder, [kept(message(2))], { ...noLimits, inlineBytes: stored + 10 });
  expect(full).toEqual([{ state: 'Full' }]);
  expect(await counters(database)).toMatchObject([{ next_uid: 3, messages: 2, inline_bytes: stored }]);
});

test('purge of the source erases it all, and the folder that comes after is another', async () => {
  const { database, folder } = await open();
  await append(database, folder, [kept(message(1))]);
  await database.query(`UPDATE mailmill.epoch SET uidvalidity = uidvalidity - 10`); // made a while ago
  const counts = await purge(database, { kind: 'source', namespace: 'ns', name: 'desk' });
  expect(Object.fromEntries(counts ?? [])).toMatchObject({ kept_message: 1, kept_bytes: 1, kept_folder: 1 });
  await expect(append(database, folder, [kept(message(1))])).rejects.toMatchObject({ code: 'STORE_KEPT_GONE' });
  const again = await openKeptFolder(database, place);
  expect(again.epoch).not.toBe(folder.epoch - 10n);
  expect(await append(database, again, [kept(message(1))])).toMatchObject([{ state: 'Kept', uid: 1 }]);
});
