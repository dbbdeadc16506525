import { randomUUID } from 'node:crypto';
import type { Database } from './database.ts';
import { alive } from './leases.ts';

/** One connection to an account, out of those that all pipelines and workers share. */
export interface Slot {
  readonly accountId: bigint;
  readonly n: number;
  readonly holder: string;
}

/** A place in the queue for a connection. */
export interface SlotRequest {
  readonly accountId: bigint;
  readonly workerId: string;
  readonly holder: string;
  /** For the login that makes a new worker ready; may use the slot that is kept back for it. */
  readonly readiness: boolean;
}

/**
 * Queues for a connection. `mine` are the holders that this worker knows of: requests of its own that it has forgotten, because the store broke
 * when it withdrew them, would keep everybody waiting.
 */
export async function requestSlot(
  database: Database,
  accountId: bigint,
  workerId: string,
  readiness: boolean,
  mine?: readonly string[],
): Promise<SlotRequest> {
  const request = { accountId, workerId, holder: randomUUID(), readiness };
  if (mine)
    await database.query(
      'DELETE FROM mailmill.slot_request WHERE account_id = $1 AND worker_id = $2 AND NOT holder = ANY($3::uuid[])',
      [accountId, workerId, mine],
    );
  await database.query(
    'INSERT INTO mailmill.slot_request (account_id, holder, worker_id, readiness) VALUES ($1, $2, $3, $4)',
    [accountId, request.holder, workerId, readiness],
  );
  return request;
}

/** Leaves the queue. */
export async function withdrawSlotRequest(database: Database, request: SlotRequest): Promise<void> {
  await database.query('DELETE FROM mailmill.slot_request WHERE account_id = $1 AND holder = $2', [
    request.accountId,
    request.holder,
  ]);
}

/**
 * Takes a connection when one is free and nobody who may use it has waited longer; else undefined: try again. With a limit of 2 or
 * more, the last one is kept for readiness.
 */
export async function tryAcquireSlot(
  database: Database,
  request: SlotRequest,
  limit: number,
): Promise<Slot | undefined> {
  const usable = request.readiness || limit === 1 ? limit : limit - 1;
  return database.transaction(async (client) => {
    await client.query('SELECT FROM mailmill.account WHERE id = $1 FOR NO KEY UPDATE', [request.accountId]);
    await client.query(
      `INSERT INTO mailmill.slot (account_id, n) SELECT $1, n FROM generate_series(0, $2 - 1) n ON CONFLICT DO NOTHING`,
      [request.accountId, limit],
    );
    const free = await client.query<{ n: number }>(
      `SELECT n FROM mailmill.slot WHERE account_id = $1 AND n < $2 AND (worker_id IS NULL OR NOT ${alive('worker_id')}) ORDER BY n`,
      [request.accountId, usable],
    );
    // Readiness goes first: it lasts seconds, and a rollout waits for it.
    const ahead = await client.query<{ count: string }>(
      `SELECT count(*) FROM mailmill.slot_request r, mailmill.slot_request me
        WHERE me.account_id = $1 AND me.holder = $2 AND r.account_id = $1 AND ${alive('r.worker_id')}
          AND (NOT r.readiness, r.requested_at, r.holder) < (NOT me.readiness, me.requested_at, me.holder)`,
      [request.accountId, request.holder],
    );
    const n = free.rows[Number(ahead.rows[0]!.count)]?.n;
    if (n === undefined) return undefined;
    await client.query(
      'UPDATE mailmill.slot SET worker_id = $3, holder = $4, acquired_at = clock_timestamp() WHERE account_id = $1 AND n = $2',
      [request.accountId, n, request.workerId, request.holder],
    );
    await client.query('DELETE FROM mailmill.slot_request WHERE account_id = $1 AND holder = $2', [
      request.accountId,
      request.holder,
    ]);
    return { accountId: request.accountId, n, holder: request.holder };
  });
}

/** Takes a connection that is free while nobody waits for one; undefined: there is none. The last one stays free for readiness. */
export async function trySpareSlot(
  database: Database,
  { accountId, workerId, holder }: Omit<SlotRequest, 'readiness'>,
  limit: number,
): Promise<Slot | undefined> {
  return database.transaction(async (client) => {
    await client.query('SELECT FROM mailmill.account WHERE id = $1 FOR NO KEY UPDATE', [accountId]);
    const { rows } = await client.query<{ n: number }>(
      `UPDATE mailmill.slot SET worker_id = $2, holder = $4, acquired_at = clock_timestamp()
        WHERE account_id = $1 AND n = (
          SELECT n FROM mailmill.slot WHERE account_id = $1 AND n < $3 AND (worker_id IS NULL OR NOT ${alive('worker_id')}) ORDER BY n LIMIT 1)
          AND NOT EXISTS (SELECT FROM mailmill.slot_request r WHERE r.account_id = $1 AND ${alive('r.worker_id')})
        RETURNING n`,
      [accountId, workerId, limit - 1, holder],
    );
    const row = rows[0];
    return row && { accountId, n: row.n, holder };
  });
}

/** Gives a connection back, after it was closed. */
export async function releaseSlot(database: Database, slot: Slot): Promise<void> {
  await database.query(
    'UPDATE mailmill.slot SET worker_id = NULL, holder = NULL WHERE account_id = $1 AND n = $2 AND holder = $3',
    [slot.accountId, slot.n, slot.holder],
  );
}

/** Frees slots that a worker holds without knowing it, because the store broke when it took or returned them. */
export async function releaseForgotten(
  database: Database,
  workerId: string,
  holders: readonly string[],
): Promise<void> {
  await database.query(
    'UPDATE mailmill.slot SET worker_id = NULL, holder = NULL WHERE worker_id = $1 AND holder = ANY($2::uuid[])',
    [workerId, holders],
  );
}

/** Slots of this worker that somebody waits for; they should be lent soon. */
export const wantedSlotsQuery = `
  SELECT s.holder FROM mailmill.slot s
   WHERE s.worker_id = $1 AND EXISTS (SELECT FROM mailmill.slot_request r WHERE r.account_id = s.account_id AND ${alive('r.worker_id')})`;

/** Forgets requests of dead workers and workers that ended without saying so. */
export async function sweepDeadWorkers(database: Database): Promise<void> {
  await database.query(`DELETE FROM mailmill.slot_request r WHERE NOT ${alive('r.worker_id')}`);
  await database.query(`DELETE FROM mailmill.worker WHERE expires_at < clock_timestamp() - interval '1 day'`);
}
