import type { SourceSession } from '../../sources/source.ts';
import type { Database } from '../../store/database.ts';
import type { Lease } from '../../store/leases.ts';
import { lacksObjectIds, learnObjects, objectIdsLearned, withoutObjectId } from '../../store/object-ids.ts';

/** Messages that are asked about at once. */
const window = 5_000;

/**
 * Learns the object ids of messages that were recorded before the server had any, so that they are known when they are moved. Does so once
 * for each epoch; without object ids it does nothing. The folder is open.
 */
export async function learnObjectIds(
  database: Database,
  lease: Lease,
  session: SourceSession,
  epochId: bigint,
  signal: AbortSignal,
): Promise<void> {
  if (!session.capabilities.has('OBJECTID') && !session.capabilities.has('X-GM-EXT-1')) return;
  if (!(await lacksObjectIds(database, epochId))) return;
  for (let after = 0; ; ) {
    const uids = await withoutObjectId(database, epochId, after, window);
    const last = uids.at(-1);
    if (last === undefined) break;
    const listed = await session.list(uids, signal);
    const learned = listed.flatMap(({ uid, objectId }) => (objectId === undefined ? [] : [{ uid, objectId }]));
    await learnObjects(database, lease, epochId, learned);
    after = last;
  }
  await objectIdsLearned(database, epochId);
}
