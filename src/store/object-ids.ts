import type { Database } from './database.ts';
import { checkLease, type Lease } from './leases.ts';

/** Object id (EMAILID, X-GM-MSGID) of a message that was recorded without. */
export interface LearnedObject {
  readonly uid: number;
  readonly objectId: string;
}

/** Whether messages of an epoch may have object ids that nobody has asked for. */
export async function lacksObjectIds(database: Database, epochId: bigint): Promise<boolean> {
  const rows = await database.query('SELECT FROM mailmill.epoch WHERE id = $1 AND object_ids IS NOT TRUE', [epochId]);
  return rows.length > 0;
}

/** UIDs above `after` that are recorded without an object id, ascending, at most `limit`. */
export async function withoutObjectId(
  database: Database,
  epochId: bigint,
  after: number,
  limit: number,
): Promise<readonly number[]> {
  const rows = await database.query<{ uid: string }>(
    'SELECT uid FROM mailmill.occurrence WHERE epoch_id = $1 AND uid > $2 AND object_id IS NULL ORDER BY uid LIMIT $3',
    [epochId, after, limit],
  );
  return rows.map(({ uid }) => Number(uid));
}

/** Notes object ids of recorded messages; one that is known already stays with its message. Throws Transient `STORE_FENCED`. */
export async function learnObjects(
  database: Database,
  lease: Lease,
  epochId: bigint,
  learned: readonly LearnedObject[],
): Promise<void> {
  if (learned.length === 0) return;
  const values = [epochId, learned.map(({ uid }) => uid), learned.map(({ objectId }) => objectId)];
  await database.transaction(async (client) => {
    await checkLease(client, lease);
    await client.query('SELECT FROM mailmill.account WHERE id = $1 FOR NO KEY UPDATE', [lease.accountId]);
    await client.query(
      `UPDATE mailmill.occurrence o SET object_id = l.object_id FROM unnest($2::bigint[], $3::text[]) AS l (uid, object_id)
        WHERE o.epoch_id = $1 AND o.uid = l.uid AND o.object_id IS NULL`,
      values,
    );
    await client.query(
      `INSERT INTO mailmill.object (account_id, object_id, message_id)
       SELECT $4, o.object_id, o.message_id FROM mailmill.occurrence o JOIN unnest($2::bigint[], $3::text[]) AS l (uid, object_id) ON l.uid = o.uid
        WHERE o.epoch_id = $1 AND o.object_id = l.object_id ORDER BY o.object_id, o.uid ON CONFLICT DO NOTHING`,
      [...values, lease.accountId],
    );
  });
}

/** Nothing is left to be learned in an epoch. */
export async function objectIdsLearned(database: Database, epochId: bigint): Promise<void> {
  await database.query('UPDATE mailmill.epoch SET object_ids = true WHERE id = $1', [epochId]);
}
