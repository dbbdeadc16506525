import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Allowance } from '../../../src/pipeline/accounts/allowance.ts';
import { Database } from '../../../src/store/database.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { accountId } from '../../../src/store/names.ts';
import { failure } from '../../sources/support.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';

const mib = 2 ** 20;
let postgres: Postgres;
let database: Database;
let account: bigint;
let accounts = 0;

beforeAll(async () => {
  postgres = await startPostgres();
  database = new Database({ uri: await postgres.createDatabase(), max: 4, applicationName: 'test' });
  await migrate(database);
});
afterAll(async () => {
  await database?.close();
  await postgres?.stop();
});
beforeEach(async () => {
  account = await accountId(database, 'ns', 'inbox', `ann-${++accounts}`);
});

const used = async () => {
  const rows = await database.query<{ bytes: string; messages: string }>(
    'SELECT bytes, messages FROM mailmill.account_usage WHERE account_id = $1',
    [account],
  );
  return rows.map(({ bytes, messages }) => [Number(bytes), Number(messages)]);
};
const batch = (bytes: number, messages = 1) => ({ bytes, messages });

describe('the daily limits of an account', () => {
  test('hold over all who read it, and new mail may have what old mail may not', async () => {
    const some = Array.from({ length: 3 }, () => new Allowance(database, account, { bytes: 100 * mib }));
    let taken = 0;
    for (let round = 0; round < 200; round++) for (const one of some) if (await one.take(batch(mib), true)) taken += 1;
    // Up to a tenth for new mail, and what each of them has in reserve.
    expect(taken).toBeGreaterThanOrEqual(84);
    expect(taken).toBeLessThanOrEqual(90);
    expect(some[0]!.pausedMs).toBeGreaterThan(0);
    expect(some[0]!.paused(new Date())).toMatchObject({ code: 'SOURCE_BUDGET_SPENT', oldOnly: true });
    let fresh = 0;
    let last: unknown;
    for (; fresh < 100 && !last; fresh++) last = await failure(some[1]!.take(batch(mib), false)).catch(() => undefined);
    expect(last).toMatchObject({ family: 'Waiting', code: 'SOURCE_BUDGET_SPENT' });
    expect(String((last as Error).message)).toMatch(/goes on at \d{4}-\d{2}-\d{2}T00:00:00Z/);
    expect((await used())[0]![0]).toBeLessThanOrEqual(100 * mib);
  });

  test('count messages as well', async () => {
    const allowance = new Allowance(database, account, { messages: 10, allForOld: true });
    for (let n = 0; n < 10; n++) expect(await allowance.take(batch(1), true)).toBe(true);
    expect(await failure(allowance.take(batch(1), true))).toMatchObject({ code: 'SOURCE_BUDGET_SPENT' });
  });

  test('let one message pass that is larger than a day, first thing', async () => {
    const allowance = new Allowance(database, account, { bytes: mib });
    expect(await allowance.take(batch(50 * mib), true)).toBe(true);
    expect(await allowance.take(batch(mib), true)).toBe(false);
  });

  test('what is reserved and not used is given back', async () => {
    const allowance = new Allowance(database, account, { bytes: 1000 * mib, messages: 100_000 });
    await allowance.take(batch(mib, 10), false);
    expect(await used()).toEqual([[21 * mib, 2_010]]);
    await allowance.giveBack();
    expect(await used()).toEqual([[mib, 10]]);
  });

  test('yesterday counts for yesterday', async () => {
    await database.query(
      `INSERT INTO mailmill.account_usage VALUES ($1, (now() AT TIME ZONE 'UTC')::date - 1, 1000, 1000), ($1, (now() AT TIME ZONE 'UTC')::date - 40, 1, 1)`,
      [account],
    );
    const allowance = new Allowance(database, account, { bytes: 10 });
    expect(await allowance.take(batch(5), false)).toBe(true);
    await allowance.giveBack();
    expect(await used()).toEqual([
      [1000, 1000],
      [5, 1],
    ]);
  });

  test('cost nothing where there are none', async () => {
    const closed = new Database({ uri: 'postgresql://127.0.0.1:1/none', max: 1, applicationName: 'test' });
    const allowance = new Allowance(closed, account, {});
    expect(await allowance.take(batch(1000 * mib), true)).toBe(true);
    await allowance.giveBack();
    await closed.close();
  });
});
