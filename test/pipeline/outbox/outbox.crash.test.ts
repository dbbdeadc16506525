import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { sql } from '../../support/worker.ts';
import { emptied, keysOf, outboxWorld, rawHook, reach, recorded } from './outbox-world.ts';

let postgres: Postgres;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(() => postgres?.stop());

const count = 300;

/** Lets the heartbeats of killed workers be too old, as they are 15 s later. */
const expireDead = (store: string) => sql(store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);

/** Every message was received, repeats have the key of the first, and the store says that each was acknowledged once. */
async function expectAll(it: Awaited<ReturnType<typeof outboxWorld>>, messages: number): Promise<void> {
  await emptied(it.store, 60_000);
  const { received } = it.receiver;
  const bodies = new Map(received.map(({ headers, body }) => [String(headers['webhook-id']), body]));
  expect(bodies.size).toBe(messages);
  expect(new Set([...bodies.values()].map((body) => body.toString('base64'))).size).toBe(messages);
  for (const { headers, body } of received) expect(body.equals(bodies.get(String(headers['webhook-id']))!)).toBe(true);
  expect(await recorded(it.store)).toEqual({ Queued: messages, Acknowledged: messages });
}

describe.each(['in-store-transaction', 'after-store-commit', 'outbox-claimed', 'outbox-sent', 'outbox-settled'])(
  'SIGKILL at %s',
  (name) => {
    test.each([1, 2])('for the %d. time: nothing is lost, and what is sent again has its key', async (time) => {
      const it = await outboxWorld(postgres, cleanups, rawHook);
      for (let n = 0; n < count; n++) it.deliver(n);
      const first = await it.start({ MAILMILL_FAILPOINT: `${name}:${time}` });
      // A single commit takes so little mail at once.
      if (time === 2 && name.includes('store')) {
        await Promise.race([first.exited, reach(it.receiver, count, 60_000)]);
        it.deliver('late');
      }
      expect(await first.exited, first.output()).toBe('SIGKILL');
      await expireDead(it.store);
      await it.start();
      const late = time === 2 && name.includes('store') ? 1 : 0;
      await eventually(async () => keysOf(it.receiver).size === count + late, 60_000);
      await expectAll(it, count + late);
    });
  },
);

test('a worker that is stopped loses its claims: another one sends within two lease terms, and the stopped one disturbs nothing', async () => {
  const it = await outboxWorld(postgres, cleanups, rawHook);
  let hang = true;
  it.receiver.react(() => (hang ? 'hang' : { status: 204 }));
  for (let n = 0; n < 50; n++) it.deliver(n);
  const first = await it.start();
  await reach(it.receiver, 8);
  first.kill('SIGSTOP');
  hang = false;
  const stopped = Date.now();
  const second = await it.start();
  await eventually(async () => keysOf(it.receiver).size === 50, 45_000);
  await emptied(it.store, 45_000);
  expect(Date.now() - stopped).toBeLessThan(35_000);
  first.kill('SIGCONT');
  it.deliver('more');
  await eventually(async () => keysOf(it.receiver).size === 51, 30_000);
  await expectAll(it, 51);
  second.kill('SIGTERM');
  expect(await second.exited).toBe(0);
});

test('kills at random moments, several workers and a receiver that fails one time in five', async () => {
  // Short pauses: a message that fails five times in a row would wait for minutes, and be in the outbox all that while.
  const retry = { attempts: 50, backoff: '200ms', maxBackoff: '1s' };
  const it = await outboxWorld(postgres, cleanups, (url) => [{ name: 'hook', webhook: { url }, retry }]);
  const failing = [500, 503, 'cut', 408] as const;
  let n = 0;
  it.receiver.react(async () => {
    n += 1;
    await delay(n % 7);
    const reaction = failing[Math.floor(n / 5) % failing.length]!;
    return n % 5 === 0 ? (reaction === 'cut' ? 'cut' : { status: reaction }) : { status: 204 };
  });
  const total = 600;
  for (let round = 0; round < 4; round++) {
    for (let m = 0; m < total / 4; m++) it.deliver(`round-${round}-${m}`);
    const before = it.receiver.received.length;
    const workers = [await it.start(), await it.start()];
    // Fewer than a round brings, and killed at once: there is work under way, however fast the machine is.
    await reach(it.receiver, before + 20 + round * 30, 60_000);
    for (const worker of workers) worker.kill('SIGKILL');
    await Promise.all(workers.map(({ exited }) => exited));
    await expireDead(it.store);
  }
  await it.start();
  await eventually(async () => keysOf(it.receiver).size === total, 90_000);
  await emptied(it.store, 60_000);
  expect(await recorded(it.store)).toMatchObject({ Queued: total, Acknowledged: total });
});
