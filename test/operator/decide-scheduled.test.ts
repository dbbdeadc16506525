import { describe, expect, test } from 'vitest';
import { firstDifference } from '../../src/kubernetes/apply.ts';
import type { CronJob, Job, Live } from '../../src/kubernetes/objects.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import { specHashOf } from '../../src/operator/names.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import {
  aged,
  at,
  brief,
  compiled,
  config,
  live,
  liveCheck,
  liveCronJob,
  liveDeployment,
  messageOf,
  pipeline,
  pod,
  snapshot,
  terminated,
} from './fixtures.ts';

const revision = compiled();
const schedule = '0 2 * * *';
const decide = (change: Partial<PipelineSnapshot> = {}) =>
  decidePipeline(snapshot({ pipeline: pipeline({ schedule }), ...change }), config);
const names = (objects: readonly { readonly kind: string }[]) => objects.map(({ kind }) => kind);

const settled = ['Reconciling=False/Settled', 'Stalled=False/NotStalled'];
const found = ['Valid=True/Valid', 'CredentialsResolved=True/Resolved'];
const notRun = ['Connected=Unknown/NotYetRun', 'Flowing=Unknown/NotYetRun', 'Delivering=Unknown/NotYetRun'];
const alone = 'SharedWithoutArchive=False/NotShared';

const result = (change: object) =>
  JSON.stringify({
    name: 'run',
    specHash: '',
    revision: revision.hash,
    state: 'Failed',
    startedAt: at(60),
    finishedAt: at(30),
    read: 1,
    delivered: 0,
    dropped: 0,
    dead: 0,
    ...change,
  });

/** A Job of the CronJob, ended `ago` seconds ago. */
const run = (name: string, type: 'Complete' | 'Failed', ago: number): Live<Job> => {
  const { metadata, spec } = liveCheck(revision);
  const labels = { ...metadata.labels, 'mailmill.io/role': 'run' };
  const ownerReferences = [
    { apiVersion: 'batch/v1', kind: 'CronJob', name: 'orders', uid: 'uid-of-cronjob', controller: true },
  ];
  return live({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels, ownerReferences },
    spec,
    status: {
      startTime: at(ago + 30),
      conditions: [{ type, status: 'True', lastTransitionTime: at(ago), message: 'its pods failed' }],
    },
  });
};

