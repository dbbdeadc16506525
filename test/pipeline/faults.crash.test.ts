import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { leaseTermMs } from '../../src/store/leases.ts';
import { mailToStore } from '../support/mail-to-store.ts';
import { startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { rowCount, rowsReach, sql } from '../support/worker.ts';
import { stallsFirstCopy } from './copy-stall.ts';
import { expectExact, makeWorld } from './crash-world.ts';

const servers = mailToStore();

// Most of their time they wait for a lease to run out.
describe.concurrent('faults', () => {
  test('30 SIGKILLs at random moments while mail arrives', async ({ onTestFinished }) => {
    const it = await makeWorld(servers, onTestFinished, 2_000, false);
    let count = 2_000;
    let seed = 20_261_121;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    for (let round = 0; round < 30; round++) {
      const worker = await it.start();
      for (let n = 0; n < 40; n++) it.deliver(`r${round}-${n}`);
      count += 40;
      // Every third time at any moment of its start, else while it works.
      if (round % 3 > 0) await eventually(() => worker.output().includes('took the lease'), 60_000);
      await delay(random() * (round % 3 > 0 ? 600 : 1_500));
      worker.kill('SIGKILL');
      expect(await worker.exited).toBe('SIGKILL');
      await it.expireDead();
    }
    const last = await it.pod.once('last');
    expect(last.code, last.output).toBe(0);
    await expectExact(it, count);
  });

  const places = [
    { where: 'in a database of its own', shared: false },
    { where: "in the store's database", shared: true },
  ];
  test.for(places)(
    'a worker that is stopped in the middle of a COPY loses its lease, and does no harm when it goes on: the sink is $where',
    async ({ shared }, { onTestFinished }) => {
      const count = 700;
      const copy = await stallsFirstCopy(servers.postgres, onTestFinished);
      const world = { ...servers, postgres: copy.postgres };
      const it = await makeWorld(world, onTestFinished, count, shared, `${'x'.repeat(10_000)}\r\n`);
      const first = await it.start();
      await copy.stalled;
      first.kill('SIGSTOP');
      const stopped = Date.now();
      const second = await it.start();
      await eventually(async () => (await rowCount(it.sink)).rows > 0, 2 * leaseTermMs);
      await rowsReach(it.sink, count);
      await delay(Math.max(0, stopped + 3 * leaseTermMs - Date.now()));
      it.deliver('while-stopped');
      await rowsReach(it.sink, count + 1);
      first.kill('SIGCONT');
      await eventually(async () => (await first.status()).pipelines[0]?.accounts[0]?.role === 'Standby', 30_000);
      expect((await second.status()).pipelines[0]?.accounts[0]?.role).toBe('Holder');
      it.deliver('after');
      await rowsReach(it.sink, count + 2);
      await expectExact(it, count + 2);
    },
  );

  test('PostgreSQL is killed in the middle of commits and comes back', async ({ onTestFinished }) => {
    const postgres = await startPostgres();
    onTestFinished(() => postgres.stop());
    const it = await makeWorld({ ...servers, postgres }, onTestFinished, 2_500, true);
    const worker = await it.start();
    await eventually(async () => (await rowCount(it.sink)).rows > 0, 30_000);
    await postgres.kill();
    await delay(1_500);
    await postgres.start();
    await rowsReach(it.sink, 2_500);
    await postgres.restart();
    it.deliver('after');
    await rowsReach(it.sink, 2_501);
    worker.kill('SIGTERM');
    expect(await worker.exited, worker.output()).toBe(0);
    await expectExact(it, 2_501);
  });

  test('a sink that was restored to an earlier backup is fed again from there', async ({ onTestFinished }) => {
    const it = await makeWorld(servers, onTestFinished, 700, false);
    expect((await it.pod.once('one')).code).toBe(0);
    const [name, backup] = [new URL(it.sink).pathname.slice(1), `${new URL(it.sink).pathname.slice(1)}_backup`];
    await sql(servers.postgres.uri, `CREATE DATABASE ${backup} TEMPLATE ${name}`);
    for (let n = 0; n < 300; n++) it.deliver(`later-${n}`);
    expect((await it.pod.once('two')).code).toBe(0);
    expect((await rowCount(it.sink)).rows).toBe(1_000);
    await sql(servers.postgres.uri, `DROP DATABASE ${name}`);
    await sql(servers.postgres.uri, `ALTER DATABASE ${backup} RENAME TO ${name}`);
    expect((await rowCount(it.sink)).rows).toBe(700);
    const again = await it.pod.once('three');
    expect(again.code, again.output).toBe(0);
    expect(again.output).toContain('restored to an earlier state');
    await expectExact(it, 1_000);
  });

  test('a new UIDVALIDITY with the mail kept brings no row twice', async ({ onTestFinished }) => {
    const it = await makeWorld(servers, onTestFinished, 900, false);
    expect((await it.pod.once('one')).code).toBe(0);
    await servers.dovecot.newEpoch(it.user);
    for (let n = 0; n < 10; n++) it.deliver(`new-${n}`);
    const worker = await it.start();
    await rowsReach(it.sink, 910);
    await servers.dovecot.newEpoch(it.user);
    it.deliver('newest');
    await rowsReach(it.sink, 911);
    worker.kill('SIGTERM');
    expect(await worker.exited, worker.output()).toBe(0);
    const last = await it.pod.once('last');
    expect(last.code, last.output).toBe(0);
    await expectExact(it, 911);
    const epochs = await sql<{ count: string }>(
      it.store,
      'SELECT count(*) FROM mailmill.epoch WHERE retired_at IS NULL',
    );
    expect(Number(epochs[0]!.count)).toBe(1);
  });
});
