import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deadDeliveries, resolveDeadDeliveries, retryDeadDeliveries } from '../../src/store/dead-deliveries.ts';
import { registerWorker } from '../../src/store/leases.ts';
import {
  type ClaimedDelivery,
  claimDeliveries,
  enqueue,
  type QueuedDocument,
  type QueueOwner,
  type Settlement,
  settleDeliveries,
} from '../../src/store/outbox.ts';
import { queueStates, retireQueues, sweepPayloads } from '../../src/store/outbox-queue.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { openStore } from './fixture.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

const id = (n: number) => `01890000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`;
const document = (n: number, edition = 1, bytes = 10): QueuedDocument => ({
  documentId: id(n),
  edition,
  receivedAt: new Date('2026-11-21T12:00:00Z'),
  size: bytes,
  json: Buffer.alloc(bytes, edition),
  raw: undefined,
});
const megabytes = 2 ** 20;

async function open() {
  const store = await openStore(postgres);
  const { database } = store;
  const lease = await store.lease();
  const origin = { source: 'inbox', account: 'ann', folder: 'INBOX' };
  const owner = (sink = 'hook', workerId = store.worker): QueueOwner => ({
    pipelineId: store.pipeline,
    sink,
    form: 'Json',
    workerId,
  });
  const claim = (of: QueueOwner, held: readonly string[] = [], limit = 100, bytes = megabytes) =>
    claimDeliveries(database, of, held, limit, bytes);
  return {
    ...store,
    held: lease,
    owner,
    claim,
    queue: (documents: readonly QueuedDocument[], sinks: readonly string[] = ['hook']) =>
      database.transaction((client) => enqueue(client, lease, origin, { json: sinks, raw: [] }, documents)),
    settle: (of: QueueOwner, claims: readonly ClaimedDelivery[], how: (claim: ClaimedDelivery) => Settlement) =>
      settleDeliveries(database, of, claims.map(how)),
    rows: () =>
      database.query<{ document_id: string; edition: number; sink: string; status: string; claimed: boolean }>(
        'SELECT document_id, edition, sink, status, claimed_by IS NOT NULL AS claimed FROM mailmill.outbox ORDER BY id',
      ),
    payloads: async () => (await database.query('SELECT FROM mailmill.outbox_payload')).length,
    told: () =>
      database.query<{ sink: string; edition: number; status: string; code: string | null }>(
        'SELECT sink, edition, status, code FROM mailmill.delivery ORDER BY recorded_at, sink',
      ),
    anotherWorker: async () => {
      const worker = randomUUID();
      await registerWorker(database, worker, 'another');
      return worker;
    },
    kill: (worker: string) =>
      database.query(`UPDATE mailmill.worker SET expires_at = clock_timestamp() WHERE id = $1`, [worker]),
  };
}

const acknowledged = ({ id: of, edition }: ClaimedDelivery): Settlement => ({ id: of, edition, kind: 'Acknowledged' });
const failed =
  (kind: 'Retrying' | 'Dead', afterMs = 0) =>
  ({ id: of, edition }: ClaimedDelivery): Settlement => ({
    ...{ id: of, edition, kind, afterMs },
    ...{ code: 'SINK_UNAVAILABLE', detail: 'no', failures: 1 },
  });

test('what is claimed is with one worker alone, the oldest first, and gone when it is acknowledged', async () => {
  const it = await open();
  await it.queue([document(1), document(2), document(3)]);
  const first = await it.claim(it.owner(), [], 2);
  expect(first.map(({ documentId }) => documentId)).toEqual([id(1), id(2)]);
  expect(first[0]).toMatchObject({
    edition: 1,
    source: 'inbox',
    account: 'ann',
    folder: 'INBOX',
    receivedAt: new Date('2026-11-21T12:00:00Z'),
    payload: Buffer.alloc(10, 1),
  });
  const other = it.owner('hook', await it.anotherWorker());
  const second = await it.claim(other);
  expect(second.map(({ documentId }) => documentId)).toEqual([id(3)]);
  await it.settle(it.owner(), first, acknowledged);
  expect((await it.rows()).map(({ document_id }) => document_id)).toEqual([id(3)]);
  expect(await it.payloads()).toBe(1);
  expect(await it.told()).toMatchObject([{ status: 'Acknowledged' }, { status: 'Acknowledged' }]);
});

test('a claim has so many bytes at most, but one delivery at least', async () => {
  const it = await open();
  await it.queue([document(1, 1, 100), document(2, 1, 100), document(3, 1, 100)]);
  expect((await it.claim(it.owner(), [], 10, 150)).length).toBe(2);
  expect((await it.claim(it.owner('hook', await it.anotherWorker()), [], 10, 1)).length).toBe(1);
});

test('claims of a worker that is dead are taken over, and what it says afterwards counts for nothing', async () => {
  const it = await open();
  await it.queue([document(1)]);
  const dead = it.owner('hook', await it.anotherWorker());
  const before = await it.claim(dead);
  expect(await it.claim(it.owner())).toEqual([]);
  await it.kill(dead.workerId);
  const after = await it.claim(it.owner());
  expect(after.length).toBe(1);
  await it.settle(dead, before, failed('Dead'));
  await it.settle(dead, before, acknowledged);
  expect(await it.rows()).toMatchObject([{ status: 'Queued', claimed: true }]);
  expect(await it.told()).toEqual([]);
  await it.settle(it.owner(), after, acknowledged);
  expect(await it.rows()).toEqual([]);
});

