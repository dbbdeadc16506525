import type pg from 'pg';
import type { Database, LimitedQuery } from './database.ts';
import { checkLease, type Lease } from './leases.ts';
import { UidSet } from './uid-set.ts';

/** A pipeline's cursor over one epoch of a folder. */
export interface Cursor {
  readonly epochId: bigint;
  readonly folder: string;
  readonly uidvalidity: bigint;
  readonly version: bigint;
  readonly finished: UidSet;
  /** Mail received before is excluded, unless its UID is `firstUidNext` or greater. */
  readonly since: Date | undefined;
  readonly firstUidNext: number;
}

interface CursorRow {
  readonly epoch_id: string;
  readonly folder: string;
  readonly uidvalidity: string;
  readonly version: string;
  readonly finished: string;
  readonly since: Date | null;
  readonly first_uid_next: string;
}

/** Milliseconds that an epoch of millions of messages may take to retire. */
const retireMs = 15 * 60_000;

const toCursor = (row: CursorRow): Cursor => ({
  epochId: BigInt(row.epoch_id),
  folder: row.folder,
  uidvalidity: BigInt(row.uidvalidity),
  version: BigInt(row.version),
  finished: UidSet.parse(row.finished),
  since: row.since ?? undefined,
  firstUidNext: Number(row.first_uid_next),
});

const cursorQuery = `
  SELECT c.epoch_id, f.name AS folder, e.uidvalidity, c.version, c.finished::text, c.since, c.first_uid_next
    FROM mailmill.cursor c JOIN mailmill.epoch e ON e.id = c.epoch_id JOIN mailmill.folder f ON f.id = e.folder_id`;

export interface SelectedFolder {
  readonly name: string;
  readonly uidvalidity: bigint;
  readonly uidNext: number;
}

/**
 * The cursor of a selected folder; made when the folder, or its UIDVALIDITY, is seen for the first time. Then older epochs of the folder
 * are retired, and their messages wait as orphans for their next sighting.
 */
