import { describe, expect, test } from 'vitest';
import type { Database } from '../../src/store/database.ts';
import { cursors, openCursor, retireMissingFolders } from '../../src/store/epochs.ts';
import { resolveIdentities } from '../../src/store/identity.ts';
import { refeed } from '../../src/store/refeed.ts';
import { eventually } from '../support/processes.ts';
import { place, type Store, sight } from './fixture.ts';
import { eachTestHasStore } from './store-world.ts';

let store: Store;
let database: Database;
let pipeline: bigint;
let account: bigint;

eachTestHasStore((opened) => {
  store = opened;
  ({ database, pipeline, account } = store);
});

const lease: Store['lease'] = (of) => store.lease(of);
const select: Store['select'] = (...args) => store.select(...args);
const commit: Store['commit'] = (...args) => store.commit(...args);

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
    const other = await store.other();
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

describe('two pipelines on one account', () => {
  test('a message that was gone from one place before it was read there is delivered where it is now', async () => {
    const first = await lease();
    await commit(first, 'INBOX', 1n, [sight(1, 'a', 'M1'), sight(2, 'b', 'M2')]);
    // The other pipeline begins later: UID 1 has been moved to Archive, and its range passes over it.
    const late = await store.other();
    await commit(late, 'INBOX', 1n, [sight(2, 'b', 'M2')], [1, 2]);
    const moved = await commit(late, 'Archive', 1n, [sight(7, 'a', 'M1')]);
    expect(moved.get(7)!.handled).toBe(false);
    expect((await commit(late, 'Old', 1n, [sight(3, 'b', 'M2')])).get(3)!.handled).toBe(true);
  });

  test('what one commits to an epoch that the other has seen end is found again in the next one', async () => {
    const first = await lease();
    const slow = await store.resolve(first, 'INBOX', 1n, [sight(1, 'a')]);
    const quick = await store.other();
    await select(quick, 'INBOX', 2n);
    await store.save(first, slow, [sight(1, 'a')]);
    const again = await commit(first, 'INBOX', 2n, [sight(1, 'a')]);
    expect(again.get(1)).toEqual({ messageId: slow.identities.get(1)!.messageId, handled: true });
  });

  test('an epoch cannot end in the middle of a commit', async () => {
    const first = await lease();
    const slow = await store.resolve(first, 'INBOX', 1n, [sight(1, 'a')]);
    const quick = await store.other();
    let ended: Promise<unknown> | undefined;
    await store.save(first, slow, [sight(1, 'a')], [1, 1], async () => {
      ended = select(quick, 'INBOX', 2n);
      await eventually(
        async () => (await database.query(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)).length > 0,
      );
    });
    await ended;
    expect(await database.query('SELECT FROM mailmill.orphan')).toHaveLength(1);
  });

  test('a commit whose message has got another identity meanwhile is refused', async () => {
    const first = await lease();
    const quick = await store.other();
    await commit(first, 'Old', 1n, [sight(1, 'a')]);
    const slow = await store.resolve(quick, 'INBOX', 1n, [sight(5, 'a')]); // minted: Old is alive
    await retireMissingFolders(database, first, ['INBOX']);
    const claimed = await commit(first, 'INBOX', 1n, [sight(5, 'a')]);
    expect(claimed.get(5)!.handled).toBe(true);
    await expect(store.save(quick, slow, [sight(5, 'a')])).rejects.toMatchObject({ code: 'STORE_IDENTITY_CHANGED' });
    const again = await commit(quick, 'INBOX', 1n, [sight(5, 'a')]);
    expect(again.get(5)).toEqual({ messageId: claimed.get(5)!.messageId, handled: false });
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

  test('reads a message again where it was moved to after its delivery', async () => {
    const held = await lease();
    await commit(held, 'INBOX', 1n, [sight(1, 'a', 'M1')]);
    const inbox = (await cursors(database, pipeline, account))[0]!;
    expect((await commit(held, 'Archive', 1n, [sight(4, 'a', 'M1')])).get(4)!.handled).toBe(true);
    expect(await refeed(database, held, inbox.epochId, 0n)).toBe(2);
    expect((await commit(held, 'Archive', 1n, [sight(4, 'a', 'M1')])).get(4)!.handled).toBe(false);
  });

  test('over two epochs reads the messages where they are now', async () => {
    const held = await lease();
    for (const epoch of [1n, 2n, 3n]) await commit(held, 'INBOX', epoch, [sight(1, 'a')]);
    const [old] = await cursors(database, pipeline, account);
    await refeed(database, held, old!.epochId, 0n);
    expect((await commit(held, 'INBOX', 3n, [sight(1, 'a')])).get(1)!.handled).toBe(false);
  });
});
