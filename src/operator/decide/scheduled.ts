import { firstDifference } from '../../kubernetes/apply.ts';
import type { Job, Live } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { revisionConfigMap } from '../build/config-map.ts';
import { checkJob, cronJob } from '../build/jobs.ts';
import { no, yes } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { jobState, resultOfJob, roleOf } from '../pods.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import {
  type Deletion,
  isSuspended,
  lastGoodOf,
  type Progress,
  staleConfigMaps,
  type WorkloadDecision,
} from './decision.ts';
import { keepsRunning } from './hold.ts';
import { keepWorkload, scheduledWork } from './keep.ts';
import { rolloutTrouble } from './streaming.ts';
import { isFull, isImposedJob, queued } from './turn.ts';

/** A failed check is made anew after this time. */
const checkRetryMs = 60_000;

/** The CronJob of a scheduled pipeline: it moves to a revision only after a check of it has passed. */
export function decideScheduled(
  snapshot: PipelineSnapshot,
  revision: Revision,
  secretsHash: string,
  config: DecisionConfig,
): WorkloadDecision {
  const { pipeline } = snapshot;
  const before = lastGoodOf(snapshot);
  const input = { revision, template: pipeline.spec.template, secretsHash };
  const desired = checkJob(input, config);
  const live = snapshot.jobs.find(({ metadata }) => metadata.name === desired.metadata.name);
  const state = live && jobState(live);
  const good = before === revision.hash || state?.state === 'Succeeded';
  const lastGood = good ? revision.hash : before;
  const others = otherChecks(snapshot, desired);
  const stale = staleConfigMaps(snapshot, [revision.hash, lastGood]);
  if (good) {
    const suspend = isSuspended(pipeline);
    const { specHash } = snapshot;
    const wanted = cronJob({ ...input, ...scheduledWork(snapshot), suspend, lastGood, specHash }, config);
    return {
      objects: [revisionConfigMap(revision), wanted],
      patches: [],
      deletions: [...others, ...replaced(snapshot), ...stale],
      progress: applied(snapshot, firstDifference(wanted, snapshot.cronJob) === undefined, revision),
      lastGood,
    };
  }
  const kept = keepWorkload(snapshot, config);
  if (isSuspended(pipeline)) {
    const message = 'spec.suspend is true: nothing is started; the revision is checked when the pipeline is resumed';
    const progress = { ready: yes('Suspended', message) };
    return { ...kept, deletions: [...others, ...stale], progress, lastGood };
  }
  const imposed = live === undefined && isImposedJob(snapshot);
  if (imposed && isFull(snapshot.rolloutsUnderWay, config)) return queued(snapshot, revision.hash, config);
  const retryMs = live && state?.state === 'Failed' ? retryAfter(state.at, snapshot.now) : undefined;
  const retry = live !== undefined && retryMs === 0;
  return {
    objects: [revisionConfigMap(revision), ...(live === undefined ? [desired] : []), ...kept.objects],
    patches: kept.patches,
    deletions: [...others, ...(retry ? [{ object: live, why: 'the check is made anew' }] : []), ...stale],
    progress: checking(snapshot, revision, live),
    lastGood,
    ...(imposed ? { rollout: 'Begins' as const } : {}),
    ...(retryMs === undefined ? {} : { requeueAfterMs: Math.max(1_000, retryMs) }),
  };
}

const retryAfter = (at: string | undefined, now: number) =>
  Math.max(0, (at === undefined ? now : Date.parse(at)) + checkRetryMs - now);

/** Checks of revisions, or with values of Secrets, that are no longer desired. */
const otherChecks = ({ jobs }: PipelineSnapshot, desired: Job): Deletion[] =>
  jobs
    .filter((job) => roleOf(job) === 'check' && job.metadata.name !== desired.metadata.name)
    .map((object) => ({ object, why: 'another revision is checked' }));

const replaced = ({ deployment, podDisruptionBudget }: PipelineSnapshot): Deletion[] =>
  [deployment, podDisruptionBudget].flatMap((object) =>
    object === undefined ? [] : [{ object, why: 'the pipeline is scheduled now' }],
  );

function applied({ pipeline }: PipelineSnapshot, same: boolean, { hash }: Revision): Progress {
  if (!same) {
    const message = `the CronJob of revision ${hash} is being made`;
    return { ready: no('Applying', message), reconciling: { reason: 'Applying', message } };
  }
  return isSuspended(pipeline)
    ? { ready: yes('Suspended', 'spec.suspend is true: no run is started, and the state is kept') }
    : { ready: yes('Scheduled', `revision ${hash} was checked and runs on schedule`) };
}

function checking(snapshot: PipelineSnapshot, { hash }: Revision, live: Live<Job> | undefined): Progress {
  const { pipeline } = snapshot;
  const ended = live && jobState(live);
  const result = live && resultOfJob(live, snapshot.pods);
  const beside = keepsRunning(snapshot);
  if (ended?.state === 'Failed') {
    const why = result?.code === undefined ? undefined : `${result.code}: ${result.message}`;
    const told = why ?? rolloutTrouble(snapshot) ?? ended.message ?? 'see its pods';
    const message = `the check of revision ${hash} failed: ${told}; it is repeated each minute${beside}`;
    return { ready: no('CheckFailed', message), stalled: { reason: 'CheckFailed', message } };
  }
  const trouble = rolloutTrouble(snapshot);
  const message = `revision ${hash} is being checked${trouble === undefined ? '' : `: ${trouble}`}${beside}`;
  // Once failed, only a passed check clears it: else it would come and go with each retry.
  const before = pipeline.status?.conditions?.find(({ type }) => type === 'Stalled');
  const failed = before?.status === 'True' && before.reason === 'CheckFailed' && pipeline.status?.revision === hash;
  if (failed)
    return { ready: no('CheckFailed', before.message), stalled: { reason: 'CheckFailed', message: before.message } };
  return { ready: no('Checking', message), reconciling: { reason: 'Checking', message } };
}
