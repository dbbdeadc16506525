import pg from 'pg';
import { transient } from '../telemetry/errors.ts';
import type { Database } from './database.ts';

/** How long a worker's word counts after its last heartbeat, by the clock of the database. */
export const leaseTermMs = 15_000;

/** SQL: whether the word of the worker that a column names counts. */
export const alive = (column: string): string =>
  `EXISTS (SELECT FROM mailmill.worker w WHERE w.id = ${column} AND w.expires_at > clock_timestamp())`;

/** Registers a worker, alive for one term. */
export async function registerWorker(database: Database, id: string, name: string): Promise<void> {
  await database.query(
    `INSERT INTO mailmill.worker (id, name, expires_at) VALUES ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')
     ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`,
    [id, name, leaseTermMs],
  );
}

/** Ends a worker: its leases and slots are free at once. */
export async function unregisterWorker(database: Database, id: string): Promise<void> {
  await database.transaction(async (client) => {
    await client.query('UPDATE mailmill.lease SET worker_id = NULL WHERE worker_id = $1', [id]);
    await client.query('UPDATE mailmill.slot SET worker_id = NULL, holder = NULL WHERE worker_id = $1', [id]);
    await client.query('DELETE FROM mailmill.slot_request WHERE worker_id = $1', [id]);
    await client.query('DELETE FROM mailmill.worker WHERE id = $1', [id]);
  });
}

/** The right to work on an account for a pipeline. Every store transaction begins by checking it. */
export interface Lease {
  readonly pipelineId: bigint;
  readonly accountId: bigint;
  readonly workerId: string;
  readonly token: bigint;
  /** Its holder before died, or a sink is in trouble: what somebody dead has left open in a sink may hold locks. */
  readonly orphaned?: true;
  /** It is the right to execute runs of the pipeline, on this account now, beside whoever reads its mail. */
  readonly ofRun?: true;
}

/** Somebody else holds the lease now, or the cursor moved: roll back and drop all work in flight. */
export const fenced = () =>
  transient('STORE_FENCED', 'another worker took over this account; work in flight was dropped and nothing was lost');

/** Gives a lease back; nothing happens when it is not held any more. */
export async function releaseLease(database: Database, lease: Lease): Promise<void> {
  await database.query(
    'UPDATE mailmill.lease SET worker_id = NULL WHERE pipeline_id = $1 AND account_id = $2 AND worker_id = $3 AND token = $4',
    [lease.pipelineId, lease.accountId, lease.workerId, lease.token],
  );
}

/** Whether the lease is still held. */
export async function holdsLease(database: Database, lease: Lease): Promise<boolean> {
  const rows = await database.query(
    'SELECT FROM mailmill.lease WHERE pipeline_id = $1 AND account_id = $2 AND worker_id = $3 AND token = $4',
    [lease.pipelineId, lease.accountId, lease.workerId, lease.token],
  );
  return rows.length === 1;
}

/** First statement of every transaction that writes for a lease: one row, locked, while it is held. Without parameters. */
export const leaseCheck = (lease: Lease): string => {
  const [table, account] = lease.ofRun ? ['run_lease', ''] : ['lease', ` AND account_id = ${lease.accountId}`];
  return `SELECT FROM mailmill.${table} WHERE pipeline_id = ${lease.pipelineId}${account} AND worker_id = ${pg.escapeLiteral(lease.workerId)} AND token = ${lease.token} FOR UPDATE`;
};

/** Throws Transient `STORE_FENCED` when the lease is not held any more. */
export async function checkLease(client: pg.ClientBase, lease: Lease): Promise<void> {
  const { rowCount } = await client.query(leaseCheck(lease));
  if (rowCount !== 1) throw fenced();
}

/**
 * Raises the token above one that a sink has already seen: the store was restored to an earlier day, and its tokens with it.
 * Returns the lease with its new token.
 */
export async function raiseToken(database: Database, lease: Lease, above: bigint): Promise<Lease> {
  const rows = await database.query<{ token: string }>(
    `UPDATE mailmill.lease SET token = greatest(token, $5::bigint) + 1
      WHERE pipeline_id = $1 AND account_id = $2 AND worker_id = $3 AND token = $4 RETURNING token`,
    [lease.pipelineId, lease.accountId, lease.workerId, lease.token, above],
  );
  const row = rows[0];
  if (!row) throw fenced();
  return { ...lease, token: BigInt(row.token) };
}
