import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { tellEnded } from '../../src/pipeline/left-open.ts';
import { Database } from '../../src/store/database.ts';
import { endDeadSessions, endDeadSessionsQuery, sessionName } from '../../src/store/dead-sessions.ts';
import { lookAtShares } from '../../src/store/lease-shares.ts';
import { leaseCheck, registerWorker } from '../../src/store/leases.ts';
import { migrate } from '../../src/store/migrate.ts';
import { tryAcquireRunLease } from '../../src/store/run-lease.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { openStore, type Store, sight, takeLease } from './fixture.ts';

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

describe('what was left open in the store', () => {
  /** A session of a worker that has locked the account and is in the middle of a large parameter, as a network that breaks leaves it. */
  async function inParameter(worker: string, before = 'SELECT 1') {
    const connectionString = store.database.pool.options.connectionString;
    const client = new pg.Client({ connectionString, application_name: sessionName(worker) });
    client.on('error', () => undefined); // the driver knows nothing of what is said here
    const ended = new Promise<boolean>((resolve) => client.once('end', () => resolve(true)));
    await client.connect();
    await client.query(
      `BEGIN; SET LOCAL statement_timeout = 200; SET LOCAL idle_in_transaction_session_timeout = 200; ${before};
       SELECT FROM mailmill.account WHERE id = ${store.account} FOR NO KEY UPDATE`,
    );
    client.connection.parse({ text: 'SELECT length($1::text)', name: '', types: [] }, true);
    const { stream } = client.connection;
    stream.write(Buffer.from('B\0\0\x10\0the beginning of it', 'latin1'));
    const state = () =>
      store.database.query(
        `SELECT FROM pg_stat_activity WHERE application_name = $1 AND state = 'active' AND wait_event = 'ClientRead'`,
        [sessionName(worker)],
      );
    await eventually(async () => (await state()).length === 1);
    return { ended, end: () => stream.destroy() };
  }

  test('by a worker of another pipeline that shares the account is ended by whoever lives', async () => {
    const { database, worker, expire, other: otherPipeline, commit } = store;
    const session = await inParameter(other);
    await expire(other);
    const sight0 = [{ ...sight(1, 'one'), objectId: 'object' }];
    const waiting = otherPipeline().then((lease) => commit(lease, 'INBOX', 1n, sight0));
    await database.query('SELECT pg_sleep(0.5)'); // longer than any limit of its transaction
    expect(await endDeadSessions(database, worker)).toBe(1);
    expect(await session.ended).toBe(true);
    expect((await waiting).size).toBe(1);
  });

  test('by a dead worker does not keep the next version from migrating', async () => {
    const { database, expire } = store;
    await database.query('ALTER TABLE mailmill.kept_message DROP COLUMN flags');
    await database.query('DELETE FROM mailmill.migration WHERE version = 12');
    const session = await inParameter(other, 'SELECT FROM mailmill.kept_message');
    await expire(other);
    expect(await migrate(database)).toBe(1);
    expect(await session.ended).toBe(true);
  });

  test('by this worker itself is ended when it has given it up, and not before', async () => {
    const { database, worker } = store;
    const session = await inParameter(worker);
    expect(await endDeadSessions(database, worker)).toBe(0);
    const { text, values } = endDeadSessionsQuery(worker);
    // A minute and a half later.
    const [row] = await database.query(
      text.replaceAll('clock_timestamp()', `(clock_timestamp() + interval '90 s')`),
      values,
    );
    expect(row).toEqual({ ended: 1 });
    expect(await session.ended).toBe(true);
  });

  test('is not what somebody else does under the name of a dead worker, as behind a pooler', async () => {
    const { database, worker, expire } = store;
    await expire(other);
    const session = await inParameter(other);
    expect(await endDeadSessions(database, worker)).toBe(0);
    session.end();
  });

  test('is not a commit that waits for a standby: it would show what the standby does not have', async () => {
    const { database, worker, expire } = store;
    const set = (names: string) =>
      database
        .query(`ALTER SYSTEM SET synchronous_standby_names = '${names}'`)
        .then(() => database.query('SELECT pg_reload_conf()'));
    const connectionString = database.pool.options.connectionString;
    const client = new pg.Client({ connectionString, application_name: sessionName(other) });
    const probe = new pg.Client({ connectionString, application_name: 'probe' });
    await Promise.all([client.connect(), probe.connect()]);
    await client.query('BEGIN; CREATE TABLE t (n int)');
    await expire(other);
    await set('nowhere');
    let probing: Promise<unknown> | undefined;
    let probes = 0;
    const waits = async (name: string) => {
      const waiting = `SELECT FROM pg_stat_activity WHERE application_name = $1 AND wait_event = 'SyncRep'`;
      return (await database.query(waiting, [name])).length === 1;
    };
    try {
      // Commits wait only once the checkpointer has read the setting.
      await eventually(() => {
        probing ??= probe.query(`CREATE TABLE probe_${probes++} ()`).finally(() => {
          probing = undefined;
        });
        return waits('probe');
      }, 30_000);
      const committed = client.query('COMMIT');
      await eventually(() => waits(sessionName(other)));
      expect(await endDeadSessions(database, worker)).toBe(0);
      await set('');
      await committed;
    } finally {
      await set('');
      await probing;
      await Promise.all([client.end(), probe.end()]);
    }
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

test('a user that may end no session is told so, and goes on without', async () => {
  const { database, pipeline, account, worker, lease, expire } = store;
  await lease();
  await expire(worker);
  const user = `user_${other.slice(0, 8)}`;
  await database.query(`CREATE ROLE ${user} LOGIN PASSWORD 'secret'`);
  await database.query(`GRANT USAGE ON SCHEMA mailmill TO ${user}`);
  await database.query(`GRANT ALL ON ALL TABLES IN SCHEMA mailmill TO ${user}`);
  await database.query(`REVOKE EXECUTE ON FUNCTION pg_terminate_backend(integer, bigint) FROM PUBLIC`);
  const uri = new URL(String(database.pool.options.connectionString));
  uri.username = user;
  uri.password = 'secret';
  const restricted = new Database({ uri: uri.href, max: 1, applicationName: 'test' });
  try {
    expect(await endDeadSessions(restricted, other)).toBe('Refused');
    expect(await takeLease(restricted, pipeline, account, other)).toMatchObject({ orphaned: true });
  } finally {
    await restricted.close();
  }
  const warned: string[] = [];
  tellEnded({ ...silentLogger, warn: (text) => void warned.push(text) }, 'Refused');
  expect(warned.join()).toContain('GRANT EXECUTE ON FUNCTION pg_terminate_backend');
});
