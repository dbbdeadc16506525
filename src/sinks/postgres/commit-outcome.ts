import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { askEnded } from '../../store/dead-sessions.ts';
import { transient } from '../../telemetry/errors.ts';
import type { Progress } from '../sink.ts';
import { begin, withConnection } from './connection.ts';
import { sqlState } from './errors.ts';
import { fencedError, type Recorded, readProgress } from './progress.ts';

/** Makes this transaction wait for the disk: a commit that the server may lose after saying yes would let the cursor pass lost mail. */
export const durable =
  "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'";

const attemptBits = (attempt: string): bigint => BigInt(`0x${attempt.replaceAll('-', '').slice(0, 16)}`);

/** Locks the name of a commit, a UUID, until the transaction is over; whoever locks it next sees what became of it. */
export const lockAttempt = (attempt: string): string =>
  `SELECT pg_advisory_xact_lock(${BigInt.asIntN(64, attemptBits(attempt))})`;

const endAttempts = (attempts: Iterable<string>): string => {
  const names = Array.from(attempts, attemptBits).map((bits) => `(${bits >> 32n}, ${bits & 0xffff_ffffn})`);
  return `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid))::int AS ended FROM pg_locks
    WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND (classid::bigint, objid::bigint) IN (${names.join(', ')})
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
};

/** Commits that failed before their COMMIT; the server may not know. */
export class GivenUp {
  readonly #attempts = new Set<string>();

  add(attempt: string): void {
    this.#attempts.add(attempt);
  }

  /**
   * Ends their sessions. Where a proxy, or a pooler, keeps the server's side of a connection open, the next try would wait for the locks of
   * the one before, which waits for the rest of a COPY.
   */
  async end(client: pg.ClientBase): Promise<void> {
    const attempts = [...this.#attempts];
    if (attempts.length === 0) return;
    await askEnded(async () => (await client.query<{ ended: number }>(endAttempts(attempts))).rows);
    for (const attempt of attempts) this.#attempts.delete(attempt);
  }
}

/** Whether the server itself said, and lived to say, that COMMIT failed. */
export function saysRolledBack(error: unknown): boolean {
  const state = sqlState(error);
  return state !== undefined && !['08', '57', '58', 'XX'].includes(state.slice(0, 2));
}

/**
 * Learns from the database what became of a COMMIT whose answer is missing. Waits for a server that is still at it.
 *
 * @param progress what the commit wrote, in lock order.
 * @param delaysMs before each try to reach the database.
 * @returns when the commit has happened.
 * @throws Transient `SINK_COMMIT_LOST` when it has not, `SINK_FENCED` when another worker has written since, `SINK_COMMIT_UNKNOWN` when
 * the database could not be asked.
 */
export async function resolveOutcome(
  pool: pg.Pool,
  schema: string,
  progress: readonly Progress[],
  attempt: string,
  delaysMs: readonly number[],
  signal: AbortSignal,
  cause: unknown,
): Promise<void> {
  const keys = progress.map(({ key }) => key);
  const read = () =>
    withConnection(pool, signal, async ({ client }) => {
      await client.query(`${begin}; ${lockAttempt(attempt)}`);
      const found = await readProgress(client, schema, keys);
      await client.query('COMMIT');
      return found;
    });
  let recorded: readonly (Recorded | undefined)[] | undefined;
  let last = cause;
  for (const delay of delaysMs) {
    await sleep(delay, undefined, { signal });
    try {
      recorded = await read();
      break;
    } catch (error) {
      if (signal.aborted) throw error;
      last = error;
    }
  }
  if (recorded === undefined)
    throw transient(
      'SINK_COMMIT_UNKNOWN',
      'the connection broke during COMMIT and the database does not say what became of it; the range is read and written again',
      { cause: last },
    );
  if (recorded.every((row) => row?.attempt === attempt)) return;
  const tokens = new Map(progress.map(({ key, token }) => [key, token]));
  if (recorded.some((row) => row !== undefined && row.progress.token > (tokens.get(row.progress.key) ?? 0n)))
    throw fencedError();
  throw transient('SINK_COMMIT_LOST', 'the connection broke before COMMIT was done; the range is written again', {
    cause,
  });
}
