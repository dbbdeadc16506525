import type { Database } from './database.ts';
import { alive, type Lease } from './leases.ts';

/** A worker that has not asked for this long does not take part in sharing; milliseconds. */
const candidateMs = 5_000;

/** How the leases of a pipeline are spread over the workers that want some. */
export interface LeaseShares {
  /** Leases that each candidate holds, this worker's first. */
  readonly held: readonly number[];
  /** Of the accounts that were asked about, those that nobody alive holds. */
  readonly free: number;
  /** Whether some of those were a worker's that died. */
  readonly orphaned: boolean;
}

/** Makes the lease rows of these accounts, free, where there are none. */
export async function ensureLeases(database: Database, pipeline: bigint, accounts: readonly bigint[]): Promise<void> {
  await database.query(
    `INSERT INTO mailmill.lease (pipeline_id, account_id) SELECT $1, a FROM unnest($2::bigint[]) a ON CONFLICT DO NOTHING`,
    [pipeline, accounts],
  );
}

/** Says that this worker wants its share, and tells how things stand; `waiting` are the accounts that it would take. */
export async function lookAtShares(
  database: Database,
  pipeline: bigint,
  worker: string,
  waiting: readonly bigint[],
): Promise<LeaseShares> {
  const rows = await database.query<{ me: boolean; held: number; free: number; orphaned: boolean }>(
    `WITH me AS (
       INSERT INTO mailmill.lease_candidate (pipeline_id, worker_id, polled_at) VALUES ($1, $2, clock_timestamp())
       ON CONFLICT (pipeline_id, worker_id) DO UPDATE SET polled_at = excluded.polled_at
     ), candidate AS (
       SELECT $2::uuid AS id UNION
       SELECT c.worker_id FROM mailmill.lease_candidate c
        WHERE c.pipeline_id = $1 AND c.polled_at > clock_timestamp() - $3 * interval '1 millisecond' AND ${alive('c.worker_id')}
     ), free AS (
       SELECT count(*)::int AS count, count(*) FILTER (WHERE l.worker_id <> $2) > 0 AS orphaned FROM mailmill.lease l
        WHERE cardinality($4::bigint[]) > 0 AND l.pipeline_id = $1 AND l.account_id = ANY($4)
          AND (l.worker_id = $2 OR l.worker_id IS NULL OR NOT ${alive('l.worker_id')})
     )
     SELECT c.id = $2 AS me, free.count AS free, free.orphaned,
            (SELECT count(*)::int FROM mailmill.lease l WHERE l.pipeline_id = $1 AND l.worker_id = c.id) AS held
       FROM candidate c, free ORDER BY me DESC`,
    [pipeline, worker, candidateMs, waiting],
  );
  const me = rows[0];
  return { held: rows.map((row) => row.held), free: me?.free ?? 0, orphaned: me?.orphaned ?? false };
}

/**
 * Takes up to `limit` of the leases of these accounts that nobody alive holds, or that are this worker's own already (it may have got them
 * without learning so). Rows that somebody else is looking at are left for the next time.
 */
export async function acquireLeases(
  database: Database,
  pipeline: bigint,
  worker: string,
  accounts: readonly bigint[],
  limit: number,
): Promise<readonly Lease[]> {
  const rows = await database.query<{ account: string; token: string; orphaned: boolean }>(
    `WITH free AS (
       SELECT l.account_id, l.worker_id IS NOT NULL AND l.worker_id <> $2 AS orphaned FROM mailmill.lease l
        WHERE l.pipeline_id = $1 AND l.account_id = ANY($3) AND (l.worker_id = $2 OR l.worker_id IS NULL OR NOT ${alive('l.worker_id')})
        ORDER BY random() LIMIT $4 FOR UPDATE OF l SKIP LOCKED
     )
     UPDATE mailmill.lease l SET worker_id = $2, token = token + 1, acquired_at = clock_timestamp()
       FROM free WHERE l.pipeline_id = $1 AND l.account_id = free.account_id
     RETURNING l.account_id AS account, l.token, free.orphaned`,
    [pipeline, worker, accounts, limit],
  );
  return rows.map(({ account, token, orphaned }) => ({
    pipelineId: pipeline,
    accountId: BigInt(account),
    workerId: worker,
    token: BigInt(token),
    ...(orphaned && { orphaned: true as const }),
  }));
}

/** This worker wants no share any more; its leases go by other ways. */
export async function withdrawCandidate(database: Database, pipeline: bigint, worker: string): Promise<void> {
  await database.query('DELETE FROM mailmill.lease_candidate WHERE pipeline_id = $1 AND worker_id = $2', [
    pipeline,
    worker,
  ]);
}
