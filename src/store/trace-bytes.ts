import { constants, gunzipSync } from 'node:zlib';
import type { Database } from './database.ts';

/** Bytes of what is kept of a dead letter that are looked at: they hold the beginning of its header. */
const lookedAt = 65_536;
/** Dead letters that are looked at, at a time and in all: the newest. */
const page = 200;
const mostLetters = 10_000;

/** An account of a source. */
export interface TracedAccount {
  readonly namespace: string;
  readonly source: string;
  readonly account: string;
}

/** Ids of the messages of an account that had these bytes, wherever that was. Looks through all that was ever seen of it. */
export async function idsByBytes(
  database: Database,
  { namespace, source, account }: TracedAccount,
  rawSha256: string,
): Promise<readonly string[]> {
  const rows = await database.query<{ id: string }>(
    `SELECT DISTINCT o.message_id AS id
       FROM mailmill.account a JOIN mailmill.folder f ON f.account_id = a.id JOIN mailmill.epoch e ON e.folder_id = f.id
       JOIN mailmill.occurrence o ON o.epoch_id = e.id
      WHERE a.namespace = $1 AND a.source = $2 AND a.name = $3 AND o.raw_sha256 = decode($4, 'hex') ORDER BY 1 LIMIT 50`,
    [namespace, source, account, rawSha256],
  );
  return rows.map(({ id }) => id);
}

/** What can be decompressed of the beginning of a gzip stream. */
function beginningOf(gzip: Buffer): Buffer {
  try {
    return gunzipSync(gzip, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return Buffer.alloc(0); // nobody can read it: it is not what is looked for
  }
}

/** Ids of the dead letters of a pipeline, the newest 10,000, the beginning of whose bytes is what is looked for. */
export async function deadWith(
  database: Database,
  { namespace, pipeline }: { readonly namespace: string; readonly pipeline: string },
  wanted: (beginning: Buffer) => boolean,
): Promise<readonly string[]> {
  const found = new Set<string>();
  for (let offset = 0; offset < mostLetters; offset += page) {
    const rows = await database.query<{ id: string; raw: Buffer | null; header: Buffer | null }>(
      `SELECT d.message_id AS id, substring(d.raw FROM 1 FOR ${lookedAt}) AS raw, substring(d.header FROM 1 FOR ${lookedAt}) AS header
         FROM mailmill.dead_letter d JOIN mailmill.pipeline p ON p.id = d.pipeline_id
        WHERE p.namespace = $1 AND p.name = $2 AND (d.raw IS NOT NULL OR d.header IS NOT NULL)
        ORDER BY d.recorded_at DESC, d.message_id, d.edition LIMIT ${page} OFFSET $3`,
      [namespace, pipeline, offset],
    );
    for (const { id, raw, header } of rows)
      if (wanted(raw ? beginningOf(raw) : (header ?? Buffer.alloc(0)))) found.add(id);
    if (rows.length < page) break;
  }
  return [...found];
}
