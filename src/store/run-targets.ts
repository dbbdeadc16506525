import type { RunPlan } from '../api/run-plan.ts';
import type { Database } from './database.ts';
import { readBySql } from './reading.ts';
import type { RunId } from './runs.ts';
import { UidSet } from './uid-set.ts';

/** UIDs by epoch. */
export type Places = ReadonlyMap<bigint, UidSet>;

const toPlaces = (rows: readonly { readonly epoch_id: string; readonly uids: string }[]): Places =>
  new Map(rows.map((row) => [BigInt(row.epoch_id), UidSet.parse(row.uids)]));

const recorded = `
  SELECT m.message_id FROM mailmill.message m
   WHERE m.pipeline_id = $1 AND m.recorded_at < $3::timestamptz AND m.recorded_at >= coalesce($4::timestamptz, '-infinity') AND m.recorded_at < coalesce($5::timestamptz, 'infinity')
     AND ($6::uuid[] IS NULL OR m.message_id = ANY($6))`;
const dead = `
  SELECT m.message_id FROM mailmill.dead_letter m
   WHERE m.pipeline_id = $1 AND m.resolved_at IS NULL AND m.recorded_at < $3::timestamptz AND m.recorded_at >= coalesce($4::timestamptz, '-infinity')
     AND m.recorded_at < coalesce($5::timestamptz, 'infinity') AND ($6::uuid[] IS NULL OR m.message_id = ANY($6))`;
// By id they are found even after retention has dropped their records.
const named = `SELECT m.message_id FROM unnest($6::uuid[]) m (message_id)
   WHERE $3::timestamptz IS NOT NULL AND coalesce($4::timestamptz, $5::timestamptz) IS NULL`;

/**
 * Messages of an account that a replay is about, each at one place where this pipeline has read it: one that is alive where there is one, else
 * the first. `before` is when the run began: what it records itself is no part of it.
 */
export async function replayPlaces(
  database: Database,
  pipelineId: bigint,
  accountId: bigint,
  plan: RunPlan & { readonly kind: 'Replay' },
  before: Date,
): Promise<Places> {
  const byId = plan.ids !== undefined && plan.since === undefined && plan.until === undefined;
  const wanted = plan.only === 'Dead' ? dead : byId ? named : recorded;
  const rows = await database.query<{ epoch_id: string; uids: string }>(
    `WITH wanted AS (SELECT DISTINCT message_id FROM (${wanted}) of),
          place AS (
            SELECT DISTINCT ON (o.message_id) o.message_id, o.epoch_id, o.uid
              FROM wanted JOIN mailmill.occurrence o USING (message_id) JOIN mailmill.epoch e ON e.id = o.epoch_id JOIN mailmill.folder f ON f.id = e.folder_id
             WHERE f.account_id = $2 AND ${readBySql}
             ORDER BY o.message_id, e.retired_at IS NOT NULL, o.epoch_id, o.uid)
     SELECT epoch_id, range_agg(int8range(uid, uid, '[]'))::text AS uids FROM place GROUP BY epoch_id ORDER BY epoch_id`,
    [pipelineId, accountId, before, plan.since ?? null, plan.until ?? null, plan.ids ?? null],
  );
  return toPlaces(rows);
}

/** What a pipeline has read of an epoch. */
export async function readUids(database: Database, pipelineId: bigint, epochId: bigint): Promise<UidSet> {
  const rows = await database.query<{ uids: string }>(
    `SELECT coalesce(range_agg(u), '{}')::text AS uids FROM mailmill.reading r, unnest(r.uids) u WHERE r.pipeline_id = $1 AND r.epoch_id = $2`,
    [pipelineId, epochId],
  );
  return UidSet.parse(rows[0]!.uids);
}

/** What a run has finished of each epoch. */
export async function runFinished(database: Database, run: RunId): Promise<Places> {
  const rows = await database.query<{ epoch_id: string; uids: string }>(
    'SELECT epoch_id, finished::text AS uids FROM mailmill.run_cursor WHERE pipeline_id = $1 AND run = $2 AND spec_hash = $3',
    [run.pipelineId, run.name, run.specHash],
  );
  return toPlaces(rows);
}

