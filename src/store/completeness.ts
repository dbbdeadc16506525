import type { Database } from './database.ts';
import { UidSet } from './uid-set.ts';

/** What the store knows of one epoch of a folder for one pipeline. */
export interface FolderKnowledge {
  readonly epochId: bigint;
  readonly finished: UidSet;
  /** Read by this pipeline, and with an occurrence. */
  readonly recorded: UidSet;
  /** In a dead letter that nobody has resolved. */
  readonly dead: UidSet;
  readonly since: Date | undefined;
  readonly firstUidNext: number;
  /** Sums over the coverage that retention keeps. */
  readonly gone: number;
  readonly known: number;
  readonly dropped: number;
}

/** Undefined: this pipeline has never seen this UIDVALIDITY of the folder. */
export async function folderKnowledge(
  database: Database,
  place: {
    readonly namespace: string;
    readonly pipeline: string;
    readonly source: string;
    readonly account: string;
    readonly folder: string;
    readonly uidvalidity: bigint;
  },
): Promise<FolderKnowledge | undefined> {
  const cursors = await database.query<{
    epoch_id: string;
    pipeline_id: string;
    finished: string;
    since: Date | null;
    first_uid_next: string;
  }>(
    `SELECT c.epoch_id, c.pipeline_id, c.finished::text, c.since, c.first_uid_next
       FROM mailmill.cursor c JOIN mailmill.pipeline p ON p.id = c.pipeline_id JOIN mailmill.epoch e ON e.id = c.epoch_id
       JOIN mailmill.folder f ON f.id = e.folder_id JOIN mailmill.account a ON a.id = f.account_id
      WHERE p.namespace = $1 AND p.name = $2 AND a.namespace = $1 AND a.source = $3 AND a.name = $4 AND f.name = $5 AND e.uidvalidity = $6`,
    [place.namespace, place.pipeline, place.source, place.account, place.folder, place.uidvalidity],
  );
  const cursor = cursors[0];
  if (!cursor) return undefined;
  const of = [cursor.pipeline_id, cursor.epoch_id];
  // After the cursor: what is finished there is recorded here.
  const sets = await database.query<{ recorded: string; dead: string }>(
    `SELECT (coalesce((SELECT range_agg(int8range(uid, uid, '[]')) FROM mailmill.occurrence WHERE epoch_id = $2), '{}')
             * coalesce((SELECT range_agg(u) FROM mailmill.reading r, unnest(r.uids) u WHERE r.pipeline_id = $1 AND r.epoch_id = $2), '{}'))::text AS recorded,
            coalesce((SELECT range_agg(int8range(uid, uid, '[]')) FROM mailmill.dead_letter
                       WHERE pipeline_id = $1 AND epoch_id = $2 AND resolved_at IS NULL), '{}')::text AS dead`,
    of,
  );
  const sums = await database.query<{ gone: string; known: string; dropped: string }>(
    `SELECT coalesce(sum(vanished), 0) AS gone, coalesce(sum(known), 0) AS known, coalesce(sum(dropped), 0) AS dropped
       FROM mailmill.coverage WHERE pipeline_id = $1 AND epoch_id = $2`,
    of,
  );
  const [set, sum] = [sets[0]!, sums[0]!];
  return {
    epochId: BigInt(cursor.epoch_id),
    finished: UidSet.parse(cursor.finished),
    recorded: UidSet.parse(set.recorded),
    dead: UidSet.parse(set.dead),
    since: cursor.since ?? undefined,
    firstUidNext: Number(cursor.first_uid_next),
    gone: Number(sum.gone),
    known: Number(sum.known),
    dropped: Number(sum.dropped),
  };
}
