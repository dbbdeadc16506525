import type { Database } from './database.ts';

/** What a worker's sessions are called in pg_stat_activity, in the store and in sinks: by it others end what it leaves open when it dies. */
export const sessionName = (workerId: string): string => `mailmill ${workerId}`;

/**
 * Ends transactions that these workers have left open in the database where it is run, and with them their locks; one row, `ended`, says how
 * many. No limit of PostgreSQL's own ends them all: a session that waits for the rest of a COPY, or of a large parameter, listens to none
 * as long as the kernel of a stopped process, or the network, keeps its connection. It ends sessions of the same user only, which needs
 * no right.
 */
export const endSessions = (workers: readonly string[]) => ({
  text: `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))::int AS ended FROM pg_stat_activity
    WHERE application_name = ANY($1) AND usename = current_user AND datname = current_database() AND xact_start IS NOT NULL`,
  values: [workers.map(sessionName)],
});

/** Ids of the workers, but for this one, whose word counts no more: for the day that the store remembers them. */
export async function deadWorkers(database: Database, self: string): Promise<readonly string[]> {
  const rows = await database.query<{ id: string }>(
    'SELECT id FROM mailmill.worker WHERE expires_at <= clock_timestamp() AND id <> $1',
    [self],
  );
  return rows.map(({ id }) => id);
}

/** Ends what dead workers, but for this one, left open in the store. Returns how many sessions that were. */
export async function endDeadSessions(database: Database, self: string): Promise<number> {
  const { text, values } = endSessions(await deadWorkers(database, self));
  const rows = await database.query<{ ended: number }>(text, values);
  return rows[0]?.ended ?? 0;
}
