import type pg from 'pg';
import type { NewFrame, StoredFrame } from './archive.ts';
import { sealSegmentRow } from './archive.ts';
import type { Database } from './database.ts';

/** Declares segments orphans that were begun long ago and never told of: whoever wrote them has died, and cannot tell of them any more. */
export async function disownSegments(database: Database, archive: bigint, olderThanMs: number): Promise<number> {
  const rows = await database.query(
    `UPDATE mailmill.archive_segment SET state = 'Orphan'
      WHERE archive_id = $1 AND state = 'Writing' AND created_at < clock_timestamp() - $2 * interval '1 millisecond' RETURNING id`,
    [archive, olderThanMs],
  );
  return rows.length;
}

/** Segments whose bytes nobody needs. */
export async function orphanSegments(
  database: Database,
  archive: bigint,
): Promise<readonly { readonly id: bigint; readonly name: string }[]> {
  const rows = await database.query<{ id: string; name: string }>(
    `SELECT id, name FROM mailmill.archive_segment WHERE archive_id = $1 AND state = 'Orphan' ORDER BY id LIMIT 1000`,
    [archive],
  );
  return rows.map(({ id, name }) => ({ id: BigInt(id), name }));
}

/** Forgets an orphan whose bytes are gone. */
export async function forgetSegment(database: Database, segment: bigint): Promise<void> {
  await database.query(`DELETE FROM mailmill.archive_segment WHERE id = $1 AND state = 'Orphan'`, [segment]);
}

const stays = `(f.held_at IS NOT NULL OR EXISTS (
  SELECT FROM mailmill.kept_message k WHERE k.frame_id = f.id AND k.kept_at >= clock_timestamp() - $2 * interval '1 millisecond'))`;

/** Sealed segments that are old enough to go and have a frame that may, oldest first; `after` is the last one seen. */
export async function expiredSegments(
  database: Database,
  archive: bigint,
  retentionMs: number,
  after: bigint,
): Promise<readonly bigint[]> {
  const rows = await database.query<{ id: string }>(
    `SELECT s.id FROM mailmill.archive_segment s
      WHERE s.archive_id = $1 AND s.state = 'Sealed' AND s.created_at < clock_timestamp() - $2 * interval '1 millisecond' AND s.id > $3
        AND (EXISTS (SELECT FROM mailmill.archive_frame f WHERE f.segment_id = s.id AND NOT ${stays})
          OR NOT EXISTS (SELECT FROM mailmill.archive_frame f WHERE f.segment_id = s.id))
      ORDER BY s.id LIMIT 100`,
    [archive, retentionMs, after],
  );
  return rows.map(({ id }) => BigInt(id));
}

interface FrameRow {
  readonly id: string;
  readonly name: string;
  readonly position: string;
  readonly length: string;
  readonly sha: string;
  readonly stays: boolean;
}

const framesQuery = `SELECT f.id, s.name, f.position, f.length, encode(f.raw_sha256, 'hex') AS sha, ${stays} AS stays
  FROM mailmill.archive_frame f JOIN mailmill.archive_segment s ON s.id = f.segment_id WHERE f.segment_id = $1 ORDER BY f.raw_sha256`;

/** Frames of an expired segment that must be carried over: on hold, or of a message that was archived again within the retention. */
export async function framesToCarry(
  database: Database,
  segment: bigint,
  retentionMs: number,
): Promise<readonly StoredFrame[]> {
  const rows = await database.query<FrameRow>(framesQuery, [segment, retentionMs]);
  return rows.flatMap((row) =>
    row.stays
      ? [
          {
            id: BigInt(row.id),
            segment: row.name,
            position: Number(row.position),
            length: Number(row.length),
            sha256: row.sha,
          },
        ]
      : [],
  );
}

/** A segment that holds what is carried over. */
export interface CarrySegment {
  readonly id: bigint;
  readonly bytes: number;
  readonly frames: readonly NewFrame[];
}

/**
 * Lets a segment go: its messages cannot be read any more, but those that `carried` holds now. Returns how many messages went; undefined when it
 * was not possible because another message must be carried over by now, or the segment went already: look again.
 */
export async function dropSegment(
  database: Database,
  segment: bigint,
  retentionMs: number,
  carried: CarrySegment | undefined,
): Promise<number | undefined> {
  return database.transaction(async (client) => {
    const locked = await client.query(
      `SELECT FROM mailmill.archive_segment WHERE id = $1 AND state = 'Sealed' FOR UPDATE SKIP LOCKED`,
      [segment],
    );
    if (locked.rowCount !== 1) return undefined;
    const { rows } = await client.query<FrameRow>(`${framesQuery} FOR UPDATE OF f`, [segment, retentionMs]);
    const places = new Map(carried?.frames.map((frame) => [frame.sha256, frame]));
    const staying = rows.filter((row) => row.stays);
    if (staying.some(({ sha }) => !places.has(sha))) return undefined;
    if (carried) {
      await sealSegmentRow(client, carried.id, carried.bytes);
      for (const { id, sha } of staying) {
        const { position, length } = places.get(sha)!;
        await client.query(
          'UPDATE mailmill.archive_frame SET segment_id = $2, position = $3, length = $4 WHERE id = $1',
          [id, carried.id, position, length],
        );
      }
    }
    const gone = rows.filter((row) => !row.stays).map(({ id }) => id);
    const messages = await forgetMessages(client, gone);
    await client.query('DELETE FROM mailmill.archive_frame WHERE id = ANY($1)', [gone]);
    await client.query(`UPDATE mailmill.archive_segment SET state = 'Orphan' WHERE id = $1`, [segment]);
    return messages;
  });
}

/** Messages of these frames are not listed any more. Their identities stay: what is seen again is no new message. */
async function forgetMessages(client: pg.ClientBase, frames: readonly string[]): Promise<number> {
  if (frames.length === 0) return 0;
  const folders = await client.query<{ folder_id: string; count: string }>(
    `WITH gone AS (DELETE FROM mailmill.kept_message WHERE frame_id = ANY($1) RETURNING folder_id)
     SELECT folder_id, count(*) AS count FROM gone GROUP BY folder_id ORDER BY folder_id`,
    [frames],
  );
  let sum = 0;
  for (const { folder_id, count } of folders.rows) {
    sum += Number(count);
    await client.query('UPDATE mailmill.kept_folder SET messages = messages - $2 WHERE folder_id = $1', [
      folder_id,
      count,
    ]);
  }
  return sum;
}
