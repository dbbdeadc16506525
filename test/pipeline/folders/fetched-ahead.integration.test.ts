import { setTimeout as delay } from 'node:timers/promises';
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

/** What README.md says of a worker that is killed. */
const mostAgain = 2_000;

/** Its commits take a while, as those of a far or busy database. */
class SlowSink extends FakeSink {
  override async commit(rows: Parameters<FakeSink['commit']>[0]) {
    await delay(30);
    return super.commit(rows);
  }
}

test('what was asked for and is not committed is bounded: after a kill no more is fetched again', async () => {
  const box = new FakeMailbox();
  const count = 12_000;
  for (let n = 0; n < count; n++) box.deliver('INBOX', n);
  let [asked, most] = [0, 0];
  let committed = () => 0;
  box.lies.fetch = (uids) => {
    asked += uids.length;
    most = Math.max(most, asked - committed());
    return uids;
  };
  const sink = new SlowSink('warehouse');
  const account = await startAccount(postgres, box, [sink]);
  onTestFinished(() => account.end());
  committed = () => account.context.counters.read;
  await eventually(() => committed() === count, 60_000);
  expect(most).toBeGreaterThan(1_000); // else commits would wait for mail
  expect(most).toBeLessThanOrEqual(mostAgain);
  expect([asked, sink.rows.size]).toEqual([count, count]);
});
