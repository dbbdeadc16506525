import { MailmillError } from '../telemetry/errors.ts';
import { type Database, sqlState } from './database.ts';

/** What a worker's sessions are called in pg_stat_activity, in the store and in sinks: by it others end what it leaves open when it dies. */
export const sessionName = (workerId: string): string => `mailmill ${workerId}`;

/** A worker whose word counts no more, and for how many milliseconds. */
export interface DeadWorker {
  readonly id: string;
  readonly forMs: number;
}

/**
 * Ends transactions that somebody has left open in the database where it is run, and with them their locks; one row, `ended`, says how many.
 * No limit of PostgreSQL's own ends them all: a session that waits for the rest of a COPY, or of a large parameter, or for somebody to take
 * its answer, listens to none as long as the kernel of a stopped process, or the network, keeps its connection. It ends sessions of the same
 * user only, which needs no right, and none that waits for a standby: that would show what the standby does not have.
 */
const end = (leftOpen: string): string =>
  `SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid))::int AS ended FROM pg_stat_activity a
    WHERE a.usename = current_user AND a.datname = current_database() AND a.pid <> pg_backend_pid()
      AND a.xact_start IS NOT NULL AND a.wait_event IS DISTINCT FROM 'SyncRep' AND (${leftOpen})`;

/**
 * The transaction is older than the death of whose name it has: a pooler that does not pass names on shows that of a dead worker in
 * transactions of others. After a minute it does not matter: nobody's takes as long.
 */
const leftBy = (name: string, died: string): string =>
  `starts_with(a.application_name, ${name}) AND a.xact_start < greatest(${died}, clock_timestamp() - interval '1 minute')`;

/** Ends what these workers left open in another database than the store. */
export const endSessions = (workers: readonly DeadWorker[]) => ({
  text: end(
    `EXISTS (SELECT FROM unnest($1::text[], $2::float8[]) AS w (name, for_ms)
      WHERE ${leftBy('w.name', `clock_timestamp() - w.for_ms * interval '1 millisecond'`)})`,
  ),
  values: [workers.map(({ id }) => sessionName(id)), workers.map(({ forMs }) => forMs)],
});

/** Milliseconds after which a worker itself has given up any statement in the store that waits for it; `Database` sees to that. */
const givenUpMs = 80_000;

/**
 * Ends what dead workers left open in the store, and what this one did: where the network broke on its side alone, its own transaction
 * holds the locks that it needs to go on.
 */
export const endDeadSessionsQuery = (self: string) => ({
  text: end(
    `EXISTS (SELECT FROM mailmill.worker w
      WHERE w.id <> $1 AND w.expires_at <= clock_timestamp() AND ${leftBy(`'${sessionName('')}' || w.id`, 'w.expires_at')})
     OR (starts_with(a.application_name, $2) AND a.state = 'active' AND a.wait_event_type = 'Client'
      AND a.query_start < clock_timestamp() - ${givenUpMs} * interval '1 millisecond')`,
  ),
  values: [self, sessionName(self)],
});

/** Workers, but for this one, whose word counts no more: for the day that the store remembers them. */
export async function deadWorkers(database: Database, self: string): Promise<readonly DeadWorker[]> {
  const rows = await database.query<{ id: string; for_ms: number }>(
    `SELECT id, (extract(epoch FROM clock_timestamp() - expires_at) * 1000)::float8 AS for_ms FROM mailmill.worker
      WHERE expires_at <= clock_timestamp() AND id <> $1`,
    [self],
  );
  return rows.map(({ id, for_ms }) => ({ id, forMs: for_ms }));
}

/** How many sessions were ended; `Refused` where the server lets nobody of this user do so. */
export type Ended = number | 'Refused';

/** The answer to one of the queries above. Throws what is wrong with the server otherwise. */
export async function askEnded(query: () => Promise<readonly { readonly ended: number }[]>): Promise<Ended> {
  try {
    return (await query())[0]?.ended ?? 0;
  } catch (error) {
    const refused = sqlState(error) === '42501' || (error instanceof MailmillError && error.code === 'STORE_FORBIDDEN');
    if (refused) return 'Refused';
    throw error;
  }
}

/** Ends what was left open in the store by dead workers, and by this one. */
export async function endDeadSessions(database: Database, self: string): Promise<Ended> {
  const { text, values } = endDeadSessionsQuery(self);
  return askEnded(() => database.query<{ ended: number }>(text, values));
}
