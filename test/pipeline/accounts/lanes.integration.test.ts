import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { Source } from '../../../src/sources/source.ts';
import { transient } from '../../../src/telemetry/errors.ts';
import { eventually } from '../../support/processes.ts';
import { accountWorld } from './account-world.ts';

const world = accountWorld();

interface Manners {
  readonly limit?: number;
  readonly order?: Source['backfillOrder'];
  /** Milliseconds that a fetch takes. */
  readonly fetchMs?: number;
  /** Called before each fetch. */
  readonly onFetch?: (uids: readonly number[]) => void;
  readonly refuse?: () => void;
}

/** The mailbox as a source that takes its time, and how many sessions are open. */
function mannered({ limit = 2, order, fetchMs = 0, onFetch, refuse }: Manners) {
  const honest = world.mailbox.source(limit);
  const open = { now: 0, most: 0 };
  const source: Source = {
    ...honest,
    ...(order && { backfillOrder: order }),
    open: async (account, signal) => {
      if (open.now > 0) refuse?.();
      const session = await honest.open(account, signal);
      open.now += 1;
      open.most = Math.max(open.most, open.now);
      let closed = false;
      return {
        ...session,
        async *fetch(uids, until) {
          onFetch?.(uids);
          if (fetchMs > 0) await delay(fetchMs);
          yield* session.fetch(uids, until);
        },
        [Symbol.asyncDispose]: async () => {
          if (!closed) open.now -= 1;
          closed = true;
          await session[Symbol.asyncDispose]();
        },
      };
    },
  };
  return { source, open };
}

const fill = (folder: string, count: number) => {
  for (let n = 1; n <= count; n++) world.mailbox.deliver(folder, `${folder}-${n}`);
};
const has = (subject: string) => world.sink.subjects.includes(`Message ${subject}`);

describe('old mail never stands before new mail', () => {
  test('over one connection, in the same folder and in others', async () => {
    fill('Archive', 6_000);
    fill('INBOX', 3_000);
    const { source, open } = mannered({ fetchMs: 150 });
    const { account } = await world.start({ source });
    await eventually(() => world.sink.rows.size >= 1_000);
    world.mailbox.deliver('INBOX', 'live');
    world.mailbox.deliver('Archive', 'filed');
    await eventually(() => has('live') && has('filed'), 5_000);
    // Far from the end: it went ahead of what was there.
    expect(account.lag().messages).toBeGreaterThan(2_000);
    expect(open.most).toBe(1);
    await eventually(() => world.sink.rows.size === 9_002, 20_000);
  });

  test('over further connections while they are free, which are closed when old mail is done', async () => {
    fill('INBOX', 12_000);
    const { source, open } = mannered({ limit: 4, fetchMs: 150 });
    const { account } = await world.start({ source });
    await eventually(() => open.now === 2, 10_000);
    world.mailbox.deliver('INBOX', 'live');
    const sent = performance.now();
    await eventually(() => has('live'), 2_000);
    expect(performance.now() - sent).toBeLessThan(1_500);
    expect(account.lag().messages).toBeGreaterThan(2_000);
    await eventually(() => world.sink.rows.size === 12_001 && open.now === 1, 30_000);
    await eventually(() => account.status().folders.every(({ state }) => state === 'Live'));
  });

  test('what a slice leaves uncommitted at its end is waited for', async () => {
    fill('INBOX', 1);
    // The slice is over when the only message has come, long before the sink has taken it.
    const { source } = mannered({ fetchMs: 1_200 });
    const commit = world.sink.commit.bind(world.sink);
    world.sink.commit = async (rows) => {
      await delay(500);
      return commit(rows);
    };
    const { account } = await world.start({ source });
    await eventually(() => world.sink.rows.size === 1);
    await eventually(() => account.status().folders.every(({ state }) => state === 'Live'), 2_000);
  });

  test('a server that lets no second one in does not stop the first', async () => {
    fill('INBOX', 6_000);
    const refuse = () => {
      throw transient('IMAP_UNAVAILABLE', 'no');
    };
    const { source, open } = mannered({ limit: 4, fetchMs: 150, refuse });
    const { codes } = await world.start({ source });
    await eventually(() => world.sink.rows.size === 6_000, 20_000);
    expect(open.most).toBe(1);
    expect(codes).toEqual([]);
  });

  test('newest first is just that, and tells how far it is', async () => {
    fill('INBOX', 4_000);
    const fetched: number[] = [];
    const onFetch = (uids: readonly number[]) => void fetched.push(uids[0]!);
    const { source } = mannered({ order: 'NewestFirst', fetchMs: 300, onFetch });
    const { account, database } = await world.start({ source });
    const backfill = () => account.status().folders[0]?.backfill;
    await eventually(() => (backfill()?.done ?? 0) >= 1_000);
    expect(backfill()).toMatchObject({ total: 4_000 });
    expect(has('INBOX-4000')).toBe(true);
    expect(has('INBOX-1')).toBe(false);
    await eventually(() => backfill()?.secondsLeft !== undefined);
    await eventually(() => world.sink.rows.size === 4_000, 20_000);
    expect(fetched).toEqual(fetched.toSorted((a, b) => b - a));
    await eventually(() => backfill() === undefined);
    expect(await database.query('SELECT finished::text AS finished FROM mailmill.cursor')).toEqual([
      { finished: '{[1,4001)}' },
    ]);
  });
});

describe('a message that is listed and never delivered', () => {
  const patience = {
    tries: 3,
    atLeast: { LeftOut: 0, Broke: 0 },
    firstPause: { LeftOut: 50, Broke: 50 },
    longestPause: 50,
  };
  const dead = () => world.running.database.query('SELECT code, uid::int AS uid FROM mailmill.dead_letter');

  test('is a dead letter in the end, and nothing else waits for it', async () => {
    fill('INBOX', 20);
    world.mailbox.lies.fetch = (uids) => uids.filter((uid) => uid !== 7);
    const { context, codes } = await world.start({ ...mannered({}), patience });
    await eventually(() => world.sink.rows.size === 19);
    world.mailbox.deliver('INBOX', 'later');
    await eventually(() => has('later') && context.counters.dead === 1);
    expect(await dead()).toEqual([{ code: 'IMAP_MESSAGE_UNREADABLE', uid: 7 }]);
    expect(codes).toEqual([]);
    expect(world.running.account.lag().messages).toBe(0);
    const coverage = await world.running.database.query(
      'SELECT sum(listed)::int AS listed, sum(dead)::int AS dead FROM mailmill.coverage',
    );
    expect(coverage).toEqual([{ listed: 21, dead: 1 }]);
  });

  test('is found among others when the server refuses the whole batch for it', async () => {
    fill('INBOX', 40);
    const onFetch = (uids: readonly number[]) => {
      if (uids.includes(23)) throw transient('IMAP_COMMAND_FAILED', 'no');
    };
    const { context } = await world.start({ ...mannered({ onFetch }), patience });
    await eventually(() => world.sink.rows.size === 39 && context.counters.dead === 1, 45_000);
    expect(await dead()).toEqual([{ code: 'IMAP_MESSAGE_UNREADABLE', uid: 23 }]);
  });

  test('is read when it comes after all', async () => {
    fill('INBOX', 5);
    let asked = 0;
    world.mailbox.lies.fetch = (uids) => (uids.includes(3) && ++asked < 3 ? uids.filter((uid) => uid !== 3) : uids);
    await world.start({ ...mannered({}), patience });
    await eventually(() => world.sink.rows.size === 5);
    expect(await dead()).toEqual([]);
  });
});
