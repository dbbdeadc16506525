import type { Database } from './database.ts';
import { endDeadSessions } from './dead-sessions.ts';
import { alive } from './leases.ts';

/** The right to execute runs of a pipeline: one run at a time, by one worker. */
export interface RunLease {
  readonly pipelineId: bigint;
  readonly workerId: string;
  readonly token: bigint;
  /** Its holder before died: what that one has left open in a sink may hold locks. */
  readonly orphaned?: true;
}

/** Takes it when it is free, or its holder is dead; undefined when another worker holds it. */
export async function tryAcquireRunLease(
  database: Database,
  pipelineId: bigint,
  workerId: string,
): Promise<RunLease | undefined> {
  await database.query('INSERT INTO mailmill.run_lease (pipeline_id) VALUES ($1) ON CONFLICT DO NOTHING', [pipelineId]);
  const dead = await database.query(
    `SELECT FROM mailmill.run_lease l WHERE pipeline_id = $1 AND worker_id <> $2 AND NOT ${alive('l.worker_id')}`,
    [pipelineId, workerId],
  );
  const orphaned = dead.length > 0;
  if (orphaned) await endDeadSessions(database, workerId);
  const rows = await database.query<{ token: string }>(
    `UPDATE mailmill.run_lease l SET worker_id = $2, token = token + 1, acquired_at = clock_timestamp()
      WHERE pipeline_id = $1
        AND (worker_id IS NULL OR worker_id = $2 OR NOT ${alive('l.worker_id')})
      RETURNING token`,
    [pipelineId, workerId],
  );
  const row = rows[0];
  return row && { pipelineId, workerId, token: BigInt(row.token), ...(orphaned && { orphaned }) };
}

/** Gives it back; nothing happens when it is not held any more. */
export async function releaseRunLease(database: Database, lease: RunLease): Promise<void> {
  await database.query(
    'UPDATE mailmill.run_lease SET worker_id = NULL WHERE pipeline_id = $1 AND worker_id = $2 AND token = $3',
    [lease.pipelineId, lease.workerId, lease.token],
  );
}

/** Whether another worker, alive, reads this account for the pipeline. */
export async function isReadByOther(
  database: Database,
  pipelineId: bigint,
  accountId: bigint,
  workerId: string,
): Promise<boolean> {
  const rows = await database.query(
    `SELECT FROM mailmill.lease l JOIN mailmill.worker w ON w.id = l.worker_id AND w.expires_at > clock_timestamp()
      WHERE l.pipeline_id = $1 AND l.account_id = $2 AND l.worker_id <> $3`,
    [pipelineId, accountId, workerId],
  );
  return rows.length > 0;
}
