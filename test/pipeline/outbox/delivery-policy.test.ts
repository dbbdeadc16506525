import { describe, expect, test } from 'vitest';
import { type AttemptFacts, decide, deliveryId, retryPolicy } from '../../../src/pipeline/outbox/delivery-policy.ts';
import { stalled, transient, waiting } from '../../../src/telemetry/errors.ts';

const policy = retryPolicy({ attempts: 3, backoff: '1s', maxBackoff: '5s' });
const facts = (more: Partial<AttemptFacts> = {}): AttemptFacts => ({
  failures: 0,
  tookOthers: true,
  refusedInRow: 0,
  ...more,
});
const down = { outcome: 'Failed', result: '500', error: transient('SINK_UNAVAILABLE', 'down') } as const;
const refused = { outcome: 'Refused', result: '422', code: 'SINK_REFUSED', detail: 'no' } as const;
const middle = 0.5; // no jitter

describe('a failure', () => {
  test.each([
    [0, 1_000],
    [1, 2_000],
  ])('after %d others is tried again after %d ms, when the receiver takes others', (failures, afterMs) => {
    const decision = decide(down, facts({ failures }), policy, middle);
    expect(decision).toMatchObject({ kind: 'Retrying', failures: failures + 1, afterMs, code: 'SINK_UNAVAILABLE' });
    expect(decision.trouble).toBeUndefined();
  });

  test('is the end when there were enough', () => {
    expect(decide(down, facts({ failures: 2 }), policy, middle)).toMatchObject({ kind: 'Dead', failures: 3 });
  });

  test('does not count while the receiver takes nothing, however often it fails', () => {
    const decision = decide(down, facts({ failures: 2, tookOthers: false }), policy, middle);
    expect(decision).toMatchObject({ kind: 'Retrying', failures: 2, trouble: { code: 'SINK_UNAVAILABLE' } });
  });

  test('with a pause that was asked for never counts, and waits for it', () => {
    const throttled = {
      ...down,
      error: waiting('SINK_THROTTLED', 'slower', { retryAfterMs: 90_000 }),
    };
    const decision = decide(throttled, facts({ failures: 2 }), policy, middle);
    expect(decision).toMatchObject({ kind: 'Retrying', failures: 2, afterMs: 90_000, trouble: { family: 'Waiting' } });
  });

  test('pauses no longer than maxBackoff, with a jitter of a fifth', () => {
    const long = retryPolicy({ attempts: 100, backoff: '1s', maxBackoff: '5s' });
    expect(decide(down, facts({ failures: 50 }), long, 0).afterMs).toBe(4_000);
    expect(decide(down, facts({ failures: 50 }), long, 1).afterMs).toBe(6_000);
  });
});

describe('a refusal', () => {
  test('is the end of that document alone', () => {
    expect(decide(refused, facts(), policy, middle)).toMatchObject({ kind: 'Dead', code: 'SINK_REFUSED' });
  });

  test('that comes 50 times in a row is no matter of the documents any more: nothing dies, a person must act', () => {
    expect(decide(refused, facts({ refusedInRow: 48 }), policy, middle).kind).toBe('Dead');
    expect(decide(refused, facts({ refusedInRow: 49 }), policy, middle)).toMatchObject({
      kind: 'Retrying',
      trouble: { code: 'SINK_REFUSES_ALL', family: 'Stalled' },
    });
  });
});

test('what a person must mend costs no delivery anything', () => {
  const error = stalled('SINK_AUTH_REJECTED', 'wrong token');
  const decision = decide({ outcome: 'Misconfigured', result: '401', error }, facts({ failures: 2 }), policy, middle);
  expect(decision).toMatchObject({ kind: 'Retrying', failures: 2, trouble: error });
});

test('an id is the same each time, a UUIDv8, and another for another edition or sink', () => {
  const of = { namespace: 'n', pipeline: 'p', sink: 's' };
  const document = '01890000-0000-8000-8000-000000000001';
  const id = deliveryId(of, document, 1);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(deliveryId(of, document, 1)).toBe(id);
  const others = [
    deliveryId(of, document, 2),
    deliveryId({ ...of, sink: 't' }, document, 1),
    deliveryId({ ...of, pipeline: 'q' }, document, 1),
    deliveryId({ ...of, namespace: 'm' }, document, 1),
  ];
  expect(new Set([id, ...others]).size).toBe(5);
});
