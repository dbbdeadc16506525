import type { Database } from './database.ts';
import { type Lease, leaseCheck } from './leases.ts';

/** What waits for one sink. */
export interface QueueState {
  readonly sink: string;
  /** Queued and Retrying. */
  readonly waiting: number;
  /** Of those, the payloads as they are kept. */
  readonly bytes: number;
  /** Age of the oldest that waits; 0: none does. */
  readonly oldestMs: number;
  /** Milliseconds until the first that nobody has claimed is due; undefined: there is none. */
  readonly dueMs: number | undefined;
  readonly dead: number;
}

/** The queues of a pipeline that are not empty. */
export async function queueStates(database: Database, pipelineId: bigint): Promise<readonly QueueState[]> {
  const rows = await database.query<{
    sink: string;
    waiting: string;
    bytes: string;
    oldest_ms: string;
    due_ms: string | null;
    dead: string;
  }>(
    `SELECT sink, count(*) FILTER (WHERE status <> 'Dead') AS waiting, coalesce(sum(bytes) FILTER (WHERE status <> 'Dead'), 0) AS bytes,
            coalesce(extract(epoch FROM clock_timestamp() - min(queued_at) FILTER (WHERE status <> 'Dead')) * 1000, 0) AS oldest_ms,
            extract(epoch FROM min(next_at) FILTER (WHERE status <> 'Dead' AND claimed_by IS NULL) - clock_timestamp()) * 1000 AS due_ms,
            count(*) FILTER (WHERE status = 'Dead') AS dead
       FROM mailmill.outbox WHERE pipeline_id = $1 GROUP BY sink`,
    [pipelineId],
  );
  return rows.map((row) => ({
    sink: row.sink,
    waiting: Number(row.waiting),
    bytes: Number(row.bytes),
    oldestMs: Math.max(0, Number(row.oldest_ms)),
    dueMs: row.due_ms === null ? undefined : Math.max(0, Number(row.due_ms)),
    dead: Number(row.dead),
  }));
}

/** Code of deliveries whose sink has been removed from the pipeline. */
export const sinkRemoved = 'SinkRemoved';

/**
 * What waits for sinks that are not among `sinks` becomes Dead. Only whoever holds a lease may say so: a revision that never became ready must not.
 * Returns how many.
 */
export async function retireQueues(database: Database, lease: Lease, sinks: readonly string[]): Promise<number> {
  return database.transaction(async (client) => {
    const held = await client.query(leaseCheck(lease));
    if (held.rowCount !== 1) return 0;
    const { rowCount } = await client.query(
      `WITH retired AS (
         UPDATE mailmill.outbox SET status = 'Dead', code = $3, detail = 'the pipeline has no such sink with a queue any more', claimed_by = NULL
          WHERE pipeline_id = $1 AND sink <> ALL($2::text[]) AND status <> 'Dead' RETURNING sink, document_id, edition)
       INSERT INTO mailmill.delivery (pipeline_id, sink, document_id, edition, status, code)
       SELECT $1, sink, document_id, edition, 'Dead', $3 FROM retired`,
      [lease.pipelineId, sinks, sinkRemoved],
    );
    return rowCount ?? 0;
  });
}

/** Forgets payloads that no delivery needs: two sinks that are done at the same moment, and older editions, leave them. Returns how many. */
export async function sweepPayloads(database: Database): Promise<number> {
  const rows = await database.query(
    `DELETE FROM mailmill.outbox_payload p
      WHERE p.queued_at < now() - interval '10 minutes'
        AND NOT EXISTS (SELECT FROM mailmill.outbox o WHERE o.pipeline_id = p.pipeline_id AND o.document_id = p.document_id AND o.edition = p.edition)
      RETURNING 1`,
  );
  return rows.length;
}
