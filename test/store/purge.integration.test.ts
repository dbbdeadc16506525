import { afterAll, beforeAll, expect, test } from 'vitest';
import { accountId, pipelineId } from '../../src/store/names.ts';
import { countPurge, type PurgeTarget, purge } from '../../src/store/purge.ts';
import { registerSink } from '../../src/store/refeed.ts';
import { rememberRevision } from '../../src/store/revisions.ts';
import { tryAcquireRunLease } from '../../src/store/run-lease.ts';
import { beginRun } from '../../src/store/runs.ts';
import { recordStall } from '../../src/store/stalls.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { openStore, type Store, sight } from './fixture.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

const byPipeline: PurgeTarget = { kind: 'pipeline', namespace: 'ns', name: 'mail' };
const bySource: PurgeTarget = { kind: 'source', namespace: 'ns', name: 'inbox' };

/** Rows by table that carry one of these ids in a column of this name; partitions count with their parent. */
async function rowsOf(
  store: Store,
  column: string,
  ids: readonly (bigint | string)[],
): Promise<Record<string, number>> {
  const tables = await store.database.query<{ name: string }>(
    `SELECT c.table_name AS name FROM information_schema.columns c JOIN pg_class k ON k.oid = to_regclass('mailmill.' || c.table_name)
      WHERE c.table_schema = 'mailmill' AND c.column_name = $1 AND NOT k.relispartition ORDER BY 1`,
    [column],
  );
  const counts: Record<string, number> = {};
  for (const { name } of tables) {
    const sql = `SELECT count(*)::int AS n FROM mailmill.${name} WHERE ${column}::text = ANY($1)`;
    const [row] = await store.database.query<{ n: number }>(sql, [ids.map(String)]);
    counts[name] = row!.n;
  }
  return counts;
}

