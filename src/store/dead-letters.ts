import type { Database } from './database.ts';

export interface DeadLetterRow {
  readonly pipeline: string;
  readonly messageId: string;
  readonly code: string;
  readonly step: string | undefined;
  readonly sink: string | undefined;
  readonly detail: string;
  readonly recordedAt: Date;
}

/** Unresolved dead letters of a namespace, newest first, at most 1,000. */
export async function deadLetters(
  database: Database,
  namespace: string,
  pipeline?: string,
): Promise<readonly DeadLetterRow[]> {
  const rows = await database.query<{
    pipeline: string;
    message_id: string;
    code: string;
    step: string | null;
    sink: string | null;
    detail: string;
    recorded_at: Date;
  }>(
    `SELECT p.name AS pipeline, d.message_id, d.code, d.step, d.sink, d.detail, d.recorded_at
       FROM mailmill.dead_letter d JOIN mailmill.pipeline p ON p.id = d.pipeline_id
      WHERE d.resolved_at IS NULL AND p.namespace = $1 AND ($2::text IS NULL OR p.name = $2) ORDER BY d.recorded_at DESC LIMIT 1000`,
    [namespace, pipeline ?? null],
  );
  return rows.map((row) => ({
    pipeline: row.pipeline,
    messageId: row.message_id,
    code: row.code,
    step: row.step ?? undefined,
    sink: row.sink ?? undefined,
    detail: row.detail,
    recordedAt: row.recorded_at,
  }));
}
