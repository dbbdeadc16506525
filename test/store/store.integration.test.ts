import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { cursors, openCursor, retireMissingFolders } from '../../src/store/epochs.ts';
import { assignUids } from '../../src/store/file-uids.ts';
import { type Place, resolveIdentities, type Sighted } from '../../src/store/identity.ts';
import {
  holdsLease,
  type Lease,
  raiseToken,
  registerWorker,
  releaseLease,
  tryAcquireLease,
  unregisterWorker,
} from '../../src/store/leases.ts';
import { checkServer, migrate } from '../../src/store/migrate.ts';
import { accountId, pipelineId } from '../../src/store/names.ts';
import { dropExpiredPartitions, ensurePartitions } from '../../src/store/partitions.ts';
import { type Coverage, fence, record } from '../../src/store/record.ts';
import { refeed } from '../../src/store/refeed.ts';
import { beginRun, endCheckedRuns, endRun, recentRuns } from '../../src/store/runs.ts';
import { releaseSlot, requestSlot, tryAcquireSlot, withdrawSlotRequest } from '../../src/store/slots.ts';
import { UidSet } from '../../src/store/uid-set.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';

let postgres: Postgres;
let database: Database;
let pipeline: bigint;
let account: bigint;
let worker: string;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});
beforeEach(async () => {
  database = new Database({ uri: await postgres.createDatabase(), max: 4, applicationName: 'test' });
  await migrate(database);
  await ensurePartitions(database);
  worker = randomUUID();
  await registerWorker(database, worker, 'test');
  pipeline = await pipelineId(database, 'ns', 'mail', 86_400_000);
  account = await accountId(database, 'ns', 'inbox', 'ann');
});
afterEach(async () => {
  await database?.close();
});

const expire = (id: string) =>
  database.query(`UPDATE mailmill.worker SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1`, [id]);

const lease = async (of = pipeline): Promise<Lease> => {
  const taken = await tryAcquireLease(database, of, account, worker);
  if (!taken) throw new Error('the lease is held');
  return taken;
};

const sight = (uid: number, content: string, objectId?: string): Sighted => ({
  uid,
  rawSha256: Buffer.from(content.padEnd(32, '.')).toString('hex').slice(0, 64),
  size: 10,
  receivedAt: new Date('2024-08-22T12:36:23Z'),
  ...(objectId !== undefined && { objectId }),
});

const select = (held: Lease, name: string, uidvalidity: bigint) =>
  openCursor(database, held, { name, uidvalidity, uidNext: 100 }, () => undefined);

const place = (folder: string, uidvalidity: bigint, epochId: bigint): Place => ({
  namespace: 'ns',
  source: 'inbox',
  account: 'ann',
  folder,
  uidvalidity,
  epochId,
});

/** Resolves and commits messages as a worker does; returns their identities. */
async function commit(held: Lease, folder: string, uidvalidity: bigint, messages: readonly Sighted[]) {
  const cursor = await select(held, folder, uidvalidity);
  const identities = await resolveIdentities(database, held, place(folder, uidvalidity, cursor.epochId), messages);
  const uids: [number, number] = [messages[0]!.uid, messages.at(-1)!.uid];
  const coverage: Coverage = {
    uids,
    listed: messages.length,
    read: messages.length,
    vanished: 0,
    excluded: 0,
    known: 0,
    dropped: 0,
    dead: 0,
  };
  await database.transaction(async (client) => {
    await fence(client, held, cursor.epochId, cursor.version);
    await record(client, held, {
      epochId: cursor.epochId,
      version: cursor.version,
      revision: 'r1',
      finished: UidSet.of(uids),
      coverage: [coverage],
      sighted: messages,
      ids: new Map([...identities].map(([uid, identity]) => [uid, identity.messageId])),
      outcomes: messages.map((m) => ({
        messageId: identities.get(m.uid)!.messageId,
        edition: 1,
        uid: m.uid,
        state: 'Processed' as const,
      })),
      deliveries: [],
      deadLetters: [],
    });
  });
  return identities;
}