/** Ids of messages at places of an epoch. */
export async function messageIds(
  database: Database,
  epochId: bigint,
  uids: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const rows = await database.query<{ uid: string; message_id: string }>(
    'SELECT uid, message_id FROM mailmill.occurrence WHERE epoch_id = $1 AND uid = ANY($2)',
    [epochId, uids],
  );
  return new Map(rows.map((row) => [Number(row.uid), row.message_id]));
}

/** Of these messages those that a pipeline has recorded under an edition already. */
export async function writtenUnder(
  database: Database,
  pipelineId: bigint,
  edition: number,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ message_id: string }>(
    'SELECT DISTINCT message_id FROM mailmill.message WHERE pipeline_id = $1 AND edition = $2 AND message_id = ANY($3)',
    [pipelineId, edition, ids],
  );
  return new Set(rows.map((row) => row.message_id));
}

/** What is known of a message that is to be read from elsewhere than its mailbox. */
export interface KeptTarget {
  readonly epochId: bigint;
  readonly folder: string;
  readonly uid: number;
  readonly messageId: string;
  readonly size: number;
  readonly receivedAt: Date;
  readonly rawSha256: string;
  /** gzip, of its dead letter. */
  readonly raw: Buffer | undefined;
}

/** The messages at places of an epoch, with the bytes that a dead letter kept. */
export async function keptTargets(
  database: Database,
  pipelineId: bigint,
  epochId: bigint,
  uids: readonly number[],
): Promise<readonly KeptTarget[]> {
  const rows = await database.query<{
    folder: string;
    uid: string;
    message_id: string;
    size: string;
    received_at: Date;
    sha: string;
    raw: Buffer | null;
  }>(
    `SELECT f.name AS folder, o.uid, o.message_id, o.size, o.received_at, encode(o.raw_sha256, 'hex') AS sha,
            (SELECT d.raw FROM mailmill.dead_letter d
              WHERE d.pipeline_id = $1 AND d.message_id = o.message_id AND d.raw IS NOT NULL ORDER BY d.edition DESC LIMIT 1) AS raw
       FROM mailmill.occurrence o JOIN mailmill.epoch e ON e.id = o.epoch_id JOIN mailmill.folder f ON f.id = e.folder_id
      WHERE o.epoch_id = $2 AND o.uid = ANY($3) ORDER BY o.uid`,
    [pipelineId, epochId, uids],
  );
  return rows.map((row) => ({
    epochId,
    folder: row.folder,
    uid: Number(row.uid),
    messageId: row.message_id,
    size: Number(row.size),
    receivedAt: row.received_at,
    rawSha256: row.sha,
    raw: row.raw ?? undefined,
  }));
}

/**
 * Messages of an account that a pipeline has read and that stand at none of the listed places any more, in chunks in the order of their ids.
 * The ids are told after `after`; at most `limit`.
 */
export async function goneMessages(
  database: Database,
  pipelineId: bigint,
  accountId: bigint,
  listed: Places,
  after: string,
  limit: number,
): Promise<readonly string[]> {
  const rows = await database.query<{ message_id: string }>(
    `SELECT DISTINCT o.message_id
       FROM mailmill.occurrence o JOIN mailmill.epoch e ON e.id = o.epoch_id JOIN mailmill.folder f ON f.id = e.folder_id
      WHERE f.account_id = $2 AND o.message_id > $5 AND ${readBySql}
        AND NOT EXISTS (SELECT FROM mailmill.occurrence p
                          JOIN unnest($3::bigint[], $4::text[]) l (epoch_id, uids) ON l.epoch_id = p.epoch_id
                         WHERE p.message_id = o.message_id AND p.uid <@ l.uids::int8multirange)
      ORDER BY o.message_id LIMIT $6`,
    [pipelineId, accountId, [...listed.keys()], [...listed.values()].map(String), after, limit],
  );
  return rows.map((row) => row.message_id);
}

/** Records what a run removed from the sinks. */
export async function addRemoved(database: Database, run: RunId, count: number): Promise<void> {
  if (count === 0) return;
  await database.query(
    'UPDATE mailmill.run SET removed = removed + $4 WHERE pipeline_id = $1 AND name = $2 AND spec_hash = $3',
    [run.pipelineId, run.name, run.specHash, count],
  );
}
