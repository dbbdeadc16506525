import { expect, test } from 'vitest';
import type { Delivery, QueuedSink } from '../../src/sinks/sink.ts';

/** What a receiver does with the next deliveries. */
export type ReceiverMood = 'takes' | 'takes and does not answer' | 'refuses for now' | 'hangs';

/** A sink that declares `AtLeastOnce`, and the eyes of its receiver. */
export interface AtLeastOnceSubject {
  readonly sink: QueuedSink;
  mood(mood: ReceiverMood): void;
  /** What the receiver has seen, in order: the key that repeats carry, and the bytes. */
  seen(): readonly { readonly key: string; readonly body: Buffer }[];
}

const signal = new AbortController().signal;

export const delivery = (n: number, more: Partial<Delivery> = {}): Delivery => ({
  id: `01890000-0000-8000-8000-${n.toString(16).padStart(12, '0')}`,
  documentId: `01890000-0000-8000-9000-${n.toString(16).padStart(12, '0')}`,
  edition: 1,
  namespace: 'team',
  pipeline: 'orders',
  source: 'support',
  account: 'support@example.com',
  folder: 'Büro/INBOX',
  receivedAt: new Date('2026-11-21T12:00:00Z'),
  payload: Buffer.from(`payload ${n}`),
  ...more,
});

/** Tests that every sink which declares `AtLeastOnce` passes; `fresh` makes one, checked, with a receiver that takes. */
export function atLeastOnceContract(fresh: () => Promise<AtLeastOnceSubject>): void {
  test('declares it, with the key', async () => {
    const { sink } = await fresh();
    expect(sink.guarantee).toEqual({ kind: 'AtLeastOnce', key: expect.stringMatching(/./) });
  });

  test('what is acknowledged was seen, bytes and key', async () => {
    const { sink, seen } = await fresh();
    for (const n of [1, 2]) expect((await sink.deliver(delivery(n), signal)).outcome).toBe('Acknowledged');
    expect(seen()).toEqual([1, 2].map((n) => ({ key: delivery(n).id, body: delivery(n).payload })));
  });

  test('a repeat carries the same key and the same bytes', async () => {
    const { sink, seen } = await fresh();
    await sink.deliver(delivery(1), signal);
    await sink.deliver(delivery(1), signal);
    const [first, second] = seen();
    expect(second).toEqual(first);
  });

  test('another edition has another key only because its delivery has: the sink passes the id on as it is', async () => {
    const { sink, seen } = await fresh();
    await sink.deliver(delivery(1), signal);
    await sink.deliver(delivery(2, { documentId: delivery(1).documentId, edition: 2 }), signal);
    expect(seen().map(({ key }) => key)).toEqual([delivery(1).id, delivery(2).id]);
  });

  test('what was taken without an answer is not acknowledged, and its repeat can be told', async () => {
    const { sink, mood, seen } = await fresh();
    mood('takes and does not answer');
    expect((await sink.deliver(delivery(1), signal)).outcome).toBe('Failed');
    mood('takes');
    expect((await sink.deliver(delivery(1), signal)).outcome).toBe('Acknowledged');
    expect(new Set(seen().map(({ key }) => key))).toEqual(new Set([delivery(1).id]));
  });

  test('a receiver that refuses for now, or hangs, has acknowledged nothing; that ends in bounded time', async () => {
    const { sink, mood } = await fresh();
    for (const bad of ['refuses for now', 'hangs'] as const) {
      mood(bad);
      expect((await sink.deliver(delivery(1), signal)).outcome).toBe('Failed');
    }
  });

  test('an attempt that is cut off throws the reason, and the sink goes on', async () => {
    const { sink, mood } = await fresh();
    mood('hangs');
    const cut = new AbortController();
    const attempt = sink.deliver(delivery(1), cut.signal);
    setImmediate(() => cut.abort(new Error('stop')));
    await expect(attempt).rejects.toThrow('stop');
    await expect(sink.deliver(delivery(1), AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    mood('takes');
    expect((await sink.deliver(delivery(1), signal)).outcome).toBe('Acknowledged');
  });
}
