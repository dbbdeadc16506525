import type { Job, Live } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { revisionConfigMap } from '../build/config-map.ts';
import { preflightJob } from '../build/jobs.ts';
import { heldFor, no, yes } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { isOfSource } from '../health.ts';
import { jobState, podTrouble, resultOfJob, roleOf } from '../pods.ts';
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
import { keepWorkload } from './keep.ts';
import { isFull, isImposedJob, queued } from './turn.ts';

/** One that could not be made, because mail or store were out of reach, is made anew after this time. */
const retryMs = 60_000;
const defaults = { messages: 100, maxErrorRate: 0.01 };

/** A revision that is to replace one that works, before it may. */
type Wait =
  | { readonly kind: 'Running'; readonly message: string }
  | { readonly kind: 'Waiting'; readonly message: string }
  | { readonly kind: 'Rejected'; readonly message: string };

/**
 * Holds a new revision back until its preflight has passed; undefined: there is none to be made, or it has. What runs stays as it is meanwhile,
 * and for good when the revision is rejected.
 */
export function decidePreflight(
  snapshot: PipelineSnapshot,
  revision: Revision,
  secretsHash: string,
  config: DecisionConfig,
): WorkloadDecision | undefined {
  const { pipeline, applied, jobs } = snapshot;
  const asked = pipeline.spec.rollout?.preflight;
  const baseline = lastGoodOf(snapshot);
  // A first revision has nothing to be compared with; one that is good, or rolls out already, has passed.
  if (!asked || baseline === undefined || baseline === revision.hash || applied?.hash === revision.hash)
    return undefined;
  const { template } = pipeline.spec;
  const beside = applied?.hash === baseline ? applied : undefined;
  const input = { revision, template, secretsHash, baseline, beside, ...defaults, ...asked };
  const desired = preflightJob(input, config);
  const live = jobs.find(({ metadata }) => metadata.name === desired.metadata.name);
  if (live && jobState(live).state === 'Succeeded') return undefined;
  const kept = keepWorkload(snapshot, config);
  const others = leftovers(snapshot, desired.metadata.name);
  const base = { ...kept, lastGood: baseline };
  const stale = staleConfigMaps(snapshot, [revision.hash, baseline]);
  if (isSuspended(pipeline)) {
    const message = 'spec.suspend is true: nothing is started; the revision is compared when the pipeline is resumed';
    return { ...base, deletions: [...others, ...stale], progress: { ready: yes('Suspended', message) } };
  }
  const imposed = live === undefined && isImposedJob(snapshot);
  if (imposed && isFull(snapshot.rolloutsUnderWay, config)) return queued(snapshot, revision.hash, config);
  const wait = waitOf(snapshot, revision, live);
  const again = wait.kind === 'Waiting' && live !== undefined ? retryAfter(live, snapshot.now) : undefined;
  const retry: Deletion[] = live && again === 0 ? [{ object: live, why: 'the preflight is made anew' }] : [];
  return {
    ...base,
    objects: [revisionConfigMap(revision), ...(live === undefined ? [desired] : []), ...kept.objects],
    deletions: [...others, ...retry, ...stale],
    progress: progressOf(snapshot, revision, wait, config),
    ...(imposed ? { rollout: 'Begins' as const } : {}),
    ...(again === undefined ? {} : { requeueAfterMs: Math.max(1_000, again) }),
  };
}

/** Preflights that nobody waits for any more. */
export const leftovers = ({ jobs }: PipelineSnapshot, wanted?: string): Deletion[] =>
  jobs
    .filter((job) => roleOf(job) === 'preflight' && job.metadata.name !== wanted)
    .map((object) => ({ object, why: 'another revision is compared' }));

function waitOf(snapshot: PipelineSnapshot, { hash }: Revision, live: Live<Job> | undefined): Wait {
  const beside = keepsRunning(snapshot);
  if (live === undefined || jobState(live).state === 'Running') {
    const pods = snapshot.pods.filter((pod) => live && isOf(pod, live));
    const trouble = pods.map(podTrouble).find(Boolean);
    const why = trouble === undefined ? '' : `: ${trouble.message}`;
    return { kind: 'Running', message: `revision ${hash} is compared with the one that runs${why}${beside}` };
  }
  const result = resultOfJob(live, snapshot.pods);
  const told =
    result?.code === undefined ? (jobState(live).message ?? 'see its pods') : `${result.code}: ${result.message}`;
  if (result?.family === 'Stalled' && !isOutOfReach(result.code ?? ''))
    return { kind: 'Rejected', message: `revision ${hash} was rejected by its preflight: ${told}${beside}` };
  // Nothing speaks against the revision: its mail or store could not be reached, or the pod could not run.
  return {
    kind: 'Waiting',
    message: `the preflight of revision ${hash} could not be made: ${told}; it is repeated${beside}`,
  };
}

/** What says nothing about the revision. */
const isOutOfReach = (code: string) => isOfSource(code) || code.startsWith('STORE_');

const isOf = (pod: PipelineSnapshot['pods'][number], job: Live<Job>) =>
  pod.metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid) ?? false;

function retryAfter(job: Live<Job>, now: number): number {
  const { at } = jobState(job);
  return Math.max(0, (at === undefined ? now : Date.parse(at)) + retryMs - now);
}

function progressOf(
  { pipeline, now }: PipelineSnapshot,
  { hash }: Revision,
  { kind, message }: Wait,
  config: DecisionConfig,
): Progress {
  const before = pipeline.status?.conditions;
  if (kind === 'Rejected')
    return { ready: no('PreflightRejected', message), stalled: { reason: 'PreflightRejected', message } };
  // Once overdue, only a preflight that was made clears it: else it would come and go with each try.
  const stalled = before?.find(({ type, status }) => type === 'Stalled' && status === 'True');
  const overdue =
    (stalled?.reason === 'PreflightOverdue' && pipeline.status?.revision === hash) ||
    (pipeline.status?.revision === hash && heldFor(before, 'Reconciling', 'True', now) > config.rolloutDeadlineMs);
  if (overdue) return { ready: no('PreflightOverdue', message), stalled: { reason: 'PreflightOverdue', message } };
  const reason = kind === 'Running' ? 'Preflight' : 'PreflightWaiting';
  return { ready: no(reason, message), reconciling: { reason, message } };
}
