import type { Database } from './database.ts';
import { alive } from './leases.ts';
import type { Slot } from './slots.ts';

/** A connection that is wanted at once, or not at all. */
export interface FreeSlotRequest {
  readonly accountId: bigint;
  readonly holder: string;
}

/**
 * Takes a connection of each of these accounts (each once) where one is free and nobody waits for one; the others must queue. With a limit of 2
 * or more, the last one is kept for readiness.
 */
export async function takeFreeSlots(
  database: Database,
  workerId: string,
  requests: readonly FreeSlotRequest[],
  limit: number,
): Promise<readonly Slot[]> {
  const accounts = requests.map(({ accountId }) => accountId);
  return database.transaction(async (client) => {
    // In one order, so that two workers do not wait for each other.
    await client.query('SELECT FROM mailmill.account WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE', [accounts]);
    await client.query(
      `INSERT INTO mailmill.slot (account_id, n) SELECT a, n FROM unnest($1::bigint[]) a JOIN mailmill.account ON id = a, generate_series(0, $2 - 1) n
       ON CONFLICT DO NOTHING`,
      [accounts, limit],
    );
    const { rows } = await client.query<{ account: string; n: number; holder: string }>(
      `UPDATE mailmill.slot s SET worker_id = $3, holder = free.holder, acquired_at = clock_timestamp()
         FROM (SELECT DISTINCT ON (s.account_id) s.account_id, s.n, r.holder
                 FROM unnest($1::bigint[], $2::uuid[]) r (account_id, holder) JOIN mailmill.slot s ON s.account_id = r.account_id
                WHERE s.n < $4 AND (s.worker_id IS NULL OR NOT ${alive('s.worker_id')})
                  AND NOT EXISTS (SELECT FROM mailmill.slot_request q WHERE q.account_id = r.account_id AND ${alive('q.worker_id')})
                ORDER BY s.account_id, s.n) free
        WHERE s.account_id = free.account_id AND s.n = free.n
       RETURNING s.account_id AS account, s.n, s.holder`,
      [accounts, requests.map(({ holder }) => holder), workerId, limit === 1 ? 1 : limit - 1],
    );
    return rows.map(({ account, n, holder }) => ({ accountId: BigInt(account), n, holder }));
  });
}
