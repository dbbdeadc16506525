import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { createController, type Reconcile } from '../../src/kubernetes/controller.ts';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { createQueue } from '../../src/kubernetes/queue.ts';
import { transient, waiting } from '../../src/telemetry/errors.ts';
import { manualClock } from './manual-clock.ts';

function setUp(reconcile: Reconcile, more: { workers?: number; timeoutMs?: number } = {}) {
  const clock = manualClock();
  const registry = new Registry();
  const metrics = kubernetesMetrics(registry);
  const queue = createQueue({ name: 'test', clock, metrics, backoffMs: [100, 1_000] });
  const stop = new AbortController();
  const controller = createController({ name: 'test', queue, reconcile, metrics, clock, ...more });
  const running = controller.run(stop.signal);
  return { clock, registry, queue, stop, running };
}

test('a failure comes again with backoff, a success forgets it, a wish to come back is kept', async () => {
  const seen: number[] = [];
  const { clock, queue, registry, stop, running } = setUp(async () => {
    seen.push(clock.monotonic());
    if (seen.length <= 2) throw transient('TEST', 'again');
    return seen.length === 3 ? { requeueAfterMs: 5_000 } : undefined;
  });
  queue.add('a');
  await clock.advance(20_000);
  expect(seen).toEqual([0, 100, 300, 5_300]);
  expect(queue.retries('a')).toBe(0);
  const text = await registry.metrics();
  expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="error"} 2');
  expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="requeue_after"} 1');
  expect(text).toContain('controller_runtime_reconcile_total{controller="test",result="success"} 1');
  expect(text).toContain('controller_runtime_reconcile_errors_total{controller="test"} 2');
  expect(text).toContain('controller_runtime_reconcile_time_seconds_count{controller="test"} 4');
  stop.abort();
  await running;
});

test('a conflict comes again soon, and is no error', async () => {
  let tries = 0;
  const { clock, queue, registry, stop, running } = setUp(async () => {
    tries += 1;
    if (tries === 1)
      throw new KubernetesError('Transient', 'KUBERNETES_CONFLICT', 'old', { status: 409, reason: 'Conflict' });
    return undefined;
  });
  queue.add('a');
  await clock.advance(100);
  expect(tries).toBe(2);
  expect(await registry.metrics()).toContain(
    'controller_runtime_reconcile_total{controller="test",result="requeue"} 1',
  );
  expect(await registry.metrics()).not.toContain('result="error"');
  stop.abort();
  await running;
});

test('a Waiting error comes back when it said, and is no error', async () => {
  const seen: number[] = [];
  const { clock, queue, registry, stop, running } = setUp(async () => {
    seen.push(clock.monotonic());
    if (seen.length === 1) throw waiting('TEST', 'later', { retryAfterMs: 7_000 });
    return undefined;
  });
  queue.add('a');
  await clock.advance(10_000);
  expect(seen).toEqual([0, 7_000]);
  expect(await registry.metrics()).not.toContain('result="error"');
  stop.abort();
  await running;
});

test('as many keys at once as there are workers, each key by one', async () => {
  let now = 0;
  let most = 0;
  const byKey = new Map<string, number>();
  const { clock, queue, stop, running } = setUp(
    async (key, signal) => {
      now += 1;
      most = Math.max(most, now);
      byKey.set(key, (byKey.get(key) ?? 0) + 1);
      expect(byKey.get(key)).toBe(1);
      await clock.sleep(1_000, signal);
      byKey.set(key, 0);
      now -= 1;
      return undefined;
    },
    { workers: 3 },
  );
  for (let i = 0; i < 10; i += 1) {
    for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key);
    await clock.advance(700);
  }
  expect(most).toBe(3);
  stop.abort();
  await running;
});

test('a reconcile beyond its time is aborted and comes again', async () => {
  const codes: unknown[] = [];
  const { clock, queue, stop, running } = setUp(
    (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          codes.push(signal.reason.code ?? 'stopped');
          reject(signal.reason);
        });
      }),
    { timeoutMs: 5 },
  );
  queue.add('a');
  // The limit runs on real time: it guards against real hangs.
  await expect.poll(() => codes).toEqual(['RECONCILE_TIMEOUT']);
  await clock.advance(100);
  await expect.poll(() => codes.length).toBeGreaterThan(1);
  stop.abort();
  await running;
});

test('the end waits for what is in flight, which sees the abort', async () => {
  let ended = false;
  const { clock, queue, stop, running } = setUp(async (_, signal) => {
    await clock.sleep(60_000, signal).catch(() => clock.settle());
    ended = true;
    return undefined;
  });
  queue.add('a');
  await clock.settle();
  stop.abort();
  await running;
  expect(ended).toBe(true);
});
