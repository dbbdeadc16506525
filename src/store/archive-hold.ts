import type { Database } from './database.ts';

/** Which messages of an archive are meant: one by its id, or those with a Message-ID (without angle brackets). */
export type HoldTarget =
  | { readonly by: 'id'; readonly id: string }
  | { readonly by: 'message-id'; readonly messageId: string };

/** The archived messages that are meant, of the archive that the store knows under `storedAs`; `$1` namespace, `$2` storedAs, `$3` what they are known by. */
const meant = (target: HoldTarget): string => `
  SELECT k.frame_id FROM mailmill.kept_message k
    JOIN mailmill.kept_folder kf ON kf.folder_id = k.folder_id JOIN mailmill.folder f ON f.id = kf.folder_id
    JOIN mailmill.account a ON a.id = f.account_id
   WHERE a.namespace = $1 AND a.source = $2 AND k.frame_id IS NOT NULL AND ${
     target.by === 'id'
       ? 'EXISTS (SELECT FROM mailmill.occurrence o WHERE o.epoch_id = kf.epoch_id AND o.uid = k.uid AND o.message_id = $3::uuid)'
       : 'k.header_id = left($3, 500)'
   }`;

/**
 * Puts archived messages on hold, so that retention does not let them go, or releases them. Returns how many messages, by their bytes, it is about;
 * 0: the archive has none of them.
 */
export async function setHold(
  database: Database,
  archive: { readonly namespace: string; readonly storedAs: string },
  target: HoldTarget,
  held: boolean,
): Promise<number> {
  const rows = await database.query(
    `UPDATE mailmill.archive_frame SET held_at = ${held ? 'coalesce(held_at, now())' : 'NULL'} WHERE id IN (${meant(target)}) RETURNING id`,
    [archive.namespace, archive.storedAs, target.by === 'id' ? target.id : target.messageId],
  );
  return rows.length;
}

/** Messages of an archive that are on hold. */
export async function heldCount(database: Database, archive: bigint): Promise<number> {
  const rows = await database.query<{ count: string }>(
    'SELECT count(*) AS count FROM mailmill.archive_frame WHERE archive_id = $1 AND held_at IS NOT NULL',
    [archive],
  );
  return Number(rows[0]!.count);
}