describe('migrations', () => {
  test('many at once apply each migration once', async () => {
    const fresh = await postgres.createDatabase();
    const all = Array.from({ length: 4 }, () => new Database({ uri: fresh, max: 1, applicationName: 'test' }));
    const counts = await Promise.all(all.map((each) => migrate(each)));
    expect(counts.toSorted()).toEqual([0, 0, 0, 1]);
    await Promise.all(all.map((each) => each.close()));
  });

  test('a user without the right to create gets the command to run', async () => {
    const uri = new URL(await postgres.createDatabase());
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
    const uri = new URL(postgres.uri);
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
    expect(await tryAcquireLease(database, pipeline, account, other)).toBeUndefined();
    await expire(worker);
    const second = await tryAcquireLease(database, pipeline, account, other);
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
    expect(await tryAcquireLease(database, pipeline, account, other)).toBeDefined();
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

describe('identity', () => {
  test('a repeat before and after the commit gives the same ids', async () => {
    const held = await lease();
    const cursor = await select(held, 'INBOX', 1n);
    const messages = [sight(1, 'a'), sight(2, 'b')];
    const before = await resolveIdentities(database, held, place('INBOX', 1n, cursor.epochId), messages);
    const committed = await commit(held, 'INBOX', 1n, messages);
    expect(committed).toEqual(before);
    const after = await resolveIdentities(database, held, place('INBOX', 1n, cursor.epochId), messages);
    expect(after).toEqual(before);
  });

  test('in a new epoch the same bytes are the same messages, twins stay two, and new mail is new', async () => {
    const held = await lease();
    const old = await commit(held, 'INBOX', 1n, [sight(1, 'twin'), sight(2, 'twin'), sight(3, 'single')]);
    const fresh = await commit(held, 'INBOX', 2n, [
      sight(1, 'single'),
      sight(2, 'twin'),
      sight(3, 'twin'),
      sight(4, 'twin'),
      sight(5, 'new'),
    ]);
    const oldIds = new Set([...old.values()].map((identity) => identity.messageId));
    expect(oldIds.size).toBe(3);
    expect([1, 2, 3, 4, 5].map((uid) => fresh.get(uid)!.handled)).toEqual([true, true, true, false, false]);
    const ids = [1, 2, 3, 4, 5].map((uid) => fresh.get(uid)!.messageId);
    expect(new Set(ids).size).toBe(5);
    expect(ids.slice(0, 3).every((id) => oldIds.has(id))).toBe(true);
    const orphans = await database.query('SELECT FROM mailmill.orphan');
    expect(orphans).toEqual([]);
  });

  test('a second pipeline reads the identities of the first and has handled nothing', async () => {
    const held = await lease();
    const first = await commit(held, 'INBOX', 1n, [sight(1, 'a')]);
    const other = await lease(await pipelineId(database, 'ns', 'other', 1));
    const second = await commit(other, 'INBOX', 1n, [sight(1, 'a')]);
    expect(second.get(1)).toEqual({ messageId: first.get(1)!.messageId, handled: false });
  });

  test('an object id carries identity over a move and between copies', async () => {
    const held = await lease();
    const first = await commit(held, 'INBOX', 1n, [sight(1, 'a', 'M1'), sight(2, 'a', 'M1')]);
    expect(first.get(1)!.messageId).toBe(first.get(2)!.messageId);
    const moved = await commit(held, 'Archive', 9n, [sight(5, 'other bytes', 'M1')]);
    expect(moved.get(5)).toEqual({ messageId: first.get(1)!.messageId, handled: true });
  });

  test('copies in two folders without object ids are two messages; a renamed folder keeps its own', async () => {
    const held = await lease();
    const inbox = await commit(held, 'INBOX', 1n, [sight(1, 'a')]);
    const copy = await commit(held, 'Old', 5n, [sight(1, 'a')]);
    expect(copy.get(1)!.messageId).not.toBe(inbox.get(1)!.messageId);
    await retireMissingFolders(database, held, ['INBOX', 'New']);
    const renamed = await commit(held, 'New', 6n, [sight(1, 'a')]);
    expect(renamed.get(1)).toEqual({ messageId: copy.get(1)!.messageId, handled: true });
  });

  test('a folder that comes back with its UIDVALIDITY goes on where it was', async () => {
    const held = await lease();
    await commit(held, 'Old', 5n, [sight(1, 'a')]);
    await retireMissingFolders(database, held, ['INBOX']);
    const back = await select(held, 'Old', 5n);
    expect(back.finished.has(1)).toBe(true);
    expect(await database.query('SELECT FROM mailmill.orphan')).toEqual([]);
  });
});

describe('since', () => {
  test('is resolved once, at the first sight of a folder, and kept over epochs', async () => {
    const held = await lease();
    const at = (iso: string) => () => new Date(iso);
    const open = (uidvalidity: bigint, since: (now: Date) => Date | undefined) =>
      openCursor(database, held, { name: 'INBOX', uidvalidity, uidNext: 9 }, since);
    expect((await open(1n, at('2024-01-01'))).since).toEqual(new Date('2024-01-01'));
    expect((await open(1n, at('2025-01-01'))).since).toEqual(new Date('2024-01-01'));
    expect((await open(2n, at('2025-01-01'))).since).toEqual(new Date('2024-01-01'));
  });
});

describe('refeed', () => {
  test('takes back what was committed after a version, and no more', async () => {
    const held = await lease();
    await commit(held, 'INBOX', 1n, [sight(1, 'a'), sight(2, 'b')]);
    await commit(held, 'INBOX', 1n, [sight(3, 'c')]);
    await commit(held, 'INBOX', 1n, [sight(4, 'd'), sight(5, 'e')]);
    const { epochId } = (await cursors(database, pipeline, account))[0]!;
    expect(await refeed(database, held, epochId, 1n)).toBe(3);
    expect((await cursors(database, pipeline, account))[0]!.finished.toString()).toBe('{[1,3)}');
    // A second look finds the version that the first one made covered.
    expect(await refeed(database, held, epochId, 4n)).toBe(0);
  });

  test('begins again from nothing where coverage was dropped by retention', async () => {
    const held = await lease();
    await commit(held, 'INBOX', 1n, [sight(1, 'a')]);
    await commit(held, 'INBOX', 1n, [sight(2, 'b')]);
    await database.query('DELETE FROM mailmill.coverage WHERE version = 2');
    const { epochId } = (await cursors(database, pipeline, account))[0]!;
    expect(await refeed(database, held, epochId, 1n)).toBe(2);
  });

  test('of a retired epoch reads the messages where they are now', async () => {
    const held = await lease();
    await commit(held, 'INBOX', 1n, [sight(1, 'a'), sight(2, 'b')]);
    await commit(held, 'INBOX', 2n, [sight(1, 'b'), sight(2, 'a')]);
    const [old] = await cursors(database, pipeline, account);
    await refeed(database, held, old!.epochId, 0n);
    const again = await commit(held, 'INBOX', 2n, [sight(1, 'b'), sight(2, 'a')]);
    expect([again.get(1)!.handled, again.get(2)!.handled]).toEqual([false, false]);
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
    expect(await endCheckedRuns(database, pipeline)).toBe(0);
    await database.query('UPDATE mailmill.cursor SET checked_at = clock_timestamp() WHERE epoch_id = $1', [
      cursor.epochId,
    ]);
    expect(await endCheckedRuns(database, pipeline)).toBe(1);
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
