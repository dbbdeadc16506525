import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { message, sql } from '../../support/worker.ts';
import {
  emptied,
  hook,
  keysOf,
  outboxWorld,
  queueOf,
  rawHook,
  reach,
  recorded,
  type Sinks,
  sinkStatus,
  subjectsOf,
} from './outbox-world.ts';

let postgres: Postgres;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(() => postgres?.stop());

const setUp = (
  sinks: (url: string) => Sinks,
  more: Omit<NonNullable<Parameters<typeof outboxWorld>[3]>, 'receiver'> = {},
) => outboxWorld(postgres, cleanups, sinks, more);

test('a document is sent as JSON, once, with its key; nothing stays in the queue', async () => {
  const it = await setUp(hook, { steps: [{ name: 'mark', set: { kind: '"order"', n: '7' } }] });
  it.deliver('one');
  const worker = await it.start();
  await reach(it.receiver, 1);
  await emptied(it.store);
  const [first] = it.receiver.received;
  expect(first).toMatchObject({ method: 'POST', path: '/hook', headers: { 'content-type': 'application/json' } });
  expect(first?.headers['webhook-id']).toBe(first?.headers['idempotency-key']);
  const body = JSON.parse(String(first?.body));
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
  expect(subjectsOf(it.receiver)).toEqual(['Message one', 'Message two']);
  expect(await recorded(it.store)).toEqual({ Queued: 2, Acknowledged: 2 });
  await eventually(async () => (await sinkStatus(worker)).ok);
  const metrics = (await worker.get('/metrics')).text;
  for (const line of [
    'mailmill_deliveries_total{namespace="test",pipeline="mail",sink="hook",status="Queued"} 2',
    'mailmill_deliveries_total{namespace="test",pipeline="mail",sink="hook",status="Acknowledged"} 2',
    'mailmill_delivery_attempts_total{namespace="test",pipeline="mail",sink="hook",code="204"} 2',
  ])
    expect(metrics).toContain(line);
  worker.kill('SIGTERM');
  expect(await worker.exited, worker.output()).toBe(0);
});

