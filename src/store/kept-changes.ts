import type pg from 'pg';
import { transient } from '../telemetry/errors.ts';
import { changeCursor } from './changes.ts';
import type { Database } from './database.ts';
import type { KeptFolder } from './kept.ts';

/** What happened to an archived message, as its source's collector noticed it. */
export interface KeptChange {
  readonly kind: 'flags' | 'expunge' | 'move';
  readonly messageId: string;
  /** In the mailbox. */
  readonly uid: number;
  /** Sorted, with a space between them. */
  readonly flags: string;
  readonly toFolder?: string;
}

/** One that a pipeline finds in its archive. */
export interface FoundChange extends KeptChange {
  readonly position: bigint;
  readonly noticedAt: Date;
  /** The pipeline is done with the message, whatever became of it. */
  readonly ready: boolean;
  /** And has read it. */
  readonly read: boolean;
}

/** Flags that messages were archived with, by UID; of those of an epoch of the mailbox that were first seen there and are still archived. */
export async function archivedFlags(
  database: Database,
  epochId: bigint,
  messageIds: readonly string[],
): Promise<ReadonlyMap<number, string>> {
  if (messageIds.length === 0) return new Map();
  const rows = await database.query<{ uid: string; flags: string | null }>(
    `SELECT k.origin_uid AS uid, k.flags FROM mailmill.occurrence o JOIN mailmill.kept_folder f ON f.epoch_id = o.epoch_id
       JOIN mailmill.kept_message k ON k.folder_id = f.folder_id AND k.uid = o.uid
      WHERE o.message_id = ANY($1) AND k.origin_epoch_id = $2`,
    [messageIds, epochId],
  );
  return new Map(rows.map(({ uid, flags }) => [Number(uid), flags === null ? '' : flags.split(' ').sort().join(' ')]));
}

/**
 * Adds what happened in a folder of the mailbox to that folder of its archive, within a transaction that has checked the lease. What the archive
 * never had is left out. Throws Transient `STORE_KEPT_GONE` when the folder was purged: open it again.
 */
export async function keepChanges(
  client: pg.ClientBase,
  { folderId, epochId }: KeptFolder,
  changes: readonly KeptChange[],
  at: Date,
): Promise<void> {
  if (changes.length === 0) return;
  const locked = await client.query<{ next_change: string }>(
    'SELECT next_change FROM mailmill.kept_folder WHERE folder_id = $1 AND epoch_id = $2 FOR NO KEY UPDATE',
    [folderId, epochId],
  );
  const [row] = locked.rows;
  if (!row) throw transient('STORE_KEPT_GONE', "the source's archive was purged meanwhile; its folder is opened again");
  const { rows } = await client.query<{ message_id: string; epoch_id: string; uid: string }>(
    `SELECT DISTINCT ON (o.message_id) o.message_id, o.epoch_id, o.uid
       FROM mailmill.occurrence o JOIN mailmill.kept_folder k ON k.epoch_id = o.epoch_id JOIN mailmill.folder f ON f.id = k.folder_id
      WHERE o.message_id = ANY($1) AND f.account_id = (SELECT account_id FROM mailmill.folder WHERE id = $2)
      ORDER BY o.message_id, o.epoch_id, o.uid`,
    [[...new Set(changes.map(({ messageId }) => messageId))], folderId],
  );
  const places = new Map(rows.map(({ message_id, ...place }) => [message_id, place]));
  const first = Number(row.next_change);
  const added = changes.flatMap((change) => {
    const place = places.get(change.messageId);
    return place ? [{ ...change, place }] : [];
  });
  await client.query(
    `INSERT INTO mailmill.kept_change (folder_id, position, kind, message_id, kept_epoch_id, kept_uid, uid, flags, to_folder, noticed_at)
     SELECT $1, c.*, $10 FROM unnest($2::bigint[], $3::text[], $4::uuid[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[], $9::text[]) c`,
    [
      folderId,
      added.map((_, i) => first + i),
      added.map(({ kind }) => kind),
      added.map(({ messageId }) => messageId),
      added.map(({ place }) => place.epoch_id),
      added.map(({ place }) => place.uid),
      added.map(({ uid }) => uid),
      added.map(({ flags }) => flags.replaceAll('\0', '')),
      added.map(({ toFolder }) => toFolder ?? null),
      at,
    ],
  );
  await client.query('UPDATE mailmill.kept_folder SET next_change = $2 WHERE folder_id = $1', [
    folderId,
    first + added.length,
  ]);
}

