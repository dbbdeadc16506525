import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest';
import { Database } from '../../../src/store/database.ts';
import { leaseTermMs } from '../../../src/store/leases.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { message, podFiles, rowCount, rowsReach, sql, type WorkerProcess } from '../../support/worker.ts';

let dovecot: Dovecot;
let postgres: Postgres;
let worlds = 0;

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot({ tls: false }), startPostgres()]);
});
afterAll(async () => {
  await dovecot?.stop();
  await postgres?.stop();
});

const accounts = 12;
const twoTerms = 2 * leaseTermMs;

/** Workers of one pipeline over twelve accounts, and mail that comes all the time. */
async function makeWorld(onTestFinished: TestContext['onTestFinished']) {
  const world = ++worlds;
  const users = Array.from({ length: accounts }, (_, i) => `share${world}-${i}`);
  for (const user of users) dovecot.makeFolder(user, 'INBOX');
  const store = await postgres.createDatabase(`share_store_${world}`);
  const sink = await postgres.createDatabase(`share_sink_${world}`);
  const database = new Database({ uri: store, max: 1, applicationName: 'test' });
  await migrate(database);
  await database.close();
  const podAt = (uri: string) =>
    podFiles({
      pipeline: {
        name: 'mail',
        source: { name: 'team' },
        sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse' }, table: 'emails' } }],
      },
      source: {
        imap: {
          host: dovecot.host,
          port: dovecot.port,
          tls: { mode: 'None' },
          accounts: { secretRef: { name: 'team' } },
        },
      },
      secrets: {
        team: { accounts: JSON.stringify(users.map((username) => ({ username, password: 'secret' }))) },
        warehouse: { uri: sink },
        'mailmill-store': { uri },
      },
    });
  const workers: WorkerProcess[] = [];
  const ended = new AbortController();
  let delivered = 0;
  const mail = (async () => {
    while (!ended.signal.aborted) {
      dovecot.deliver(users[delivered % accounts]!, 'INBOX', message(`${world}-${delivered}`));
      delivered += 1;
      await delay(100);
    }
  })();
  onTestFinished(async () => {
    ended.abort();
    await mail;
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map(({ exited }) => exited));
  });
  return {
    sink,
    store,
    start: async (uri = store) => {
      const pod = podAt(uri);
      onTestFinished(() => pod.remove());
      const worker = await pod.start();
      workers.push(worker);
      return worker;
    },
    /** How many leases each of the living workers has, most first; without those that nobody alive holds. */
    async shares(): Promise<readonly number[]> {
      const rows = await sql<{ held: number }>(
        store,
        `SELECT count(*)::int AS held FROM mailmill.lease l JOIN mailmill.worker w ON w.id = l.worker_id AND w.expires_at > clock_timestamp()
          GROUP BY w.id ORDER BY held DESC`,
      );
      return rows.map(({ held }) => held);
    },
    /** No more mail comes; what came is there, once. */
    async expectExact(): Promise<void> {
      ended.abort();
      await mail;
      await rowsReach(sink, delivered);
      await delay(1_000); // what would be doubled
      expect(await rowCount(sink)).toEqual({ rows: delivered, distinct: delivered });
    },
  };
}
type World = Awaited<ReturnType<typeof makeWorld>>;

const reach = (it: World, shares: readonly number[], ms = twoTerms) =>
  eventually(async () => JSON.stringify(await it.shares()) === JSON.stringify(shares), ms).catch(async () => {
    throw new Error(`shares are ${JSON.stringify(await it.shares())}, not ${JSON.stringify(shares)}`);
  });

// Most of their time they wait for leases.
describe.concurrent('accounts are shared by workers, and nothing is lost or doubled', () => {
  test('when workers come and go in order', async ({ onTestFinished }) => {
    const it = await makeWorld(onTestFinished);
    await it.start();
    await reach(it, [12], 60_000);
    const second = await it.start();
    await reach(it, [6, 6]);
    await it.start();
    await reach(it, [4, 4, 4]);
    second.kill('SIGTERM');
    expect(await second.exited).toBe(0);
    await reach(it, [6, 6]);
    await it.expectExact();
  });

  test('when one is killed', async ({ onTestFinished }) => {
    const it = await makeWorld(onTestFinished);
    const workers = [await it.start(), await it.start(), await it.start()];
    await reach(it, [4, 4, 4], 60_000);
    workers[0]?.kill('SIGKILL');
    await eventually(async () => (await it.shares()).length === 2, twoTerms);
    await reach(it, [6, 6]);
    await it.expectExact();
  });

  test('when one is stopped for longer than its lease, and goes on', async ({ onTestFinished }) => {
    const it = await makeWorld(onTestFinished);
    const stopped = await it.start();
    await it.start();
    await reach(it, [6, 6], 60_000);
    stopped.kill('SIGSTOP');
    await reach(it, [12]);
    await delay(leaseTermMs);
    stopped.kill('SIGCONT');
    await reach(it, [6, 6]);
    await it.expectExact();
  });

  test('when one is cut off from the store, and is not any more', async ({ onTestFinished }) => {
    const it = await makeWorld(onTestFinished);
    const { hostname, port } = new URL(it.store);
    const proxy = await startTcpProxy({ host: hostname, port: Number(port) });
    onTestFinished(() => proxy.stop());
    const uri = new URL(it.store);
    uri.host = `${proxy.host}:${proxy.port}`;
    await it.start(uri.href);
    await it.start();
    await reach(it, [6, 6], 60_000);
    proxy.cut();
    await reach(it, [12]);
    proxy.restore();
    await reach(it, [6, 6], 2 * twoTerms);
    await it.expectExact();
  });
});
