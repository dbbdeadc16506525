import type { ReconcileCounts, ReconcileFound, RunResult } from '../api/worker-status.ts';
import type { Database } from './database.ts';

/** One folder as it was found. */
export interface FolderFound extends ReconcileCounts {
  readonly accountId: bigint;
  readonly folder: string;
  /** The first 20. */
  readonly missingUids: readonly number[];
}

/** A comparison of the mailboxes of a pipeline with the store. */
export interface Reconciled {
  /** Of the Job, or who asked for it; another try under the same name takes the place of the one before. */
  readonly name: string;
  readonly revision: string;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  readonly found: ReconcileFound;
  readonly folders: readonly FolderFound[];
  /** Why not all of it could be read. */
  readonly error?: Required<Pick<RunResult, 'family' | 'code' | 'message'>>;
}

/** A kept comparison, and its folders with the source and account that each is of. */
export interface KeptReconcile extends Omit<Reconciled, 'folders'> {
  readonly folders: readonly (FolderFound & { readonly source: string; readonly account: string })[];
}

/** As many are kept, of the newest with its folders. */
const kept = 30;

interface Row {
  readonly name: string;
  readonly revision: string;
  readonly started_at: Date;
  readonly finished_at: Date;
  readonly found: ReconcileFound;
  readonly family: NonNullable<RunResult['family']> | null;
  readonly code: string | null;
  readonly message: string | null;
}

/** Keeps what a comparison found, in the place of the folders of the one before. */
export async function keepReconcile(database: Database, pipelineId: bigint, reconciled: Reconciled): Promise<void> {
  const { name, revision, startedAt, finishedAt, found, folders, error } = reconciled;
  const rows = folders.map(({ accountId, folder, missingUids, ...counts }) => ({
    ...{ account_id: Number(accountId), folder, missing_uids: missingUids },
    counts,
  }));
  await database.transaction(async (client) => {
    // One after the other: of two that end at once, one is the newest.
    await client.query('SELECT FROM mailmill.pipeline WHERE id = $1 FOR NO KEY UPDATE', [pipelineId]);
    await client.query('DELETE FROM mailmill.reconcile_folder WHERE pipeline_id = $1', [pipelineId]);
    await client.query(
      `INSERT INTO mailmill.reconcile (pipeline_id, name, revision, started_at, finished_at, found, family, code, message)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
       ON CONFLICT (pipeline_id, name) DO UPDATE SET revision = excluded.revision, started_at = excluded.started_at,
         finished_at = excluded.finished_at, found = excluded.found, family = excluded.family, code = excluded.code, message = excluded.message`,
      [
        ...[pipelineId, name, revision, startedAt, finishedAt, JSON.stringify(found)],
        ...[error?.family ?? null, error?.code ?? null, error?.message ?? null],
      ],
    );
    // An account that was purged meanwhile has nothing to be told of.
    await client.query(
      `INSERT INTO mailmill.reconcile_folder (pipeline_id, name, account_id, folder, counts, missing_uids)
       SELECT $1, $2, r.account_id, r.folder, r.counts, r.missing_uids
         FROM jsonb_to_recordset($3) AS r (account_id bigint, folder text, counts jsonb, missing_uids bigint[])
         JOIN mailmill.account a ON a.id = r.account_id`,
      [pipelineId, name, JSON.stringify(rows)],
    );
    await client.query(
      `DELETE FROM mailmill.reconcile WHERE pipeline_id = $1
          AND name NOT IN (SELECT name FROM mailmill.reconcile WHERE pipeline_id = $1 ORDER BY finished_at DESC, name DESC LIMIT ${kept})`,
      [pipelineId],
    );
  });
}

/** The newest comparison of a pipeline; undefined: there is none. */
export async function lastReconcile(
  database: Database,
  namespace: string,
  pipeline: string,
): Promise<KeptReconcile | undefined> {
  const rows = await database.query<Row & { pipeline_id: string }>(
    `SELECT r.* FROM mailmill.reconcile r JOIN mailmill.pipeline p ON p.id = r.pipeline_id
      WHERE p.namespace = $1 AND p.name = $2 ORDER BY r.finished_at DESC, r.name DESC LIMIT 1`,
    [namespace, pipeline],
  );
  const row = rows[0];
  if (!row) return undefined;
  const folders = await database.query<{
    account_id: string;
    source: string;
    account: string;
    folder: string;
    counts: ReconcileCounts;
    missing_uids: readonly string[];
  }>(
    `SELECT f.account_id, a.source, a.name AS account, f.folder, f.counts, f.missing_uids
       FROM mailmill.reconcile_folder f JOIN mailmill.account a ON a.id = f.account_id
      WHERE f.pipeline_id = $1 AND f.name = $2 ORDER BY a.source, f.account_id, f.folder`,
    [row.pipeline_id, row.name],
  );
  const { name, revision, started_at: startedAt, finished_at: finishedAt, found, family, code, message } = row;
  return {
    ...{ name, revision, startedAt, finishedAt, found },
    ...(family !== null && { error: { family, code: code ?? '', message: message ?? '' } }),
    folders: folders.map(({ account_id, source, account, folder, counts, missing_uids }) => ({
      ...{ accountId: BigInt(account_id), source, account, folder, ...counts },
      missingUids: missing_uids.map(Number),
    })),
  };
}
