import type pg from 'pg';
import type { Database } from './database.ts';
import { readBySql } from './reading.ts';
import { UidSet } from './uid-set.ts';

/** What is known of a message at its place. */
export interface KnownMessage {
  readonly uid: number;
  readonly messageId: string;
  /** Sorted, with a space between them. */
  readonly flags: string;
  /** How often its flags were told. */
  readonly version: number;
  /** It was not listed at the last look. */
  readonly missing: boolean;
}

/** What a pipeline knows of an epoch. */
export interface KnownChanges {
  /** HIGHESTMODSEQ up to which everything is known. */
  readonly modseq: bigint | undefined;
  /** Looks that were recorded. */
  readonly round: bigint;
  readonly messages: ReadonlyMap<number, KnownMessage>;
}

/** How far a pipeline knows an epoch, without the messages. */
export interface ChangeCursor extends Pick<KnownChanges, 'modseq' | 'round'> {
  /** Messages that were listed at the last look. */
  readonly present: number;
  /** Messages that were not, of which nobody was told so far. */
  readonly waiting: number;
}

export async function changeCursor(database: Database, pipelineId: bigint, epochId: bigint): Promise<ChangeCursor> {
  const [cursor] = await database.query<{ modseq: string | null; round: string; present: number; waiting: number }>(
    `SELECT c.modseq, c.round, s.present, s.waiting FROM mailmill.change_cursor c, LATERAL (
       SELECT count(*) FILTER (WHERE NOT missing)::int AS present, count(*) FILTER (WHERE missing)::int AS waiting
         FROM mailmill.change_state WHERE pipeline_id = c.pipeline_id AND epoch_id = c.epoch_id AND NOT gone) s
      WHERE c.pipeline_id = $1 AND c.epoch_id = $2`,
    [pipelineId, epochId],
  );
  const { modseq, round = 0, present = 0, waiting = 0 } = cursor ?? {};
  return { modseq: modseq ? BigInt(modseq) : undefined, round: BigInt(round), present, waiting };
}

/** Messages that are known of an epoch, by UID; with `only`, those with these UIDs and those that were not listed at the last look. */
export async function knownMessages(
  database: Database,
  pipelineId: bigint,
  epochId: bigint,
  only = UidSet.of([1, 2 ** 32]),
): Promise<KnownChanges['messages']> {
  const rows = await database.query<{
    uid: string;
    message_id: string;
    flags: string;
    version: number;
    missing: boolean;
  }>(
    `SELECT uid, message_id, flags, version, missing FROM mailmill.change_state
      WHERE pipeline_id = $1 AND epoch_id = $2 AND NOT gone AND (missing OR $3::int8multirange @> uid)`,
    [pipelineId, epochId, only.toString()],
  );
  const messages = rows.map(({ uid, message_id, ...row }) => ({ ...row, uid: Number(uid), messageId: message_id }));
  return new Map(messages.map((message) => [message.uid, message]));
}

/** Messages that the pipeline has read and knows no flags of: id by UID. */
export async function unknownMessages(
  database: Database,
  pipelineId: bigint,
  epochId: bigint,
): Promise<ReadonlyMap<number, string>> {
  const rows = await database.query<{ uid: string; message_id: string }>(
    `SELECT o.uid, o.message_id FROM mailmill.occurrence o
      WHERE o.epoch_id = $2 AND ${readBySql} AND NOT EXISTS (
        SELECT FROM mailmill.change_state s WHERE s.pipeline_id = $1 AND s.epoch_id = o.epoch_id AND s.uid = o.uid)`,
    [pipelineId, epochId],
  );
  return new Map(rows.map(({ uid, message_id }) => [Number(uid), message_id]));
}

/** Folders in which messages are beside an epoch, by message: one that it was in before, as long as it was listed at the last look, or a new one. */
export async function otherFolders(
  database: Database,
  pipelineId: bigint,
  epochId: bigint,
  messageIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (messageIds.length === 0) return new Map();
  const rows = await database.query<{ message_id: string; folder: string }>(
    `SELECT DISTINCT ON (o.message_id) o.message_id, f.name AS folder
       FROM mailmill.occurrence o JOIN mailmill.epoch e ON e.id = o.epoch_id JOIN mailmill.folder f ON f.id = e.folder_id
       LEFT JOIN mailmill.change_state s ON s.pipeline_id = $1 AND s.epoch_id = o.epoch_id AND s.uid = o.uid
      WHERE o.message_id = ANY($3) AND o.epoch_id <> $2 AND e.retired_at IS NULL AND s.missing IS NOT TRUE AND ${readBySql}
      ORDER BY o.message_id, o.epoch_id DESC, o.uid DESC`,
    [pipelineId, epochId, messageIds],
  );
  return new Map(rows.map((row) => [row.message_id, row.folder]));
}

/** What a look has found; within a transaction that has checked the lease. */
export async function recordChanges(
  client: pg.ClientBase,
  pipelineId: bigint,
  epochId: bigint,
  found: {
    readonly modseq: bigint | undefined;
    readonly round: bigint;
    readonly known: readonly KnownMessage[];
    /** These are never asked for again. */
    readonly gone: readonly KnownMessage[];
  },
): Promise<void> {
  const { modseq, round, known, gone } = found;
  const all = [...known, ...gone];
  await client.query(
    `INSERT INTO mailmill.change_cursor (pipeline_id, epoch_id, modseq, round) VALUES ($1, $2, $3, $4)
     ON CONFLICT (pipeline_id, epoch_id) DO UPDATE SET modseq = excluded.modseq, round = excluded.round`,
    [pipelineId, epochId, modseq ?? null, round],
  );
  if (all.length === 0) return;
  await client.query(
    `INSERT INTO mailmill.change_state (pipeline_id, epoch_id, uid, message_id, flags, version, missing, gone)
     SELECT $1, $2, * FROM unnest($3::bigint[], $4::uuid[], $5::text[], $6::integer[], $7::boolean[], $8::boolean[])
     ON CONFLICT (pipeline_id, epoch_id, uid) DO UPDATE
       SET flags = excluded.flags, version = excluded.version, missing = excluded.missing, gone = excluded.gone`,
    [
      pipelineId,
      epochId,
      all.map(({ uid }) => uid),
      all.map(({ messageId }) => messageId),
      all.map(({ flags }) => flags),
      all.map(({ version }) => version),
      all.map(({ missing }) => missing),
      all.map((_, i) => i >= known.length),
    ],
  );
}
