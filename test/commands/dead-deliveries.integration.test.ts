import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { emptied, type OutboxWorld, outboxWorld, queueOf, rawHook, recorded } from '../pipeline/outbox/outbox-world.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { message, sql } from '../support/worker.ts';
import { mailmill } from './mailmill.ts';

let postgres: Postgres;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(() => postgres?.stop());

const run = ({ store, pod }: OutboxWorld, ...args: string[]) =>
  mailmill(args, {
    MAILMILL_STORE_URI: store,
    MAILMILL_SECRETS: path.join(pod.dir, 'secrets'),
    MAILMILL_MAILDIRS: path.join(pod.dir, 'maildir'),
  });

test('dead deliveries: listed, shown, traced, sent again, resolved, purged', async () => {
  const it = await outboxWorld(postgres, cleanups, rawHook);
  const dead = (...args: string[]) => run(it, 'dead', ...args, '--namespace', 'test');
  const trace = async (id: string) => {
    const revision = path.join(it.pod.dir, 'revision.json');
    return (await run(it, 'trace', '--id', id, '--revision', revision)).stdout;
  };
  it.receiver.react(({ body }) => ({ status: body.includes('Message bad') ? 422 : 204 }));
  for (const name of ['bad 1', 'bad 2', 'good']) it.deliver(name);
  const worker = await it.start();
  await eventually(
    async () => (await queueOf(it.store)).filter(({ status }) => status === 'Dead').length === 2,
    20_000,
  );
  await eventually(async () => (await recorded(it.store)).Acknowledged === 1);

  const listed = await dead('list', 'mail');
  const ids = [...listed.stdout.matchAll(/^\S+ mail (\S+) SINK_REFUSED hook: .*422.*$/gm)].map((match) => match[1]!);
  expect(ids.length, listed.stdout).toBe(2);
  expect(listed.stderr).toContain('2 dead deliveries');
  const [first, second] = ids;
  const shown = await dead('show', first!, '--raw', '-');
  expect(shown.stderr).toMatch(/sink hook, 1 attempts\n.*SINK_REFUSED/);
  expect([message('bad 1'), message('bad 2')].map(String)).toContain(shown.stdout);
  expect(await trace(first!)).toMatch(/is dead: it was processed; hook is Dead \(SINK_REFUSED\).*dead retry/);
  expect(await trace(first!)).toMatch(/sink +hook Dead \(SINK_REFUSED\) .*webhook-id [0-9a-f-]{36}, 1 tries/);

  it.receiver.react(() => ({ status: 204 }));
  const retried = await dead('retry', 'mail', '--message', first!);
  expect(retried).toMatchObject({ code: 0, stdout: '1 deliveries of mail are queued again\n' });
  await eventually(async () => (await queueOf(it.store)).length === 1, 20_000);
  expect(await trace(first!)).toMatch(/was delivered: every sink has acknowledged it\n/);
  expect(await trace(first!)).toMatch(/sink +hook Acknowledged .*webhook-id [0-9a-f-]{36}\n/);
  expect(await dead('retry', 'mail', '--message', first!)).toMatchObject({ code: 1 });

  expect(await dead('resolve', 'mail', '--sink', 'other')).toMatchObject({
    stdout: '0 dead deliveries of mail are resolved\n',
  });
  expect((await dead('resolve', 'mail', '--message', second!)).stdout).toContain(
    '1 dead deliveries of mail are resolved',
  );
  await emptied(it.store);
  expect(await trace(second!)).toMatch(/was dead, and that is resolved/);
  expect((await dead('list', 'mail')).stdout).toBe('');

  it.receiver.react(() => 'cut');
  it.deliver('waits');
  await eventually(async () => (await queueOf(it.store))[0]?.status === 'Retrying', 20_000);
  const [waiting] = await sql<{ document_id: string }>(it.store, 'SELECT document_id FROM mailmill.outbox');
  expect(await trace(waiting!.document_id)).toMatch(/waits: it was processed; hook is Retrying \(SINK_UNREACHABLE\)/);
  worker.kill('SIGKILL');
  await worker.exited;
  await sql(it.store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);
  const purged = await run(it, 'purge', 'mail', '--namespace', 'test', '--yes');
  expect(purged.stdout).toMatch(/ 1 {2}outbox\n +1 {2}outbox_payload\n/);
  await emptied(it.store);
});

test('says how it is used when a choice makes no sense', async () => {
  const it = await outboxWorld(postgres, cleanups, rawHook);
  for (const args of [['list', 'mail', '--sink', 'hook'], ['retry'], ['accept', 'mail', '--message', 'x']])
    expect(await run(it, 'dead', ...args)).toMatchObject({ code: 2, stderr: expect.stringContaining('usage') });
});
