import { isTimeZone, scheduleProblem } from '../../api/schedule.ts';
import { referencedSecrets } from '../../pipeline/revision/compile.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { deployment, withLastGood, withOrigin } from '../build/deployment.ts';
import { cronJob } from '../build/jobs.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations } from '../names.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import {
  type Child,
  isScheduled,
  isSuspended,
  lastGoodOf,
  type Patch,
  rollingSecrets,
  secretsHashOf,
  type WorkloadDecision,
} from './decision.ts';
import { replicasOf } from './replicas.ts';

/**
 * Keeps what runs while the present generation may not be applied, or not yet: suspending, scaling and rotated Secrets act even so, a workload
 * that somebody edited is healed where it is known how it was, and one that somebody deleted is made anew.
 */
export function keepWorkload(
  snapshot: PipelineSnapshot,
  config: DecisionConfig,
): Pick<WorkloadDecision, 'objects' | 'patches'> {
  const streams = wholeDeployment(snapshot, config);
  const scheduled = wholeCronJob(snapshot, config);
  const made = streams === undefined && scheduled === undefined ? restored(snapshot, config) : undefined;
  return {
    objects: [streams, scheduled, made].filter((object) => object !== undefined),
    patches: [
      ...(streams === undefined ? deploymentPatches(snapshot, config) : []),
      ...(scheduled === undefined ? cronJobPatches(snapshot) : []),
    ],
  };
}

/** Suspending and resuming the runs of a CronJob that is otherwise left alone. */
export function cronJobPatches({ cronJob: live, pipeline }: PipelineSnapshot): Patch[] {
  const suspend = isSuspended(pipeline);
  if (live === undefined || (live.spec?.suspend ?? false) === suspend) return [];
  return [{ object: live, patch: { spec: { suspend } }, why: suspend ? 'suspended' : 'resumed' }];
}

const hashOf = (revision: Revision, { secrets }: PipelineSnapshot, config: DecisionConfig) =>
  secretsHashOf(rollingSecrets(referencedSecrets(revision), revision), secrets, config);

const secretsOf = ({ deployment: live }: PipelineSnapshot) =>
  live?.spec?.template.metadata?.annotations?.[annotations.secretsHash];

/** The live Deployment as it was made; `undefined` where its pod template was made of another image, or a template that is no longer in the spec. */
function wholeDeployment(snapshot: PipelineSnapshot, config: DecisionConfig): Child | undefined {
  const { pipeline, applied: revision, deployment: live } = snapshot;
  const secretsHash = revision && hashOf(revision, snapshot, config);
  if (live === undefined || revision === undefined || secretsHash === undefined) return undefined;
  const { [annotations.spec]: madeFrom = '', [annotations.lastGood]: told } = live.metadata.annotations ?? {};
  const replicas = heldReplicas(snapshot, live.spec?.replicas ?? 1);
  const input = { revision, template: pipeline.spec.template, secretsHash, replicas };
  const made = withOrigin(deployment(input, config), madeFrom);
  if (made.metadata.annotations?.[annotations.template] !== live.metadata.annotations?.[annotations.template])
    return undefined;
  // While it rolls, its status does not prove which revision is good.
  return withLastGood(made, secretsHash === secretsOf(snapshot) ? told : lastGoodOf(snapshot));
}

/** The same of a CronJob, whose schedule must be the one in the spec as well. */
function wholeCronJob(snapshot: PipelineSnapshot, config: DecisionConfig): Child | undefined {
  const { pipeline, applied: revision, cronJob: live } = snapshot;
  const secretsHash = revision && hashOf(revision, snapshot, config);
  if (live === undefined || revision === undefined || secretsHash === undefined) return undefined;
  const { [annotations.spec]: specHash = '', [annotations.lastGood]: lastGood } = live.metadata.annotations ?? {};
  const work = scheduledWork(snapshot);
  const input = { revision, template: pipeline.spec.template, secretsHash, lastGood, specHash };
  const made = cronJob({ ...input, ...work, suspend: isSuspended(pipeline) }, config);
  const same = made.metadata.annotations?.[annotations.template] === live.metadata.annotations?.[annotations.template];
  return same ? made : undefined;
}

/** When the runs of a pipeline start, by its spec, and what they do. */
export function scheduledWork({ pipeline }: PipelineSnapshot) {
  const { schedule = '', timeZone, load } = pipeline.spec;
  return { schedule, timeZone, work: load === 'Full' ? { load } : {} };
}

/** Size and Secrets of a Deployment that is otherwise left alone. */
function deploymentPatches(snapshot: PipelineSnapshot, config: DecisionConfig): Patch[] {
  const { deployment: live, applied } = snapshot;
  if (live === undefined) return [];
  const before = live.spec?.replicas ?? 1;
  const replicas = heldReplicas(snapshot, before);
  const hash = applied && hashOf(applied, snapshot, config);
  const rotated = hash !== undefined && hash !== secretsOf(snapshot);
  if (before === replicas && !rotated) return [];
  const template = { metadata: { annotations: { [annotations.secretsHash]: hash } } };
  // Its status no longer proves which revision is good while it rolls.
  const metadata = { annotations: { [annotations.lastGood]: lastGoodOf(snapshot) } };
  const patch = { ...(rotated ? { metadata } : {}), spec: { replicas, ...(rotated ? { template } : {}) } };
  const why = rotated ? 'a referenced Secret changed' : `replicas: ${before} → ${replicas}`;
  return [{ object: live, patch, why }];
}

/** A Deployment that a schedule is to replace, and cannot yet, keeps its size. */
function heldReplicas(snapshot: PipelineSnapshot, live: number): number {
  const { pipeline, applied } = snapshot;
  if (!isScheduled(pipeline) || isSuspended(pipeline)) return replicasOf(snapshot, applied);
  return Math.max(1, live);
}

/** It was made from no spec that anybody can edit: whatever comes next is an edit, and waits for nobody. */
const noSpec = 'restored';

/**
 * The workload of the last good revision, where there is none any more: nothing else would bring the mail back before the generation is mended.
 * Size, schedule and pod template are those of the spec, which no revision has.
 */
function restored(snapshot: PipelineSnapshot, config: DecisionConfig): Child | undefined {
  const { pipeline, applied: revision } = snapshot;
  const { template } = pipeline.spec;
  if (snapshot.deployment !== undefined || snapshot.cronJob !== undefined || isSuspended(pipeline)) return undefined;
  const secretsHash = revision && hashOf(revision, snapshot, config);
  if (revision === undefined || revision.hash !== lastGoodOf(snapshot) || secretsHash === undefined) return undefined;
  const input = { revision, template, secretsHash };
  const lastGood = revision.hash;
  if (isScheduled(pipeline)) {
    const when = scheduledWork(snapshot);
    if (scheduleProblem(when.schedule) !== undefined || !isTimeZone(when.timeZone ?? 'Etc/UTC')) return undefined;
    return cronJob({ ...input, ...when, suspend: false, lastGood, specHash: noSpec }, config);
  }
  const replicas = replicasOf(snapshot, revision);
  if (replicas === 0) return undefined;
  return withLastGood(withOrigin(deployment({ ...input, replicas }, config), noSpec), lastGood);
}
