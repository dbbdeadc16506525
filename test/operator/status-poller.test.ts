import { expect, test } from 'vitest';
import type { PipelineStatus, WorkerStatus } from '../../src/api/worker-status.ts';
import type { Clock } from '../../src/kubernetes/clock.ts';
import type { Live, Pod } from '../../src/kubernetes/objects.ts';
import { createStatusPoller, isPolled } from '../../src/operator/status-poller.ts';
import { account, compiled, namespace, pod, workerStatus } from './fixtures.ts';

const revision = compiled();
const answer = (change: Partial<PipelineStatus> = {}): WorkerStatus => ({
  version: 1,
  worker: 'w',
  startedAt: '2026-11-21T12:00:00Z',
  pipelines: [workerStatus(revision, change)],
});

/** A clock whose sleeps end when the test says so. */
function manual() {
  let now = 0;
  const sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        sleepers.push({ at: now + ms, wake: resolve });
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
  };
  /** Moves time on in steps, letting everything that is due happen. */
  const pass = async (ms: number) => {
    for (const end = now + ms; now < end; ) {
      now += 250;
      for (const sleeper of sleepers.splice(0)) sleeper.wake();
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
    }
  };
  return { clock, pass };
}

function setUp(pods: readonly Live<Pod>[], status: (pod: Live<Pod>) => Promise<WorkerStatus>, concurrency?: number) {
  const { clock, pass } = manual();
  const ended = new AbortController();
  const looks: string[] = [];
  const poller = createStatusPoller({
    pods: () => pods,
    status,
    onLook: (key, news) => looks.push(news ? `news of ${key}` : key),
    intervalMs: 15_000,
    clock,
    random: () => 0.5,
    concurrency,
  });
  const running = poller.run(ended.signal);
  const stop = async () => {
    ended.abort();
    await running;
  };
  return { poller, pass, looks, stop };
}

test('only workers that stream or check, run and stay are asked', () => {
  expect(isPolled(pod('a'))).toBe(true);
  expect(isPolled(pod('a', { role: 'check' }))).toBe(true);
  expect(isPolled(pod('a', { role: 'run' }))).toBe(false);
  expect(isPolled(pod('a', { status: { phase: 'Pending' } }))).toBe(false);
  const ending = pod('a');
  expect(isPolled({ ...ending, metadata: { ...ending.metadata, deletionTimestamp: '2026-11-21T12:00:00Z' } })).toBe(
    false,
  );
});

test('a worker is unasked, then known, and asked again after the interval', async () => {
  const pods = [pod('orders-1', { ready: true })];
  let asked = 0;
  const { poller, pass, looks, stop } = setUp(pods, async () => {
    asked += 1;
    return answer();
  });
  expect(poller.observations([pod('orders-9')])).toEqual([{ pod: 'orders-9', unasked: true }]);
  await pass(500);
  expect(poller.observations(pods)).toMatchObject([{ pod: 'orders-1', status: { ready: true } }]);
  expect(looks).toEqual([`news of ${namespace}/orders`]);
  await pass(14_000);
  expect(asked).toBe(1);
  await pass(1_000);
  expect(asked).toBe(2);
  await stop();
});

test('a pod that is not ready is asked more often', async () => {
  let asked = 0;
  const { pass, stop } = setUp([pod('orders-1')], async () => {
    asked += 1;
    return answer({ ready: false });
  });
  await pass(9_500);
  expect(asked).toBe(4);
  await stop();
});

test('what a worker said before its pod became ready does not count: it is asked at once, and that is news', async () => {
  const pods = [pod('orders-1')];
  let status = answer({ ready: false, stalled: { code: 'SINK_TABLE_MISMATCH', message: 'mend it' } });
  const { poller, pass, looks, stop } = setUp(pods, () => Promise.resolve(status));
  await pass(500);
  expect(poller.observations(pods)[0]?.status?.stalled).toBeDefined();
  status = answer();
  pods[0] = pod('orders-1', { ready: true });
  expect(poller.observations(pods)).toEqual([{ pod: 'orders-1', unasked: true }]);
  await pass(250);
  expect(poller.observations(pods)[0]?.status).toMatchObject({ ready: true });
  expect(looks).toEqual([`news of ${namespace}/orders`, `news of ${namespace}/orders`]);
  await pass(15_000);
  expect(looks.at(-1)).toBe(`${namespace}/orders`);
  await stop();
});

test('one missed answer is no outage, two are', async () => {
  const pods = [pod('orders-1', { ready: true })];
  let failing = false;
  const { poller, pass, stop } = setUp(pods, () =>
    failing ? Promise.reject(new Error('refused')) : Promise.resolve(answer()),
  );
  await pass(500);
  failing = true;
  await pass(15_500);
  expect(poller.observations(pods)[0]?.status).toBeDefined();
  await pass(3_500);
  expect(poller.observations(pods)).toEqual([{ pod: 'orders-1', startedAt: expect.any(Number) }]);
  failing = false;
  await pass(3_500);
  expect(poller.observations(pods)[0]?.status).toBeDefined();
  await stop();
});

test('lag is measured from the last commit', async () => {
  const pods = [pod('orders-1', { ready: true })];
  const lagging = (lagMessages: number, lastCommitAt: string) => ({
    lastCommitAt,
    accounts: [account({ folders: [{ name: 'INBOX', state: 'Live', lagMessages, lagSeconds: 1 }] })],
  });
  let status = answer(lagging(5, 'a'));
  const { poller, pass, stop } = setUp(pods, () => Promise.resolve(status));
  await pass(500);
  status = answer(lagging(8, 'a'));
  await pass(60_000);
  const [first] = poller.observations(pods);
  expect(first?.lag).toMatchObject({ before: 5, now: 8 });
  expect(first?.lag?.sinceMs).toBeGreaterThanOrEqual(60_000);
  status = answer(lagging(8, 'b'));
  await pass(15_000);
  expect(poller.observations(pods)[0]?.lag).toMatchObject({ before: 8, now: 8 });
  await stop();
});

test('no more workers than allowed are asked at the same time', async () => {
  const pods = Array.from({ length: 10 }, (_, i) => pod(`orders-${i}`));
  let open = 0;
  let most = 0;
  const release: (() => void)[] = [];
  const { pass, stop } = setUp(
    pods,
    () =>
      new Promise((resolve) => {
        open += 1;
        most = Math.max(most, open);
        release.push(() => {
          open -= 1;
          resolve(answer());
        });
      }),
    3,
  );
  await pass(1_000);
  expect(most).toBe(3);
  for (const free of release.splice(0)) free();
  await pass(500);
  expect(most).toBe(3);
  expect(release.length).toBe(3);
  for (const free of release) free();
  await stop();
});
