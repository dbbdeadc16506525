import { milliseconds } from '../../api/schema.ts';
import type {
  ConfigMap,
  CronJob,
  Deployment,
  EmailPipeline,
  Job,
  KubernetesObject,
  Live,
  NetworkPolicy,
  PodDisruptionBudget,
  Service,
} from '../../kubernetes/objects.ts';
import type { Revision, SecretKey } from '../../pipeline/revision/revision.ts';
import { rereadSecrets } from '../../pipeline/revision/source-secrets.ts';
import type { Verdict } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations, configMapName, labels } from '../names.ts';
import type { Compilation, PipelineSnapshot, Secrets } from '../snapshot.ts';

/** An object that a pipeline or a source owns as its controller. */
export type Child = ConfigMap | Deployment | CronJob | Job | PodDisruptionBudget | Service | NetworkPolicy;

/** A child to delete, and why. */
export interface Deletion {
  readonly object: KubernetesObject;
  readonly why: string;
}

/** A change of a few fields of a workload that is otherwise left as it is. */
export interface Patch {
  readonly object: Live<Deployment> | Live<CronJob>;
  readonly patch: Readonly<Record<string, unknown>>;
  readonly why: string;
}

/** How far this generation is. */
export interface Progress {
  readonly ready: Verdict;
  /** On its way; absent: settled. */
  readonly reconciling?: { readonly reason: string; readonly message: string };
  /** A deadline passed, or a person must act. */
  readonly stalled?: { readonly reason: string; readonly message: string };
}

/** What is to be done about the workload of a pipeline. */
export interface WorkloadDecision {
  /** In the order in which they are applied. */
  readonly objects: readonly Child[];
  readonly patches: readonly Patch[];
  /** After everything was applied. */
  readonly deletions: readonly Deletion[];
  readonly progress: Progress;
  /** Newest revision that became ready, as of now. */
  readonly lastGood: string | undefined;
  /** `Begins`: an existing workload is replaced, or what would replace it is tried, for a new image or source. `Waits`: it would be, were there not too many that are. */
  readonly rollout?: 'Begins' | 'Waits';
  /** When time alone changes the decision. */
  readonly requeueAfterMs?: number;
}

export const isSuspended = (pipeline: EmailPipeline) => pipeline.spec.suspend === true;
export const isScheduled = (pipeline: EmailPipeline) => pipeline.spec.schedule !== undefined;

/**
 * Newest revision that became ready. A Deployment that was rolled out proves it itself; its annotation tells of one before, and is
 * written only together with what changes the Deployment.
 */
export function lastGoodOf({ deployment, cronJob, pipeline }: WorkloadsOf): string | undefined {
  const told = pipeline.status?.lastGoodRevision;
  const current = deployment?.spec && revisionLabel(deployment.spec.template);
  if (current !== undefined && (current === told || hasRolledOut(deployment))) return current;
  return (
    deployment?.metadata.annotations?.[annotations.lastGood] ??
    cronJob?.metadata.annotations?.[annotations.lastGood] ??
    told
  );
}

/** Whether the template was rolled out once, whatever its pods do now. */
export function hasRolledOut(deployment: Deployment | undefined): boolean {
  const { metadata, spec, status } = deployment ?? {};
  if ((spec?.replicas ?? 1) === 0 || (status?.availableReplicas ?? 0) === 0) return false;
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  return (
    (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) && progressing?.reason === 'NewReplicaSetAvailable'
  );
}

interface WorkloadsOf {
  readonly deployment: Deployment | undefined;
  readonly cronJob: CronJob | undefined;
  readonly pipeline: EmailPipeline;
}

/**
 * The keys whose change replaces the workers of a revision. Lists of accounts are none of them: they are mounted, and workers read them
 * again by themselves.
 */
export function rollingSecrets(keys: readonly SecretKey[], { sources }: Revision): readonly SecretKey[] {
  const reread = sources.flatMap((source) => rereadSecrets(source));
  return keys.filter(({ name, key }) => !reread.some((each) => each.name === name && each.key === key));
}

/** One hash over the values of these keys; `undefined` unless all of them are there. */
export function secretsHashOf(
  keys: readonly SecretKey[],
  secrets: Secrets,
  config: DecisionConfig,
): string | undefined {
  const values = keys.flatMap((key) => {
    const state = secrets.get(key.name);
    const hmac = state?.kind === 'Present' ? state.hmacs.get(key.key) : undefined;
    return hmac === undefined ? [] : [{ ...key, hmac }];
  });
  return values.length === keys.length ? config.keys.combined(values) : undefined;
}

/** Revisions that are kept beside those in use. */
const keptRevisions = 5;

/** ConfigMaps of revisions that nobody needs any more: not among the newest five, not good, not in use. */
export function staleConfigMaps(snapshot: PipelineSnapshot, inUse: readonly (string | undefined)[]): Deletion[] {
  const { pipeline, configMaps, pods } = snapshot;
  const used = new Set(
    [...inUse, snapshot.applied?.hash, lastGoodOf(snapshot), ...pods.map(revisionLabel)].map(
      (hash) => hash && configMapName(pipeline.metadata.name, hash),
    ),
  );
  const byAge = [...configMaps].sort((a, b) => (ageKey(a) < ageKey(b) ? 1 : -1));
  return byAge
    .slice(keptRevisions)
    .filter(({ metadata }) => !used.has(metadata.name))
    .map((object) => ({ object, why: 'an old revision that nothing uses' }));
}

const ageKey = ({ metadata }: KubernetesObject) => `${metadata.creationTimestamp ?? '9'}/${metadata.name}`;
/** The revision that an object, or a pod template, says it is of. */
export const revisionLabel = ({ metadata }: { readonly metadata?: Pick<KubernetesObject['metadata'], 'labels'> }) =>
  metadata?.labels?.[labels.revision];

export const defaultPollMs = 60_000;

/** How often a source is read that does not tell by itself; milliseconds. */
export function pollMsOf(compilation: Compilation, applied: Revision | undefined): number {
  const revision = compilation.kind === 'Compiled' ? compilation.revision : applied;
  const [source] = revision?.sources ?? [];
  const poll = source?.imap?.pollInterval ?? (source?.maildir ?? source?.mbox)?.pollInterval;
  return poll === undefined ? defaultPollMs : milliseconds(poll);
}

/** Whether Ready was True for this generation already, by a workload that ran. */
export function wasReady({ pipeline }: PipelineSnapshot): boolean {
  const before = pipeline.status?.conditions?.find(({ type }) => type === 'Ready');
  return (
    before?.status === 'True' &&
    before.observedGeneration === pipeline.metadata.generation &&
    !idleReasons.some((reason) => reason === before.reason)
  );
}

/** Reasons of a Ready that no worker has proven. */
export const idleReasons = ['Suspended', 'ScaledToZero'] as const;
