import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts';
import { message, type PodFiles, type PodOptions, podFiles, sql, type WorkerProcess } from '../support/worker.ts';

let postgres: Postgres;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(() => postgres?.stop());

type Sinks = PodOptions['pipeline']['sinks'];

/** A Maildir, a store, and a pipeline that sends to a receiver. */
async function setUp(sinks: (url: string) => Sinks, more: Partial<PodOptions['pipeline']> = {}) {
  const receiver = await startReceiver();
  cleanups.push(() => receiver.stop());
  const store = await postgres.createDatabase();
  const world = podWorld(store, sinks(receiver.url), more);
  return { receiver, store, ...world };
}

function podWorld(store: string, sinks: Sinks, more: Partial<PodOptions['pipeline']> = {}) {
  const pod = podFiles({
    source: { maildir: { path: 'mail', pollInterval: '200ms' } },
    pipeline: { source: { name: 'inbox' }, sinks, ...more },
    secrets: {
      'mailmill-store': { uri: store },
      db: { uri: store },
      hook: { token: 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    },
  });
  cleanups.push(() => pod.remove());
  const mail = path.join(pod.dir, 'maildir', 'inbox');
  for (const folder of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(mail, folder), { recursive: true });
  const deliver = (name: string, raw: Buffer = message(name)) => {
    fs.writeFileSync(path.join(mail, 'tmp', `${name}.test`), raw);
    fs.renameSync(path.join(mail, 'tmp', `${name}.test`), path.join(mail, 'new', `${name}.test`));
  };
  const start = async (env?: Readonly<Record<string, string>>) => track(await pod.start([], env));
  return { pod, mail, deliver, start };
}

function track(worker: WorkerProcess): WorkerProcess {
  cleanups.push(async () => {
    if (process.env.SHOW) process.stderr.write(worker.output());
    worker.kill('SIGCONT');
    worker.kill('SIGKILL');
    await worker.exited;
  });
  return worker;
}

const hook = (url: string): Sinks => [{ name: 'hook', webhook: { url } }];
const raw = (url: string): Sinks => [{ name: 'hook', webhook: { url, mode: 'Raw' } }];
const subjects = ({ received }: Receiver) =>
  received.map(
    ({ body }) => (JSON.parse(body.toString()) as { data: { document: { subject: string } } }).data.document.subject,
  );
const reach = (receiver: Receiver, count: number, ms = 20_000) =>
  eventually(async () => receiver.received.length >= count, ms);
const queue = (store: string) =>
  sql<{ sink: string; status: string; attempts: number; code: string | null }>(
    store,
    'SELECT sink, status, attempts, code FROM mailmill.outbox ORDER BY id',
  );
const emptied = (store: string) => eventually(async () => (await queue(store)).length === 0, 20_000);
const deliveries = (store: string) =>
  sql<{ status: string; n: string }>(
    store,
    'SELECT status, count(*) AS n FROM mailmill.delivery GROUP BY status ORDER BY status',
  );
const sinkStatus = async (worker: WorkerProcess, at = 0) => (await worker.status()).pipelines[0]!.sinks[at]!;

test('a document is sent as JSON, once, with its key; nothing stays in the queue', async () => {
  const it = await setUp(hook, { steps: [{ name: 'mark', set: { kind: '"order"', n: '7' } }] });
  it.deliver('one');
  const worker = await it.start();
  await reach(it.receiver, 1);
  await emptied(it.store);
  const [first] = it.receiver.received;
  expect(first).toMatchObject({ method: 'POST', path: '/hook', headers: { 'content-type': 'application/json' } });
  expect(first?.headers['webhook-id']).toBe(first?.headers['idempotency-key']);
  const body = JSON.parse(first!.body.toString());
  expect(body).toMatchObject({
    type: 'mailmill.document',
    timestamp: expect.stringMatching(/^20.*Z$/),
    data: {
      edition: 1,
      namespace: 'test',
      pipeline: 'mail',
      source: 'inbox',
      document: { subject: 'Message one', kind: 'order', n: 7, from: { address: 'ann@example.org' } },
    },
  });
  expect(body.data.document).not.toHaveProperty('rawHeaders');
  expect(body.data.document.id).toBe(body.data.id);
  it.deliver('two');
  await reach(it.receiver, 2, 5_000);
  await emptied(it.store);
  expect(subjects(it.receiver)).toEqual(['Message one', 'Message two']);
  expect(await deliveries(it.store)).toEqual([
    { status: 'Queued', n: '2' },
    { status: 'Acknowledged', n: '2' },
  ]);
  expect(await sql(it.store, 'SELECT FROM mailmill.outbox_payload')).toEqual([]);
  expect(await sinkStatus(worker)).toMatchObject({ name: 'hook', ok: true });
  worker.kill('SIGTERM');
  expect(await worker.exited, worker.output()).toBe(0);
});

test('raw mode sends the bytes as they were received, and says where they come from', async () => {
  const it = await setUp(raw);
  const bytes = Buffer.concat([message('raw'), Buffer.from([0, 255, 13, 10, 10, 0x80]), Buffer.alloc(300_000, 'x')]);
  it.deliver('raw', bytes);
  await it.start();
  await reach(it.receiver, 1);
  const [first] = it.receiver.received;
  expect(first?.body.equals(bytes)).toBe(true);
  expect(first?.headers).toMatchObject({
    'content-type': 'message/rfc822',
    'mailmill-namespace': 'test',
    'mailmill-pipeline': 'mail',
    'mailmill-source': 'inbox',
    'mailmill-folder': 'INBOX',
    'mailmill-edition': '1',
    'mailmill-document-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'mailmill-received-at': expect.stringMatching(/^20.*Z$/),
  });
  await emptied(it.store);
});
