import { beforeEach, describe, expect, test } from 'vitest';
import { transient } from '../../../src/telemetry/errors.ts';
import { eventually } from '../../support/processes.ts';
import { FakeSink } from '../fakes.ts';
import { accountWorld } from './account-world.ts';

const world = accountWorld();

const reach = (count: number, ms = 10_000) => eventually(() => world.sink.rows.size === count, ms);
const idle = () => eventually(() => world.mailbox.waits > 0);

/** The honest answer the second time. */
const once = <T>(lie: (honest: T[]) => T[]) => {
  let told = false;
  return (honest: T[]): T[] => {
    if (told) return honest;
    told = true;
    return lie(honest);
  };
};

describe('a server that answers wrongly for a while loses no message:', () => {
  beforeEach(() => {
    for (let n = 1; n <= 5; n++) world.mailbox.deliver('INBOX', n);
  });

  test('a search leaves one out', async () => {
    world.mailbox.lies.search = once((uids) => uids.filter((uid) => uid !== 3));
    await world.start();
    await reach(5);
  });

  test('the sizes leave one out', async () => {
    world.mailbox.lies.list = once((listed) => listed.filter(({ uid }) => uid !== 3));
    await world.start();
    await reach(5);
  });

  test('a fetch leaves one out', async () => {
    world.mailbox.lies.fetch = once((uids) => uids.filter((uid) => uid !== 3));
    await world.start();
    await reach(5);
  });

  test('the header of a message that is too large is left out', async () => {
    world.mailbox.messageSize = 1_000;
    world.mailbox.deliver('INBOX', 6, new Date(), 'x'.repeat(2_000));
    let asked = 0;
    world.mailbox.lies.header = () => (++asked === 1 ? undefined : Buffer.from('Subject: large\r\n\r\n'));
    const { context, database } = await world.start();
    await eventually(() => context.counters.dead === 1);
    expect(await database.query('SELECT code FROM mailmill.dead_letter')).toEqual([{ code: 'MESSAGE_TOO_LARGE' }]);
  });

  test('a search gives a number that no message has, far ahead of the others', async () => {
    world.mailbox.lies.search = once((uids) => [...uids, 4_000_000_000]);
    await world.start();
    await reach(5);
    await idle();
    world.mailbox.deliver('INBOX', 'later');
    await reach(6);
  });

  test('a search gives numbers twice and in any order', async () => {
    world.mailbox.lies.search = (uids) => [...uids, ...uids].reverse();
    const { database } = await world.start();
    await reach(5);
    await idle();
    expect(await database.query('SELECT finished::text AS finished FROM mailmill.cursor')).toEqual([
      { finished: '{[1,6)}' },
    ]);
  });
});

test('a message that is gone when it is fetched is passed, once the server says so again', async () => {
  for (let n = 1; n <= 3; n++) world.mailbox.deliver('INBOX', n);
  world.mailbox.lies.fetch = (uids) => {
    world.mailbox.folders.get('INBOX')!.messages.delete(2);
    return uids;
  };
  const { database } = await world.start();
  await reach(2);
  await idle();
  const rows = await database.query('SELECT listed, read, vanished FROM mailmill.coverage');
  expect(rows).toEqual([{ listed: 3, read: 2, vanished: 1 }]);
});

test('mail that comes between the last search and the wait is seen at once', async () => {
  world.mailbox.deliver('INBOX', 1);
  let searches = 0;
  world.mailbox.afterSearch = () => {
    if (++searches === 1) world.mailbox.deliver('INBOX', 'in between');
  };
  await world.start();
  await reach(2, 3_000);
});

test('a server whose numbers never hold still is not asked in a tight loop', async () => {
  world.mailbox.deliver('INBOX', 1);
  let selects = 0;
  world.mailbox.lies.folder = () => {
    selects += 1;
    world.mailbox.folders.get('INBOX')!.uidNext += 1;
  };
  await world.start();
  await reach(1);
  const before = selects;
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(selects - before).toBeLessThan(30);
});

test('a folder that cannot be read does not stop the others', async () => {
  world.mailbox.deliver('A', 'broken');
  world.mailbox.deliver('B', 'fine');
  world.mailbox.lies.folder = (name) => {
    if (name === 'A') throw transient('IMAP_COMMAND_FAILED', 'no');
  };
  const { account } = await world.start();
  await reach(1);
  expect(world.sink.subjects).toEqual(['Message fine']);
  await eventually(() => account.status().connection.code === 'IMAP_COMMAND_FAILED');
});

test('health names the sink that fails, and only while it does', async () => {
  const other = new FakeSink('lake');
  other.broken = transient('SINK_UNREACHABLE', 'no');
  world.mailbox.deliver('INBOX', 1);
  const { health } = await world.start({ sinks: [world.sink, other] });
  await eventually(() => health.sinks.find(({ name }) => name === 'lake')?.code === 'SINK_UNREACHABLE');
  expect(health.sinks.find(({ name }) => name === 'warehouse')?.ok).toBe(true);
  other.broken = undefined;
  await eventually(() => health.sinks.every(({ ok }) => ok));
  expect(other.rows.size).toBe(1);
});

test('a sink that refuses everything stops the cursor', async () => {
  for (let n = 0; n < 60; n++) world.mailbox.deliver('INBOX', n);
  world.sink.refuse = () => ({ code: 'SINK_ROW_REFUSED', detail: 'no' });
  const { stalls, database } = await world.start();
  await eventually(() => stalls.length > 0);
  expect(stalls[0]).toBe('DEAD_RATE_EXCEEDED');
  expect(await database.query('SELECT FROM mailmill.dead_letter')).toEqual([]);
  expect(await database.query('SELECT version FROM mailmill.cursor')).toEqual([{ version: '0' }]);
});

test('the lag of an account that another worker has taken is not told here', async () => {
  for (let n = 0; n < 5; n++) world.mailbox.deliver('INBOX', n);
  world.sink.broken = transient('SINK_UNREACHABLE', 'no');
  const { account, database } = await world.start();
  await eventually(() => account.lag().messages === 5);
  await database.query(
    `WITH other AS (INSERT INTO mailmill.worker (id, name, expires_at) VALUES (gen_random_uuid(), 'other', now() + interval '1 hour') RETURNING id)
     UPDATE mailmill.lease SET worker_id = other.id, token = token + 1 FROM other`,
  );
  await eventually(() => account.status().role === 'Standby');
  expect(account.lag()).toEqual({ messages: 0, seconds: 0 });
  expect(account.status().folders).toEqual([]);
});

test('two places of one message in neighbouring batches are delivered once', async () => {
  for (let n = 1; n <= 1_100; n++) world.mailbox.deliver('INBOX', n);
  world.mailbox.lies.list = (listed) =>
    listed.map((each) => (each.uid === 400 || each.uid === 600 ? { ...each, objectId: 'same' } : each));
  // The first batch is held until it was asked whether the place in the second one is known.
  let asked = false;
  world.sink.commit = async (rows) => {
    await eventually(() => asked);
    return FakeSink.prototype.commit.call(world.sink, rows);
  };
  const { context } = await world.start();
  const query = context.database.query.bind(context.database);
  context.database.query = async (text, values) => {
    const rows = await query<never>(text, values);
    asked ||= text.includes('SELECT DISTINCT o.message_id');
    return rows;
  };
  await reach(1_099);
  await idle();
  expect(await context.database.query('SELECT FROM mailmill.message')).toHaveLength(1_099);
  expect(await context.database.query('SELECT FROM mailmill.occurrence')).toHaveLength(1_100);
  expect(world.sink.subjects).not.toContain('600');
});
