import type { Database } from './database.ts';

/** Messages that are told at most: the newest. */
const most = 50;

interface TracedPipeline {
  readonly namespace: string;
  readonly pipeline: string;
}

/** Records that do not have the hash of their Message-ID. */
export interface Unhashed {
  readonly count: number;
  /** When the last of them was made. */
  readonly until: Date;
}

const ofPipeline = 'm.pipeline_id = (SELECT id FROM mailmill.pipeline WHERE namespace = $1 AND name = $2)';

/** The column with the hash; a store that was not migrated yet has none. */
async function hashColumn(database: Database): Promise<string> {
  const found = await database.query(
    `SELECT FROM pg_attribute WHERE attrelid = to_regclass('mailmill.message') AND attname = 'header_id_hash' AND NOT attisdropped`,
  );
  return found.length > 0 ? 'm.header_id_hash' : 'NULL::bigint';
}

/**
 * Ids of the messages of a pipeline whose Message-ID has this hash (`headerIdHash`), the newest first, as far back as retention goes. Reads all
 * records of the store: a second or two for each ten million.
 */
export async function idsByHash(
  database: Database,
  { namespace, pipeline }: TracedPipeline,
  hash: string,
): Promise<readonly string[]> {
  const rows = await database.query<{ id: string }>(
    `SELECT m.message_id AS id FROM mailmill.message m WHERE ${ofPipeline} AND ${await hashColumn(database)} = $3
      GROUP BY m.message_id ORDER BY max(m.recorded_at) DESC LIMIT ${most}`,
    [namespace, pipeline, BigInt.asIntN(64, BigInt(`0x${hash}`))],
  );
  return rows.map(({ id }) => id);
}

/** What of a pipeline cannot be found by a hash; undefined: all can. Reads as much as `idsByHash`. */
export async function unhashed(
  database: Database,
  { namespace, pipeline }: TracedPipeline,
): Promise<Unhashed | undefined> {
  const rows = await database.query<{ count: string; until: Date | null }>(
    `SELECT count(*), max(m.recorded_at) AS until FROM mailmill.message m WHERE ${ofPipeline} AND ${await hashColumn(database)} IS NULL`,
    [namespace, pipeline],
  );
  const { count, until } = rows[0]!;
  return until === null ? undefined : { count: Number(count), until };
}
