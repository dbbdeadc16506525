import { describe, expect, test } from 'vitest';
import type { EmailPipelineStatus } from '../../src/api/email-pipeline.ts';
import type { Job, Live } from '../../src/kubernetes/objects.ts';
import { preflightJob } from '../../src/operator/build/jobs.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import {
  at,
  brief,
  compiled,
  config,
  hashOf,
  live,
  liveCronJob,
  liveDeployment,
  messageOf,
  pipeline,
  pod,
  snapshot,
  terminated,
  worker,
  workerStatus,
} from './fixtures.ts';

const rollout = { preflight: { messages: 50, maxErrorRate: 0.02 } };
const old = compiled();
const steps = [{ name: 'strict', set: { n: 'int(subject)' } }];
const wanted = pipeline({ steps, rollout }, undefined, 2);
const next = compiled(wanted);

const running = liveDeployment(old, { lastGood: old.hash });
const decide = (change: Partial<PipelineSnapshot> = {}) =>
  decidePipeline(
    snapshot({
      pipeline: wanted,
      deployment: running,
      applied: old,
      workers: [worker('orders-1', workerStatus(old))],
      ...change,
    }),
    config,
  );

const job = (ended?: 'Complete' | 'Failed', ago = 10, message = 'it ended'): Live<Job> => {
  const input = { revision: next, template: undefined, secretsHash: hashOf(next), baseline: old.hash, beside: old };
  const made = preflightJob({ ...input, ...rollout.preflight }, config);
  const conditions = ended ? [{ type: ended, status: 'True', lastTransitionTime: at(ago), message }] : [];
  return live({ ...made, status: { startTime: at(60), conditions } });
};

const said = (of: Live<Job>, change: object) =>
  pod('orders-preflight-1', {
    role: 'preflight',
    owner: of.metadata.uid,
    status: terminated(
      78,
      JSON.stringify({
        ...{
          name: 'preflight',
          specHash: '',
          revision: next.hash,
          state: 'Failed',
          startedAt: at(60),
          finishedAt: at(30),
        },
        ...{ read: 0, delivered: 0, dropped: 0, dead: 0 },
        ...change,
      }),
    ),
  });

const kinds = (objects: readonly { readonly kind: string }[]) => objects.map(({ kind }) => kind);
const wellElsewhere = [
  'Valid=True/Valid',
  'CredentialsResolved=True/Resolved',
  'Connected=True/Connected',
  'Flowing=True/Flowing',
  'Delivering=True/Delivering',
  'SharedWithoutArchive=False/NotShared',
];
const status = (conditions: EmailPipelineStatus['conditions']): EmailPipelineStatus => ({
  observedGeneration: 2,
  revision: next.hash,
  lastGoodRevision: old.hash,
  conditions,
});
const again = (before: EmailPipelineStatus) => pipeline({ steps, rollout }, before, 2);

