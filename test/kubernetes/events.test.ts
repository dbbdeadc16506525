import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient } from '../../src/kubernetes/client.ts';
import { createEventRecorder, type EventNote, type EventRecorderOptions } from '../../src/kubernetes/events.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { manualClock } from './manual-clock.ts';
import { item, type Step, startScriptedServer, status } from './scripted-server.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function setUp(script: readonly Step[], more: Partial<EventRecorderOptions> = {}) {
  const server = await startScriptedServer(...script);
  const clock = manualClock();
  const registry = new Registry();
  const metrics = kubernetesMetrics(registry);
  const client = createClient(server.access, { clock });
  const recorder = createEventRecorder({
    client,
    controller: 'mailmill.io/operator',
    instance: 'pod',
    clock,
    metrics,
    ...more,
  });
  const stop = new AbortController();
  const running = recorder.run(stop.signal);
  ends.push(async () => {
    stop.abort();
    await clock.advance(2_000);
    await running;
    client.close();
    await server.close();
  });
  const outcome = async (word: string) => {
    const text = await registry.getSingleMetricAsString('mailmill_events_total');
    return Number(new RegExp(`outcome="${word}"\\} (\\d+)`).exec(text)?.[1] ?? 0);
  };
  return { server, clock, recorder, stop, running, outcome };
}

const accept: Step = ({ json }) => json(201, item('e', 1));
const object = (name: string) => ({
  apiVersion: 'mailmill.io/v1alpha1',
  kind: 'EmailPipeline',
  metadata: { name, namespace: 'n', uid: `uid-${name}` },
});
const note = (reason: string): EventNote => ({ type: 'Normal', reason, action: 'Reconcile', note: 'a note' });

test('an event is complete', async () => {
  const { server, recorder } = await setUp([accept]);
  recorder.record(object('a'), { ...note('Applied'), note: 'é'.repeat(1_000) });
  await expect.poll(() => server.asked.length).toBe(1);
  const { method, path, body } = server.asked[0]!;
  expect([method, path]).toEqual(['POST', '/apis/events.k8s.io/v1/namespaces/n/events']);
  const event = JSON.parse(body);
  expect(event).toMatchObject({
    kind: 'Event',
    metadata: { name: expect.stringMatching(/^a\.[0-9a-f]+$/), namespace: 'n' },
    eventTime: '2026-11-21T00:00:00.000000Z',
    reportingController: 'mailmill.io/operator',
    reportingInstance: 'pod',
    action: 'Reconcile',
    reason: 'Applied',
    type: 'Normal',
    regarding: { kind: 'EmailPipeline', name: 'a', namespace: 'n', uid: 'uid-a' },
  });
  expect(Buffer.byteLength(event.note)).toBeLessThanOrEqual(1_024);
  expect(event.note).toMatch(/^é+…$/);
});

describe('repeats', () => {
  test('become a series: told at once the second time, then at most each minute', async () => {
    const { server, recorder, clock } = await setUp([accept]);
    recorder.record(object('a'), note('Applied'));
    await expect.poll(() => server.asked.length).toBe(1);
    for (let second = 1; second <= 120; second += 1) {
      await clock.advance(1_000);
      recorder.record(object('a'), note('Applied'));
      if (second === 1) await expect.poll(() => server.asked.length).toBe(2);
      if (second === 61) await expect.poll(() => server.asked.length).toBe(3);
    }
    expect(server.asked.map(({ method }) => method)).toEqual(['POST', 'PATCH', 'PATCH']);
    expect(server.asked.slice(1).map(({ body }) => JSON.parse(body).series.count)).toEqual([2, 62]);
  });

  test('after a quiet time are a new event; other reasons and objects always are', async () => {
    const { server, recorder, clock } = await setUp([accept]);
    recorder.record(object('a'), note('Applied'));
    recorder.record(object('b'), note('Applied'));
    recorder.record(object('a'), note('RolledOut'));
    await clock.advance(360_000);
    recorder.record(object('a'), note('Applied'));
    await expect.poll(() => server.asked.length).toBe(4);
    expect(server.asked.every(({ method }) => method === 'POST')).toBe(true);
    expect(new Set(server.asked.map(({ body }) => JSON.parse(body).metadata.name)).size).toBe(4);
  });
});

