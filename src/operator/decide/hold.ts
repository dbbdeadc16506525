import { referencedSecrets } from '../../pipeline/revision/compile.ts';
import { no } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations } from '../names.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import {
  isScheduled,
  isSuspended,
  lastGoodOf,
  type Patch,
  rollingSecrets,
  secretsHashOf,
  type WorkloadDecision,
} from './decision.ts';
import type { Violation } from './gate.ts';
import { replicasOf } from './replicas.ts';
import { restored } from './restore.ts';

/** `; revision X keeps running`, when a good one does. */
export function keepsRunning(snapshot: PipelineSnapshot): string {
  const good = lastGoodOf(snapshot);
  const workload = snapshot.deployment ?? snapshot.cronJob;
  if (workload === undefined || good === undefined || isSuspended(snapshot.pipeline)) return '';
  return `; revision ${good} keeps running`;
}

/** A generation that may not be applied leaves the workload as it is, or has it made anew once it is gone; suspending, scaling and rotated Secrets act even so. */
export function hold(snapshot: PipelineSnapshot, violation: Violation, config: DecisionConfig): WorkloadDecision {
  return {
    objects: restored(snapshot, config),
    patches: [...deploymentPatches(snapshot, config), ...cronJobPatches(snapshot)],
    deletions: [],
    progress: { ready: no(violation.reason, `${violation.message}${keepsRunning(snapshot)}`) },
    lastGood: lastGoodOf(snapshot),
    // A right that is granted raises no event that anybody could wait for.
    ...(violation.reason === 'SecretsForbidden' ? { requeueAfterMs: askAgainMs } : {}),
  };
}

const askAgainMs = 15_000;

/** Size and Secrets of a Deployment that is otherwise left alone. */
export function deploymentPatches(snapshot: PipelineSnapshot, config: DecisionConfig): Patch[] {
  const { deployment, applied, secrets } = snapshot;
  if (deployment === undefined) return [];
  const live = deployment.spec?.replicas ?? 1;
  const replicas = heldReplicas(snapshot, live);
  const hash = applied && secretsHashOf(rollingSecrets(referencedSecrets(applied), applied), secrets, config);
  const before = deployment.spec?.template.metadata?.annotations?.[annotations.secretsHash];
  const rotated = hash !== undefined && hash !== before;
  if (live === replicas && !rotated) return [];
  const template = { metadata: { annotations: { [annotations.secretsHash]: hash } } };
  // Its status no longer proves which revision is good while it rolls.
  const metadata = { annotations: { [annotations.lastGood]: lastGoodOf(snapshot) } };
  const patch = { ...(rotated ? { metadata } : {}), spec: { replicas, ...(rotated ? { template } : {}) } };
  const why = rotated ? 'a referenced Secret changed' : `replicas: ${live} → ${replicas}`;
  return [{ object: deployment, patch, why }];
}

/** A Deployment that a schedule is to replace, and cannot yet, keeps its size. */
function heldReplicas(snapshot: PipelineSnapshot, live: number): number {
  const { pipeline, applied } = snapshot;
  if (!isScheduled(pipeline) || isSuspended(pipeline)) return replicasOf(snapshot, applied);
  return Math.max(1, live);
}

export function cronJobPatches({ cronJob, pipeline }: PipelineSnapshot): Patch[] {
  const suspend = isSuspended(pipeline);
  if (cronJob === undefined || (cronJob.spec?.suspend ?? false) === suspend) return [];
  return [{ object: cronJob, patch: { spec: { suspend } }, why: suspend ? 'suspended' : 'resumed' }];
}
