import { readdirSync, readFileSync } from 'node:fs';
import { MailmillError, stalled } from '../telemetry/errors.ts';
import type { Database } from './database.ts';
import { endDeadSessions } from './dead-sessions.ts';

const directory = new URL('./migrations/', import.meta.url);

const nobody = '00000000-0000-0000-0000-000000000000';

/** Migrations in order: version and SQL text. */
export function migrations(): readonly { readonly version: number; readonly sql: string }[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => ({ version: Number.parseInt(name, 10), sql: readFileSync(new URL(name, directory), 'utf8') }));
}

/**
 * Refuses a server that would lose committed data or is too old. Throws Stalled `STORE_NOT_DURABLE`, `STORE_TOO_OLD`.
 */
export async function checkServer(database: Database): Promise<void> {
  const rows = await database.query<{ fsync: string; commit: string; version: string }>(
    `SELECT current_setting('fsync') AS fsync, current_setting('synchronous_commit') AS commit, current_setting('server_version_num') AS version`,
  );
  const row = rows[0];
  if (!row || Number(row.version) < 140_000)
    throw stalled('STORE_TOO_OLD', 'the store must be PostgreSQL 14 or later; upgrade the server');
  if (row.fsync === 'off' || row.commit === 'off')
    throw stalled(
      'STORE_NOT_DURABLE',
      `the store's server has ${row.fsync === 'off' ? 'fsync' : 'synchronous_commit'} = off and would lose mail in a crash; switch it on`,
    );
}

/**
 * Brings the schema up to date, under a lock, in one transaction; returns how many migrations ran. A schema that is newer than this
 * program is fine: migrations only expand. Throws Stalled `STORE_MIGRATION_FORBIDDEN` without the rights.
 */
export async function migrate(database: Database): Promise<number> {
  const all = migrations();
  const before = await appliedVersions(database);
  if (all.every(({ version }) => before.has(version))) return 0;
  // Who migrates is no worker yet; what a dead one has left open would keep the tables from it.
  if (before.size > 0) await endDeadSessions(database, nobody);
  try {
    return await database.transaction(async (client) => {
      await client.query(`SELECT pg_advisory_xact_lock(hashtextextended('mailmill.migrate', 0))`);
      await client.query('CREATE SCHEMA IF NOT EXISTS mailmill');
      await client.query(
        'CREATE TABLE IF NOT EXISTS mailmill.migration (version integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
      );
      // All who work would queue up behind whoever waits for a table.
      await client.query(`SET LOCAL lock_timeout = '5s'`);
      const done = await client.query<{ version: number }>('SELECT version FROM mailmill.migration');
      const applied = new Set(done.rows.map((row) => row.version));
      let count = 0;
      for (const migration of all) {
        if (applied.has(migration.version)) continue;
        await client.query(migration.sql);
        await client.query('INSERT INTO mailmill.migration (version) VALUES ($1)', [migration.version]);
        count += 1;
      }
      return count;
    });
  } catch (error) {
    if (error instanceof MailmillError && error.code === 'STORE_FORBIDDEN')
      throw stalled(
        'STORE_MIGRATION_FORBIDDEN',
        "the store's user may not create the schema `mailmill`; run `mailmill migrate --store URI` with a user that may, or GRANT CREATE ON DATABASE",
        { cause: error },
      );
    throw error;
  }
}

async function appliedVersions(database: Database): Promise<ReadonlySet<number>> {
  const found = await database.query<{ found: boolean }>(
    `SELECT to_regclass('mailmill.migration') IS NOT NULL AS found`,
  );
  if (!found[0]?.found) return new Set();
  const rows = await database.query<{ version: number }>('SELECT version FROM mailmill.migration');
  return new Set(rows.map((row) => row.version));
}
