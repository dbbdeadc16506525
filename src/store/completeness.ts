import type { Database } from './database.ts';
import { UidSet } from './uid-set.ts';

/** What the store knows of one epoch of a folder for one pipeline. */
export interface FolderKnowledge {
  readonly epochId: bigint;
  readonly finished: UidSet;
  readonly recorded: UidSet;
  readonly since: Date | undefined;
  readonly firstUidNext: number;
  /** Sums over the coverage that retention keeps. */
  readonly vanished: number;
  readonly known: number;
  readonly dropped: number;
  readonly dead: number;
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
  const recorded = await database.query<{ uids: string }>(
    `SELECT coalesce(range_agg(int8range(uid, uid, '[]')), '{}')::text AS uids FROM mailmill.occurrence WHERE epoch_id = $1`,
    [cursor.epoch_id],
  );
  const sums = await database.query<{ vanished: string; known: string; dropped: string; dead: string }>(
    `SELECT coalesce(sum(vanished), 0) AS vanished, coalesce(sum(known), 0) AS known, coalesce(sum(dropped), 0) AS dropped, coalesce(sum(dead), 0) AS dead
       FROM mailmill.coverage WHERE pipeline_id = $1 AND epoch_id = $2`,
    [cursor.pipeline_id, cursor.epoch_id],
  );
  const sum = sums[0]!;
  return {
    epochId: BigInt(cursor.epoch_id),
    finished: UidSet.parse(cursor.finished),
    recorded: UidSet.parse(recorded[0]!.uids),
    since: cursor.since ?? undefined,
    firstUidNext: Number(cursor.first_uid_next),
    vanished: Number(sum.vanished),
    known: Number(sum.known),
    dropped: Number(sum.dropped),
    dead: Number(sum.dead),
  };
}
