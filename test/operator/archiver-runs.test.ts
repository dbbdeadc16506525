import { expect, test } from 'vitest';
import type { CronJob, Job, Live } from '../../src/kubernetes/objects.ts';
import { cronJob as archiverCronJob } from '../../src/operator/build/jobs.ts';
import { childLabels, labels, specHashOf } from '../../src/operator/names.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import { archiverOf } from '../../src/operator/source-workloads.ts';
import { apart, decide, found, hash, input, onVolume, revision } from './archivers.ts';
import { at, brief, config, live, pod, source, terminated } from './fixtures.ts';

const scheduled = { ...onVolume, schedule: '0 2 * * *' };
const cronJob = live<CronJob>(
  archiverCronJob(
    {
      ...input,
      secretsHash: hash,
      schedule: '0 2 * * *',
      work: {},
      timeZone: undefined,
      suspend: false,
      lastGood: revision.hash,
      specHash: specHashOf(archiverOf(source(scheduled)).spec),
    },
    config,
  ),
  'uid-of-cronjob',
);
/** A Job of its CronJob that ended so many seconds ago. */
const run = (name: string, type: 'Complete' | 'Failed', ago: number): Live<Job> =>
  live<Job>({
    ...{ apiVersion: 'batch/v1', kind: 'Job' },
    metadata: {
      name,
      labels: childLabels('support-collector', { [labels.role]: 'run' }),
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'CronJob', name: 'support-collector', uid: cronJob.metadata.uid },
      ],
    },
    status: {
      startTime: at(ago + 30),
      conditions: [{ type, status: 'True', lastTransitionTime: at(ago), message: 'its pods failed' }],
    },
  });
const ended = (of: Live<Job>, change: object) => {
  const counts = { read: 7, delivered: 7, dropped: 0, dead: 0 };
  const times = { startedAt: at(60), finishedAt: at(30) };
  const said = {
    name: of.metadata.name,
    specHash: '',
    revision: revision.hash,
    state: 'Succeeded',
    ...counts,
    ...times,
    ...change,
  };
  return pod('c', { role: 'run', owner: of.metadata.uid, status: terminated(0, JSON.stringify(said)) });
};
const failure = { state: 'Failed', family: 'Stalled', code: 'IMAP_AUTH_REJECTED', message: 'correct the password' };
const wrong = 'IMAP_AUTH_REJECTED: correct the password';
test.each<[string, Partial<PipelineSnapshot>, object | undefined, readonly string[]]>([
  [
    'no run yet',
    {},
    undefined,
    [
      'Ready=True/Scheduled',
      'Reconciling=False/Settled',
      'Stalled=False/NotStalled',
      ...found,
      ...['Connected', 'Flowing', 'Delivering'].map((type) => `${type}=Unknown/NotYetRun`),
      apart,
    ],
  ],
  [
    'the newest run',
    { jobs: [run('a', 'Failed', 500), run('b', 'Complete', 30)], pods: [ended(run('b', 'Complete', 30), {})] },
    {
      name: 'b',
      state: 'Succeeded',
      startedAt: at(60),
      finishedAt: at(30),
      read: 7,
      delivered: 7,
      dropped: 0,
      dead: 0,
    },
    [
      'Ready=True/Scheduled',
      'Reconciling=False/Settled',
      'Stalled=False/NotStalled',
      ...found,
      ...['Connected', 'Flowing', 'Delivering'].map((type) => `${type}=True/RunSucceeded`),
      apart,
    ],
  ],
  [
    'a run that needs a person',
    { jobs: [run('c', 'Failed', 30)], pods: [ended(run('c', 'Failed', 30), failure)] },
    {
      name: 'c',
      state: 'Failed',
      message: wrong,
      startedAt: at(60),
      finishedAt: at(30),
      read: 7,
      delivered: 7,
      dropped: 0,
      dead: 0,
    },
    [
      'Ready=True/Scheduled',
      'Reconciling=False/Stalled',
      'Stalled=True/RunFailed',
      ...found,
      'Connected=False/ImapAuthRejected',
      'Flowing=False/RunFailed',
      'Delivering=Unknown/RunFailed',
      apart,
    ],
  ],
])('a source with an archive and a schedule tells of %s', (_, change, lastRun, conditions) => {
  const given = { cronJob, applied: revision, ...change };
  const { status } = decide(scheduled, given);
  expect(status.lastRun).toEqual(lastRun);
  expect(brief(status.conditions)).toEqual(conditions);
  // Job and pod go; what was told of them stays, and is written once.
  const later = decide(scheduled, {
    cronJob,
    applied: revision,
    pipeline: archiverOf({ ...source(scheduled), status }),
  });
  expect(later.status).toEqual(status);
});
