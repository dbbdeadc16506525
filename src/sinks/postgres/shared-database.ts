import type pg from 'pg';
import { begin, withConnection } from './connection.ts';

/**
 * Whether two pools reach the same database as the same user, whatever their URIs say: a lock that one takes, on a random number, must be
 * seen by the other. Needs no right and leaves nothing behind.
 *
 * @param random 64 bits, signed.
 */
export async function sharesDatabase(
  one: pg.Pool,
  other: pg.Pool,
  random: bigint,
  signal: AbortSignal,
): Promise<boolean> {
  if (one === other) return true;
  return withConnection(one, signal, async ({ client }) => {
    await client.query(begin);
    const mine = await client.query<{ role: string }>(
      'SELECT current_user AS role, pg_advisory_xact_lock($1::bigint) AS locked',
      [String(random)],
    );
    const shared = await withConnection(other, signal, async ({ client: theirs }) => {
      const bits = BigInt.asUintN(64, random);
      const seen = await theirs.query<{ shared: boolean }>(
        `SELECT current_user = $1 AND EXISTS (
           SELECT FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid::bigint = $2 AND objid::bigint = $3
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS shared`,
        [mine.rows[0]?.role, String(bits >> 32n), String(bits & 0xffff_ffffn)],
      );
      return seen.rows[0]?.shared === true;
    });
    await client.query('COMMIT');
    return shared;
  });
}
