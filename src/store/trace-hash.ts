import type { Database } from './database.ts';

/** Messages that are told at most. */
const most = 50;

/** Records that do not have the hash of their Message-ID. */
export interface Unhashed {
  readonly count: number;
  /** When the last of them was made. */
  readonly until: Date;
}

/** What a pipeline's records say of a Message-ID, as far back as retention goes. */
export interface HashFindings {
  /** Ids of the messages whose Message-ID has this hash; those that were received last, in that order. */
  readonly ids: readonly string[];
  readonly unhashed: Unhashed | undefined;
}

/**
 * Messages of a pipeline by the hash of their Message-ID (`headerIdHash`). Reads all records of the store, once: a second or two for each ten
 * million. A store that was not migrated yet has no hashes.
 */
export async function idsByHash(
  database: Database,
  { namespace, pipeline }: { readonly namespace: string; readonly pipeline: string },
  hash: string,
): Promise<HashFindings> {
  const columns = await database.query(
    `SELECT FROM pg_attribute WHERE attrelid = to_regclass('mailmill.message') AND attname = 'header_id_hash' AND NOT attisdropped`,
  );
  const kept = columns.length > 0 ? 'm.header_id_hash' : 'NULL::bigint';
  // Aggregates without groups, of which the server may read parts in parallel. An id begins with the time of receipt.
  const rows = await database.query<{ count: string; until: Date | null; ids: readonly string[] }>(
    `SELECT count, until, ARRAY(SELECT DISTINCT id FROM unnest(ids) id ORDER BY id DESC LIMIT ${most}) AS ids FROM (
       SELECT count(*) FILTER (WHERE ${kept} IS NULL) AS count, max(m.recorded_at) FILTER (WHERE ${kept} IS NULL) AS until,
              array_agg(m.message_id) FILTER (WHERE ${kept} = $3) AS ids
         FROM mailmill.message m
        WHERE m.pipeline_id = (SELECT id FROM mailmill.pipeline WHERE namespace = $1 AND name = $2) AND (${kept} = $3 OR ${kept} IS NULL)) found`,
    [namespace, pipeline, BigInt.asIntN(64, BigInt(`0x${hash}`))],
  );
  const { count, until, ids } = rows[0]!;
  return { ids, unhashed: until === null ? undefined : { count: Number(count), until } };
}
