import { describe, expect, test } from 'vitest';
import { runWorkOf } from '../../src/api/read-run-work.ts';
import { isIncremental, planOf, workOf } from '../../src/api/run-plan.ts';

describe('the plan of a run', () => {
  test.each([
    ['nothing more', {}, { kind: 'Incremental', dryRun: false }],
    ['a dry run of it', { dryRun: true }, { kind: 'Incremental', dryRun: true }],
    ['a full load', { load: 'Full' as const }, { kind: 'Full', dryRun: false }],
    [
      'a replay of a day, which begins and ends in UTC',
      { replay: { since: '2026-11-01', until: '2026-11-02T01:00:00+01:00' } },
      {
        ...{ kind: 'Replay', dryRun: false, only: 'All' },
        ...{ since: '2026-11-01T00:00:00.000Z', until: '2026-11-02T00:00:00.000Z' },
      },
    ],
    [
      'a backfill',
      { backfill: { since: '2020-01-01' } },
      { kind: 'Backfill', dryRun: false, since: '2020-01-01T00:00:00.000Z' },
    ],
  ])('%s', (_, work, plan) => {
    expect(planOf(work)).toEqual(plan);
  });

  test('a worker that streams does what is new beside its other work, and writes it', () => {
    expect(isIncremental(planOf({}))).toBe(true);
    expect(isIncremental(planOf({ dryRun: true }))).toBe(false);
    expect(isIncremental(planOf({ load: 'Full' }))).toBe(false);
  });

  test('a worker is told what to do, and not of what pipeline', () => {
    expect(workOf({ pipeline: { name: 'orders' }, load: 'Full' } as never)).toEqual({ load: 'Full' });
  });
});

test.each([
  ['{"load":"Full"}', { work: { load: 'Full' } }],
  ['{', { problem: 'is no JSON' }],
  ['[]', { problem: 'must be an object' }],
  ['{"load":"Half"}', { problem: expect.stringContaining('spec.load') }],
  ['{"replay":{}}', { problem: expect.stringContaining('say which messages') }],
])('the work of a run out of JSON: %s', (text, expected) => {
  expect(runWorkOf(text)).toEqual(expected);
});
