import type { Database } from './database.ts';

/** Internal number of a pipeline; made at first sight. Also records its retention in milliseconds. */
export async function pipelineId(
  database: Database,
  namespace: string,
  name: string,
  retentionMs: number,
): Promise<bigint> {
  const rows = await database.query<{ id: string }>(
    `INSERT INTO mailmill.pipeline (namespace, name, retention) VALUES ($1, $2, $3 * interval '1 millisecond')
     ON CONFLICT (namespace, name) DO UPDATE SET retention = excluded.retention RETURNING id`,
    [namespace, name, retentionMs],
  );
  return BigInt(rows[0]!.id);
}

/** Internal number of an account of a source; made at first sight. */
export async function accountId(database: Database, namespace: string, source: string, name: string): Promise<bigint> {
  const rows = await database.query<{ id: string }>(
    `WITH made AS (INSERT INTO mailmill.account (namespace, source, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id)
     SELECT id FROM made UNION ALL SELECT id FROM mailmill.account WHERE namespace = $1 AND source = $2 AND name = $3 LIMIT 1`,
    [namespace, source, name],
  );
  const row = rows[0];
  return row ? BigInt(row.id) : accountId(database, namespace, source, name); // another transaction has just made it
}

/** Internal numbers of accounts of a source; made at first sight. One that is being purged at this moment is left out. */
export async function accountIds(
  database: Database,
  namespace: string,
  source: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, bigint>> {
  const ids = await knownAccounts(database, namespace, source, names);
  const unknown = names.filter((name) => !ids.has(name));
  if (unknown.length === 0) return ids;
  await database.query(
    `INSERT INTO mailmill.account (namespace, source, name) SELECT $1, $2, n FROM unnest($3::text[]) n ORDER BY n ON CONFLICT DO NOTHING`,
    [namespace, source, unknown],
  );
  return knownAccounts(database, namespace, source, names);
}

async function knownAccounts(database: Database, namespace: string, source: string, names: readonly string[]) {
  const rows = await database.query<{ id: string; name: string }>(
    'SELECT id, name FROM mailmill.account WHERE namespace = $1 AND source = $2 AND name = ANY($3)',
    [namespace, source, names],
  );
  return new Map(rows.map(({ id, name }) => [name, BigInt(id)]));
}

/** Internal number of a folder of an account; made at first sight. */
export async function folderId(database: Database, account: bigint, name: string): Promise<bigint> {
  const rows = await database.query<{ id: string }>(
    `WITH made AS (INSERT INTO mailmill.folder (account_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id)
     SELECT id FROM made UNION ALL SELECT id FROM mailmill.folder WHERE account_id = $1 AND name = $2 LIMIT 1`,
    [account, name],
  );
  const row = rows[0];
  return row ? BigInt(row.id) : folderId(database, account, name);
}
