import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { markChecked } from '../../src/store/epochs.ts';
import { assignUids } from '../../src/store/file-uids.ts';
import { holdsLease, raiseToken, registerWorker, releaseLease, unregisterWorker } from '../../src/store/leases.ts';
import { checkServer, migrate, migrations } from '../../src/store/migrate.ts';
import { accountId } from '../../src/store/names.ts';
import { dropExpiredPartitions } from '../../src/store/partitions.ts';
import { fence } from '../../src/store/record.ts';
import { beginRun, endCheckedRuns, endRun, recentRuns } from '../../src/store/runs.ts';
import {
  releaseForgotten,
  releaseSlot,
  requestSlot,
  tryAcquireSlot,
  withdrawSlotRequest,
} from '../../src/store/slots.ts';
import { startPostgres } from '../support/postgres.ts';
import { type Store, sight, takeLease } from './fixture.ts';
import { eachTestHasStore } from './store-world.ts';

let store: Store;
let database: Database;
let pipeline: bigint;
let account: bigint;
let worker: string;

const servers = eachTestHasStore((opened) => {
  store = opened;
  ({ database, pipeline, account, worker } = store);
});

const lease: Store['lease'] = (of) => store.lease(of);
const select: Store['select'] = (...args) => store.select(...args);
const commit: Store['commit'] = (...args) => store.commit(...args);
const expire: Store['expire'] = (id) => store.expire(id);

describe('migrations', () => {
  test('many at once apply each migration once', async () => {
    const fresh = await servers.postgres.createDatabase();
    const all = Array.from({ length: 4 }, () => new Database({ uri: fresh, max: 1, applicationName: 'test' }));
    const counts = await Promise.all(all.map((each) => migrate(each)));
    expect(counts.toSorted()).toEqual([0, 0, 0, migrations().length]);
    await Promise.all(all.map((each) => each.close()));
  });

  test('a user without the right to create gets the command to run', async () => {
    const uri = new URL(await servers.postgres.createDatabase());
    const admin = new Database({ uri: uri.href, max: 1, applicationName: 'test' });
    await admin.query(`CREATE ROLE poor LOGIN PASSWORD 'x'`);
    await admin.close();
    uri.username = 'poor';
    uri.password = 'x';
    const poor = new Database({ uri: uri.href, max: 1, applicationName: 'test' });
    await expect(migrate(poor)).rejects.toMatchObject({
      code: 'STORE_MIGRATION_FORBIDDEN',
      family: 'Stalled',
      message: expect.stringContaining('mailmill migrate'),
    });
    await poor.close();
  });

  test('a server without fsync is refused', async () => {
    const unsafe = await startPostgres({ fsync: false });
    const store = new Database({ uri: unsafe.uri, max: 1, applicationName: 'test' });
    await expect(checkServer(store)).rejects.toMatchObject({ code: 'STORE_NOT_DURABLE' });
    await store.close();
    await unsafe.stop();
  });

  test('unreachable, unknown user and missing database are told apart', async () => {
    const codes: string[] = [];
    const uri = new URL(servers.postgres.uri);
    for (const change of [{ port: '1' }, { password: 'wrong' }, { pathname: '/nothing' }]) {
      const target = new URL(uri.href);
      Object.assign(target, change);
      const store = new Database({ uri: target.href, max: 1, applicationName: 'test' });
      codes.push(
        await checkServer(store).then(
          () => 'fine',
          (error: { code: string }) => error.code,
        ),
      );
      await store.close();
    }
    expect(codes).toEqual(['STORE_UNREACHABLE', 'STORE_AUTH_REJECTED', 'STORE_DATABASE_MISSING']);
  });
});

describe('leases', () => {
  test('one holder; a dead holder loses it; the token rises with every holder', async () => {
    const first = await lease();
    const other = randomUUID();
    await registerWorker(database, other, 'other');
    expect(await takeLease(database, pipeline, account, other)).toBeUndefined();
    await expire(worker);
    const second = await takeLease(database, pipeline, account, other);
    expect(second?.token).toBe(first.token + 1n);
    expect(await holdsLease(database, first)).toBe(false);
    await expect(database.transaction((client) => fence(client, first, 1n, 0n))).rejects.toMatchObject({
      code: 'STORE_FENCED',
    });
    await releaseLease(database, first); // not ours any more: nothing happens
    expect(await holdsLease(database, second!)).toBe(true);
  });

  test('a worker that ends frees its leases at once', async () => {
    await lease();
    await unregisterWorker(database, worker);
    const other = randomUUID();
    await registerWorker(database, other, 'other');
    expect(await takeLease(database, pipeline, account, other)).toBeDefined();
  });

  test('a worker that got a lease without learning so gets it again, with another token', async () => {
    const first = await lease();
    const second = await lease();
    expect(second.token).toBe(first.token + 1n);
    expect(await holdsLease(database, first)).toBe(false);
  });

  test('a token is raised above one that a sink has seen', async () => {
    const held = await lease();
    const raised = await raiseToken(database, held, 40n);
    expect(raised.token).toBe(41n);
    expect(await holdsLease(database, held)).toBe(false);
    expect(await holdsLease(database, raised)).toBe(true);
  });

  test('a cursor that somebody moved fences the commit', async () => {
    const held = await lease();
    const cursor = await select(held, 'INBOX', 1n);
    await commit(held, 'INBOX', 1n, [sight(1, 'a')]);
    await expect(
      database.transaction((client) => fence(client, held, cursor.epochId, cursor.version)),
    ).rejects.toMatchObject({ code: 'STORE_FENCED' });
  });
});

