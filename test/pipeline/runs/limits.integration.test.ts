import { expect, onTestFinished, test } from 'vitest';
import { exitCodes } from '../../../src/telemetry/errors.ts';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { beforeMidnight } from '../../support/store-clock.ts';
import { sql } from '../../support/worker.ts';
import { runWorld } from './run-world.ts';

/** Milliseconds that the first day has left when the first worker starts. */
const leftMs = 30_000;

const servers = mailToStore({ tls: true });

test('a full load takes no more of an account than its day has left, and goes on the next day', async () => {
  const it = await runWorld(servers, onTestFinished, {
    shared: false,
    messagesPerDay: 20,
    storeUri: (uri) => beforeMidnight(uri, leftMs),
  });
  for (let n = 0; n < 12; n++) it.deliver(n);
  expect((await it.revision().once('first')).code).toBe(0);
  const again = async () => (await it.rows()).filter(({ edition }) => edition === 2).length;
  const used = async () =>
    (await sql<{ n: number }>(it.store, 'SELECT messages::int AS n FROM mailmill.account_usage ORDER BY day')).map(
      ({ n }) => n,
    );
  const loading = it.execute(it.revision([{ name: 'new', set: { mark: '"new"' } }]), 'load', { load: 'Full' });
  // A tenth is kept for new mail: 18 of 20, and 12 of those were read before.
  await eventually(async () => (await again()) === 6, leftMs);
  expect(await used()).toEqual([18]);
  const { code, result, output } = await loading;
  expect(code, output).toBe(0);
  expect(output).toContain('SOURCE_BUDGET_SPENT');
  expect(result).toMatchObject({ state: 'Succeeded', edition: 2, read: 12, done: 12, total: 12 });
  expect(await again()).toBe(12);
  expect(await used()).toEqual([18, 6]);
});

test('a preflight counts, takes no more than a tenth of a day, and waits for another day when this one is spent', async () => {
  const it = await runWorld(servers, onTestFinished, {
    shared: false,
    messagesPerDay: 20,
    storeUri: (uri) => beforeMidnight(uri, 6 * 3_600_000),
  });
  for (let n = 0; n < 12; n++) it.deliver(n);
  const before = it.revision();
  expect((await before.once('first')).code).toBe(0);
  const used = async () => {
    const rows = await sql<{ n: number }>(it.store, 'SELECT messages::int AS n FROM mailmill.account_usage');
    return rows.map(({ n }) => n);
  };
  expect(await used()).toEqual([12]);
  const next = it.revision([{ name: 'new', set: { mark: '"new"' } }]);
  const compare = () => it.preflight(next, { messages: 5, maxErrorRate: 0.2, baseline: before.revision.hash });
  const { code, result, output } = await compare();
  expect(code, output).toBe(0);
  expect(result).toMatchObject({ state: 'Succeeded', read: 2, delivered: 2 });
  expect(await used()).toEqual([14]);
  // As after more mail; what is left is too little.
  await sql(it.store, 'UPDATE mailmill.account_usage SET messages = 19');
  const late = await compare();
  expect(late.code, late.output).toBe(exitCodes.Waiting);
  expect(late.result).toMatchObject({ family: 'Waiting', code: 'SOURCE_BUDGET_SPENT' });
  expect(await used()).toEqual([19]);
});
