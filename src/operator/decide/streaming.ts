import { firstDifference } from '../../kubernetes/apply.ts';
import type { Deployment } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { revisionConfigMap } from '../build/config-map.ts';
import { originalDeployment, podDisruptionBudget, withLastGood } from '../build/deployment.ts';
import { no, yes } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { workerTrouble } from '../health.ts';
import { annotations } from '../names.ts';
import { camelCase, hasEnded, isEnding, isReady, podTrouble, roleOf } from '../pods.ts';
import type { PipelineSnapshot, WorkerObservation } from '../snapshot.ts';
import { plural } from '../text.ts';
import {
  type Deletion,
  hasRolledOut,
  isSuspended,
  lastGoodOf,
  type Progress,
  staleConfigMaps,
  type WorkloadDecision,
  wasReady,
} from './decision.ts';
import { keepsRunning } from './hold.ts';
import { cronJobPatches } from './keep.ts';
import { replicasOf } from './replicas.ts';
import { isFull, isOwnEdit, queued, replacesPods } from './turn.ts';

/** The Deployment of a streaming pipeline. */
export function decideStreaming(
  snapshot: PipelineSnapshot,
  revision: Revision,
  secretsHash: string,
  config: DecisionConfig,
): WorkloadDecision {
  const { pipeline, deployment: live } = snapshot;
  const replicas = replicasOf(snapshot, revision);
  const input = { revision, template: pipeline.spec.template, secretsHash, replicas };
  const desired = originalDeployment(input, snapshot.specHash, config);
  const imposed = isImposed(snapshot, desired);
  if (imposed && isFull(snapshot.rolloutsUnderWay, config)) return queued(snapshot, revision.hash, config);
  const rollout = rolloutOf(desired, live);
  const lastGood = rollout.complete ? revision.hash : lastGoodOf(snapshot);
  // A write for it alone would be copied to the ReplicaSet, and cross what the Deployment controller writes at that moment.
  const told = rollout.same ? live?.metadata.annotations?.[annotations.lastGood] : lastGood;
  const budget = replicas >= 2 ? [podDisruptionBudget(revision.namespace, revision.pipeline)] : [];
  const settled = rollout.complete || rollout.empty;
  return {
    objects: [revisionConfigMap(revision), withLastGood(desired, told), ...budget],
    // A CronJob from before goes once its successor works.
    patches: settled ? [] : cronJobPatches(snapshot),
    deletions: [
      ...(budget.length === 0 ? gone(snapshot.podDisruptionBudget, 'fewer than two workers') : []),
      ...(settled ? gone(snapshot.cronJob, 'the pipeline streams now') : []),
      ...snapshot.jobs
        .filter((job) => roleOf(job) === 'check')
        .map((object) => ({ object, why: 'the pipeline streams now' })),
      ...staleConfigMaps(snapshot, [revision.hash, lastGood]),
    ],
    progress: progressOf(snapshot, revision, rollout, replicas),
    lastGood,
    ...(imposed ? { rollout: 'Begins' as const } : {}),
  };
}

/** Whether pods that run would be replaced although nobody edited this pipeline: for a new image, or a source that it shares. */
function isImposed(snapshot: PipelineSnapshot, desired: Deployment): boolean {
  const { deployment: live } = snapshot;
  if (live === undefined || lastGoodOf(snapshot) === undefined) return false;
  return !isOwnEdit(snapshot) && replacesPods(desired, live);
}

const gone = (object: Deletion['object'] | undefined, why: string): Deletion[] =>
  object === undefined ? [] : [{ object, why }];

/** How the live Deployment stands to the desired one. */
interface Rollout {
  readonly exists: boolean;
  /** It has every desired field of its spec. */
  readonly same: boolean;
  /** Every pod that should be is of this template and available; false without replicas: nothing was proven. */
  readonly complete: boolean;
  /** None should be and none is. */
  readonly empty: boolean;
  /** The template was rolled out once, whatever its pods do now. */
  readonly onceComplete: boolean;
  readonly available: number;
  readonly updated: number;
  readonly overdue: boolean;
  /** The Deployment controller could not make pods: quota, Pod Security, admission. */
  readonly refused: string | undefined;
}

/** Live objects, and the last desired one that each was compared with. */
const compared = new WeakMap<Deployment, { readonly desired: Deployment; readonly same: boolean }>();

function isSame(desired: Deployment, live: Deployment): boolean {
  const known = compared.get(live);
  if (known?.desired === desired) return known.same;
  const same = firstDifference(desired.spec, live.spec) === undefined;
  compared.set(live, { desired, same });
  return same;
}