/** Which of these epochs of an archive have changes that the pipeline has not passed: one query for an account. */
export async function epochsWithChanges(
  database: Database,
  pipelineId: bigint,
  epochIds: readonly bigint[],
): Promise<ReadonlySet<bigint>> {
  const rows = await database.query<{ epoch_id: string }>(
    `SELECT k.epoch_id FROM mailmill.kept_folder k LEFT JOIN mailmill.change_cursor c ON c.pipeline_id = $1 AND c.epoch_id = k.epoch_id
      WHERE k.epoch_id = ANY($2) AND k.next_change > coalesce(c.modseq, 0) + 1`,
    [pipelineId, epochIds],
  );
  return new Set(rows.map(({ epoch_id }) => BigInt(epoch_id)));
}

/** Changes of an epoch of an archive behind where the pipeline is, in the order in which they were noticed; and where it is. */
export async function changesBehind(
  database: Database,
  pipelineId: bigint,
  epochId: bigint,
  count: number,
): Promise<{ readonly round: bigint; readonly changes: readonly FoundChange[] }> {
  const { modseq = 0n, round } = await changeCursor(database, pipelineId, epochId);
  const rows = await database.query<{
    position: string;
    kind: KeptChange['kind'];
    message_id: string;
    uid: string;
    flags: string;
    to_folder: string | null;
    noticed_at: Date;
    ready: boolean;
    read: boolean;
  }>(
    `SELECT c.position, c.kind, c.message_id, c.uid, c.flags, c.to_folder, c.noticed_at,
        EXISTS (SELECT FROM mailmill.cursor u WHERE u.pipeline_id = $1 AND u.epoch_id = c.kept_epoch_id AND u.finished @> c.kept_uid) AS ready,
        EXISTS (SELECT FROM mailmill.reading r
          WHERE r.pipeline_id = $1 AND r.epoch_id = c.kept_epoch_id AND r.chunk = c.kept_uid >> 13 AND r.uids @> c.kept_uid) AS read
       FROM mailmill.kept_folder k JOIN mailmill.kept_change c ON c.folder_id = k.folder_id
      WHERE k.epoch_id = $2 AND c.position > $3 ORDER BY c.position LIMIT $4`,
    [pipelineId, epochId, modseq, count],
  );
  return {
    round,
    changes: rows.map(({ position, kind, message_id, uid, flags, to_folder, noticed_at, ready, read }) => ({
      position: BigInt(position),
      kind,
      messageId: message_id,
      uid: Number(uid),
      flags,
      ...(to_folder !== null && { toFolder: to_folder }),
      noticedAt: noticed_at,
      ready,
      read,
    })),
  };
}

/** Lets changes go that were noticed longer ago than an archive keeps mail, told or not. */
export async function forgetChanges(database: Database, archive: bigint, retentionMs: number): Promise<void> {
  await database.query(
    `DELETE FROM mailmill.kept_change c USING mailmill.archive r, mailmill.account a, mailmill.folder f
      WHERE r.id = $1 AND a.namespace = r.namespace AND a.source = r.source || '/archive' AND f.account_id = a.id AND c.folder_id = f.id
        AND c.noticed_at < clock_timestamp() - $2 * interval '1 millisecond'`,
    [archive, retentionMs],
  );
}