/** Two pipelines on two accounts of one source, and one on another source; every table has rows of each. */
async function filled() {
  const store = await openStore(postgres);
  const { database } = store;
  const lease = await store.lease();
  const mail = [sight(1, 'a', 'object-a'), sight(2, 'b')];
  await store.commit(lease, 'INBOX', 7n, mail);
  await store.commit(lease, 'INBOX', 8n, [sight(1, 'c')]); // the old epoch retires: orphans
  const other = await store.other();
  await store.commit(other, 'INBOX', 8n, [sight(1, 'c')]);
  const elsewhere = await accountId(database, 'ns', 'elsewhere', 'bob');
  for (const account of [store.account, elsewhere])
    for (const sql of [
      'INSERT INTO mailmill.slot (account_id, n) VALUES ($1, 1)',
      'INSERT INTO mailmill.account_usage (account_id, day, bytes, messages) VALUES ($1, now()::date, 1, 1)',
      'INSERT INTO mailmill.slot_request (account_id, holder, worker_id, readiness) VALUES ($1, gen_random_uuid(), gen_random_uuid(), false)',
      "WITH f AS (INSERT INTO mailmill.folder (account_id, name) VALUES ($1, 'files') RETURNING id) INSERT INTO mailmill.file_uid SELECT id, 'k', 1 FROM f",
      `INSERT INTO mailmill.credential (namespace, source, account, secret_hash) SELECT namespace, source, name, '' FROM mailmill.account WHERE id = $1`,
      "INSERT INTO mailmill.object VALUES ($1, 'more', gen_random_uuid())",
      `WITH e AS (INSERT INTO mailmill.epoch (folder_id, uidvalidity) SELECT id, 9 FROM mailmill.folder WHERE account_id = $1 AND name = 'files' RETURNING id, folder_id),
            k AS (INSERT INTO mailmill.kept_folder (folder_id, epoch_id) SELECT folder_id, id FROM e),
            b AS (INSERT INTO mailmill.kept_bytes SELECT folder_id, 1, '' FROM e),
            c AS (INSERT INTO mailmill.kept_change (folder_id, position, kind, message_id, kept_epoch_id, kept_uid, uid, flags, noticed_at)
                  SELECT folder_id, 1, 'expunge', gen_random_uuid(), id, 1, 1, '', now() FROM e)
       INSERT INTO mailmill.kept_message (folder_id, uid, key, raw_sha256, size, received_at) SELECT folder_id, 1, '', '', 0, now() FROM e`,
      `WITH a AS (INSERT INTO mailmill.archive (namespace, source) SELECT namespace, source FROM mailmill.account WHERE id = $1 RETURNING id),
            s AS (INSERT INTO mailmill.archive_segment (archive_id, name, state) SELECT id, 'one', 'Sealed' FROM a RETURNING id, archive_id),
            b AS (INSERT INTO mailmill.archive_bytes (archive_id, name, bytes) SELECT archive_id, 'one', '' FROM s)
       INSERT INTO mailmill.archive_frame (archive_id, segment_id, position, length, raw_sha256) SELECT archive_id, id, 0, 0, '' FROM s`,
    ])
      await database.query(sql, [account]);
  for (const held of [lease, other]) {
    await registerSink(database, held, 'warehouse');
    await beginRun(database, held.pipelineId, { name: 'run', specHash: '', revision: 'r1' });
    await rememberRevision(database, held.pipelineId, { hash: 'r1' });
    await database.query('INSERT INTO mailmill.run_lease (pipeline_id) VALUES ($1)', [held.pipelineId]);
    await database.query(
      `INSERT INTO mailmill.run_cursor (pipeline_id, run, spec_hash, epoch_id) SELECT pipeline_id, 'run', '', epoch_id FROM mailmill.cursor WHERE pipeline_id = $1`,
      [held.pipelineId],
    );
    await database.query(
      `WITH r AS (INSERT INTO mailmill.reconcile (pipeline_id, name, revision, started_at, finished_at, found) VALUES ($1, 'by-hand', 'r1', now(), now(), '{}') RETURNING *)
       INSERT INTO mailmill.reconcile_folder (pipeline_id, name, account_id, folder, counts, missing_uids)
       SELECT r.pipeline_id, r.name, a.id, 'INBOX', '{}', '{}' FROM r, unnest($2::bigint[]) a (id)`,
      [held.pipelineId, [store.account, elsewhere]],
    );
    await recordStall(database, held.pipelineId, 'r1', 'CODE', 'why');
    await database.query(
      `INSERT INTO mailmill.lease_candidate (pipeline_id, worker_id, polled_at) SELECT $1, id, now() FROM mailmill.worker LIMIT 1`,
      [held.pipelineId],
    );
    await database.query(
      `WITH c AS (INSERT INTO mailmill.change_cursor (pipeline_id, epoch_id, round) SELECT pipeline_id, epoch_id, 1 FROM mailmill.cursor WHERE pipeline_id = $1 RETURNING pipeline_id, epoch_id)
       INSERT INTO mailmill.change_state (pipeline_id, epoch_id, uid, message_id, flags) SELECT pipeline_id, epoch_id, 1, gen_random_uuid(), '' FROM c`,
      [held.pipelineId],
    );
    await database.query(
      `INSERT INTO mailmill.delivery (pipeline_id, sink, document_id, edition, status)
       SELECT pipeline_id, 'warehouse', message_id, 1, 'Acknowledged' FROM mailmill.message WHERE pipeline_id = $1`,
      [held.pipelineId],
    );
    await database.query(
      `INSERT INTO mailmill.outbox (pipeline_id, sink, document_id, edition, bytes)
       SELECT pipeline_id, 'hook', message_id, 1, 0 FROM mailmill.message WHERE pipeline_id = $1`,
      [held.pipelineId],
    );
    await database.query(
      `INSERT INTO mailmill.outbox_payload (pipeline_id, document_id, edition, source, account, folder, received_at, size)
       SELECT pipeline_id, message_id, 1, 'inbox', 'ann', 'INBOX', now(), 0 FROM mailmill.message WHERE pipeline_id = $1`,
      [held.pipelineId],
    );
    await database.query(
      `INSERT INTO mailmill.dead_letter (pipeline_id, message_id, edition, epoch_id, uid, revision, code, detail, size)
       SELECT pipeline_id, message_id, 1, epoch_id, uid, 'r1', 'CODE', 'why', 1 FROM mailmill.message WHERE pipeline_id = $1`,
      [held.pipelineId],
    );
  }
  const epochs = await database.query<{ id: string }>(
    'SELECT e.id FROM mailmill.epoch e JOIN mailmill.folder f ON f.id = e.folder_id WHERE f.account_id = $1 ORDER BY e.id',
    [store.account],
  );
  return { store, lease, other, elsewhere, epochs: epochs.map(({ id }) => id) };
}

const values = (counts: Record<string, number>) => Object.values(counts);
/** The columns of this name that have no row of the test's fixture would prove nothing. */
const expectFilled = (counts: Record<string, number>) =>
  expect(Object.entries(counts).filter(([, rows]) => rows === 0)).toEqual([]);

