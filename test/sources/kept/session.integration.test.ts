import { afterAll, beforeAll, expect, test } from 'vitest';
import { KeptPoller } from '../../../src/sources/kept/poller.ts';
import { type FrameReader, KeptSession } from '../../../src/sources/kept/session.ts';
import { Database } from '../../../src/store/database.ts';
import { openKeptFolder } from '../../../src/store/kept.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { append, kept, key } from '../../support/kept.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { message } from '../../support/worker.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

const account = { namespace: 'ns', source: 'desk', account: 'smtp' };
const signal = AbortSignal.timeout(60_000);

async function open(frames?: FrameReader) {
  const database = new Database({ uri: await postgres.createDatabase(), max: 2, applicationName: 'test' });
  await migrate(database);
  const folder = await openKeptFolder(database, { ...account, folder: 'INBOX' });
  await openKeptFolder(database, { ...account, folder: 'Other' });
  const session = new KeptSession({
    ...account,
    database,
    poller: new KeptPoller(database),
    selection: { include: ['INBOX'], exclude: [] },
    ...(frames && { frames }),
  });
  return { database, folder, session };
}

const fetched = async (session: KeptSession, uids: readonly number[]) => {
  const all = [];
  for await (const { uid, raw } of session.fetch(uids, signal)) all.push([uid, String(raw)]);
  return all;
};

test('shows a folder, its messages and their bytes with what was added at the door', async () => {
  const { database, folder, session } = await open();
  const prefix = Buffer.from('Return-Path: <a@example.org>\r\n');
  await append(database, folder, [kept(message(1), { prefix }), kept(message(2), { objectId: 'o2' })]);
  expect(await session.folders(signal)).toEqual([{ name: 'INBOX', messages: 2 }]);
  expect(await session.select('INBOX', signal)).toEqual({ name: 'INBOX', epoch: folder.epoch, uidNext: 3, exists: 2 });
  expect(await session.search(1, undefined, signal)).toEqual([1, 2]);
  expect(await session.search(2, 5, signal)).toEqual([2]);
  const receivedAt = new Date('2026-11-01T10:00:00Z');
  expect(await session.list([1, 2, 3], signal)).toEqual([
    { uid: 1, size: message(1).length, receivedAt },
    { uid: 2, size: message(2).length, receivedAt, objectId: 'o2' },
  ]);
  expect(await fetched(session, [1, 2, 3])).toEqual([
    [1, `${prefix}${message(1)}`],
    [2, `${message(2)}`],
  ]);
  expect(String(await session.fetchHeader(1, signal))).toMatch(/^Return-Path[\s\S]*\r\n\r\n$/);
  await expect(session.select('Nope', signal)).rejects.toMatchObject({ code: 'FOLDER_GONE' });
});

test('what cannot be read any more is gone', async () => {
  const { database, folder, session } = await open();
  await append(database, folder, [kept(message(1)), kept(message(2))]);
  await database.query('UPDATE mailmill.kept_message SET bytes_uid = NULL WHERE uid = 1');
  await session.select('INBOX', signal);
  expect(await session.search(1, undefined, signal)).toEqual([2]);
  expect(await session.list([1, 2], signal)).toHaveLength(1);
  expect(await fetched(session, [1, 2])).toHaveLength(1);
  expect(await session.fetchHeader(1, signal)).toBeUndefined();
});

test('finds a Message-ID in every folder, and says which are selected', async () => {
  const { database, folder, session } = await open();
  const other = await openKeptFolder(database, { ...account, folder: 'Other' });
  await append(database, folder, [kept(message(1), { headerId: 'm-1@example.org' })]);
  await append(database, other, [kept(message(1), { headerId: 'm-1@example.org' }), kept(message(2))]);
  const { messages } = await session.find('m-1@example.org', signal);
  expect(messages).toMatchObject([
    { folder: 'INBOX', uid: 1, selected: true, epoch: folder.epoch },
    { folder: 'Other', uid: 1, selected: false },
  ]);
});

test('waits until something came, also between the search and the wait; else until the time is over', async () => {
  const { database, folder, session } = await open();
  await session.select('INBOX', signal);
  await session.search(1, undefined, signal);
  expect(await session.wait(50, signal)).toBe('timeout');
  const waiting = session.wait(20_000, signal);
  await append(database, folder, [kept(message(1))]);
  expect(await waiting).toBe('changed');
  expect(await session.wait(20_000, signal)).toBe('changed'); // nobody has searched since
  await session.select('INBOX', signal);
  await session.search(1, undefined, signal);
  expect(await session.wait(50, signal)).toBe('timeout');
  const stop = new AbortController();
  const stopped = session.wait(20_000, stop.signal);
  stop.abort();
  expect(await stopped).toBe('timeout');
  await database.close();
  await expect(session.wait(20_000, signal)).rejects.toThrow();
});

test('takes the bytes of frames from the archive, in order', async () => {
  const asked: bigint[][] = [];
  const frames: FrameReader = {
    async *read(contents) {
      asked.push(contents.map(({ frame }) => frame!));
      for (const { uid, frame } of contents) if (frame !== 13n) yield { uid, raw: Buffer.from(`frame ${frame}`) };
    },
  };
  const { database, folder, session } = await open(frames);
  const framed = (frame: bigint) => kept(message(Number(frame)), { key: key(`f${frame}`), content: { frame } });
  await append(database, folder, [framed(11n), kept(message(1)), framed(12n), framed(13n)]);
  await session.select('INBOX', signal);
  await session.list([1, 2, 3, 4], signal);
  expect(await fetched(session, [1, 2, 3, 4])).toEqual([
    [1, 'frame 11'],
    [2, `${message(1)}`],
    [3, 'frame 12'],
  ]);
  expect(asked).toEqual([[11n], [12n, 13n]]);
});
