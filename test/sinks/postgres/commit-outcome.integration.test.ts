import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { startCommitProxy } from '../commit-proxy.ts';
import { context, progress, row, signal } from '../exact-contract.ts';
import { contents, sinkWorld } from './sink-world.ts';

const world = sinkWorld();
const { client, open, ready, sinkOn } = world;

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
