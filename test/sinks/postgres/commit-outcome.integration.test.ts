import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { FieldType } from '../../../src/message/fields.ts';
import { PostgresSink } from '../../../src/sinks/postgres/postgres-sink.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { startCommitProxy } from '../commit-proxy.ts';
import { context, progress, row, signal } from '../exact-contract.ts';

const spec = { secretRef: { name: 'analytics-db', key: 'uri' }, table: 'emails' };
const subjectOnly = new Map<string, FieldType>([['subject', 'string']]);

let server: Postgres;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server?.stop());
afterEach(async () => {
  for (const each of open.splice(0).toReversed()) await each.close();
});

function sinkOn(
  uri: string,
  types: ReadonlyMap<string, FieldType> = subjectOnly,
  more: Partial<typeof spec> & { schema?: string } = {},
) {
  const sink = PostgresSink.open('warehouse', { ...spec, ...more }, types, { uri, resolveDelaysMs: [0, 20, 50] });
  open.push(sink);
  return sink;
}

async function client(uri: string): Promise<pg.Client> {
  const connected = new pg.Client({ connectionString: uri });
  connected.on('error', () => undefined);
  await connected.connect();
  open.push({ close: () => connected.end() });
  return connected;
}

const contents = async (sql: pg.Client) => {
  const { rows } = await sql.query<{ id: string; subject: string }>('SELECT _mailmill_id AS id, subject FROM emails');
  return new Map(rows.map(({ id, subject }) => [id, subject]));
};

/** A database with a checked sink on it. */
async function ready(types?: ReadonlyMap<string, FieldType>) {
  const uri = await server.createDatabase();
  const sink = sinkOn(uri, types);
  await sink.check(signal);
  return { uri, sink, sql: await client(uri) };
}

describe('an unknown outcome of COMMIT', () => {
  async function behindProxy() {
    const { uri, sql } = await ready();
    const proxy = await startCommitProxy(uri);
    open.push({ close: () => proxy.stop() });
    return { sink: sinkOn(proxy.uri), proxy, sql };
  }

  test('is success when the server had committed', async () => {
    const { sink, proxy, sql } = await behindProxy();
    await sink.commit([row(1, 'a')], [progress(1, 1)], context, signal);
    void proxy.arm('forget');
    expect(await sink.commit([row(2, 'b')], [progress(2, 1)], context, signal)).toEqual({ written: 1, refused: [] });
    expect((await contents(sql)).size).toBe(2);
    expect((await sink.commit([row(3, 'c')], [progress(3, 1)], context, signal)).written).toBe(1);
  });

  test('is an error when the server never saw it, even after a commit of the same version', async () => {
    const { sink, proxy, sql } = await behindProxy();
    await sink.commit([row(1, 'a')], [progress(1, 1)], context, signal);
    void proxy.arm('swallow');
    await expect(sink.commit([row(2, 'b')], [progress(1, 1)], context, signal)).rejects.toMatchObject({
      code: 'SINK_COMMIT_LOST',
      family: 'Transient',
    });
    expect((await contents(sql)).size).toBe(1);
    expect((await sink.commit([row(2, 'b')], [progress(1, 1)], context, signal)).written).toBe(1);
  });

  test('is waited for while the server is still at it', async () => {
    const { sink, proxy, sql } = await behindProxy();
    await sql.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await sql.query('SELECT pg_reload_conf()');
    await until(sql, "SELECT current_setting('synchronous_standby_names') = 'nobody' AS yes");
    let settled = false;
    void proxy.arm('forget');
    const commit = sink.commit([row(1, 'a')], [progress(1, 1)], context, signal).finally(() => {
      settled = true;
    });
    await until(
      sql,
      "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep') AND EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'advisory') AS yes",
    );
    expect(settled).toBe(false);
    await sql.query('ALTER SYSTEM RESET synchronous_standby_names');
    await sql.query('SELECT pg_reload_conf()');
    expect(await commit).toEqual({ written: 1, refused: [] });
    expect((await contents(sql)).size).toBe(1);
  });

  test('is read when the server ends the connection during COMMIT', async () => {
    const { uri, sql } = await ready();
    const sink = sinkOn(uri);
    await sql.query("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await sql.query('SELECT pg_reload_conf()');
    await until(sql, "SELECT current_setting('synchronous_standby_names') = 'nobody' AS yes");
    const commit = sink.commit([row(1, 'a')], [progress(1, 1)], context, signal);
    commit.catch(() => undefined);
    await until(sql, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep') AS yes");
    await sql.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
    expect(await commit).toEqual({ written: 1, refused: [] });
    await sql.query('ALTER SYSTEM RESET synchronous_standby_names');
    await sql.query('SELECT pg_reload_conf()');
  });

  test('a connection that breaks before COMMIT is plainly Transient', async () => {
    const { uri, sql } = await ready();
    const sink = sinkOn(uri);
    await sql.query('BEGIN; LOCK TABLE emails IN ACCESS EXCLUSIVE MODE');
    const commit = sink.commit([row(1, 'a')], [progress(1, 1)], context, signal);
    commit.catch(() => undefined);
    const other = await client(uri);
    await until(
      other,
      "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()) AS yes",
    );
    await other.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
    );
    await expect(commit).rejects.toMatchObject({ family: 'Transient', code: 'SINK_UNAVAILABLE' });
    await sql.query('ROLLBACK');
    expect((await contents(sql)).size).toBe(0);
  });

  test('an abort ends a statement that hangs', async () => {
    const { uri, sql } = await ready();
    const sink = sinkOn(uri);
    await sql.query('BEGIN; LOCK TABLE emails IN ACCESS EXCLUSIVE MODE');
    const stop = new AbortController();
    const commit = sink.commit([row(1, 'a')], [progress(1, 1)], context, stop.signal);
    commit.catch(() => undefined);
    const other = await client(uri);
    await until(
      other,
      "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()) AS yes",
    );
    stop.abort(new Error('the grace period is over'));
    await expect(commit).rejects.toThrow('the grace period is over');
    await sql.query('ROLLBACK');
  });
});

/** Polls until a query answers `yes`. */
async function until(sql: pg.Client, query: string): Promise<void> {
  await expect
    .poll(async () => (await sql.query<{ yes: boolean }>(query)).rows[0]?.yes, { timeout: 10_000, interval: 10 })
    .toBe(true);
}
