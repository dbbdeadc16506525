import type { Database } from './database.ts';

/** What is fetched, or may be. */
export interface Amount {
  readonly bytes: number;
  readonly messages: number;
}

/** An answer to a reservation. Days are those of UTC, by the clock of the database. */
export interface Reservation {
  readonly granted: boolean;
  /** RFC 3339 date that it counts for. */
  readonly day: string;
  /** Milliseconds until the next day. */
  readonly endsInMs: number;
}

/** Largest number of a column; what stands for no limit. */
const most = Number.MAX_SAFE_INTEGER;

/**
 * Adds to what is used of an account today, unless it would be more than `limit`; the first of a day is granted however much it is, because
 * a message may be larger than a day's limit.
 */
export async function reserveUsage(
  database: Database,
  accountId: bigint,
  amount: Amount,
  limit: Partial<Amount>,
): Promise<Reservation> {
  const rows = await database.query<{ granted: boolean; day: string; ends_in: number }>(
    `WITH today AS (SELECT (now() AT TIME ZONE 'UTC')::date AS day),
     old AS (DELETE FROM mailmill.account_usage WHERE account_id = $1 AND day < (SELECT day FROM today) - 31),
     taken AS (
       INSERT INTO mailmill.account_usage AS u (account_id, day, bytes, messages) SELECT $1, day, $2, $3 FROM today
       ON CONFLICT (account_id, day) DO UPDATE SET bytes = u.bytes + excluded.bytes, messages = u.messages + excluded.messages
        WHERE u.messages = 0 OR (u.bytes + excluded.bytes <= $4 AND u.messages + excluded.messages <= $5)
       RETURNING 1)
     SELECT EXISTS (SELECT FROM taken) AS granted, day::text,
       (extract(epoch FROM ((day + 1)::timestamp AT TIME ZONE 'UTC') - now()) * 1000)::float8 AS ends_in FROM today`,
    [accountId, amount.bytes, amount.messages, limit.bytes ?? most, limit.messages ?? most],
  );
  const { granted, day, ends_in } = rows[0]!;
  return { granted, day, endsInMs: Math.ceil(ends_in) };
}

/** Gives back what was reserved on a day and not used. */
export async function returnUsage(database: Database, accountId: bigint, day: string, amount: Amount): Promise<void> {
  await database.query(
    `UPDATE mailmill.account_usage SET bytes = greatest(0, bytes - $3), messages = greatest(0, messages - $4)
      WHERE account_id = $1 AND day = $2`,
    [accountId, day, amount.bytes, amount.messages],
  );
}
