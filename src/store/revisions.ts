import type { Database } from './database.ts';

/** Remembers a revision, so that it can be told later what it made of a message. */
export async function rememberRevision(
  database: Database,
  pipelineId: bigint,
  revision: { readonly hash: string },
): Promise<void> {
  await database.query(
    'INSERT INTO mailmill.revision (pipeline_id, hash, spec) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
    [pipelineId, revision.hash, JSON.stringify(revision)],
  );
}

/** A revision that a worker of the pipeline has had; undefined: none has. */
export async function rememberedRevision(
  database: Database,
  pipelineId: bigint,
  hash: string,
): Promise<unknown | undefined> {
  const rows = await database.query<{ spec: unknown }>(
    'SELECT spec FROM mailmill.revision WHERE pipeline_id = $1 AND hash = $2',
    [pipelineId, hash],
  );
  return rows[0]?.spec;
}

/** The revision that made what was delivered of each message last; messages that were not delivered are left out. */
export async function deliveredBy(
  database: Database,
  pipelineId: bigint,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await database.query<{ message_id: string; revision: string }>(
    `SELECT DISTINCT ON (message_id) message_id, revision FROM mailmill.message
      WHERE pipeline_id = $1 AND message_id = ANY($2) AND state = 'Processed' ORDER BY message_id, edition DESC, recorded_at DESC`,
    [pipelineId, ids],
  );
  return new Map(rows.map((row) => [row.message_id, row.revision]));
}
