import type { Database } from './database.ts';
import type { KeptFolder } from './kept.ts';

/** Messages that one transaction lets go: it holds the lock that new mail waits for. */
const atOnce = 1_000;

export interface RetentionOptions {
  /** Milliseconds that a message is kept at least. */
  readonly keepMs: number;
  /** Milliseconds that its key is remembered. */
  readonly windowMs: number;
}

/**
 * Forgets the bytes of messages that were kept long enough and are finished by every pipeline that has begun to read the folder, by one at
 * least; and then their keys. Returns how many messages lost their bytes. Frames of an archive are left to it.
 */
export async function forgetFinished(
  database: Database,
  folder: KeptFolder,
  options: RetentionOptions,
): Promise<number> {
  let forgotten = 0;
  for (let more = true; more; ) {
    const count = await forgetSome(database, folder, options);
    forgotten += count;
    more = count === atOnce;
  }
  await database.query(
    `DELETE FROM mailmill.kept_message
      WHERE folder_id = $1 AND bytes_uid IS NULL AND frame_id IS NULL AND kept_at < clock_timestamp() - $2 * interval '1 millisecond'`,
    [folder.folderId, Math.max(options.keepMs, options.windowMs)],
  );
  return forgotten;
}

async function forgetSome(database: Database, folder: KeptFolder, { keepMs }: RetentionOptions): Promise<number> {
  return database.transaction(async (client) => {
    // As writers do: first the lock, so that the sums stay true.
    await client.query('SELECT FROM mailmill.kept_folder WHERE folder_id = $1 AND epoch_id = $2 FOR NO KEY UPDATE', [
      folder.folderId,
      folder.epochId,
    ]);
    const old = await client.query<{ uid: string }>(
      `SELECT k.uid FROM mailmill.kept_message k,
              (SELECT range_intersect_agg(c.finished) AS finished FROM mailmill.cursor c WHERE c.epoch_id = $2) done
        WHERE k.folder_id = $1 AND k.bytes_uid IS NOT NULL AND k.kept_at < clock_timestamp() - $3 * interval '1 millisecond'
          AND done.finished @> k.uid
        ORDER BY k.uid LIMIT $4`,
      [folder.folderId, folder.epochId, keepMs, atOnce],
    );
    if (old.rows.length === 0) return 0;
    const uids = old.rows.map(({ uid }) => uid);
    const touched = await client.query<{ bytes_uid: string }>(
      `WITH old AS (SELECT uid, bytes_uid FROM mailmill.kept_message WHERE folder_id = $1 AND uid = ANY($2)),
            gone AS (UPDATE mailmill.kept_message k SET bytes_uid = NULL, prefix = NULL FROM old WHERE k.folder_id = $1 AND k.uid = old.uid)
       SELECT DISTINCT bytes_uid FROM old`,
      [folder.folderId, uids],
    );
    await client.query(
      `WITH gone AS (
         DELETE FROM mailmill.kept_bytes b
          WHERE b.folder_id = $1 AND b.uid = ANY($2)
            AND NOT EXISTS (SELECT FROM mailmill.kept_message k WHERE k.folder_id = $1 AND k.bytes_uid = b.uid)
         RETURNING octet_length(b.zstd) AS bytes)
       UPDATE mailmill.kept_folder SET messages = messages - $3, inline_bytes = inline_bytes - (SELECT coalesce(sum(bytes), 0) FROM gone)
        WHERE folder_id = $1`,
      [folder.folderId, touched.rows.map(({ bytes_uid }) => bytes_uid), uids.length],
    );
    return uids.length;
  });
}

/** What a folder holds now: messages that can be read, and compressed bytes in the database. */
export async function keptTotals(
  database: Database,
  folder: KeptFolder,
): Promise<{ readonly messages: number; readonly bytes: number }> {
  const rows = await database.query<{ messages: string; inline_bytes: string }>(
    'SELECT messages, inline_bytes FROM mailmill.kept_folder WHERE folder_id = $1',
    [folder.folderId],
  );
  return { messages: Number(rows[0]?.messages ?? 0), bytes: Number(rows[0]?.inline_bytes ?? 0) };
}