test('refuses while a worker holds a lease, and says which', async () => {
  const { store } = await filled();
  for (const target of [byPipeline, bySource])
    await expect(purge(store.database, target)).rejects.toMatchObject({
      code: 'STORE_IN_USE',
      message: expect.stringMatching(/^worker test holds the lease of pipeline mail on source inbox.*15 s/),
    });
  expectFilled(await rowsOf(store, 'pipeline_id', [store.pipeline]));
});

test('refuses while a worker executes a run, which holds no other lease', async () => {
  const { store } = await filled();
  await store.database.query('UPDATE mailmill.lease SET worker_id = NULL');
  await tryAcquireRunLease(store.database, store.pipeline, store.worker);
  await expect(purge(store.database, byPipeline)).rejects.toMatchObject({
    code: 'STORE_IN_USE',
    message: expect.stringMatching(/^worker test executes a run of pipeline mail;/),
  });
});

test('leaves nothing of the pipeline in any table, and all of the others; then it begins from the start', async () => {
  const { store, other, epochs } = await filled();
  const { database } = store;
  expectFilled(await rowsOf(store, 'pipeline_id', [store.pipeline]));
  const before = [
    await rowsOf(store, 'pipeline_id', [other.pipelineId]),
    await rowsOf(store, 'account_id', [store.account]),
  ];
  const occurrences = async () => (await rowsOf(store, 'epoch_id', epochs)).occurrence;
  const identities = await occurrences();
  await store.expire(store.worker);
  const counted = await countPurge(database, byPipeline);
  expect(counted?.get('message')).toBe(3);
  expectFilled(await rowsOf(store, 'pipeline_id', [store.pipeline]));
  expect(await purge(database, byPipeline)).toEqual(counted);
  expect(new Set(values(await rowsOf(store, 'pipeline_id', [store.pipeline])))).toEqual(new Set([0]));
  const [lease, reconcile_folder] = [before[1]!.lease! - 1, before[1]!.reconcile_folder! - 1];
  const lost = { ...before[1]!, lease, reconcile_folder }; // its lease on the account, and what it found there
  expect([
    await rowsOf(store, 'pipeline_id', [other.pipelineId]),
    await rowsOf(store, 'account_id', [store.account]),
  ]).toEqual([before[0], lost]);
  expect(await occurrences()).toBe(identities);
  expect(await purge(database, byPipeline)).toBeUndefined();

  await database.query(`UPDATE mailmill.worker SET expires_at = clock_timestamp() + interval '1 minute'`);
  const again = await pipelineId(database, 'ns', 'mail', 86_400_000);
  const cursor = await store.select(await store.lease(again), 'INBOX', 8n);
  expect([String(cursor.finished), cursor.version]).toEqual(['{}', 0n]);
});

test('leaves nothing of a source in any table, and other sources alone', async () => {
  const { store, other, elsewhere, epochs } = await filled();
  const { database } = store;
  expectFilled(await rowsOf(store, 'epoch_id', epochs));
  const accounts = await rowsOf(store, 'account_id', [store.account]);
  expectFilled(accounts);
  expectFilled(await rowsOf(store, 'source', ['inbox']));
  const kept = await rowsOf(store, 'account_id', [elsewhere]);
  await store.expire(store.worker);
  const counted = await countPurge(database, bySource);
  expect(await purge(database, bySource)).toEqual(counted);
  for (const left of [await rowsOf(store, 'epoch_id', epochs), await rowsOf(store, 'account_id', [store.account])])
    expect(new Set(values(left))).toEqual(new Set([0]));
  expect(new Set(values(await rowsOf(store, 'source', ['inbox'])))).toEqual(new Set([0]));
  expect(await rowsOf(store, 'account_id', [elsewhere])).toEqual(kept);
  const pipelines = await rowsOf(store, 'pipeline_id', [store.pipeline, other.pipelineId]);
  // What belongs to a pipeline as such stays.
  expect(Object.keys(pipelines).filter((name) => pipelines[name] !== 0)).toEqual([
    'lease_candidate',
    'reconcile',
    'reconcile_folder', // of another source's account
    'revision',
    'run',
    'run_lease',
    'sink',
    'stall',
  ]);
});

test('a source is refused too while a worker has a connection of it', async () => {
  const { store } = await filled();
  await store.database.query('UPDATE mailmill.lease SET worker_id = NULL');
  await store.database.query('UPDATE mailmill.slot SET worker_id = $1', [store.worker]);
  await expect(purge(store.database, bySource)).rejects.toMatchObject({
    message: expect.stringContaining('worker test has a connection'),
  });
  expect(await purge(store.database, byPipeline)).toBeDefined();
});
