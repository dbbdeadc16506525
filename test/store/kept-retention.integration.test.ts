import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { openKeptFolder } from '../../src/store/kept.ts';
import { searchKept } from '../../src/store/kept-read.ts';
import { forgetFinished, keptTotals } from '../../src/store/kept-retention.ts';
import { migrate } from '../../src/store/migrate.ts';
import { pipelineId } from '../../src/store/names.ts';
import { append, kept, key } from '../support/kept.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { message } from '../support/worker.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

const day = 86_400_000;
const options = { keepMs: 7 * day, windowMs: 5 * day };

/** A folder with messages 1 to 4, of which 1 to 3 are `days` old. */
async function folderOf(days: number) {
  const database = new Database({ uri: await postgres.createDatabase(), max: 2, applicationName: 'test' });
  await migrate(database);
  const folder = await openKeptFolder(database, { namespace: 'ns', source: 'desk', account: 'smtp', folder: 'INBOX' });
  await append(
    database,
    folder,
    [1, 2, 3, 4].map((n) => kept(message(n))),
  );
  await database.query(`UPDATE mailmill.kept_message SET kept_at = kept_at - $1 * interval '1 day' WHERE uid < 4`, [
    days,
  ]);
  const cursor = async (pipeline: string, finished: string) =>
    database.query(
      `INSERT INTO mailmill.cursor (pipeline_id, epoch_id, finished, first_uid_next) VALUES ($1, $2, $3, 1)
       ON CONFLICT (pipeline_id, epoch_id) DO UPDATE SET finished = excluded.finished`,
      [await pipelineId(database, 'ns', pipeline, day), folder.epochId, finished],
    );
  const left = () => searchKept(database, folder.folderId, 1, undefined);
  return { database, folder, cursor, left };
}

test('what nobody has read stays, however old', async () => {
  const { database, folder, left } = await folderOf(100);
  expect(await forgetFinished(database, folder, options)).toBe(0);
  expect(await left()).toEqual([1, 2, 3, 4]);
});

test('what is old and finished by every pipeline goes; its bytes are no more counted', async () => {
  const { database, folder, cursor, left } = await folderOf(8);
  await cursor('one', '{[1,3),[4,5)}');
  await cursor('two', '{[2,5)}');
  expect(await forgetFinished(database, folder, options)).toBe(1);
  expect(await left()).toEqual([1, 3, 4]);
  const bytes = await database.query<{ n: string }>('SELECT sum(octet_length(zstd)) AS n FROM mailmill.kept_bytes');
  expect(await keptTotals(database, folder)).toEqual({ messages: 3, bytes: Number(bytes[0]?.n) });
  await cursor('one', '{[1,5)}');
  await cursor('two', '{[1,5)}');
  expect(await forgetFinished(database, folder, options)).toBe(2);
  expect(await left()).toEqual([4]); // not old enough
});

test('what is finished and not old enough stays', async () => {
  const { database, folder, cursor, left } = await folderOf(6);
  await cursor('one', '{[1,5)}');
  expect(await forgetFinished(database, folder, options)).toBe(0);
  expect(await left()).toEqual([1, 2, 3, 4]);
});

test('a key is known for the window, also when the bytes are gone; then it is forgotten', async () => {
  const { database, folder, cursor } = await folderOf(2);
  await cursor('one', '{[1,5)}');
  const short = { keepMs: day, windowMs: 5 * day };
  expect(await forgetFinished(database, folder, short)).toBe(3);
  const again = await append(database, folder, [kept(message(1))], { windowMs: 5 * day, inlineBytes: 2 ** 30 });
  expect(again).toMatchObject([{ state: 'Repeated', uid: 1, messageId: expect.any(String) }]);
  await database.query(`UPDATE mailmill.kept_message SET kept_at = kept_at - interval '4 days' WHERE uid < 4`);
  await forgetFinished(database, folder, short);
  expect(await database.query('SELECT uid FROM mailmill.kept_message')).toEqual([{ uid: '4' }]);
});

test('bytes that copies share go with the last of them', async () => {
  const { database, folder, cursor } = await folderOf(0);
  const content = kept(message(5)).content;
  await append(database, folder, [kept(message(5), { content }), kept(message(5), { content, key: key('b') })]);
  await database.query(`UPDATE mailmill.kept_message SET kept_at = kept_at - interval '8 days' WHERE uid >= 5`);
  const shared = () => database.query('SELECT FROM mailmill.kept_bytes WHERE uid = 5');
  await cursor('one', '{[5,6)}');
  expect(await forgetFinished(database, folder, options)).toBe(1);
  expect(await shared()).toHaveLength(1);
  await cursor('one', '{[1,7)}');
  expect(await forgetFinished(database, folder, options)).toBe(1);
  expect(await shared()).toHaveLength(0);
});
