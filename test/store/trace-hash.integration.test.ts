import { expect, test } from 'vitest';
import { headerIdHash } from '../../src/message/header-id.ts';
import type { Database } from '../../src/store/database.ts';
import { idsByHash } from '../../src/store/trace-hash.ts';
import type { Store } from './fixture.ts';
import { eachTestHasStore } from './store-world.ts';

const pipeline = { namespace: 'ns', pipeline: 'mail' };
const id = (n: number) => `0191c2a5-3c58-8000-8000-${String(n).padStart(12, '0')}`;
let store: Store;
let database: Database;

eachTestHasStore((opened) => {
  store = opened;
  ({ database } = store);
});

/** As a commit records it; without a hash as a version does that knows none. */
async function recordOf(n: number, hash: string | undefined, of = store.pipeline, edition = 1): Promise<Date> {
  const columns = 'pipeline_id, epoch_id, revision, edition, state, message_id, uid';
  const values = [of, 1, 'r1', edition, 'Dropped', id(n), n];
  const [text, all] =
    hash === undefined
      ? [`(${columns}) VALUES ($1, $2, $3, $4, $5, $6, $7)`, values]
      : [
          `(${columns}, header_id_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, ('x' || $8)::bit(64)::bigint)`,
          [...values, hash],
        ];
  const rows = await database.query<{ at: Date }>(
    `INSERT INTO mailmill.message ${text} RETURNING recorded_at AS at`,
    all,
  );
  return rows[0]!.at;
}

test('messages are found by the hash of their Message-ID, in their pipeline alone, each once', async () => {
  const [hash, negative] = [headerIdHash('a@b'), 'fedcba9876543210'];
  const other = (await store.other()).pipelineId;
  await recordOf(1, hash);
  await recordOf(2, hash);
  await recordOf(2, hash, store.pipeline, 2);
  await recordOf(3, headerIdHash('c@d'));
  await recordOf(4, headerIdHash(''));
  await recordOf(5, negative);
  await recordOf(6, hash, other);
  expect(await idsByHash(database, pipeline, hash)).toEqual({ ids: [id(2), id(1)], unhashed: undefined });
  expect(await idsByHash(database, pipeline, negative)).toEqual({ ids: [id(5)], unhashed: undefined });
  expect(await idsByHash(database, pipeline, headerIdHash('x@y'))).toEqual({ ids: [], unhashed: undefined });
  expect(await idsByHash(database, { ...pipeline, pipeline: 'none' }, hash)).toEqual({ ids: [], unhashed: undefined });
});

test('records without a hash are counted, and of many messages with one hash the newest are told', async () => {
  const hash = headerIdHash('a@b');
  await recordOf(1, undefined);
  const until = await recordOf(2, undefined);
  for (let n = 3; n < 60; n++) await recordOf(n, hash);
  await recordOf(2, undefined, (await store.other()).pipelineId);
  const found = await idsByHash(database, pipeline, hash);
  expect(found.unhashed).toEqual({ count: 2, until });
  expect([found.ids.length, found.ids[0]]).toEqual([50, id(59)]);
});

test('a store of the version before has none', async () => {
  await database.query('ALTER TABLE mailmill.message DROP COLUMN header_id_hash');
  const until = await recordOf(1, undefined);
  const found = await idsByHash(database, pipeline, headerIdHash('a@b'));
  expect(found).toEqual({ ids: [], unhashed: { count: 1, until } });
});
