import { gunzipSync } from 'node:zlib';
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

/** Resolves dead letters of a pipeline: all, or those of these messages. Their bytes are forgotten. Returns the ids of their messages. */
export async function resolveDeadLetters(
  database: Database,
  namespace: string,
  pipeline: string,
  messageIds?: readonly string[],
): Promise<readonly string[]> {
  const rows = await database.query<{ message_id: string }>(
    `UPDATE mailmill.dead_letter d SET resolved_at = now(), raw = NULL, header = NULL FROM mailmill.pipeline p
      WHERE p.id = d.pipeline_id AND p.namespace = $1 AND p.name = $2 AND d.resolved_at IS NULL
        AND ($3::uuid[] IS NULL OR d.message_id = ANY($3)) RETURNING d.message_id`,
    [namespace, pipeline, messageIds ?? null],
  );
  return [...new Set(rows.map((row) => row.message_id))];
}

/** One dead letter with where it was and what is kept of it. */
export interface DeadLetterDetails extends DeadLetterRow {
  readonly edition: number;
  readonly revision: string;
  readonly source: string | undefined;
  readonly folder: string | undefined;
  readonly uid: number;
  /** Bytes of the message. */
  readonly size: number;
  readonly resolvedAt: Date | undefined;
  readonly keeps: 'raw' | 'header' | 'nothing';
}

/** The dead letters of a message, one a pipeline: the newest. */
export async function deadLettersOf(
  database: Database,
  namespace: string,
  messageId: string,
): Promise<readonly DeadLetterDetails[]> {
  const rows = await database.query<{
    pipeline: string;
    code: string;
    step: string | null;
    sink: string | null;
    detail: string;
    recorded_at: Date;
    edition: number;
    revision: string;
    source: string | null;
    folder: string | null;
    uid: string;
    size: string;
    resolved_at: Date | null;
    keeps: DeadLetterDetails['keeps'];
  }>(
    `SELECT DISTINCT ON (d.pipeline_id) p.name AS pipeline, d.code, d.step, d.sink, d.detail, d.recorded_at, d.edition, d.revision, a.source,
            f.name AS folder, d.uid, d.size, d.resolved_at,
            CASE WHEN d.raw IS NOT NULL THEN 'raw' WHEN d.header IS NOT NULL THEN 'header' ELSE 'nothing' END AS keeps
       FROM mailmill.dead_letter d JOIN mailmill.pipeline p ON p.id = d.pipeline_id
       LEFT JOIN mailmill.epoch e ON e.id = d.epoch_id LEFT JOIN mailmill.folder f ON f.id = e.folder_id LEFT JOIN mailmill.account a ON a.id = f.account_id
      WHERE p.namespace = $1 AND d.message_id = $2 ORDER BY d.pipeline_id, d.edition DESC`,
    [namespace, messageId],
  );
  return rows.map(({ recorded_at, resolved_at, ...row }) => ({
    ...row,
    messageId,
    step: row.step ?? undefined,
    sink: row.sink ?? undefined,
    source: row.source ?? undefined,
    folder: row.folder ?? undefined,
    uid: Number(row.uid),
    size: Number(row.size),
    recordedAt: recorded_at,
    resolvedAt: resolved_at ?? undefined,
  }));
}

/** Kept bytes of a dead message: all, or of a large one the first of its header. Undefined when none are kept. */
export async function deadBytes(
  database: Database,
  namespace: string,
  messageId: string,
): Promise<{ readonly bytes: Buffer; readonly headerOnly: boolean } | undefined> {
  const rows = await database.query<{ raw: Buffer | null; header: Buffer | null }>(
    `SELECT d.raw, d.header FROM mailmill.dead_letter d JOIN mailmill.pipeline p ON p.id = d.pipeline_id
      WHERE p.namespace = $1 AND d.message_id = $2 AND (d.raw IS NOT NULL OR d.header IS NOT NULL)
      ORDER BY d.raw IS NULL, d.edition DESC LIMIT 1`,
    [namespace, messageId],
  );
  const row = rows[0];
  if (row?.raw) return { bytes: gunzipSync(row.raw), headerOnly: false };
  return row?.header ? { bytes: row.header, headerOnly: true } : undefined;
}
