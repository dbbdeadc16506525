import type { Database } from './database.ts';

/** Messages that are told at most: the newest. */
const most = 50;

/** What a pipeline's records say of a Message-ID, as far as retention goes. */
export interface HashFindings {
  /** Ids of the messages whose Message-ID has this hash, the newest first. */
  readonly ids: readonly string[];
  /** Records that do not have the hash of theirs: how many, and when the last of them was made. */
  readonly unknown: { readonly count: number; readonly until: Date } | undefined;
}

/**
 * Messages of a pipeline by the hash of their Message-ID (`headerIdHash`). Reads all of its records: a second or two for each ten million. A store
 * that was not migrated yet has no hashes.
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
  const rows = await database.query<{ id: string | null; count: string; until: Date }>(
    `SELECT * FROM (
       SELECT CASE WHEN ${kept} IS NOT NULL THEN m.message_id END AS id, count(*), max(m.recorded_at) AS until
         FROM mailmill.message m
        WHERE m.pipeline_id = (SELECT id FROM mailmill.pipeline WHERE namespace = $1 AND name = $2) AND (${kept} = $3 OR ${kept} IS NULL)
        GROUP BY 1) found
      ORDER BY id IS NOT NULL, until DESC LIMIT ${most + 1}`,
    [namespace, pipeline, BigInt.asIntN(64, BigInt(`0x${hash}`))],
  );
  const unknown = rows.find(({ id }) => id === null);
  return {
    ids: rows.flatMap(({ id }) => (id === null ? [] : [id])).slice(0, most),
    unknown: unknown && { count: Number(unknown.count), until: unknown.until },
  };
}