describe('connection slots', () => {
  test('with a limit of 2 the last one is kept for readiness', async () => {
    const work = [
      await requestSlot(database, account, worker, false),
      await requestSlot(database, account, worker, false),
    ];
    const ready = await requestSlot(database, account, worker, true);
    expect(await tryAcquireSlot(database, work[0]!, 2)).toBeUndefined(); // readiness is served first
    const readiness = await tryAcquireSlot(database, ready, 2);
    expect(readiness).toBeDefined();
    expect(await tryAcquireSlot(database, work[0]!, 2)).toBeUndefined(); // the only usable one is taken by the login
    await releaseSlot(database, readiness!);
    expect(await tryAcquireSlot(database, work[0]!, 2)).toBeDefined();
    expect(await tryAcquireSlot(database, work[1]!, 2)).toBeUndefined();
  });

  test('with a limit of 1 there is one, first come first served, and a dead holder frees it', async () => {
    const first = await requestSlot(database, account, worker, false);
    const second = await requestSlot(database, account, worker, false);
    expect(await tryAcquireSlot(database, second, 1)).toBeUndefined();
    expect(await tryAcquireSlot(database, first, 1)).toBeDefined();
    const other = randomUUID();
    await registerWorker(database, other, 'other');
    const third = await requestSlot(database, account, other, false);
    await withdrawSlotRequest(database, second);
    expect(await tryAcquireSlot(database, third, 1)).toBeUndefined();
    await expire(worker);
    expect(await tryAcquireSlot(database, third, 1)).toBeDefined();
  });
});

describe('a worker that lost its store for a moment', () => {
  test('does not keep others waiting behind a request that it has forgotten', async () => {
    await requestSlot(database, account, worker, false);
    const again = await requestSlot(database, account, worker, false, []);
    expect(await tryAcquireSlot(database, again, 1)).toBeDefined();
  });

  test('frees a slot that it holds without knowing', async () => {
    const forgotten = await requestSlot(database, account, worker, false);
    await tryAcquireSlot(database, forgotten, 1);
    const next = await requestSlot(database, account, worker, false, []);
    expect(await tryAcquireSlot(database, next, 1)).toBeUndefined();
    await releaseForgotten(database, worker, [forgotten.holder]);
    expect(await tryAcquireSlot(database, next, 1)).toBeDefined();
  });
});

describe('partitions', () => {
  test('exist for today and two days ahead, and go when the longest retention is over', async () => {
    const names = async () =>
      (
        await database.query<{ name: string }>(
          `SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'mailmill.message'::regclass`,
        )
      ).map((row) => row.name);
    expect(await names()).toHaveLength(3);
    await database.query(
      `CREATE TABLE mailmill.message_20200101 PARTITION OF mailmill.message FOR VALUES FROM ('2020-01-01 00:00:00+00') TO ('2020-01-02 00:00:00+00')`,
    );
    expect(await dropExpiredPartitions(database)).toEqual(['message_20200101']);
    expect(await names()).toHaveLength(3);
    expect(await dropExpiredPartitions(database)).toEqual([]);
  });
});

describe('runs', () => {
  test('are executed once: a second begin and a second end change nothing', async () => {
    const run = { name: 'r', specHash: 'h', revision: 'one' };
    expect((await beginRun(database, pipeline, run)).state).toBe('Running');
    expect((await endRun(database, pipeline, run, { state: 'Succeeded' })).state).toBe('Succeeded');
    expect((await beginRun(database, pipeline, { ...run, revision: 'two' })).revision).toBe('one');
    expect((await endRun(database, pipeline, run, { state: 'Failed', code: 'X' })).state).toBe('Succeeded');
    expect((await recentRuns(database, pipeline)).map((each) => each.name)).toEqual(['r']);
  });

  test('on a streaming pipeline end when each present folder was checked after their start', async () => {
    const held = await lease();
    const cursor = await select(held, 'INBOX', 1n);
    await beginRun(database, pipeline, { name: 'now', specHash: 'h', revision: 'one' });
    expect(await endCheckedRuns(database, pipeline, [account])).toBe(0);
    await database.query('UPDATE mailmill.cursor SET checked_at = clock_timestamp() WHERE epoch_id = $1', [
      cursor.epochId,
    ]);
    expect(await endCheckedRuns(database, pipeline, [account])).toBe(1);
  });

  test('on a streaming pipeline do not wait for the folders of a source that it has left, but for each of its accounts', async () => {
    await select(await lease(), 'INBOX', 1n);
    await beginRun(database, pipeline, { name: 'now', specHash: 'h', revision: 'one' });
    const other = await accountId(database, 'ns', 'another', 'ann');
    expect(await endCheckedRuns(database, pipeline, [other])).toBe(0);
    const held = await takeLease(database, pipeline, other, worker);
    const cursor = await select(held!, 'INBOX', 1n);
    await markChecked(database, held!, [cursor.epochId]);
    expect(await endCheckedRuns(database, pipeline, [other])).toBe(1);
  });
});

test('UIDs of files are given in order, once, also when two ask at the same time', async () => {
  const both = await Promise.all([
    assignUids(database, account, 'INBOX', ['a', 'b', 'c']),
    assignUids(database, account, 'INBOX', ['b', 'c', 'd']),
  ]);
  for (const [key, uid] of both[0]) if (both[1].has(key)) expect(both[1].get(key)).toBe(uid);
  const all = await assignUids(database, account, 'INBOX', ['a', 'b', 'c', 'd']);
  expect(new Set(all.values())).toEqual(new Set([1, 2, 3, 4]));
});