describe('a preflight', () => {
  test('is one Job with both revisions; what runs is left alone meanwhile', () => {
    const decision = decide();
    expect(kinds(decision.objects)).toEqual(['ConfigMap', 'Job']);
    const container = (decision.objects[1] as Job).spec?.template.spec?.containers[0];
    expect(container?.args?.slice(-2)).toEqual([
      '--preflight',
      `{"baseline":"${old.hash}","maxErrorRate":0.02,"messages":50}`,
    ]);
    expect(decision.patches).toEqual([]);
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=False/Preflight',
      'Reconciling=True/Preflight',
      'Stalled=False/NotStalled',
      ...wellElsewhere,
    ]);
    expect(messageOf(decision.status.conditions, 'Ready')).toBe(
      `revision ${next.hash} is compared with the one that runs; revision ${old.hash} keeps running`,
    );
    expect(decision.status.lastGoodRevision).toBe(old.hash);
    expect(decision.events).toEqual([]);
  });

  const without: readonly (readonly [string, Partial<PipelineSnapshot>])[] = [
    ['of a first generation', { deployment: undefined, applied: undefined, workers: [] }],
    ['where nobody asked for it', { pipeline: pipeline({ steps }, undefined, 2) }],
    ['once the revision rolls out', { applied: next, deployment: liveDeployment(next, { lastGood: old.hash }) }],
    ['of the revision that works', { pipeline: pipeline({ rollout }, undefined, 3), applied: old }],
  ];
  test.each(without)('is not made %s', (_, change) => {
    expect(kinds(decide(change).objects)).not.toContain('Job');
    expect(kinds(decide(change).objects)).toContain('Deployment');
  });

  test('that has passed lets the revision roll out, and goes once it works', () => {
    const passed = job('Complete');
    const decision = decide({ jobs: [passed] });
    expect(kinds(decision.objects)).toEqual(['ConfigMap', 'Deployment']);
    expect(decision.deletions).toEqual([]);
    const done = decide({ jobs: [passed], applied: next, deployment: liveDeployment(next, { lastGood: next.hash }) });
    expect(done.deletions.map(({ object }) => object.metadata.name)).toEqual([passed.metadata.name]);
  });

  test('that was rejected leaves the revision out, with the numbers and the first error', () => {
    const ended = job('Failed');
    const message = `9 of the newest 50 messages would be dead letters, 0 are with revision ${old.hash}; the first at step strict: STEP_EVALUATION_FAILED. Correct the pipeline; mail goes on meanwhile`;
    const decision = decide({
      jobs: [ended],
      pods: [said(ended, { family: 'Stalled', code: 'PREFLIGHT_REJECTED', message })],
    });
    expect(kinds(decision.objects)).toEqual(['ConfigMap']);
    expect(decision.deletions).toEqual([]);
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=False/PreflightRejected',
      'Reconciling=False/Stalled',
      'Stalled=True/PreflightRejected',
      ...wellElsewhere,
    ]);
    expect(messageOf(decision.status.conditions, 'Stalled')).toBe(
      `revision ${next.hash} was rejected by its preflight: PREFLIGHT_REJECTED: ${message}; revision ${old.hash} keeps running`,
    );
    expect(decision.events.map(({ type, reason }) => `${type} ${reason}`)).toEqual(['Warning PreflightRejected']);
  });

  test.each([
    ['the store is away', { family: 'Transient', code: 'STORE_UNREACHABLE', message: 'the store cannot be reached' }],
    [
      'the login is refused',
      { family: 'Stalled', code: 'IMAP_AUTH_REJECTED', message: 'the server rejects the login' },
    ],
    ['the server asks for a pause', { family: 'Waiting', code: 'IMAP_THROTTLED', message: 'too many logins' }],
  ])('waits where %s: that speaks against no revision', (_, change) => {
    const ended = job('Failed', 10);
    const decision = decide({ jobs: [ended], pods: [said(ended, change)] });
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=False/PreflightWaiting',
      'Reconciling=True/PreflightWaiting',
      'Stalled=False/NotStalled',
      ...wellElsewhere,
    ]);
    expect(decision.deletions).toEqual([]);
    expect(decision.requeueAfterMs).toBe(50_000);
    const later = decide({ jobs: [job('Failed', 61)], pods: [said(ended, change)] });
    expect(later.deletions.map(({ why }) => why)).toEqual(['the preflight is made anew']);
  });

  test('is overdue after the time of a rollout, and stays so until one was made', () => {
    const waits = [
      { type: 'Ready', status: 'False' as const, reason: 'PreflightWaiting', message: '' },
      { type: 'Reconciling', status: 'True' as const, reason: 'PreflightWaiting', message: '' },
    ];
    const of = (ago: number) => status(waits.map((each) => ({ ...each, lastTransitionTime: at(ago) })));
    expect(brief(decide({ pipeline: again(of(590)) }).status.conditions)).toContain('Stalled=False/NotStalled');
    const overdue = decide({ pipeline: again(of(610)) }).status;
    expect(brief(overdue.conditions)).toEqual([
      'Ready=False/PreflightOverdue',
      'Reconciling=False/Stalled',
      'Stalled=True/PreflightOverdue',
      ...wellElsewhere,
    ]);
    expect(brief(decide({ pipeline: again(overdue) }).status.conditions)).toContain('Stalled=True/PreflightOverdue');
    const passed = decide({ pipeline: again(overdue), jobs: [job('Complete')] });
    expect(brief(passed.status.conditions)).toContain('Stalled=False/NotStalled');
  });

  test('is not made while the pipeline is suspended, which acts at once', () => {
    const decision = decide({ pipeline: pipeline({ steps, rollout, suspend: true }, undefined, 2) });
    expect(decision.objects).toEqual([]);
    expect(decision.patches.map(({ why }) => why)).toEqual(['replicas: 1 → 0']);
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=True/Suspended',
      'Reconciling=False/Settled',
      'Stalled=False/NotStalled',
      'Valid=True/Valid',
      'CredentialsResolved=True/Resolved',
      'Connected=Unknown/Suspended',
      'Flowing=Unknown/Suspended',
      'Delivering=Unknown/Suspended',
      'SharedWithoutArchive=False/NotShared',
    ]);
  });

  test('of a revision that is not wanted any more is deleted', () => {
    const other = pipeline({ steps: [{ name: 'other', set: { n: 'int(subject)' } }], rollout }, undefined, 3);
    const left = job();
    expect(decide({ pipeline: other, jobs: [left] }).deletions.map(({ object }) => object)).toEqual([left]);
  });

  test('goes before the check of a scheduled pipeline', () => {
    const scheduled = pipeline({ steps, rollout, schedule: '0 2 * * *' }, { lastGoodRevision: old.hash }, 2);
    const decision = decide({ pipeline: scheduled, deployment: undefined, cronJob: liveCronJob(old), workers: [] });
    expect(
      decision.objects.map(({ kind, metadata }) => `${kind} ${metadata.name.replace(/-[0-9a-f]{10}$/, '')}`),
    ).toEqual(['ConfigMap orders', 'Job orders-preflight', 'CronJob orders']);
  });
});
