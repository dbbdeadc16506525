import type { Database } from './database.ts';

/** Why a revision of a pipeline stands still. */
export interface Stall {
  readonly code: string;
  readonly message: string;
  /** A person said to go on. */
  readonly accepted: boolean;
}

export async function stallOf(database: Database, pipelineId: bigint, revision: string): Promise<Stall | undefined> {
  const rows = await database.query<{ code: string; message: string; accepted: boolean }>(
    'SELECT code, message, accepted_at IS NOT NULL AS accepted FROM mailmill.stall WHERE pipeline_id = $1 AND revision = $2',
    [pipelineId, revision],
  );
  return rows[0];
}

export async function recordStall(
  database: Database,
  pipelineId: bigint,
  revision: string,
  code: string,
  message: string,
): Promise<void> {
  await database.query(
    'INSERT INTO mailmill.stall (pipeline_id, revision, code, message) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
    [pipelineId, revision, code, message],
  );
}

/** Lets every revision of a pipeline go on that stands still; returns how many. */
export async function acceptStalls(database: Database, namespace: string, pipeline: string): Promise<number> {
  const rows = await database.query(
    `UPDATE mailmill.stall s SET accepted_at = now() FROM mailmill.pipeline p
      WHERE p.id = s.pipeline_id AND p.namespace = $1 AND p.name = $2 AND s.accepted_at IS NULL RETURNING 1`,
    [namespace, pipeline],
  );
  return rows.length;
}
