import type { Database } from './database.ts';
import { readBySql } from './reading.ts';

/** What the store knows of one UID of a folder, for one pipeline. */
export interface PlaceKnowledge {
  readonly uidvalidity: bigint;
  /** The folder has a newer epoch, or is gone. */
  readonly retired: boolean;
  /** Frozen identity of the message there. */
  readonly messageId: string | undefined;
  /** When the server received it, of a message with an identity. */
  readonly receivedAt: Date | undefined;
  /** The pipeline's cursor; undefined: it has not begun to read this epoch. */
  readonly cursor:
    | { readonly finished: boolean; readonly since: Date | undefined; readonly firstUidNext: number }
    | undefined;
}

/** A place in a mailbox of a pipeline's source. */
export interface TracedPlace {
  readonly namespace: string;
  readonly pipeline: string;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  readonly uid: number;
  /** Absent: every epoch that the folder has had. */
  readonly uidvalidity?: bigint;
}

/** What is known of a place, by epoch, the newest first; an epoch that knows nothing of the UID is left out unless it was asked for. */
export async function placeKnowledge(database: Database, place: TracedPlace): Promise<readonly PlaceKnowledge[]> {
  const rows = await database.query<{
    uidvalidity: string;
    retired: boolean;
    message_id: string | null;
    received_at: Date | null;
    finished: boolean | null;
    since: Date | null;
    first_uid_next: string | null;
  }>(
    `SELECT e.uidvalidity, e.retired_at IS NOT NULL AS retired, o.message_id, o.received_at, c.finished @> $6::bigint AS finished, c.since, c.first_uid_next
       FROM mailmill.account a JOIN mailmill.folder f ON f.account_id = a.id JOIN mailmill.epoch e ON e.folder_id = f.id
       LEFT JOIN mailmill.occurrence o ON o.epoch_id = e.id AND o.uid = $6
       LEFT JOIN mailmill.cursor c ON c.epoch_id = e.id
            AND c.pipeline_id = (SELECT id FROM mailmill.pipeline WHERE namespace = $1 AND name = $2)
      WHERE a.namespace = $1 AND a.source = $3 AND a.name = $4 AND f.name = $5
        AND CASE WHEN $7::bigint IS NULL THEN o.uid IS NOT NULL ELSE e.uidvalidity = $7 END
      ORDER BY e.retired_at IS NOT NULL, e.id DESC`,
    [place.namespace, place.pipeline, place.source, place.account, place.folder, place.uid, place.uidvalidity ?? null],
  );
  return rows.map((row) => ({
    uidvalidity: BigInt(row.uidvalidity),
    retired: row.retired,
    messageId: row.message_id ?? undefined,
    receivedAt: row.received_at ?? undefined,
    cursor:
      row.finished === null
        ? undefined
        : { finished: row.finished, since: row.since ?? undefined, firstUidNext: Number(row.first_uid_next) },
  }));
}

/** A place where a message was seen. */
export interface Sighting {
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  readonly uidvalidity: bigint;
  readonly uid: number;
  readonly retired: boolean;
  readonly receivedAt: Date;
  /** The pipeline has read it there itself. */
  readonly read: boolean;
}

/** What a pipeline made of a message. */
export interface MessageRecord {
  readonly state: 'JustIn' | 'Processed' | 'Dropped' | 'Dead';
  readonly step: string | undefined;
  readonly code: string | undefined;
  readonly edition: number;
  readonly revision: string;
  readonly folder: string | undefined;
  readonly uidvalidity: bigint | undefined;
  readonly uid: number;
  readonly recordedAt: Date;
}

export interface TracedDelivery {
  readonly sink: string;
  readonly documentId: string;
  readonly edition: number;
  readonly status: 'Queued' | 'Acknowledged' | 'Retrying' | 'Dead';
  readonly code: string | undefined;
  readonly recordedAt: Date;
  /** While it is in the outbox: what its last try said, how many there were, and when the next is due. */
  readonly queued?:
    | { readonly attempts: number; readonly detail: string | undefined; readonly nextAt: Date | undefined }
    | undefined;
}

/** Everything that the store has on a message, for one pipeline. */
export interface MessageTrace {
  readonly messageId: string;
  readonly sightings: readonly Sighting[];
  /** The newest first; those older than retention are gone. */
  readonly records: readonly MessageRecord[];
  /** One a sink and document, the newest. */
  readonly deliveries: readonly TracedDelivery[];
  readonly dead: { readonly detail: string; readonly sink: string | undefined; readonly resolved: boolean } | undefined;
}