test('raw mode sends the bytes as they were received, and says where they come from', async () => {
  const it = await setUp(rawHook);
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

test('several sinks, one of them a table: each gets what passes the steps, and the payload is kept once', async () => {
  const it = await setUp(
    (url) => [
      { name: 'table', postgres: { secretRef: { name: 'db' }, table: 'emails' } },
      { name: 'json', webhook: { url } },
      { name: 'raw', webhook: { url: `${url}?raw`, mode: 'Raw' } },
    ],
    { steps: [{ name: 'wanted', filter: '!subject.contains("no")' }] },
  );
  it.receiver.react(() => ({ status: 503 }));
  it.deliver('yes');
  it.deliver('no');
  await it.start();
  await eventually(async () => (await queueOf(it.store)).filter(({ status }) => status === 'Retrying').length === 2);
  expect(await sql(it.store, 'SELECT json IS NULL AS j, raw IS NULL AS r FROM mailmill.outbox_payload')).toEqual([
    { j: false, r: false },
  ]);
  it.receiver.react(() => ({ status: 200 }));
  await emptied(it.store);
  expect(await sql(it.store, 'SELECT subject FROM emails')).toEqual([{ subject: 'Message yes' }]);
  expect(keysOf(it.receiver).size).toBe(2);
  expect(await recorded(it.store)).toEqual({ Queued: 2, Acknowledged: 3 });
});

describe('a receiver that is away', () => {
  test('is waited for: nothing dies, and Delivering says why; when it is back all is sent once', async () => {
    const it = await setUp((url) => [
      { name: 'hook', webhook: { url }, retry: { attempts: 1, backoff: '100ms', maxBackoff: '100ms' } },
    ]);
    it.receiver.react(() => 'cut');
    for (let n = 0; n < 30; n++) it.deliver(n);
    const worker = await it.start();
    await reach(it.receiver, 10);
    await eventually(async () => (await sinkStatus(worker)).code === 'SINK_UNREACHABLE');
    expect(await sinkStatus(worker)).toMatchObject({ ok: false, queue: { dead: 0 } });
    expect((await queueOf(it.store)).filter(({ status: s }) => s === 'Dead')).toEqual([]);
    expect((await queueOf(it.store)).length).toBe(30);
    it.receiver.react(() => ({ status: 204 }));
    await emptied(it.store, 30_000);
    expect(keysOf(it.receiver).size).toBe(30);
    expect(await recorded(it.store)).toEqual({ Queued: 30, Acknowledged: 30 });
    await eventually(async () => (await sinkStatus(worker)).ok);
    await eventually(async () => (await sinkStatus(worker)).queue?.deliveries === 0);
  });

  test('does not keep one document that it fails on from dying while it takes others', async () => {
    const it = await setUp((url) => [
      { name: 'hook', webhook: { url }, retry: { attempts: 2, backoff: '100ms', maxBackoff: '100ms' } },
    ]);
    it.receiver.react(({ body }) => ({ status: body.includes('Message bad') ? 500 : 204 }));
    it.deliver('bad');
    const worker = await it.start();
    await reach(it.receiver, 1);
    for (let n = 0; (await queueOf(it.store))[0]?.status !== 'Dead'; n++) {
      it.deliver(`good-${n}`);
      await reach(it.receiver, it.receiver.received.length + 1);
    }
    expect(await queueOf(it.store)).toMatchObject([{ status: 'Dead', code: 'SINK_UNAVAILABLE', failures: 2 }]);
    await eventually(async () => (await sinkStatus(worker)).ok);
  });
});

test('a refusal is the end of that delivery; `Retry-After` is obeyed', async () => {
  const it = await setUp(hook);
  let throttled = 0;
  it.receiver.react(({ body }) => {
    if (body.includes('Message wrong')) return { status: 422, body: Buffer.from('Message wrong is secret') };
    throttled += 1;
    return throttled === 1 ? { status: 429, headers: { 'retry-after': '2' } } : { status: 200 };
  });
  it.deliver('wrong');
  const worker = await it.start();
  await eventually(async () => (await queueOf(it.store))[0]?.status === 'Dead');
  expect(await queueOf(it.store)).toMatchObject([{ code: 'SINK_REFUSED', detail: expect.stringContaining('422') }]);
  it.deliver('right');
  await reach(it.receiver, 2);
  const first = Date.now();
  await reach(it.receiver, 3);
  expect(Date.now() - first).toBeGreaterThan(1_500);
  await eventually(async () => (await queueOf(it.store)).length === 1);
  expect(await recorded(it.store)).toEqual({ Queued: 2, Dead: 1, Acknowledged: 1 });
  expect(worker.output()).not.toContain('is secret');
  await eventually(async () =>
    (await worker.get('/metrics')).text.includes(
      'mailmill_outbox_dead{namespace="test",pipeline="mail",sink="hook"} 1',
    ),
  );
});

test('a wrong token is for a person to mend: nothing dies, the pipeline says Stalled, and a changed Secret is taken', async () => {
  const it = await setUp((url) => [
    { name: 'hook', webhook: { url, auth: { type: 'Bearer', secretRef: { name: 'hook' } } } },
  ]);
  it.receiver.react(({ headers }) => ({ status: headers.authorization === 'Bearer right' ? 204 : 401 }));
  it.deliver('one');
  const worker = await it.start();
  await eventually(async () => (await worker.status()).pipelines[0]?.stalled?.code === 'SINK_AUTH_REJECTED');
  expect(await queueOf(it.store)).toMatchObject([{ status: 'Retrying', failures: 0 }]);
  it.pod.writeSecret('hook', 'token', 'right');
  await emptied(it.store, 30_000);
  await eventually(async () => (await worker.status()).pipelines[0]?.stalled === undefined);
});

test('a full queue pauses the source, which says so; mail that came meanwhile is read afterwards', async () => {
  const it = await setUp((url) => [{ name: 'hook', webhook: { url }, queue: { deliveries: 3 } }]);
  it.receiver.react(() => 'cut');
  const worker = await it.start();
  for (let n = 0; n < 3; n++) it.deliver(n);
  await eventually(async () => (await queueOf(it.store)).length === 3);
  for (let n = 3; n < 9; n++) it.deliver(n);
  await eventually(async () => (await sinkStatus(worker)).code === 'SINK_QUEUE_FULL');
  expect((await queueOf(it.store)).length).toBe(3);
  it.receiver.react(() => ({ status: 204 }));
  await eventually(async () => keysOf(it.receiver).size === 9, 40_000);
  await emptied(it.store);
  expect(await recorded(it.store)).toEqual({ Queued: 9, Acknowledged: 9 });
});

describe('a run', () => {
  test('ends when everything is sent', async () => {
    const it = await setUp(hook);
    let answers = 0;
    it.receiver.react(() => ({ status: ++answers <= 2 ? 503 : 204 }));
    for (let n = 0; n < 20; n++) it.deliver(n);
    const result = await it.pod.once('nightly');
    expect(result.code, result.output).toBe(0);
    expect(keysOf(it.receiver).size).toBe(20);
    await emptied(it.store);
  });

  test('fails when the receiver stays away, and the next one sends what is left', async () => {
    const it = await setUp((url) => [
      { name: 'hook', webhook: { url, auth: { type: 'Bearer', secretRef: { name: 'hook' } } } },
    ]);
    it.receiver.react(() => ({ status: 403 }));
    it.deliver('one');
    const result = await it.pod.once('first');
    expect(result.code, result.output).toBe(78);
    expect(await queueOf(it.store)).toMatchObject([{ status: 'Retrying', code: 'SINK_AUTH_REJECTED' }]);
    it.receiver.react(() => ({ status: 204 }));
    const next = await it.pod.once('second');
    expect(next.code, next.output).toBe(0);
    await emptied(it.store);
  });
});

test('what waits for a sink that was removed is dead; a sink of a new name gets mail from now on', async () => {
  const before = await setUp(hook);
  before.receiver.react(() => 'cut');
  before.deliver('old');
  const worker = await before.start();
  await reach(before.receiver, 1);
  worker.kill('SIGKILL');
  await worker.exited;
  const after = await setUp((url) => [{ name: 'other', webhook: { url } }], { store: before.store });
  after.deliver('new');
  await after.start();
  await reach(after.receiver, 1, 40_000);
  expect(subjectsOf(after.receiver)).toEqual(['Message new']);
  await eventually(async () => (await queueOf(before.store)).length === 1);
  expect(await queueOf(before.store)).toMatchObject([{ sink: 'hook', status: 'Dead', code: 'SinkRemoved' }]);
});