describe('a scheduled pipeline', () => {
  test('that loads everything tells each of its runs so', () => {
    const loads = pipeline({ schedule, load: 'Full' });
    const decision = decide({ pipeline: loads, jobs: [liveCheck(revision, { type: 'Complete', ago: 1 })] });
    const cronJob = decision.objects.find(({ kind }) => kind === 'CronJob') as CronJob;
    const args = cronJob.spec?.jobTemplate.spec?.template.spec?.containers[0]?.args ?? [];
    expect(args.slice(-2)).toEqual(['--spec', '{"load":"Full"}']);
  });

  test('is checked first: there is no CronJob before', () => {
    const decision = decide();
    expect(names(decision.objects)).toEqual(['ConfigMap', 'Job']);
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=False/Checking',
      'Reconciling=True/Checking',
      'Stalled=False/NotStalled',
      ...found,
      ...notRun,
      alone,
    ]);
    expect(decision.status.replicas).toBeUndefined();
  });

  test('gets its CronJob when the check has passed', () => {
    const decision = decide({ jobs: [liveCheck(revision, { type: 'Complete', ago: 5 })] });
    expect(names(decision.objects)).toEqual(['ConfigMap', 'CronJob']);
    expect(decision.objects[1]?.metadata.annotations).toEqual({
      'mailmill.io/last-good-revision': revision.hash,
      'mailmill.io/spec': specHashOf(pipeline({ schedule }).spec),
      'mailmill.io/template': expect.stringMatching(/^[0-9a-f]{10}$/),
    });
    expect(decision.lastGood).toBe(revision.hash);
  });

  test('is ready with its CronJob', () => {
    const decision = decide({ cronJob: liveCronJob(revision), applied: revision });
    expect(brief(decision.status.conditions)).toEqual(['Ready=True/Scheduled', ...settled, ...found, ...notRun, alone]);
    expect(decision.status).toMatchObject({ lastGoodRevision: revision.hash, lastGoodGeneration: 1 });
  });

  const other = { ...revision, hash: '0123456789' };
  const changed = { cronJob: liveCronJob(other), applied: other };

  test('a new revision is checked while the CronJob keeps the old one', () => {
    const decision = decide(changed);
    expect(names(decision.objects)).toEqual(['ConfigMap', 'Job', 'CronJob']);
    expect(firstDifference(decision.objects[2]!, changed.cronJob)).toBeUndefined();
    expect(decision.patches).toEqual([]);
    expect(messageOf(decision.status.conditions, 'Ready')).toBe(
      `revision ${revision.hash} is being checked; revision 0123456789 keeps running`,
    );
  });

  test('a failed check is Stalled in the worker’s words, and made anew after a minute', () => {
    const failed = { ...changed, jobs: [liveCheck(revision, { type: 'Failed', ago: 20 })] };
    const words = result({ code: 'SINK_TABLE_MISMATCH', message: 'the table does not fit', family: 'Stalled' });
    const uid = failed.jobs[0]?.metadata.uid ?? '';
    const decision = decide({
      ...failed,
      pods: [pod('c', { role: 'check', owner: uid, status: terminated(78, words) })],
    });
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=False/CheckFailed',
      'Reconciling=False/Stalled',
      'Stalled=True/CheckFailed',
      ...found,
      ...notRun,
      alone,
    ]);
    expect(messageOf(decision.status.conditions, 'Stalled')).toMatch(/SINK_TABLE_MISMATCH: the table does not fit/);
    expect(decision.requeueAfterMs).toBe(40_000);
    expect(decision.deletions).toEqual([]);

    const due = decide({ ...changed, jobs: [liveCheck(revision, { type: 'Failed', ago: 61 })] });
    expect(due.deletions.map(({ object }) => object.kind)).toEqual(['Job']);

    // While it is repeated, it stays Stalled.
    const status = { revision: revision.hash, conditions: aged(decision.status.conditions, 60) };
    const again = decide({ ...changed, jobs: [liveCheck(revision)], pipeline: pipeline({ schedule }, status) });
    expect(brief(again.status.conditions)).toEqual(brief(decision.status.conditions));
    expect(again.events).toEqual([]);
    const passed = decide({
      ...changed,
      jobs: [liveCheck(revision, { type: 'Complete', ago: 1 })],
      pipeline: pipeline({ schedule }, status),
    });
    expect(brief(passed.status.conditions)).toEqual([
      'Ready=False/Applying',
      'Reconciling=True/Applying',
      'Stalled=False/NotStalled',
      ...found,
      ...notRun,
      alone,
    ]);
  });

  describe('while another revision is checked', () => {
    const edited = (spec: Partial<CronJob['spec']>): Live<CronJob> => ({
      ...changed.cronJob,
      spec: { ...changed.cronJob.spec!, ...spec },
    });

    test('has what somebody edited in its CronJob healed', () => {
      const cronJob = edited({ concurrencyPolicy: 'Allow' });
      const [healed] = decide({ ...changed, cronJob }).objects.filter(({ kind }) => kind === 'CronJob');
      expect(firstDifference(healed!, cronJob)).toBe('spec.concurrencyPolicy: Allow → Forbid');
      expect(firstDifference(healed!, changed.cronJob)).toBeUndefined();
    });

    test('but not where nobody knows how it was: its schedule waits for the check as well', () => {
      const cronJob = edited({ concurrencyPolicy: 'Allow' });
      const later = pipeline({ schedule: '0 3 * * *', suspend: true });
      const decision = decide({ ...changed, cronJob, pipeline: later });
      expect(names(decision.objects)).not.toContain('CronJob');
      expect(decision.patches.map(({ patch }) => patch)).toEqual([{ spec: { suspend: true } }]);
    });
  });

  test('suspending acts at once, though the new revision was never checked', () => {
    const decision = decide({ ...changed, pipeline: pipeline({ schedule, suspend: true }) });
    expect(decision.objects.map((object) => firstDifference(object, changed.cronJob))).toEqual([
      'spec.suspend: false → true',
    ]);
    expect(decision.patches).toEqual([]);
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=True/Suspended',
      ...settled,
      ...found,
      'Connected=Unknown/Suspended',
      'Flowing=Unknown/Suspended',
      'Delivering=Unknown/Suspended',
      alone,
    ]);
  });

  test('a streaming pipeline that gets a schedule keeps its workers until the check has passed', () => {
    const deployment = liveDeployment(other, { lastGood: other.hash });
    const before = decide({ deployment, applied: other });
    expect(before.deletions).toEqual([]);
    expect(names(before.objects)).toEqual(['ConfigMap', 'Job']);
    const after = decide({ deployment, applied: other, jobs: [liveCheck(revision, { type: 'Complete', ago: 1 })] });
    expect(names(after.objects)).toEqual(['ConfigMap', 'CronJob']);
    expect(after.deletions.map(({ object }) => object.kind)).toEqual(['Deployment']);
  });

  test('what the workers proved needs no check when only the schedule is new', () => {
    const decision = decide({ deployment: liveDeployment(revision, { lastGood: revision.hash }), applied: revision });
    expect(names(decision.objects)).toEqual(['ConfigMap', 'CronJob']);
  });

  const good = { cronJob: liveCronJob(revision), applied: revision };

  test('the newest run stands in the status, and in the health', () => {
    const jobs = [run('orders-1', 'Failed', 5000), run('orders-2', 'Complete', 100)];
    const uid = jobs[1]?.metadata.uid ?? '';
    const words = result({ state: 'Succeeded', read: 7, delivered: 6, dead: 1 });
    const decision = decide({
      ...good,
      jobs,
      pods: [pod('p', { role: 'run', owner: uid, status: terminated(0, words) })],
    });
    expect(decision.status.lastRun).toEqual({
      name: 'orders-2',
      state: 'Succeeded',
      startedAt: at(60),
      finishedAt: at(30),
      read: 7,
      delivered: 6,
      dropped: 0,
      dead: 1,
    });
    expect(brief(decision.status.conditions)).toEqual(
      expect.arrayContaining([
        'Connected=True/RunSucceeded',
        'Flowing=True/RunSucceeded',
        'Delivering=True/RunSucceeded',
      ]),
    );
    // Its pod, and then the Job, are gone: what was known stays.
    const kept = pipeline({ schedule }, decision.status);
    expect(decide({ ...good, jobs, pipeline: kept }).status.lastRun).toEqual(decision.status.lastRun);
    expect(decide({ ...good, pipeline: kept }).status.lastRun).toEqual(decision.status.lastRun);
  });

  test('a run that needs a person makes the pipeline Stalled until the next one', () => {
    const jobs = [run('orders-1', 'Failed', 100)];
    const uid = jobs[0]?.metadata.uid ?? '';
    const words = result({ code: 'IMAP_AUTH_REJECTED', message: 'the server rejects the login', family: 'Stalled' });
    const decision = decide({
      ...good,
      jobs,
      pods: [pod('p', { role: 'run', owner: uid, status: terminated(78, words) })],
    });
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=True/Scheduled',
      'Reconciling=False/Stalled',
      'Stalled=True/RunFailed',
      ...found,
      'Connected=False/ImapAuthRejected',
      'Flowing=False/RunFailed',
      'Delivering=Unknown/RunFailed',
      alone,
    ]);
    const gone = decide({ ...good, pipeline: pipeline({ schedule }, decision.status) });
    expect(brief(gone.status.conditions)).toEqual(brief(decision.status.conditions));
    const next = decide({
      ...good,
      jobs: [run('orders-2', 'Complete', 10)],
      pipeline: pipeline({ schedule }, decision.status),
    });
    expect(brief(next.status.conditions)).toContain('Stalled=False/NotStalled');
  });
});