/** `messageId` is a UUID. */
export async function traceMessage(
  database: Database,
  namespace: string,
  pipeline: string,
  messageId: string,
): Promise<MessageTrace> {
  const found = await database.query<{ id: string }>(
    'SELECT id FROM mailmill.pipeline WHERE namespace = $1 AND name = $2',
    [namespace, pipeline],
  );
  const pipelineId = found[0]?.id ?? '0'; // identities begin at 1
  const sightings = await database.query<{
    source: string;
    account: string;
    folder: string;
    uidvalidity: string;
    uid: string;
    retired: boolean;
    received_at: Date;
    read: boolean;
  }>(
    `SELECT a.source, a.name AS account, f.name AS folder, e.uidvalidity, o.uid, e.retired_at IS NOT NULL AS retired, o.received_at, ${readBySql} AS read
       FROM mailmill.occurrence o JOIN mailmill.epoch e ON e.id = o.epoch_id JOIN mailmill.folder f ON f.id = e.folder_id
       JOIN mailmill.account a ON a.id = f.account_id
      WHERE o.message_id = $2 AND a.namespace = $3 ORDER BY e.retired_at IS NOT NULL, e.id, o.uid`,
    [pipelineId, messageId, namespace],
  );
  const records = await database.query<{
    state: MessageRecord['state'];
    step: string | null;
    code: string | null;
    edition: number;
    revision: string;
    folder: string | null;
    uidvalidity: string | null;
    uid: string;
    recorded_at: Date;
  }>(
    `SELECT m.state, m.step, m.code, m.edition, m.revision, f.name AS folder, e.uidvalidity, m.uid, m.recorded_at
       FROM mailmill.message m LEFT JOIN mailmill.epoch e ON e.id = m.epoch_id LEFT JOIN mailmill.folder f ON f.id = e.folder_id
      WHERE m.pipeline_id = $1 AND m.message_id = $2 ORDER BY m.edition DESC, m.recorded_at DESC`,
    [pipelineId, messageId],
  );
  const deliveries = await database.query<{
    sink: string;
    document_id: string;
    edition: number;
    status: TracedDelivery['status'];
    code: string | null;
    recorded_at: Date;
    attempts: number | null;
    detail: string | null;
    next_at: Date | null;
  }>(
    `SELECT DISTINCT ON (d.sink, d.document_id) d.sink, d.document_id, d.edition, coalesce(o.status, d.status) AS status, coalesce(o.code, d.code) AS code,
            d.recorded_at, o.attempts, o.detail, o.next_at
       FROM mailmill.delivery d LEFT JOIN mailmill.outbox o
         ON o.pipeline_id = d.pipeline_id AND o.document_id = d.document_id AND o.sink = d.sink AND o.edition = d.edition
      WHERE d.pipeline_id = $1 AND d.document_id = $2 ORDER BY d.sink, d.document_id, d.edition DESC, d.recorded_at DESC`,
    [pipelineId, messageId],
  );
  const dead = await database.query<{ detail: string; sink: string | null; resolved: boolean }>(
    `SELECT detail, sink, resolved_at IS NOT NULL AS resolved FROM mailmill.dead_letter
      WHERE pipeline_id = $1 AND message_id = $2 ORDER BY edition DESC LIMIT 1`,
    [pipelineId, messageId],
  );
  return {
    messageId,
    sightings: sightings.map(({ received_at, ...row }) => ({
      ...row,
      uidvalidity: BigInt(row.uidvalidity),
      uid: Number(row.uid),
      receivedAt: received_at,
    })),
    records: records.map(({ recorded_at, ...row }) => ({
      ...row,
      step: row.step ?? undefined,
      code: row.code ?? undefined,
      folder: row.folder ?? undefined,
      uidvalidity: row.uidvalidity === null ? undefined : BigInt(row.uidvalidity),
      uid: Number(row.uid),
      recordedAt: recorded_at,
    })),
    deliveries: deliveries.map(({ document_id, recorded_at, attempts, detail, next_at, ...row }) => ({
      ...row,
      code: row.code ?? undefined,
      documentId: document_id,
      recordedAt: recorded_at,
      queued:
        attempts === null
          ? undefined
          : {
              attempts,
              detail: detail ?? undefined,
              nextAt: row.status === 'Dead' ? undefined : (next_at ?? undefined),
            },
    })),
    dead: dead[0] && { detail: dead[0].detail, sink: dead[0].sink ?? undefined, resolved: dead[0].resolved },
  };
}
