import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { FakeMailbox, FakeSink, startAccount } from '../fakes.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

const patience = {
  tries: 100,
  atLeast: { LeftOut: 600_000, Broke: 600_000 },
  firstPause: { LeftOut: 10, Broke: 10 },
  longestPause: 20,
};

/** An account with ten old messages and a limit of a day; its server leaves the third out as often as `leaveOut` says. `asked`: how many it was asked for. */
async function world(messages: number, leaveOut: number) {
  const box = new FakeMailbox();
  for (let n = 1; n <= 10; n++) box.deliver('INBOX', n);
  const server = { asked: 0, left: leaveOut };
  box.lies.fetch = (uids) => {
    server.asked += uids.length;
    if (!uids.includes(3) || server.left === 0) return uids;
    server.left -= 1;
    return uids.filter((uid) => uid !== 3);
  };
  const sink = new FakeSink('warehouse');
  const source = { ...box.source(), perDay: { messages } };
  const account = await startAccount(postgres, { source: () => source }, [sink], patience);
  let ended = false;
  const end = async () => {
    if (!ended) await account.end();
    ended = true;
  };
  onTestFinished(end);
  const used = async () => {
    const rows = await account.database.query<{ n: number }>(
      'SELECT messages::int AS n FROM mailmill.account_usage ORDER BY day',
    );
    return rows.reduce((sum, { n }) => sum + n, 0);
  };
  return { box, server, sink, account, used };
}

test('messages that a server leaves out count against the limits of a day as often as it is asked for them', async () => {
  // So small a limit is reserved by the message.
  const it = await world(40, 4);
  await eventually(() => it.sink.rows.size === 10);
  expect(it.server.asked).toBe(14);
  expect(await it.used()).toBe(14);
});

test('one that has had the part of old mail for today is not asked for again, and new mail is read', async () => {
  // 18 of 20 may be old: ten, and what is asked for again.
  const it = await world(20, Number.POSITIVE_INFINITY);
  await eventually(async () => it.sink.rows.size === 9 && (await it.used()) === 18);
  const { asked } = it.server;
  expect(asked).toBeLessThanOrEqual(18);
  it.box.deliver('INBOX', 'new');
  await eventually(() => it.sink.rows.size === 10);
  expect(it.server.asked).toBe(asked + 1);
  expect(await it.used()).toBe(19);
});
