import type { Database } from './database.ts';
import { accountId, folderId } from './names.ts';

/**
 * UIDs for sources that have none of their own. Keys that are new get the next UIDs in the order given; a key keeps its UID for ever.
 */
export async function assignUids(
  database: Database,
  account: bigint,
  folder: string,
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const id = await folderId(database, account, folder);
  const select = 'SELECT key, uid FROM mailmill.file_uid WHERE folder_id = $1 AND key = ANY($2)';
  const known = new Map<string, number>();
  const rows = await database.query<{ key: string; uid: string }>(select, [id, keys]);
  for (const row of rows) known.set(row.key, Number(row.uid));
  const missing = keys.filter((key) => !known.has(key));
  if (missing.length === 0) return known;
  await database.transaction(async (client) => {
    await client.query('SELECT FROM mailmill.folder WHERE id = $1 FOR NO KEY UPDATE', [id]);
    const now = await client.query<{ key: string; uid: string }>(select, [id, missing]);
    for (const row of now.rows) known.set(row.key, Number(row.uid));
    const fresh = [...new Set(missing.filter((key) => !known.has(key)))];
    const inserted = await client.query<{ key: string; uid: string }>(
      `INSERT INTO mailmill.file_uid (folder_id, key, uid)
       SELECT $1, k.key, coalesce((SELECT max(uid) FROM mailmill.file_uid WHERE folder_id = $1), 0) + k.n
         FROM unnest($2::text[]) WITH ORDINALITY AS k (key, n) RETURNING key, uid`,
      [id, fresh],
    );
    for (const row of inserted.rows) known.set(row.key, Number(row.uid));
  });
  return known;
}

/** UIDs that these keys have; a key without one is left out. Changes nothing. */
export async function lookUpUids(
  database: Database,
  place: { readonly namespace: string; readonly source: string; readonly account: string; readonly folder: string },
  keys: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (keys.length === 0) return new Map();
  const rows = await database.query<{ key: string; uid: string }>(
    `SELECT u.key, u.uid FROM mailmill.file_uid u JOIN mailmill.folder f ON f.id = u.folder_id JOIN mailmill.account a ON a.id = f.account_id
      WHERE a.namespace = $1 AND a.source = $2 AND a.name = $3 AND f.name = $4 AND u.key = ANY($5)`,
    [place.namespace, place.source, place.account, place.folder, keys],
  );
  return new Map(rows.map((row) => [row.key, Number(row.uid)]));
}

/** The greatest UID that was given in a folder; 0: none. */
export async function lastUid(database: Database, account: bigint, folder: string): Promise<number> {
  const rows = await database.query<{ uid: string | null }>(
    `SELECT max(u.uid) AS uid FROM mailmill.file_uid u JOIN mailmill.folder f ON f.id = u.folder_id WHERE f.account_id = $1 AND f.name = $2`,
    [account, folder],
  );
  return Number(rows[0]?.uid ?? 0);
}

/** The keys that have these UIDs of a folder, inclusive. */
export async function uidKeys(
  database: Database,
  account: bigint,
  folder: string,
  from: number,
  to: number,
): Promise<ReadonlyMap<number, string>> {
  const rows = await database.query<{ key: string; uid: string }>(
    `SELECT u.key, u.uid FROM mailmill.file_uid u JOIN mailmill.folder f ON f.id = u.folder_id
      WHERE f.account_id = $1 AND f.name = $2 AND u.uid BETWEEN $3 AND $4`,
    [account, folder, from, to],
  );
  return new Map(rows.map((row) => [Number(row.uid), row.key]));
}

/** UIDs of the sources of a namespace. With `lookUpOnly` nothing gets a UID that has none. */
export function uidAllocator(database: Database, namespace: string, { lookUpOnly = false } = {}) {
  const id = (source: string, account: string) => accountId(database, namespace, source, account);
  return {
    assign: async (source: string, account: string, folder: string, keys: readonly string[]) =>
      lookUpOnly
        ? lookUpUids(database, { namespace, source, account, folder }, keys)
        : assignUids(database, await id(source, account), folder, keys),
    last: async (source: string, account: string, folder: string) =>
      lastUid(database, await id(source, account), folder),
    keys: async (source: string, account: string, folder: string, from: number, to: number) =>
      uidKeys(database, await id(source, account), folder, from, to),
  };
}
