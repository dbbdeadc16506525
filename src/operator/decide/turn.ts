import { firstDifference } from '../../kubernetes/apply.ts';
import type { Deployment, KubernetesObject } from '../../kubernetes/objects.ts';
import { withoutSecrets } from '../build/pod.ts';
import { no, type Verdict, yes } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations } from '../names.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import { plural } from '../text.ts';
import { lastGoodOf, type Progress, type WorkloadDecision, wasReady } from './decision.ts';
import { keepsRunning } from './hold.ts';
import { keepWorkload } from './keep.ts';

/**
 * Whether `workload` was made from another spec of its owner than the one that counts now: an edit of one's own waits for nobody. `undefined`:
 * it does not say.
 */
export function isEdited(workload: KubernetesObject, specHash: string): boolean | undefined {
  const madeFrom = workload.metadata.annotations?.[annotations.spec];
  return madeFrom === undefined ? undefined : madeFrom !== specHash;
}

/** The same of a pipeline's workload; one made by an operator that did not say is judged by what the status has seen. */
export function isOwnEdit({ pipeline, deployment, cronJob, specHash }: PipelineSnapshot): boolean {
  const workload = deployment ?? cronJob;
  const edited = workload && isEdited(workload, specHash);
  return edited ?? pipeline.status?.observedGeneration !== pipeline.metadata.generation;
}

/**
 * Whether `desired` would replace pods that run. Secrets are not waited with: the old ones may be void already. A field that is no longer
 * desired shows in the hash of the template alone.
 */
export function replacesPods(desired: Deployment, live: Deployment): boolean {
  if ((live.spec?.replicas ?? 1) === 0 || desired.spec?.replicas === 0) return false;
  const template = withoutSecrets(desired.spec?.template ?? {});
  if (firstDifference(template, live.spec?.template) !== undefined) return true;
  const before = live.metadata.annotations?.[annotations.template];
  return before !== undefined && before !== desired.metadata.annotations?.[annotations.template];
}

/** Whether a Job that logs in is about to be started although nobody edited this pipeline, whose workload is good as it is. */
export const isImposedJob = (snapshot: PipelineSnapshot): boolean =>
  (snapshot.deployment ?? snapshot.cronJob) !== undefined && lastGoodOf(snapshot) !== undefined && !isOwnEdit(snapshot);

export const isFull = (underWay: number, { rolloutConcurrency }: DecisionConfig): boolean =>
  underWay >= rolloutConcurrency;

/** What is told of who waits; `ready` as it was. */
export function queuedProgress(
  hash: string,
  underWay: number,
  beside: string,
  wasReadyAs: string | undefined,
  config: DecisionConfig,
): Progress {
  const message = `revision ${hash} waits for its turn: ${plural(underWay, 'workload')} roll at this moment (operator.rolloutConcurrency is ${config.rolloutConcurrency})${beside}`;
  const ready: Verdict =
    wasReadyAs === undefined ? no('RolloutQueued', message) : yes(wasReadyAs, 'the workload became ready');
  return { ready, reconciling: { reason: 'RolloutQueued', message } };
}

/** What runs goes on until it is this pipeline's turn. */
export function queued(snapshot: PipelineSnapshot, hash: string, config: DecisionConfig): WorkloadDecision {
  const before = snapshot.pipeline.status?.conditions?.find(({ type }) => type === 'Ready');
  const was = wasReady(snapshot) ? before?.reason : undefined;
  return {
    ...keepWorkload(snapshot, config),
    deletions: [],
    progress: queuedProgress(hash, snapshot.rolloutsUnderWay, keepsRunning(snapshot), was, config),
    lastGood: lastGoodOf(snapshot),
    rollout: 'Waits',
    requeueAfterMs: queueMs,
  };
}

/** Turns are called; this is for calls that were missed. */
const queueMs = 60_000;
