import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { endDeadSessions, sessionName } from '../../src/store/dead-sessions.ts';
import { lookAtShares } from '../../src/store/lease-shares.ts';
import { leaseCheck, registerWorker } from '../../src/store/leases.ts';
import { tryAcquireRunLease } from '../../src/store/run-lease.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { openStore, type Store, takeLease } from './fixture.ts';

let postgres: Postgres;
let store: Store;
let other: string;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());
beforeEach(async () => {
  store = await openStore(postgres);
  other = randomUUID();
  await registerWorker(store.database, other, 'other');
  return () => store.database.close();
});

/** A session of a worker in a transaction that has run `statement` and waits for the data of a COPY, as it does for a process that was stopped. */
async function inCopy(worker: string, statement: string) {
  const connectionString = store.database.pool.options.connectionString;
  const client = new pg.Client({ connectionString, application_name: sessionName(worker) });
  const ended = once(client, 'error');
  await client.connect();
  await client.query(`BEGIN; SET LOCAL statement_timeout = 200; ${statement}; CREATE TEMP TABLE t (n int)`);
  const asked = Promise.withResolvers<void>();
  const nothing = () => undefined;
  client.query({
    submit: (wire: pg.Connection) => wire.query('COPY t FROM STDIN'),
    handleCopyInResponse: () => asked.resolve(),
    handleError: nothing,
    handleReadyForQuery: nothing,
    callback: nothing,
  });
  await asked.promise;
  return { ended: ended.then(() => true), end: () => client.connection.stream.destroy() };
}

describe('a worker that was stopped in the middle of a COPY', () => {
  test('holds its lease for as long as it stands still, whatever limits the transaction has, until another one ends its session', async () => {
    const { database, pipeline, account, worker, lease, expire } = store;
    const session = await inCopy(worker, leaseCheck(await lease()));
    await expire(worker);
    await database.query('SELECT pg_sleep(0.5)'); // the limit of its statement is over
    expect(await takeLease(database, pipeline, account, other)).toBeUndefined();
    expect(await lookAtShares(database, pipeline, other, [account])).toMatchObject({ free: 1, orphaned: true });
    expect(await endDeadSessions(database, other)).toBe(1);
    expect(await session.ended).toBe(true);
    expect(await takeLease(database, pipeline, account, other)).toMatchObject({ workerId: other, orphaned: true });
  });

  test('does not keep the right to execute runs', async () => {
    const { database, pipeline, worker, expire } = store;
    const lease = await tryAcquireRunLease(database, pipeline, worker);
    expect(lease?.orphaned).toBeUndefined();
    const session = await inCopy(worker, `SELECT FROM mailmill.run_lease WHERE pipeline_id = ${pipeline} FOR UPDATE`);
    await expire(worker);
    expect(await tryAcquireRunLease(database, pipeline, other)).toMatchObject({ workerId: other, orphaned: true });
    expect(await session.ended).toBe(true);
  });
});

test('sessions of workers that live, of this one, and of other programs are left alone', async () => {
  const { database, pipeline, account, worker, lease, expire } = store;
  const mine = await inCopy(worker, leaseCheck(await lease()));
  const theirs = await inCopy(other, 'SELECT 1');
  const stranger = await inCopy(randomUUID(), 'SELECT 1');
  expect(await endDeadSessions(database, other)).toBe(0);
  expect(await lookAtShares(database, pipeline, other, [account])).toMatchObject({ free: 0, orphaned: false });
  await expire(worker);
  await expire(other);
  expect(await endDeadSessions(database, worker)).toBe(1);
  expect(await theirs.ended).toBe(true);
  const [row] = await database.query<{ count: number }>(
    `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'ClientRead' AND query LIKE 'COPY t%'`,
  );
  expect(row?.count).toBe(2);
  mine.end();
  stranger.end();
});

test('a lease that was given back, or of a worker that lives, is nobody left behind', async () => {
  const { database, pipeline, account, lease } = store;
  expect((await lease()).orphaned).toBeUndefined();
  expect((await lease()).orphaned).toBeUndefined(); // its own
  expect(await lookAtShares(database, pipeline, other, [account])).toMatchObject({ free: 0, orphaned: false });
});
