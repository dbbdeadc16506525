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

test('what a status only says in passing waits; what somebody waits for does not', () => {
  const clock = manualClock();
  const pace = createStatusPace(clock);
  expect(pace.delay('a', rolling('0 new workers'), rolling('1 new worker'))).toBe(0);
  pace.wrote('a');
  expect(pace.delay('a', rolling('0 new workers'), rolling('1 new worker', 'True'))).toBe(5_000);
  expect(pace.delay('b', rolling('0 new workers'), rolling('1 new worker'))).toBe(0);
  expect(pace.delay('a', rolling('1 new worker'), ready)).toBe(0);
  expect(pace.delay('a', ready, { ...ready, conditions: [condition('Ready', 'True', 'RolledOut', 'other')] })).toBe(0);
  expect(pace.delay('a', rolling('x'), { ...rolling('y'), observedGeneration: 2 })).toBe(0);
  expect(pace.delay('a', undefined, rolling('x'))).toBe(0);
  pace.forget('a');
  expect(pace.delay('a', rolling('0 new workers'), rolling('1 new worker'))).toBe(0);
});
