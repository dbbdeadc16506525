import { describe, expect, test } from 'vitest';
import type { EmailPipelineRun, Live } from '../../src/kubernetes/objects.ts';
import { runSpecHash } from '../../src/operator/names.ts';
import type { RunSnapshot } from '../../src/operator/snapshot.ts';
import { allSecrets, at, brief, messageOf, now, pipeline, pod, terminated, worker, workerStatus } from './fixtures.ts';
import { decide, job, result, revision, runOf, spec } from './runs.ts';

describe('a run that reads again', () => {
  const replay = { ...spec, replay: { only: 'Dead' as const } };
  const again = (change: Partial<RunSnapshot> = {}) => decide({ run: runOf(replay), ...change });
  const jobOf = (type?: 'Complete' | 'Failed') => {
    const made = job(type);
    return { ...made, metadata: { ...made.metadata, creationTimestamp: at(60) } };
  };
  const jobWorkers = (done: number, total = 100) => [
    worker(
      'job-1',
      workerStatus(revision, { runs: [result({ specHash: runSpecHash(replay), state: 'Running', done, total })] }),
    ),
  ];

  test('is a Job of the last good revision, beside a worker that streams', () => {
    const { job: made, ask } = again();
    expect(ask).toBeUndefined();
    const args = made?.spec?.template.spec?.containers[0]?.args ?? [];
    expect(args.slice(-2)).toEqual(['--spec', '{"replay":{"only":"Dead"}}']);
    expect(args).toContain(runSpecHash(replay));
  });

  test('is one although its pipeline is suspended', () => {
    expect(again({ pipeline: pipeline({ suspend: true }), workers: [] }).job).toBeDefined();
  });

  const others: readonly (readonly [string, Live<EmailPipelineRun>, boolean])[] = [
    ['an older one that is to begin goes first', runOf(spec, { state: 'Pending' }, 'older', at(120)), true],
    ['a younger one that is under way goes first', runOf(spec, { state: 'Running' }, 'younger', at(10)), true],
    ['a younger one waits', runOf(spec, { state: 'Pending' }, 'younger', at(10)), false],
  ];
  test('waits for a Secret of the last good revision, by its name, and starts no pod that would hang', () => {
    const secrets = new Map([...allSecrets, ['analytics-db', { kind: 'Missing' } as const]]);
    const decision = decide({ run: runOf({ ...spec, load: 'Full' }), secrets });
    expect(decision.job).toBeUndefined();
    expect(decision.requeueAfterMs).toBe(10_000);
    expect(brief(decision.status?.conditions)).toEqual([
      'Ready=False/SecretMissing',
      'Reconciling=True/SecretMissing',
      'Stalled=False/NotStalled',
    ]);
    expect(messageOf(decision.status?.conditions, 'Ready')).toMatch(/has no Secret "analytics-db" \(with uri\)/);
    // A worker that streams has what it needs.
    expect(decide({ secrets }).ask).toBeDefined();
  });

  test.each(others)('one at a time: %s', (_, other, waits) => {
    const decision = again({ run: runOf(replay, undefined, 'now', at(60)), others: [other] });
    expect(decision.job === undefined).toBe(waits);
    if (!waits) return;
    expect(brief(decision.status?.conditions)).toEqual([
      'Ready=False/WaitsForRun',
      'Reconciling=True/WaitsForRun',
      'Stalled=False/NotStalled',
    ]);
    expect(messageOf(decision.status?.conditions, 'Ready')).toContain(`run ${other.metadata.name} goes first`);
    expect(decision.events).toEqual([]);
  });

  test('one that has a Job goes on, whoever is older', () => {
    const decision = again({ job: jobOf(), others: [runOf(spec, { state: 'Pending' }, 'older', at(120))] });
    expect(decision.status).toMatchObject({ state: 'Running' });
  });

  test('tells how far it is, at most every 30 seconds', () => {
    const first = again({ job: jobOf(), jobWorkers: jobWorkers(10) }).status;
    expect(first?.progress).toEqual({ done: 10, total: 100, at: `${new Date(now).toISOString().slice(0, 19)}Z` });
    const later = (ms: number, done: number) =>
      again({ run: runOf(replay, first), now: now + ms, job: jobOf(), jobWorkers: jobWorkers(done) }).status?.progress;
    expect(later(29_000, 50)).toEqual(first?.progress);
    expect(later(31_000, 50)).toMatchObject({ done: 50 });
    expect(later(31_000, 10)).toEqual(first?.progress);
  });

  test('ends with what its pod said last', () => {
    const diff = { added: 1, changed: 2, unchanged: 3, removed: 4, keys: [{ id: 'x', columns: ['subject'] }] };
    const ended = result({ specHash: runSpecHash(replay), edition: 2, removed: 5, missing: 1, diff });
    const made = jobOf('Complete');
    const last = pod('job-1', { role: 'run', owner: made.metadata.uid, status: terminated(0, JSON.stringify(ended)) });
    const { status } = again({ job: made, pods: [last] });
    expect(status).toMatchObject({ state: 'Succeeded', edition: 2, removed: 5, missing: 1, diff });
    expect(messageOf(status?.conditions, 'Ready')).toBe(
      'of 3 messages: 1 documents would be added, 2 changed, 4 removed, 3 are the same; 0 messages would be dead',
    );
  });

  test('that was told to end, and is started again, is still under way', () => {
    const made = jobOf();
    const cancelled = result({ specHash: runSpecHash(replay), state: 'Cancelled' });
    const last = pod('job-1', {
      role: 'run',
      owner: made.metadata.uid,
      status: terminated(75, JSON.stringify(cancelled)),
    });
    expect(again({ job: made, pods: [last] }).status).toMatchObject({ state: 'Running' });
  });
});
