import type { Database } from './database.ts';

/** Writes a segment that is kept in the store. */
export async function insertArchiveBytes(
  database: Database,
  archiveId: bigint,
  name: string,
  bytes: Buffer,
): Promise<void> {
  await database.query('INSERT INTO mailmill.archive_bytes (archive_id, name, bytes) VALUES ($1, $2, $3)', [
    archiveId,
    name,
    bytes,
  ]);
}

/** A segment that is kept in the store, or a part of it; undefined when it is not there. */
export async function readArchiveBytes(
  database: Database,
  archiveId: bigint,
  name: string,
  position = 0,
  length?: number,
): Promise<Buffer | undefined> {
  const part = length === undefined ? 'bytes' : 'substring(bytes FROM $3::int FOR $4::int)';
  const values = length === undefined ? [] : [position + 1, length];
  const rows = await database.query<{ bytes: Buffer }>(
    `SELECT ${part} AS bytes FROM mailmill.archive_bytes WHERE archive_id = $1 AND name = $2`,
    [archiveId, name, ...values],
  );
  return rows[0]?.bytes;
}

export async function removeArchiveBytes(database: Database, archiveId: bigint, name: string): Promise<void> {
  await database.query('DELETE FROM mailmill.archive_bytes WHERE archive_id = $1 AND name = $2', [archiveId, name]);
}

export async function archiveBytesNames(database: Database, archiveId: bigint): Promise<readonly string[]> {
  const rows = await database.query<{ name: string }>(
    'SELECT name FROM mailmill.archive_bytes WHERE archive_id = $1 ORDER BY name',
    [archiveId],
  );
  return rows.map(({ name }) => name);
}
