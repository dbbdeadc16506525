import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Heartbeat } from '../../../src/pipeline/worker/heartbeat.ts';
import type { MailmillError } from '../../../src/telemetry/errors.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { rowsReach, type WorkerProcess } from '../../support/worker.ts';
import { makeWorld } from '../crash-world.ts';

let dovecot: Dovecot;
let postgres: Postgres;

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot({ tls: false }), startPostgres()]);
});
afterEach(() => {
  dovecot.resume();
  postgres.resume();
});
afterAll(async () => {
  await dovecot?.stop();
  await postgres?.stop();
});

/** Ends the worker; milliseconds until it has ended. */
async function end(worker: WorkerProcess): Promise<number> {
  const began = Date.now();
  worker.kill('SIGTERM');
  expect(await worker.exited, worker.output()).toBe(0);
  return Date.now() - began;
}

const grace = { MAILMILL_GRACE_SECONDS: '4' };

test.each([
  ['the store', () => postgres],
  ['the mail server', () => dovecot],
])('a worker ends within its grace period when %s has stopped', async (_, server) => {
  const it = await makeWorld({ dovecot, postgres }, finished, 3, false);
  const worker = await it.start(grace);
  await rowsReach(it.sink, 3);
  server().pause();
  it.deliver('while it stands');
  await eventually(async () => (await worker.get('/readyz')).code === 200);
  expect(await end(worker)).toBeLessThan(9_000);
});

test('a worker that cannot reach its store at the start ends at once when it is told to', async () => {
  const it = await makeWorld({ dovecot, postgres }, finished, 2, false);
  postgres.pause();
  const worker = await it.start(grace);
  await eventually(async () => (await worker.get('/healthz')).code === 200);
  expect(await end(worker)).toBeLessThan(9_000);
});

test('a store that stood still for longer than a lease is used again', async () => {
  const it = await makeWorld({ dovecot, postgres }, finished, 3, true);
  const worker = await it.start();
  await rowsReach(it.sink, 3);
  postgres.pause();
  it.deliver('while it stands');
  await eventually(() => false, 16_000).catch(() => undefined);
  postgres.resume();
  await rowsReach(it.sink, 4, 40_000);
  await eventually(async () => (await worker.status()).pipelines[0]?.store.ok, 10_000);
  await end(worker);
}, 90_000);

test('a heartbeat thread that ends takes its worker with it', async () => {
  const told = Promise.withResolvers<MailmillError>();
  const heartbeat = new Heartbeat({
    storeUri: postgres.uri,
    workerId: randomUUID(),
    workerName: 'test',
    http: { host: '127.0.0.1', port: -1, tokenSha256: undefined }, // listening on it throws
    answers: { metrics: async () => '', status: () => '{}', ready: () => true, run: () => undefined },
    onWanted: () => undefined,
    onDied: told.resolve,
  });
  await expect(heartbeat.started).rejects.toMatchObject({ code: 'WORKER_HEARTBEAT_LOST' });
  expect((await told.promise).family).toBe('Transient');
  await heartbeat.stop();
});

const cleaners: (() => Promise<void>)[] = [];
const finished = (clean: () => Promise<void>) => void cleaners.push(clean);
afterEach(async () => {
  for (const clean of cleaners.splice(0)) await clean();
});
