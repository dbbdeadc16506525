import type { Database } from './database.ts';

/** Partitions come and go under a lock on the whole table: behind a long query of somebody else, commits must not queue up. */
const lockTimeout = `SET LOCAL lock_timeout = '3s'`;

/** Tables that are partitioned by the day of recording. */
const partitioned = ['coverage', 'message', 'delivery'] as const;

/**
 * Makes the partitions of today and of the days after it, `days` in all, by the clock of the database. Several workers may do so at once.
 */
export async function ensurePartitions(database: Database, days = 3): Promise<void> {
  const missing = await database.query<{ parent: string; day: string; next: string; name: string }>(
    `SELECT p AS parent, to_char(d, 'YYYY-MM-DD') AS day, to_char(d + 1, 'YYYY-MM-DD') AS next, p || '_' || to_char(d, 'YYYYMMDD') AS name
       FROM unnest($1::text[]) p, (SELECT (now() AT TIME ZONE 'UTC')::date + n AS d FROM generate_series(0, $2::integer - 1) n) days
      WHERE to_regclass('mailmill.' || p || '_' || to_char(d, 'YYYYMMDD')) IS NULL`,
    [partitioned, days],
  );
  if (missing.length === 0) return;
  await database.transaction(async (client) => {
    await client.query(lockTimeout);
    await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('mailmill.partitions', 0))`);
    for (const { parent, day, next, name } of missing)
      await client.query(
        `CREATE TABLE IF NOT EXISTS mailmill.${name} PARTITION OF mailmill.${parent} FOR VALUES FROM ('${day} 00:00:00+00') TO ('${next} 00:00:00+00')`,
      );
  });
}

/**
 * Drops partitions that are older than the longest retention of any pipeline in this store; returns their names. De-duplication
 * never needs them: identities and cursors are elsewhere.
 */
export async function dropExpiredPartitions(database: Database): Promise<readonly string[]> {
  const expired = await database.query<{ name: string }>(
    `SELECT c.relname AS name
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
      WHERE n.nspname = 'mailmill' AND p.relname = ANY($1) AND c.relname ~ '_[0-9]{8}$'
        AND to_date(right(c.relname, 8), 'YYYYMMDD') < ((now() - (SELECT max(retention) FROM mailmill.pipeline)) AT TIME ZONE 'UTC')::date`,
    [partitioned],
  );
  for (const { name } of expired)
    await database.transaction(async (client) => {
      await client.query(lockTimeout);
      await client.query(`DROP TABLE IF EXISTS mailmill.${name}`);
    });
  return expired.map((row) => row.name);
}
