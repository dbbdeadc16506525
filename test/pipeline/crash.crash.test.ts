import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { failpoints } from '../../src/telemetry/failpoint.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { message, type PodFiles, podFiles, rowCount, rowsReach, sql, type WorkerProcess } from '../support/worker.ts';

let dovecot: Dovecot;
let postgres: Postgres;
let user = 0;
const pods: PodFiles[] = [];
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot({ tls: false }), startPostgres()]);
});
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    worker.kill('SIGCONT');
    worker.kill('SIGKILL');
    await worker.exited;
  }
  for (const pod of pods.splice(0)) pod.remove();
});
afterAll(async () => {
  await dovecot?.stop();
  await postgres?.stop();
});

interface World {
  readonly pod: PodFiles;
  readonly user: string;
  readonly store: string;
  readonly sink: string;
  start(env?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
}

/** A mailbox with `count` messages, two of them twins, and a pipeline whose sink is the store's database or another one. */
async function world(count: number, shared: boolean): Promise<World> {
  user += 1;
  const name = `user${user}`;
  for (let n = 0; n < count - 1; n++) dovecot.deliver(name, 'INBOX', message(n));
  dovecot.deliver(name, 'INBOX', message(0));
  const store = await postgres.createDatabase();
  const sink = shared ? store : await postgres.createDatabase();
  const pod = podFiles({
    source: {
      imap: { host: dovecot.host, port: dovecot.port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } } },
    },
    pipeline: {
      source: { name: 'inbox' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
    },
    secrets: { imap: { username: name, password: 'secret' }, 'mailmill-store': { uri: store }, sink: { uri: sink } },
  });
  pods.push(pod);
  return {
    pod,
    user: name,
    store,
    sink,
    start: async (env) => {
      const worker = await pod.start([], env);
      workers.push(worker);
      return worker;
    },
  };
}

/** Every message of the mailbox is one row, the twins two, and the store agrees with the mailbox. */
async function expectExact(it: World, count: number): Promise<void> {
  expect(await rowCount(it.sink)).toEqual({ rows: count, distinct: count - 1 });
  const report = await it.pod.reconcile();
  expect(report).toMatchObject({
    agrees: true,
    folders: [{ listed: count, recorded: count, missing: 0, unfinished: 0 }],
  });
  const dead = await sql(it.store, 'SELECT code FROM mailmill.dead_letter');
  expect(dead).toEqual([]);
}

describe.each([
  ['another database', false],
  ['the database of the store', true],
])('SIGKILL at each commit boundary, sink in %s', (_, shared) => {
  const relevant = failpoints.filter((name) => !shared || !name.includes('sink-commit'));
  test.each(relevant)('%s', async (name) => {
    const it = await world(300, shared);
    expect((await it.pod.once('before')).code).toBe(0);
    for (let n = 0; n < 900; n++) dovecot.deliver(it.user, 'INBOX', message(`more-${n}`));
    const killed = await it.pod.once('first', { MAILMILL_FAILPOINT: name });
    expect(killed.code, killed.output).toBe('SIGKILL');
    const second = await it.pod.once('first');
    expect(second.code, second.output).toBe(0);
    await expectExact(it, 1_200);
  });
});

test('30 SIGKILLs at random moments while mail arrives', async () => {
  const it = await world(2_000, false);
  let count = 2_000;
  let seed = 20_261_121;
  const random = () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return seed / 2 ** 32;
  };
  for (let round = 0; round < 30; round++) {
    const worker = await it.start();
    for (let n = 0; n < 5; n++) dovecot.deliver(it.user, 'INBOX', message(`r${round}-${n}`));
    count += 5;
    await delay(300 + random() * 1_200);
    worker.kill('SIGKILL');
    expect(await worker.exited).toBe('SIGKILL');
  }
  const last = await it.pod.once('last');
  expect(last.code, last.output).toBe(0);
  await expectExact(it, count);
});

test('a stopped worker loses its lease, and does no harm when it goes on', async () => {
  const it = await world(3_000, false);
  const first = await it.start();
  await eventually(async () => (await rowCount(it.sink)).rows > 0, 30_000);
  first.kill('SIGSTOP');
  const before = (await rowCount(it.sink)).rows;
  const second = await it.start();
  await rowsReach(it.sink, 3_000, 60_000);
  expect(before).toBeLessThanOrEqual(3_000);
  await delay(45_000 - 15_000); // three terms since the stop, about one of which the hand-over took
  dovecot.deliver(it.user, 'INBOX', message('while-stopped'));
  await rowsReach(it.sink, 3_001);
  first.kill('SIGCONT');
  await eventually(async () => (await first.status()).pipelines[0]?.accounts[0]?.role === 'Standby', 30_000);
  expect((await second.status()).pipelines[0]?.accounts[0]?.role).toBe('Holder');
  dovecot.deliver(it.user, 'INBOX', message('after'));
  await rowsReach(it.sink, 3_002);
  await expectExact(it, 3_002);
});

test('PostgreSQL is killed in the middle of commits and comes back', async () => {
  const it = await world(2_500, true);
  const worker = await it.start();
  await eventually(async () => (await rowCount(it.sink)).rows > 0, 30_000);
  await postgres.kill();
  await delay(1_500);
  await postgres.start();
  await rowsReach(it.sink, 2_500);
  await postgres.restart();
  dovecot.deliver(it.user, 'INBOX', message('after'));
  await rowsReach(it.sink, 2_501);
  worker.kill('SIGTERM');
  expect(await worker.exited, worker.output()).toBe(0);
  await expectExact(it, 2_501);
});

test('a sink that was restored to an earlier backup is fed again from there', async () => {
  const it = await world(700, false);
  expect((await it.pod.once('one')).code).toBe(0);
  const [name, backup] = [new URL(it.sink).pathname.slice(1), `${new URL(it.sink).pathname.slice(1)}_backup`];
  await sql(postgres.uri, `CREATE DATABASE ${backup} TEMPLATE ${name}`);
  for (let n = 0; n < 300; n++) dovecot.deliver(it.user, 'INBOX', message(`later-${n}`));
  expect((await it.pod.once('two')).code).toBe(0);
  expect((await rowCount(it.sink)).rows).toBe(1_000);
  await sql(postgres.uri, `DROP DATABASE ${name}`);
  await sql(postgres.uri, `ALTER DATABASE ${backup} RENAME TO ${name}`);
  expect((await rowCount(it.sink)).rows).toBe(700);
  const again = await it.pod.once('three');
  expect(again.code, again.output).toBe(0);
  expect(again.output).toContain('restored to an earlier state');
  await expectExact(it, 1_000);
});

test('a new UIDVALIDITY with the mail kept brings no row twice', async () => {
  const it = await world(900, false);
  expect((await it.pod.once('one')).code).toBe(0);
  await dovecot.newEpoch(it.user);
  for (let n = 0; n < 10; n++) dovecot.deliver(it.user, 'INBOX', message(`new-${n}`));
  const worker = await it.start();
  await rowsReach(it.sink, 910);
  await dovecot.newEpoch(it.user);
  dovecot.deliver(it.user, 'INBOX', message('newest'));
  await rowsReach(it.sink, 911);
  worker.kill('SIGTERM');
  expect(await worker.exited, worker.output()).toBe(0);
  const last = await it.pod.once('last');
  expect(last.code, last.output).toBe(0);
  await expectExact(it, 911);
  const epochs = await sql<{ count: string }>(it.store, 'SELECT count(*) FROM mailmill.epoch WHERE retired_at IS NULL');
  expect(Number(epochs[0]!.count)).toBe(1);
});
