import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { countCommit } from '../../../src/pipeline/commits/commit-metrics.ts';
import type { PipelineContext } from '../../../src/pipeline/context.ts';
import type { CommitRecord, DeadLetter } from '../../../src/store/commit.ts';
import { type LogFields, silentLogger } from '../../../src/telemetry/log.ts';
import { workerMetrics } from '../../../src/telemetry/metrics.ts';

const letter = (code: string): DeadLetter => ({
  ...{ messageId: '0191c2a5-3c58-8000-8000-000000000001', edition: 1, uid: 1, step: 'number', code },
  ...{ detail: 'ann@example.org', size: 1 },
});

test('the log tells of dead letters, each code at once and then once a minute with how many, and of nothing in them', () => {
  const told: LogFields[] = [];
  const clock = { now: 0 };
  // What is counted here needs no more of a pipeline.
  const context = {
    revision: { namespace: 'ns', pipeline: 'mail' },
    metrics: workerMetrics(new Registry()),
    log: { ...silentLogger, warn: (_: string, fields: LogFields = {}) => void told.push(fields) },
    counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
    sinks: [],
    clock: () => new Date(clock.now),
  } as unknown as PipelineContext;
  const commit = (...codes: string[]) => {
    const record = { outcomes: [], deliveries: [], deadLetters: codes.map(letter) } as unknown as CommitRecord;
    countCommit(context, 'inbox', [], record, 1, 0);
    return told.splice(0).map(({ code, count }) => `${code} ${count}`);
  };
  expect(commit()).toEqual([]);
  expect(commit('A', 'B', 'A')).toEqual(['A 2', 'B 1']);
  expect(commit('A')).toEqual([]);
  clock.now = 60_000;
  expect(commit('A', 'A')).toEqual(['A 3']);
  expect(commit('C')).toEqual(['C 1']);
  clock.now = 120_000;
  countCommit(
    context,
    'inbox',
    [],
    { outcomes: [], deliveries: [], deadLetters: [letter('A')] } as unknown as CommitRecord,
    1,
    0,
  );
  expect(told).toEqual([{ code: 'A', source: 'inbox', step: 'number', sink: undefined, count: 1 }]);
});
