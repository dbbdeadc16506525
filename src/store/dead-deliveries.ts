import { zstdDecompressSync } from 'node:zlib';
import type { Database } from './database.ts';

/** A delivery that the receiver does not take. */
export interface DeadDelivery {
  readonly pipeline: string;
  readonly sink: string;
  readonly documentId: string;
  readonly edition: number;
  readonly code: string;
  readonly detail: string;
  readonly attempts: number;
  readonly queuedAt: Date;
}

/** Which dead deliveries are meant: of a namespace, and of these alone where they are named. */
export interface DeadDeliveryFilter {
  readonly namespace: string;
  readonly pipeline?: string | undefined;
  readonly sink?: string | undefined;
  /** Ids of documents, which are those of their messages. */
  readonly documentIds?: readonly string[] | undefined;
}

const matching = `o.status = 'Dead' AND p.id = o.pipeline_id AND p.namespace = $1 AND ($2::text IS NULL OR p.name = $2)
  AND ($3::text IS NULL OR o.sink = $3) AND ($4::uuid[] IS NULL OR o.document_id = ANY($4))`;

const valuesOf = ({ namespace, pipeline, sink, documentIds }: DeadDeliveryFilter) => [
  namespace,
  pipeline ?? null,
  sink ?? null,
  documentIds ?? null,
];

/** Newest first, at most 1,000. */
export async function deadDeliveries(database: Database, filter: DeadDeliveryFilter): Promise<readonly DeadDelivery[]> {
  const rows = await database.query<{
    pipeline: string;
    sink: string;
    document_id: string;
    edition: number;
    code: string | null;
    detail: string | null;
    attempts: number;
    queued_at: Date;
  }>(
    `SELECT p.name AS pipeline, o.sink, o.document_id, o.edition, o.code, o.detail, o.attempts, o.queued_at
       FROM mailmill.outbox o, mailmill.pipeline p WHERE ${matching} ORDER BY o.queued_at DESC, o.id DESC LIMIT 1000`,
    valuesOf(filter),
  );
  return rows.map(({ document_id, queued_at, code, detail, ...row }) => ({
    ...row,
    documentId: document_id,
    queuedAt: queued_at,
    code: code ?? '-',
    detail: detail ?? '',
  }));
}

/** Queues dead deliveries again, as if they had never been tried. Returns the ids of their documents. */
export async function retryDeadDeliveries(database: Database, filter: DeadDeliveryFilter): Promise<readonly string[]> {
  const rows = await database.query<{ document_id: string }>(
    `WITH again AS (
       UPDATE mailmill.outbox o SET status = 'Queued', attempts = 0, failures = 0, next_at = now() FROM mailmill.pipeline p
        WHERE ${matching} RETURNING o.pipeline_id, o.sink, o.document_id, o.edition),
     told AS (INSERT INTO mailmill.delivery (pipeline_id, sink, document_id, edition, status)
       SELECT pipeline_id, sink, document_id, edition, 'Queued' FROM again)
     SELECT document_id FROM again`,
    valuesOf(filter),
  );
  return rows.map(({ document_id }) => document_id);
}

/** Forgets dead deliveries and their bytes; that they are dead stays recorded. Returns the ids of their documents. */
export async function resolveDeadDeliveries(
  database: Database,
  filter: DeadDeliveryFilter,
): Promise<readonly string[]> {
  const rows = await database.query<{ document_id: string }>(
    `WITH gone AS (
       DELETE FROM mailmill.outbox o USING mailmill.pipeline p WHERE ${matching}
       RETURNING o.id, o.pipeline_id, o.document_id, o.edition),
     forgotten AS (DELETE FROM mailmill.outbox_payload b USING gone g
       WHERE b.pipeline_id = g.pipeline_id AND b.document_id = g.document_id AND b.edition = g.edition
         AND NOT EXISTS (SELECT FROM mailmill.outbox o WHERE o.pipeline_id = b.pipeline_id AND o.document_id = b.document_id
                            AND o.edition = b.edition AND o.id <> ALL(SELECT id FROM gone)))
     SELECT document_id FROM gone`,
    valuesOf(filter),
  );
  return rows.map(({ document_id }) => document_id);
}

/** The bytes of a message that waits for a sink in raw mode, or is dead there. Undefined when none are kept. */
export async function queuedBytes(
  database: Database,
  namespace: string,
  documentId: string,
): Promise<{ readonly bytes: Buffer; readonly headerOnly: false } | undefined> {
  const rows = await database.query<{ raw: Buffer }>(
    `SELECT b.raw FROM mailmill.outbox_payload b JOIN mailmill.pipeline p ON p.id = b.pipeline_id
      WHERE p.namespace = $1 AND b.document_id = $2 AND b.raw IS NOT NULL ORDER BY b.edition DESC LIMIT 1`,
    [namespace, documentId],
  );
  return rows[0] && { bytes: zstdDecompressSync(rows[0].raw), headerOnly: false };
}