describe('bounds', () => {
  test('one object cannot flood: 25 at once, then one each five minutes', async () => {
    const { server, recorder, clock, outcome } = await setUp([accept]);
    for (let i = 0; i < 40; i += 1) recorder.record(object('a'), note(`Reason${i}`));
    recorder.record(object('b'), note('Applied'));
    await expect.poll(() => server.asked.length).toBe(26);
    expect(await outcome('dropped')).toBe(15);
    await clock.advance(300_000);
    for (let i = 0; i < 5; i += 1) recorder.record(object('a'), note(`Later${i}`));
    await expect.poll(() => server.asked.length).toBe(27);
  });

  test('what cannot wait any more is dropped, and the caller does not notice', async () => {
    const { recorder, server, outcome } = await setUp([() => {}], { pending: 3 });
    for (let i = 0; i < 10; i += 1) recorder.record(object(`o${i}`), note('Applied'));
    expect(await outcome('dropped')).toBe(7);
    await expect.poll(() => server.asked.length).toBe(1);
  });

  test('a refused event is counted, and the next ones are written', async () => {
    const { recorder, server, outcome } = await setUp([({ json }) => json(403, status(403, 'Forbidden')), accept]);
    recorder.record(object('a'), note('Applied'));
    recorder.record(object('b'), note('Applied'));
    await expect.poll(() => server.asked.length).toBe(2);
    await expect.poll(() => outcome('written')).toBe(1);
    expect(await outcome('failed')).toBe(1);
    // Not remembered as written: a repeat begins anew.
    recorder.record(object('a'), note('Applied'));
    await expect.poll(() => server.asked.length).toBe(3);
    expect(server.asked[2]?.method).toBe('POST');
    expect(JSON.parse(server.asked[2]?.body ?? '')).not.toHaveProperty('series');
  });

  test('the end writes what is pending, and waits no longer than its time for a server that is silent', async () => {
    const fine = await setUp([accept]);
    fine.recorder.record(object('a'), note('Applied'));
    fine.recorder.record(object('b'), note('Applied'));
    fine.stop.abort();
    await fine.running;
    expect(fine.server.asked).toHaveLength(2);

    const silent = await setUp([() => {}]);
    silent.recorder.record(object('a'), note('Applied'));
    silent.recorder.record(object('b'), note('Applied'));
    await expect.poll(() => silent.server.asked.length).toBe(1);
    silent.stop.abort();
    await silent.clock.advance(2_000);
    await silent.running;
    expect(await silent.outcome('dropped')).toBe(1);
  });
});

test('normal events are paced, and a warning waits for none of them', async () => {
  const { server, clock, recorder } = await setUp(
    Array.from({ length: 5 }, () => accept),
    {
      pace: { perSecond: 1, burst: 1 },
    },
  );
  const told = () => server.asked.map(({ body }) => JSON.parse(body).regarding.name);
  for (const name of ['a', 'b', 'c']) recorder.record(object(name), note('Applied'));
  await expect.poll(told).toEqual(['a']);
  recorder.record(object('bad'), { ...note('Broken'), type: 'Warning' });
  await clock.advance(50);
  await expect.poll(told).toEqual(['a', 'bad']);
  await clock.advance(900);
  expect(told()).toEqual(['a', 'bad']);
  await clock.advance(100);
  await expect.poll(told).toEqual(['a', 'bad', 'b']);
});

test('normal events that wait leave room for warnings', async () => {
  const { server, clock, recorder, outcome } = await setUp([accept, accept, accept], {
    pace: { perSecond: 0.001, burst: 1 },
    pending: 1,
  });
  const told = () => server.asked.map(({ body }) => JSON.parse(body).regarding.name);
  recorder.record(object('a'), note('Applied'));
  await expect.poll(told).toEqual(['a']);
  for (const name of ['b', 'c']) recorder.record(object(name), note('Applied'));
  recorder.record(object('bad'), { ...note('Broken'), type: 'Warning' });
  await clock.advance(50);
  await expect.poll(told).toEqual(['a', 'bad']);
  expect(await outcome('dropped')).toBe(1);
});

test('what is paced is written at once when the process ends', async () => {
  const { server, clock, recorder, stop, running } = await setUp([accept, accept, accept], {
    pace: { perSecond: 0.001, burst: 1 },
  });
  for (const name of ['a', 'b', 'c']) recorder.record(object(name), note('Applied'));
  await expect.poll(() => server.asked.length).toBe(1);
  await clock.settle();
  stop.abort();
  await expect.poll(() => server.asked.length).toBe(3);
  await running;
});