export async function openCursor(
  database: Database,
  lease: Lease,
  selected: SelectedFolder,
  since: (now: Date) => Date | undefined,
): Promise<Cursor> {
  return database.transaction(async (client) => {
    await checkLease(client, lease);
    await client.query('SELECT FROM mailmill.account WHERE id = $1 FOR NO KEY UPDATE', [lease.accountId]);
    const folder = await client.query<{ id: string }>(
      `INSERT INTO mailmill.folder (account_id, name) VALUES ($1, $2)
       ON CONFLICT (account_id, name) DO UPDATE SET name = excluded.name RETURNING id`,
      [lease.accountId, selected.name],
    );
    const folderId = folder.rows[0]!.id;
    const epoch = await client.query<{ id: string; retired_at: Date | null }>(
      `INSERT INTO mailmill.epoch (folder_id, uidvalidity) VALUES ($1, $2)
       ON CONFLICT (folder_id, uidvalidity) DO UPDATE SET uidvalidity = excluded.uidvalidity RETURNING id, retired_at`,
      [folderId, selected.uidvalidity],
    );
    const { id: epochId, retired_at } = epoch.rows[0]!;
    if (retired_at) await revive(client, lease.accountId, epochId);
    const old = await client.query<{ id: string }>(
      'SELECT id FROM mailmill.epoch WHERE folder_id = $1 AND id <> $2 AND retired_at IS NULL',
      [folderId, epochId],
    );
    await retire(
      client,
      lease.accountId,
      old.rows.map((row) => row.id),
    );
    const now = await client.query<{ now: Date }>('SELECT now()');
    const seenBefore = await client.query<{ since: Date | null }>(
      `SELECT c.since FROM mailmill.cursor c JOIN mailmill.epoch e ON e.id = c.epoch_id
        WHERE c.pipeline_id = $1 AND e.folder_id = $2 ORDER BY e.first_seen_at LIMIT 1`,
      [lease.pipelineId, folderId],
    );
    // `since` is resolved once, at the folder's first sight; a new epoch keeps it.
    const cutoff = seenBefore.rows[0] ? seenBefore.rows[0].since : (since(now.rows[0]!.now) ?? null);
    await client.query(
      `INSERT INTO mailmill.cursor (pipeline_id, epoch_id, since, first_uid_next) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
      [lease.pipelineId, epochId, cutoff, selected.uidNext],
    );
    const rows = await client.query<CursorRow>(`${cursorQuery} WHERE c.pipeline_id = $1 AND c.epoch_id = $2`, [
      lease.pipelineId,
      epochId,
    ]);
    return toCursor(rows.rows[0]!);
  });
}

/** Retires the epochs of folders that the server does not list any more, so that renamed folders do not double their mail. */
export async function retireMissingFolders(database: Database, lease: Lease, listed: readonly string[]): Promise<void> {
  const gone = await database.query<{ id: string }>(
    `SELECT e.id FROM mailmill.epoch e JOIN mailmill.folder f ON f.id = e.folder_id
      WHERE f.account_id = $1 AND e.retired_at IS NULL AND NOT f.name = ANY($2)`,
    [lease.accountId, listed],
  );
  if (gone.length === 0) return;
  await database.transaction(async (client) => {
    await checkLease(client, lease);
    await client.query('SELECT FROM mailmill.account WHERE id = $1 FOR NO KEY UPDATE', [lease.accountId]);
    await retire(
      client,
      lease.accountId,
      gone.map((row) => row.id),
    );
  });
}

async function retire(client: pg.ClientBase, accountId: bigint, epochs: readonly string[]): Promise<void> {
  if (epochs.length === 0) return;
  await client.query(`SET LOCAL statement_timeout = ${retireMs}`);
  await client.query('UPDATE mailmill.epoch SET retired_at = now() WHERE id = ANY($1) AND retired_at IS NULL', [
    epochs,
  ]);
  await orphan(client, accountId, epochs);
}

/** Lets messages wait for their next sighting that have no place left in an epoch that is alive; of all UIDs, or of some. */
export async function orphan(
  client: pg.ClientBase,
  accountId: bigint,
  epochs: readonly (bigint | string)[],
  uids?: readonly number[],
): Promise<void> {
  const insert: LimitedQuery = {
    text: `INSERT INTO mailmill.orphan (account_id, raw_sha256, message_id, epoch_id, uid)
     SELECT $1, o.raw_sha256, o.message_id, o.epoch_id, o.uid FROM mailmill.occurrence o
      WHERE o.epoch_id = ANY($2) AND ($3::bigint[] IS NULL OR o.uid = ANY($3)) AND NOT EXISTS (
        SELECT FROM mailmill.occurrence other JOIN mailmill.epoch e ON e.id = other.epoch_id
         WHERE other.message_id = o.message_id AND e.retired_at IS NULL)
     ON CONFLICT DO NOTHING`,
    values: [accountId, epochs, uids ?? null],
    query_timeout: retireMs + 10_000,
  };
  await client.query(insert);
}

async function revive(client: pg.ClientBase, accountId: bigint, epoch: string): Promise<void> {
  await client.query(`SET LOCAL statement_timeout = ${retireMs}`);
  await client.query('UPDATE mailmill.epoch SET retired_at = NULL WHERE id = $1', [epoch]);
  const claim: LimitedQuery = {
    text: `DELETE FROM mailmill.orphan WHERE account_id = $1 AND message_id IN (SELECT message_id FROM mailmill.occurrence WHERE epoch_id = $2)`,
    values: [accountId, epoch],
    query_timeout: retireMs + 10_000,
  };
  await client.query(claim);
}

/** All cursors of a pipeline over an account, retired epochs included. */
export async function cursors(database: Database, pipelineId: bigint, accountId: bigint): Promise<readonly Cursor[]> {
  const rows = await database.query<CursorRow>(
    `${cursorQuery} WHERE c.pipeline_id = $1 AND f.account_id = $2 ORDER BY c.epoch_id`,
    [pipelineId, accountId],
  );
  return rows.map(toCursor);
}

/** Version of a cursor, after any transaction that holds it has ended. */
export async function cursorVersion(
  database: Database,
  pipelineId: bigint,
  epochId: bigint,
): Promise<bigint | undefined> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ version: string }>(
      'SELECT version FROM mailmill.cursor WHERE pipeline_id = $1 AND epoch_id = $2 FOR UPDATE',
      [pipelineId, epochId],
    );
    return rows[0] && BigInt(rows[0].version);
  });
}

/** Second statement of a commit: one row, locked, while the cursor is where this worker left it; nobody retires its epoch meanwhile. */
export const cursorCheck = (pipelineId: bigint, epochId: bigint, version: bigint): string =>
  `SELECT FROM mailmill.cursor c JOIN mailmill.epoch e ON e.id = c.epoch_id
    WHERE c.pipeline_id = ${pipelineId} AND c.epoch_id = ${epochId} AND c.version = ${version} FOR UPDATE OF c FOR SHARE OF e`;

/** Notes that the server's listing of these epochs was compared with the cursor and nothing was left to do. */
export async function markChecked(database: Database, lease: Lease, epochIds: readonly bigint[]): Promise<void> {
  if (epochIds.length === 0) return;
  await database.transaction(async (client) => {
    await checkLease(client, lease);
    await client.query(
      'UPDATE mailmill.cursor SET checked_at = clock_timestamp() WHERE pipeline_id = $1 AND epoch_id = ANY($2)',
      [lease.pipelineId, epochIds],
    );
  });
}
