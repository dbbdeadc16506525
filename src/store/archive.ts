import type pg from 'pg';
import { transient } from '../telemetry/errors.ts';
import type { Database } from './database.ts';

/** Internal number of a source's archive; made at first sight. */
export async function archiveId(database: Database, namespace: string, source: string): Promise<bigint> {
  const rows = await database.query<{ id: string }>(
    `INSERT INTO mailmill.archive (namespace, source) VALUES ($1, $2)
     ON CONFLICT (namespace, source) DO UPDATE SET source = excluded.source RETURNING id`,
    [namespace, source],
  );
  return BigInt(rows[0]!.id);
}

/** A frame that is to be recorded. */
export interface NewFrame {
  /** Hex. */
  readonly sha256: string;
  readonly position: number;
  readonly length: number;
}

/** Which of these messages the archive has already; hashes in hex. */
export async function archivedHashes(
  database: Database,
  archive: bigint,
  hashes: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ sha: string }>(
    `SELECT encode(raw_sha256, 'hex') AS sha FROM mailmill.archive_frame WHERE archive_id = $1 AND raw_sha256 = ANY($2::bytea[])`,
    [archive, hashes.map((hash) => Buffer.from(hash, 'hex'))],
  );
  return new Set(rows.map(({ sha }) => sha));
}

/** Announces a segment that is about to be written. */
export async function beginSegment(database: Database, archive: bigint, name: string): Promise<bigint> {
  const rows = await database.query<{ id: string }>(
    `INSERT INTO mailmill.archive_segment (archive_id, name, state) VALUES ($1, $2, 'Writing') RETURNING id`,
    [archive, name],
  );
  return BigInt(rows[0]!.id);
}

/**
 * Tells of a segment's frames, in the transaction that refers to them. Another account's collector may have archived the same bytes meanwhile: then
 * its frame is the one. Throws Transient `ARCHIVE_SEGMENT_SWEPT` when the segment was taken for an orphan.
 */
export async function sealSegment(
  client: pg.ClientBase,
  archive: bigint,
  segment: bigint,
  bytes: number,
  frames: readonly NewFrame[],
): Promise<void> {
  await sealSegmentRow(client, segment, bytes);
  // In the order of their hashes, so that two collectors wait for each other in one direction.
  const sorted = [...frames].sort((a, b) => (a.sha256 < b.sha256 ? -1 : 1));
  await client.query(
    `INSERT INTO mailmill.archive_frame (archive_id, segment_id, raw_sha256, position, length)
     SELECT $1, $2, * FROM unnest($3::bytea[], $4::bigint[], $5::bigint[]) ON CONFLICT (archive_id, raw_sha256) DO NOTHING`,
    [
      archive,
      segment,
      sorted.map(({ sha256 }) => Buffer.from(sha256, 'hex')),
      sorted.map(({ position }) => position),
      sorted.map(({ length }) => length),
    ],
  );
}

/** Throws Transient `ARCHIVE_SEGMENT_SWEPT`. */
export async function sealSegmentRow(client: pg.ClientBase, segment: bigint, bytes: number): Promise<void> {
  const sealed = await client.query(
    `UPDATE mailmill.archive_segment SET state = 'Sealed', bytes = $2 WHERE id = $1 AND state = 'Writing'`,
    [segment, bytes],
  );
  if (sealed.rowCount !== 1) throw swept();
}

const swept = () =>
  transient(
    'ARCHIVE_SEGMENT_SWEPT',
    'writing to the archive took so long that its segment was swept; it is written again',
  );

/** The frames of these messages, which stay until the transaction ends. Throws Transient `ARCHIVE_FRAME_GONE` when retention took one meanwhile. */
export async function framesOf(
  client: pg.ClientBase,
  archive: bigint,
  hashes: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const wanted = [...new Set(hashes)];
  const { rows } = await client.query<{ id: string; sha: string }>(
    `SELECT id, encode(raw_sha256, 'hex') AS sha FROM mailmill.archive_frame
      WHERE archive_id = $1 AND raw_sha256 = ANY($2::bytea[]) ORDER BY raw_sha256 FOR KEY SHARE`,
    [archive, wanted.map((hash) => Buffer.from(hash, 'hex'))],
  );
  if (rows.length !== wanted.length)
    throw transient('ARCHIVE_FRAME_GONE', 'retention let a message go that was seen again; it is archived again');
  return new Map(rows.map(({ id, sha }) => [sha, BigInt(id)]));
}

/** Where a frame is. */
export interface StoredFrame {
  readonly id: bigint;
  readonly segment: string;
  readonly position: number;
  readonly length: number;
  /** Hex. */
  readonly sha256: string;
}

/** Where these frames are now; one that is gone is left out. */
export async function storedFrames(
  database: Database,
  ids: readonly bigint[],
): Promise<ReadonlyMap<bigint, StoredFrame>> {
  const rows = await database.query<{ id: string; name: string; position: string; length: string; sha: string }>(
    `SELECT f.id, s.name, f.position, f.length, encode(f.raw_sha256, 'hex') AS sha
       FROM mailmill.archive_frame f JOIN mailmill.archive_segment s ON s.id = f.segment_id WHERE f.id = ANY($1)`,
    [ids],
  );
  return new Map(
    rows.map(({ id, name, position, length, sha }) => [
      BigInt(id),
      { id: BigInt(id), segment: name, position: Number(position), length: Number(length), sha256: sha },
    ]),
  );
}

/** Accounts of which an archive has a folder, sorted by name. `source` is what the store calls the archive. */
export async function archivedAccounts(
  database: Database,
  namespace: string,
  source: string,
): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    `SELECT a.name FROM mailmill.account a
      WHERE a.namespace = $1 AND a.source = $2
        AND EXISTS (SELECT FROM mailmill.folder f JOIN mailmill.kept_folder k ON k.folder_id = f.id WHERE f.account_id = a.id)
      ORDER BY a.name COLLATE "C"`,
    [namespace, source],
  );
  return rows.map(({ name }) => name);
}

/** A segment that is told of, and its frames. */
export interface SegmentRecord {
  readonly id: bigint;
  readonly name: string;
  readonly frames: readonly NewFrame[];
}

/** Sealed segments behind `after`, by their numbers, some at a time. */
export async function sealedSegments(
  database: Database,
  archive: bigint,
  after: bigint,
  count: number,
): Promise<readonly SegmentRecord[]> {
  const rows = await database.query<{ id: string; name: string; frames: [string, number, number][] }>(
    `SELECT s.id, s.name, coalesce((SELECT jsonb_agg(jsonb_build_array(encode(f.raw_sha256, 'hex'), f.position, f.length) ORDER BY f.position)
         FROM mailmill.archive_frame f WHERE f.segment_id = s.id), '[]') AS frames
       FROM mailmill.archive_segment s WHERE s.archive_id = $1 AND s.state = 'Sealed' AND s.id > $2 ORDER BY s.id LIMIT $3`,
    [archive, after, count],
  );
  return rows.map(({ id, name, frames }) => ({
    id: BigInt(id),
    name,
    frames: frames.map(([sha256, position, length]) => ({ sha256, position, length })),
  }));
}

/** Names of every segment that the store knows, in whatever state. */
export async function segmentNames(database: Database, archive: bigint): Promise<ReadonlySet<string>> {
  const rows = await database.query<{ name: string }>(
    'SELECT name FROM mailmill.archive_segment WHERE archive_id = $1',
    [archive],
  );
  return new Set(rows.map(({ name }) => name));
}