test('a worker gets back what it does not know it has, and not what it is at work on', async () => {
  const it = await open();
  await it.queue([document(1), document(2)]);
  const [first, lost] = await it.claim(it.owner());
  const again = await it.claim(it.owner(), [first!.id]);
  expect(again.map((claim) => claim.id)).toEqual([lost!.id]);
});

test('settling twice changes nothing', async () => {
  const it = await open();
  await it.queue([document(1)]);
  const claims = await it.claim(it.owner());
  await it.settle(it.owner(), claims, acknowledged);
  await it.settle(it.owner(), claims, acknowledged);
  expect((await it.told()).length).toBe(1);
});

test('a failure comes back when its time has come; a release at once, without a try', async () => {
  const it = await open();
  await it.queue([document(1), document(2)]);
  const claims = await it.claim(it.owner());
  await it.settle(it.owner(), claims.slice(0, 1), failed('Retrying', 60_000));
  await it.settle(it.owner(), claims.slice(1), ({ id: of, edition }) => ({ id: of, edition, kind: 'Released' }));
  const again = await it.claim(it.owner());
  expect(again).toMatchObject([{ documentId: id(2), attempts: 0 }]);
  const [state] = await queueStates(it.database, it.pipeline);
  expect(state).toMatchObject({ sink: 'hook', waiting: 2, bytes: 20, dead: 0 });
  expect(state!.dueMs).toBeGreaterThan(50_000);
  await it.database.query('UPDATE mailmill.outbox SET next_at = now() WHERE document_id = $1', [id(1)]);
  expect(await it.claim(it.owner(), [again[0]!.id])).toMatchObject([{ documentId: id(1), attempts: 1, failures: 1 }]);
});

describe('a newer edition', () => {
  test('takes the place of one that was not sent; an older or the same one does not', async () => {
    const it = await open();
    await it.queue([document(1, 2)]);
    await it.queue([document(1, 1)]);
    await it.queue([document(1, 2)]);
    await it.queue([document(1, 3)]);
    expect(await it.rows()).toMatchObject([{ edition: 3 }]);
    expect(await it.claim(it.owner())).toMatchObject([{ edition: 3, payload: Buffer.alloc(10, 3) }]);
    await it.database.query(`UPDATE mailmill.outbox_payload SET queued_at = now() - interval '1 hour'`);
    expect(await sweepPayloads(it.database)).toBe(2);
    expect(await it.payloads()).toBe(1);
  });

  test('that comes while the older one is being sent waits for its end', async () => {
    const it = await open();
    await it.queue([document(1, 1)]);
    const older = await it.claim(it.owner());
    await it.queue([document(1, 2)]);
    expect(await it.claim(it.owner('hook', await it.anotherWorker()))).toEqual([]);
    await it.settle(it.owner(), older, acknowledged);
    expect(await it.claim(it.owner())).toMatchObject([{ edition: 2 }]);
  });

  test('takes the place of a dead one, and so does the same edition', async () => {
    const it = await open();
    await it.queue([document(1, 1)]);
    await it.settle(it.owner(), await it.claim(it.owner()), failed('Dead'));
    expect(await it.rows()).toMatchObject([{ edition: 1, status: 'Dead' }]);
    await it.queue([document(1, 1)]);
    expect(await it.rows()).toMatchObject([{ edition: 1, status: 'Queued' }]);
  });
});

test('a payload stays until the last sink has it', async () => {
  const it = await open();
  await it.queue([document(1)], ['hook', 'other']);
  await it.settle(it.owner(), await it.claim(it.owner()), acknowledged);
  expect(await it.payloads()).toBe(1);
  await it.settle(it.owner('other'), await it.claim(it.owner('other')), acknowledged);
  expect(await it.payloads()).toBe(0);
});

test('what waits for sinks that are gone is dead, with its reason; only the holder of a lease may say so', async () => {
  const it = await open();
  await it.queue([document(1)], ['hook', 'gone']);
  expect(await retireQueues(it.database, { ...it.held, token: 99n }, ['hook'])).toBe(0);
  expect(await retireQueues(it.database, it.held, ['hook'])).toBe(1);
  expect(await retireQueues(it.database, it.held, ['hook'])).toBe(0);
  expect(await it.rows()).toMatchObject([
    { sink: 'hook', status: 'Queued' },
    { sink: 'gone', status: 'Dead' },
  ]);
  expect(await it.told()).toEqual([{ sink: 'gone', edition: 1, status: 'Dead', code: 'SinkRemoved' }]);
});

test('dead deliveries are shown, sent again, or forgotten with their bytes', async () => {
  const it = await open();
  await it.queue([document(1), document(2), document(3)]);
  await it.settle(it.owner(), await it.claim(it.owner()), failed('Dead'));
  const filter = { namespace: 'ns', pipeline: 'mail' };
  expect((await deadDeliveries(it.database, filter)).length).toBe(3);
  expect(await deadDeliveries(it.database, { ...filter, namespace: 'others' })).toEqual([]);
  expect(await retryDeadDeliveries(it.database, { ...filter, documentIds: [id(1)] })).toEqual([id(1)]);
  expect(await it.claim(it.owner())).toMatchObject([{ documentId: id(1), attempts: 0, failures: 0 }]);
  expect(await resolveDeadDeliveries(it.database, { ...filter, sink: 'other' })).toEqual([]);
  expect((await resolveDeadDeliveries(it.database, filter)).toSorted()).toEqual([id(2), id(3)]);
  expect(await it.payloads()).toBe(1);
  expect(await deadDeliveries(it.database, filter)).toEqual([]);
});
