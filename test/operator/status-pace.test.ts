import { expect, test } from 'vitest';
import type { Condition } from '../../src/api/conditions.ts';
import { createStatusPace } from '../../src/operator/status-pace.ts';
import { manualClock } from '../kubernetes/manual-clock.ts';

const condition = (type: string, status: Condition['status'], reason: string, message = ''): Condition => ({
  type,
  status,
  reason,
  message,
  lastTransitionTime: '2026-11-21T12:00:00Z',
});
const rolling = (message: string, connected: Condition['status'] = 'Unknown') => ({
  observedGeneration: 1,
  conditions: [
    condition('Ready', 'False', 'RollingOut', message),
    condition('Reconciling', 'True', 'RollingOut', message),
    condition('Stalled', 'False', 'NotStalled'),
    condition('Connected', connected, 'NoWorker'),
  ],
});
const ready = {
  observedGeneration: 1,
  conditions: [condition('Ready', 'True', 'RolledOut'), condition('Reconciling', 'False', 'Settled')],
};

const shared = (names: string, status: Condition['status'] = 'True') => ({
  observedGeneration: 1,
  conditions: [...ready.conditions, condition('SharedWithoutArchive', status, 'Shared', names)],
});
const setUp = () => {
  const clock = manualClock();
  const pace = createStatusPace(clock);
  /** So many others are on their way. */
  const others = (count: number) => {
    for (let i = 0; i < count; i += 1) pace.delay(`other-${i}`, undefined, rolling('x'));
  };
  return { clock, pace, others };
};

test('what a status only says in passing waits; what somebody waits for does not', () => {
  const { pace } = setUp();
  expect(pace.delay('a', rolling('0 new workers'), rolling('1 new worker'))).toBe(0);
  pace.wrote('a');
  expect(pace.delay('a', rolling('0 new workers'), rolling('1 new worker', 'True'))).toBe(5_000);
  expect(pace.delay('b', rolling('0 new workers'), rolling('1 new worker'))).toBe(0);
  expect(pace.delay('a', rolling('1 new worker'), ready)).toBe(0);
  expect(pace.delay('a', ready, { ...ready, conditions: [condition('Ready', 'True', 'RolledOut', 'other')] })).toBe(0);
  pace.forget('a');
  expect(pace.delay('a', rolling('0 new workers'), rolling('1 new worker'))).toBe(0);
});

test('that something new is on its way waits a moment, for it may be there by then', () => {
  const { clock, pace } = setUp();
  expect(pace.delay('a', undefined, rolling('x'))).toBe(1_500);
  clock.jump(1_000);
  expect(pace.delay('a', {}, rolling('x'))).toBe(500);
  expect(pace.delay('a', undefined, ready)).toBe(0);
  clock.jump(500);
  expect(pace.delay('a', undefined, rolling('x'))).toBe(0);
  pace.wrote('a');
  // The next generation waits anew, however often it changes its mind.
  const next = { ...rolling('y'), observedGeneration: 2 };
  expect(pace.delay('a', rolling('x'), next)).toBe(1_500);
  clock.jump(1_500);
  expect(pace.delay('a', rolling('x'), next)).toBe(0);
});

test('while many are on their way it waits longer, and not for ever', () => {
  const { clock, pace, others } = setUp();
  others(20);
  let waited = 0;
  for (let wait = pace.delay('a', undefined, rolling('x')); wait > 0; wait = pace.delay('a', undefined, rolling('x'))) {
    expect(wait).toBeLessThanOrEqual(10_000);
    clock.jump(wait);
    waited += wait;
  }
  expect(waited).toBe(30_000);
  expect(pace.delay('b', undefined, rolling('x'))).toBe(10_000);
  clock.jump(3_000);
  for (let i = 0; i < 10; i += 1) pace.wrote(`other-${i}`);
  expect(pace.delay('b', undefined, rolling('x'))).toBe(0);
});

test.each([
  ['Stalled', 'True'],
  ['Valid', 'False'],
  ['CredentialsResolved', 'False'],
] as const)('%s=%s is told at once', (type, status) => {
  const { pace, others } = setUp();
  others(30);
  const wrong = { ...rolling('x'), conditions: [condition('Reconciling', 'True', 'x'), condition(type, status, 'x')] };
  expect(pace.delay('a', undefined, wrong)).toBe(0);
});

test('who else reads the source is told now and then; nothing waits with it', () => {
  const { clock, pace } = setUp();
  pace.wrote('a');
  expect(pace.delay('a', shared('a, b'), shared('a, b, c'))).toBe(5_000);
  expect(pace.delay('a', shared('a', 'False'), shared('a, b'))).toBe(5_000);
  clock.jump(5_000);
  expect(pace.delay('a', shared('a, b'), shared('a, b, c'))).toBe(0);
  pace.wrote('a');
  const other = { ...shared('a, b, c'), conditions: [condition('Connected', 'False', 'ImapAuthRejected')] };
  expect(pace.delay('a', shared('a, b'), other)).toBe(0);
});
