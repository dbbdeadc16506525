import { Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { createQueue, type QueueOptions } from '../../src/kubernetes/queue.ts';
import { manualClock } from './manual-clock.ts';

const signal = new AbortController().signal;
const plenty = { perSecond: 1e9, burst: 1e9 };

function setUp(more: Partial<QueueOptions> = {}) {
  const clock = manualClock();
  const registry = new Registry();
  const queue = createQueue({ name: 'test', rate: plenty, metrics: kubernetesMetrics(registry), clock, ...more });
  /** Takes whatever is ready. */
  const drain = async () => {
    const keys: string[] = [];
    while (queue.depth > 0) keys.push((await queue.take(signal)) ?? 'closed');
    return keys;
  };
  const metric = async (name: string) =>
    Number((await registry.getSingleMetricAsString(name)).trim().split(' ').at(-1));
  return { clock, queue, drain, metric, registry };
}

describe('a key', () => {
  test('stands once, in the order of its first addition', async () => {
    const { queue, drain, metric } = setUp();
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.depth).toBe(3);
    expect(await metric('workqueue_depth')).toBe(3);
    expect(await drain()).toEqual(['a', 'b', 'c']);
    expect(await metric('workqueue_adds_total')).toBe(3);
  });

  test('added while it is worked on comes again after done, once, and to one worker at a time', async () => {
    const { queue, drain, metric } = setUp();
    queue.add('a');
    expect(await queue.take(signal)).toBe('a');
    queue.add('a');
    queue.add('a');
    expect(await metric('workqueue_adds_total')).toBe(2);
    expect(queue.depth).toBe(0);
    queue.done('a');
    expect(await drain()).toEqual(['a']);
    queue.done('a');
    expect(queue.depth).toBe(0);
  });

  test('is handed to a worker that waits already, in the order of waiting', async () => {
    const { queue } = setUp();
    const taken = [queue.take(signal), queue.take(signal)];
    queue.add('a');
    queue.add('b');
    expect(await Promise.all(taken)).toEqual(['a', 'b']);
  });
});

describe('delays', () => {
  test('of several delays of a key the earliest counts', async () => {
    const { queue, clock, drain } = setUp();
    queue.addAfter('a', 1_000);
    queue.addAfter('a', 5_000);
    queue.addAfter('b', 5_000);
    queue.addAfter('b', 100);
    await clock.advance(99);
    expect(queue.depth).toBe(0);
    await clock.advance(1);
    expect(await drain()).toEqual(['b']);
    await clock.advance(900);
    expect(await drain()).toEqual(['a']);
    queue.done('a');
    queue.done('b');
    await clock.advance(60_000);
    expect(queue.depth).toBe(0);
  });

  test('backoff doubles for each key by itself, up to the maximum, until it is forgotten', async () => {
    const { queue, clock, drain, metric } = setUp({ backoffMs: [5, 40] });
    const waits: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      const start = clock.monotonic();
      queue.addRateLimited('a');
      while (queue.depth === 0) await clock.advance(1);
      waits.push(clock.monotonic() - start);
      queue.done((await drain())[0]!);
    }
    expect(waits).toEqual([5, 10, 20, 40, 40, 40]);
    expect(queue.retries('a')).toBe(6);
    expect(queue.retries('b')).toBe(0);
    expect(await metric('workqueue_retries_total')).toBe(6);
    queue.forget('a');
    queue.addRateLimited('a');
    await clock.advance(5);
    expect(queue.depth).toBe(1);
  });

  test('a key that failed a thousand times still has a finite wait', async () => {
    const { queue, clock } = setUp({ backoffMs: [5, 1_000_000] });
    for (let i = 0; i < 2_000; i += 1) queue.addRateLimited('a');
    await clock.advance(1_000_000);
    expect(queue.depth).toBe(1);
  });

  test('the global rate spreads many keys that fail at once', async () => {
    const { queue, clock } = setUp({ backoffMs: [0, 0], rate: { perSecond: 10, burst: 5 } });
    for (let i = 0; i < 25; i += 1) queue.addRateLimited(`k${i}`);
    expect(queue.depth).toBe(5);
    await clock.advance(1_000);
    expect(queue.depth).toBe(15);
    await clock.advance(1_000);
    expect(queue.depth).toBe(25);
    await clock.advance(250);
    for (let i = 25; i < 30; i += 1) queue.addRateLimited(`k${i}`);
    expect(queue.depth).toBe(27);
  });
});

describe('the end', () => {
  test('shutdown frees waiting workers, drops what waits, and takes nothing more', async () => {
    const { queue, clock } = setUp();
    const waiting = queue.take(signal);
    queue.addAfter('later', 10);
    queue.shutdown();
    expect(await waiting).toBeUndefined();
    expect(await queue.take(signal)).toBeUndefined();
    queue.add('a');
    queue.addRateLimited('a');
    await clock.advance(1_000);
    expect([queue.depth, clock.sleeping]).toEqual([0, 0]);
  });

  test('an aborted worker leaves, and the key goes to the next', async () => {
    const { queue } = setUp();
    const first = new AbortController();
    const waiting = queue.take(first.signal);
    const second = queue.take(signal);
    first.abort();
    expect(await waiting).toBeUndefined();
    queue.add('a');
    expect(await second).toBe('a');
  });
});

test('time in the queue and at work is measured', async () => {
  const { queue, clock, registry } = setUp();
  queue.add('a');
  await clock.advance(2_000);
  await queue.take(signal);
  await clock.advance(3_000);
  queue.done('a');
  expect(await registry.metrics()).toContain('workqueue_queue_duration_seconds_sum{name="test"} 2\n');
  expect(await registry.metrics()).toContain('workqueue_work_duration_seconds_sum{name="test"} 3\n');
});
