import { expect, test } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { fence, record } from '../../src/store/record.ts';
import { UidSet } from '../../src/store/uid-set.ts';
import { type Store, sight } from './fixture.ts';
import { eachTestHasStore } from './store-world.ts';

let store: Store;
let database: Database;

eachTestHasStore((opened) => {
  store = opened;
  ({ database } = store);
});

test('a commit of many fates is recorded message by message', async () => {
  const held = await store.lease();
  const messages = [1, 2, 3, 4, 9_000].map((uid) => sight(uid, `m${uid}`, uid === 2 ? 'object' : undefined));
  const resolved = await store.resolve(held, 'INBOX', 1n, messages);
  const id = (uid: number) => resolved.identities.get(uid)!.messageId;
  const { cursor } = resolved;
  const base = { epochId: cursor.epochId, version: cursor.version, revision: 'r1', finished: UidSet.of([1, 9_000]) };
  await database.transaction(async (client) => {
    await fence(client, held, cursor.epochId, cursor.version);
    await record(client, held, {
      ...base,
      coverage: [{ uids: [1, 9_000], listed: 5, read: 5, vanished: 1, excluded: 2, known: 1, dropped: 1, dead: 1 }],
      sighted: messages,
      ids: new Map(messages.map(({ uid }) => [uid, id(uid)])),
      outcomes: [
        { messageId: id(1), edition: 1, uid: 1, state: 'Processed' },
        { messageId: id(2), edition: 1, uid: 2, state: 'Dropped', step: 'wanted', headerIdHash: 'ffffffffffffffff' },
        { messageId: id(3), edition: 1, uid: 3, state: 'Dead', code: 'X' },
        { messageId: id(4), edition: 1, uid: 4, state: 'Processed', headerIdHash: '7fffffffffffffff' },
      ],
      deliveries: [
        { sink: 'a', documentId: id(1), edition: 1, status: 'Acknowledged' },
        { sink: 'b', documentId: id(1), edition: 1, status: 'Dead', code: 'Y' },
        { sink: 'a', documentId: id(4), edition: 1, status: 'Acknowledged' },
      ],
      deadLetters: [
        { messageId: id(3), edition: 1, uid: 3, code: 'X', detail: 'd', size: 10, header: Buffer.from('h') },
      ],
    });
  });
  expect(
    await database.query(
      'SELECT uid, state, step, code, revision, header_id_hash AS hash FROM mailmill.message ORDER BY uid',
    ),
  ).toEqual([
    { uid: '1', state: 'Processed', step: null, code: null, revision: 'r1', hash: null },
    { uid: '2', state: 'Dropped', step: 'wanted', code: null, revision: 'r1', hash: '-1' },
    { uid: '3', state: 'Dead', step: null, code: 'X', revision: 'r1', hash: null },
    { uid: '4', state: 'Processed', step: null, code: null, revision: 'r1', hash: '9223372036854775807' },
  ]);
  expect(
    await database.query(
      'SELECT sink, document_id AS id, status, code FROM mailmill.delivery ORDER BY sink, document_id',
    ),
  ).toEqual(
    [
      { sink: 'a', id: id(1), status: 'Acknowledged', code: null },
      { sink: 'a', id: id(4), status: 'Acknowledged', code: null },
      { sink: 'b', id: id(1), status: 'Dead', code: 'Y' },
    ].toSorted((x, y) => (x.sink + x.id < y.sink + y.id ? -1 : 1)),
  );
  expect(
    await database.query(
      `SELECT uid, message_id AS id, encode(raw_sha256, 'hex') AS sha, size, received_at, object_id FROM mailmill.occurrence ORDER BY uid`,
    ),
  ).toEqual(
    messages.map((m) => ({
      uid: String(m.uid),
      id: id(m.uid),
      sha: m.rawSha256,
      size: '10',
      received_at: m.receivedAt,
      object_id: m.objectId ?? null,
    })),
  );
  expect(await database.query('SELECT chunk, uids::text FROM mailmill.reading ORDER BY chunk')).toEqual([
    { chunk: '0', uids: '{[1,5)}' },
    { chunk: '1', uids: '{[9000,9001)}' },
  ]);
  expect(
    await database.query(
      'SELECT version, uids::text, listed, vanished, excluded, known, dropped, dead FROM mailmill.coverage',
    ),
  ).toEqual([{ version: '1', uids: '[1,9001)', listed: 5, vanished: 1, excluded: 2, known: 1, dropped: 1, dead: 1 }]);
  expect(await database.query('SELECT version, finished::text FROM mailmill.cursor')).toEqual([
    { version: '1', finished: '{[1,9001)}' },
  ]);
  expect(await database.query('SELECT code, uid FROM mailmill.dead_letter')).toEqual([{ code: 'X', uid: '3' }]);
});

test('occurrences go with their epoch', async () => {
  const held = await store.lease();
  await store.commit(held, 'INBOX', 1n, [sight(1, 'a')]);
  await store.commit(held, 'Other', 1n, [sight(1, 'b')]);
  await database.query(`DELETE FROM mailmill.folder WHERE name = 'INBOX'`);
  expect(await database.query('SELECT FROM mailmill.occurrence')).toHaveLength(1);
});