function rolloutOf(desired: Deployment, live: Deployment | undefined): Rollout {
  const status = live?.status;
  const replicas = desired.spec?.replicas ?? 1;
  const same = live !== undefined && isSame(desired, live);
  const current = same && (status?.observedGeneration ?? 0) >= (live.metadata.generation ?? 0);
  const total = status?.replicas ?? 0;
  const updated = current ? (status?.updatedReplicas ?? 0) : 0;
  const available = status?.availableReplicas ?? 0;
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  const failure = status?.conditions?.find(({ type, status: held }) => type === 'ReplicaFailure' && held === 'True');
  const full = current && updated === replicas && total === replicas && available >= replicas;
  return {
    exists: live !== undefined,
    same,
    complete: full && replicas > 0,
    empty: full && replicas === 0,
    onceComplete: same && hasRolledOut(live),
    available,
    updated,
    overdue: current && replicas > 0 && progressing?.reason === 'ProgressDeadlineExceeded',
    refused: failure?.message,
  };
}

function progressOf(snapshot: PipelineSnapshot, { hash }: Revision, rollout: Rollout, replicas: number): Progress {
  if (replicas === 0) return idle(snapshot, rollout);
  if (rollout.complete) return { ready: yes('RolledOut', `revision ${hash} runs with ${plural(replicas, 'worker')}`) };
  if (!rollout.exists) return onTheWay('Applying', `the workers of revision ${hash} are being made`);
  const trouble = rolloutTrouble(snapshot, rollout);
  const why = trouble === undefined ? '' : `: ${trouble.replace(/[;.]$/, '')}`;
  const good = lastGoodOf(snapshot) === hash;
  const beside =
    rollout.available === 0 ? '' : good ? '; the workers from before keep running' : keepsRunning(snapshot);
  const message = `revision ${hash}: ${plural(rollout.updated, 'new worker')}, not ready yet${why}${beside}`;
  // What became ready once stays so while its pods are moved, scaled or given new Secrets.
  const latched = good && (wasReady(snapshot) || rollout.onceComplete);
  // What only a person can mend need not wait for the deadline: Argo CD would wait with it.
  const code = pendingOf(snapshot).find(({ status }) => status?.stalled !== undefined)?.status?.stalled?.code;
  const reason = code !== undefined ? camelCase(code) : rollout.overdue ? 'RolloutDeadlineExceeded' : undefined;
  const ready = latched ? yes('RolledOut', `revision ${hash} became ready`) : no(reason ?? 'RollingOut', message);
  if (reason !== undefined) return { ready, stalled: { reason, message } };
  if (latched && rollout.onceComplete) return { ready };
  return { ready, reconciling: { reason: 'RollingOut', message } };
}

function idle(snapshot: PipelineSnapshot, rollout: Rollout): Progress {
  const suspended = isSuspended(snapshot.pipeline);
  const reason = suspended ? 'Suspended' : 'ScaledToZero';
  const message = suspended
    ? 'spec.suspend is true: no worker runs, and the state is kept'
    : 'spec.replicas is 0: no worker runs, and the state is kept';
  // The Deployment no longer counts pods that are told to end; they deliver until they have.
  const working = snapshot.pods.some((pod) => roleOf(pod) === 'stream' && !hasEnded(pod));
  if (rollout.empty && !working) return { ready: yes(reason, message) };
  return onTheWay('Suspending', 'the workers end what they are at');
}

const onTheWay = (reason: string, message: string): Progress => ({
  ready: no(reason, message),
  reconciling: { reason, message },
});

/** What keeps new workers from becoming ready: in their own words, or those of the kubelet or the scheduler. */
export function rolloutTrouble(snapshot: PipelineSnapshot, rollout?: Rollout): string | undefined {
  for (const { status } of pendingOf(snapshot)) {
    const trouble = status && workerTrouble(status);
    if (trouble !== undefined) return `${trouble.code}: ${trouble.message}`;
  }
  for (const pod of pendingPods(snapshot)) {
    const trouble = podTrouble(pod);
    if (trouble !== undefined) return trouble.message;
  }
  return rollout?.refused;
}

const pendingPods = ({ pods }: PipelineSnapshot) =>
  pods.filter((pod) => !isEnding(pod) && !isReady(pod) && (roleOf(pod) === 'stream' || roleOf(pod) === 'check'));

/** What workers say that are still to become ready. */
function pendingOf(snapshot: PipelineSnapshot): readonly WorkerObservation[] {
  const names = new Set(pendingPods(snapshot).map(({ metadata }) => metadata.name));
  return snapshot.workers.filter(({ pod }) => names.has(pod));
}
