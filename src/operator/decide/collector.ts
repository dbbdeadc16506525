import { firstDifference } from '../../kubernetes/apply.ts';
import type { Deployment, KubernetesObject, Live, MailboxSource } from '../../kubernetes/objects.ts';
import { type CollectorRevision, collectorPort } from '../../pipeline/collector/revision.ts';
import { collectorConfigName, collectorObjects, collectorReplicas } from '../build/collector.ts';
import { withLastGood, withOrigin } from '../build/deployment.ts';
import { no, unknown, type Verdict, yes } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations, specHashOf } from '../names.ts';
import { camelCase, isEnding, isReady, podTrouble } from '../pods.ts';
import type { CollectorSnapshot, SourceSnapshot } from '../snapshot.ts';
import { plural } from '../text.ts';
import {
  type Child,
  type Deletion,
  hasRolledOut,
  type Patch,
  type Progress,
  revisionLabel,
  secretsHashOf,
} from './decision.ts';
import type { Violation } from './gate.ts';
import { isEdited, isFull, queuedProgress, replacesPods } from './turn.ts';

/** What is to be done about the collector of a source, and how it is. */
export interface CollectorDecision {
  /** In the order in which they are applied. */
  readonly objects: readonly Child[];
  readonly patches: readonly Patch[];
  readonly deletions: readonly Deletion[];
  readonly progress: Progress;
  /** See `WorkloadDecision`. */
  readonly rollout?: 'Begins' | 'Waits';
  /** Whether mail is taken in now. */
  readonly listening: Verdict;
  /** In a collector's words: a person must act. */
  readonly trouble?: { readonly code: string; readonly message: string };
}

const rolledOut = 'RolledOut';

/** Compiled forms that are kept beside those in use. */
const keptConfigs = 5;

/**
 * Decides about the collector of a source; `undefined` for a source that has none and never had. What is wrong with the source leaves
 * its collector as it is.
 */
export function decideCollector(
  { source, secrets, collector, rolloutsUnderWay = 0 }: SourceSnapshot,
  violation: Violation | undefined,
  config: DecisionConfig,
): CollectorDecision | undefined {
  const { revision, existing } = collector;
  if (revision === undefined) {
    if (existing.length === 0 || violation !== undefined) return undefined;
    const deletions = existing.map((object) => ({ object, why: 'the source takes no mail in any more' }));
    const progress = { ready: yes('Valid', 'its collector is taken away') };
    return {
      objects: [],
      patches: [],
      deletions,
      progress,
      listening: unknown('NoCollector', 'the source has no collector'),
    };
  }
  const spoken = listeningOf(collector, revision);
  // The rest of its Secrets a collector reads again by itself: a renewed certificate interrupts nobody.
  const hash = violation === undefined ? secretsHashOf([revision.storeRef], secrets, config) : undefined;
  if (hash === undefined) {
    const message = violation?.message ?? 'the Secret of the store is looked for';
    return {
      objects: [],
      patches: [],
      deletions: [],
      progress: { ready: no(violation?.reason ?? 'Resolving', message) },
      ...spoken,
    };
  }
  const [configMap, made, ...others] = collectorObjects(revision, hash, config);
  const { deployment: live } = collector;
  const desired = withOrigin(made, specHashOf(source.spec));
  const deletions = staleConfigs(collector, source.metadata.name, revision);
  const good = lastGoodCollector(source, live);
  const imposed = live !== undefined && good !== undefined && isImposed(source, desired, live);
  if (imposed && isFull(rolloutsUnderWay, config)) {
    const beside = '; the collectors from before keep running';
    const was = readyAs(source);
    return {
      objects: [configMap, ...others],
      patches: rotated(live, hash),
      deletions,
      progress: queuedProgress(revision.hash, rolloutsUnderWay, beside, was, config),
      rollout: 'Waits',
      ...spoken,
    };
  }
  const same = live !== undefined && firstDifference(desired.spec, live.spec) === undefined;
  const told = same ? live.metadata.annotations?.[annotations.lastGood] : good;
  return {
    objects: [configMap, withLastGood(desired, told), ...others],
    patches: [],
    deletions,
    progress: progressOf(collector, revision, desired),
    ...(imposed ? { rollout: 'Begins' as const } : {}),
    ...spoken,
  };
}

const readyOf = ({ status, metadata }: MailboxSource) =>
  status?.conditions?.find(
    ({ type, status: held, observedGeneration }) =>
      type === 'Ready' && held === 'True' && observedGeneration === metadata.generation,
  );
/** Reason of a Ready that is True for this generation. */
const readyAs = (source: MailboxSource) => readyOf(source)?.reason;

/** Revision of the collectors that became ready last. */
function lastGoodCollector(source: MailboxSource, live: Deployment | undefined): string | undefined {
  const current = live?.spec && revisionLabel(live.spec.template);
  if (current !== undefined && (hasRolledOut(live) || readyAs(source) === rolledOut)) return current;
  return live?.metadata.annotations?.[annotations.lastGood];
}

/** Whether collectors that run would be replaced although nobody edited their source. */
function isImposed(source: MailboxSource, desired: Deployment, live: Deployment): boolean {
  const edited =
    isEdited(live, specHashOf(source.spec)) ?? source.status?.observedGeneration !== source.metadata.generation;
  return !edited && replacesPods(desired, live);
}

/** A rotated Secret of the store does not wait. */
function rotated(live: Live<Deployment>, secretsHash: string): Patch[] {
  if (live.spec?.template.metadata?.annotations?.[annotations.secretsHash] === secretsHash) return [];
  const template = { metadata: { annotations: { [annotations.secretsHash]: secretsHash } } };
  return [{ object: live, patch: { spec: { template } }, why: 'a referenced Secret changed' }];
}

function staleConfigs(
  { configMaps, deployment, pods }: CollectorSnapshot,
  source: string,
  { hash }: CollectorRevision,
): Deletion[] {
  const used = new Set(
    [hash, deployment?.spec && revisionLabel(deployment.spec.template), ...pods.map(revisionLabel)].map(
      (each) => each && collectorConfigName(source, each),
    ),
  );
  const age = ({ metadata }: KubernetesObject) => `${metadata.creationTimestamp ?? '9'}/${metadata.name}`;
  return [...configMaps]
    .sort((a, b) => (age(a) < age(b) ? 1 : -1))
    .slice(keptConfigs)
    .filter(({ metadata }) => !used.has(metadata.name))
    .map((object) => ({ object, why: 'an old form that nothing uses' }));
}

function progressOf(collector: CollectorSnapshot, revision: CollectorRevision, desired: Deployment): Progress {
  const { deployment: live } = collector;
  const { hash, source } = revision;
  const onItsWay = (reason: string, message: string, good: boolean): Progress => ({
    ready: good ? yes(rolledOut, `revision ${hash} became ready`) : no(reason, message),
    reconciling: { reason, message },
  });
  if (live === undefined) return onItsWay('Applying', `the collector of revision ${hash} is being made`, false);
  const { status } = live;
  const same = firstDifference(desired.spec, live.spec) === undefined;
  const current = same && (status?.observedGeneration ?? 0) >= (live.metadata.generation ?? 0);
  const available = status?.availableReplicas ?? 0;
  const updated = current ? (status?.updatedReplicas ?? 0) : 0;
  if (current && updated === collectorReplicas && available >= collectorReplicas && status?.replicas === updated) {
    return { ready: yes(rolledOut, `mail is taken in at the Service ${source}, port ${collectorPort(revision)}`) };
  }
  const trouble = pendingTrouble(collector);
  const why = trouble === undefined ? '' : `: ${trouble.replace(/[;.]$/, '')}`;
  const beside = available === 0 ? '' : '; the collectors from before keep running';
  const message = `revision ${hash}: ${plural(updated, 'new collector')}, not all ready yet${why}${beside}`;
  const overdue =
    current &&
    status?.conditions?.some(({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded');
  if (overdue) {
    const reason = 'RolloutDeadlineExceeded';
    return { ready: no(reason, message), stalled: { reason, message } };
  }
  return onItsWay('RollingOut', message, same && hasRolledOut(live));
}

/** What keeps new collectors from becoming ready. */
function pendingTrouble({ pods, workers }: CollectorSnapshot): string | undefined {
  const pending = pods.filter((pod) => !isEnding(pod) && !isReady(pod));
  const names = new Set(pending.map(({ metadata }) => metadata.name));
  for (const { pod, status } of workers) {
    if (!names.has(pod) || status === undefined) continue;
    const trouble = status.stalled ?? troubleOf(status.store) ?? troubleOf(status.listener);
    if (trouble !== undefined) return `${trouble.code}: ${trouble.message}`;
  }
  return pending.map((pod) => podTrouble(pod)?.message).find((message) => message !== undefined);
}

interface Health {
  readonly ok: boolean;
  readonly code?: string;
  readonly message?: string;
}

const troubleOf = ({ ok, code = 'UNKNOWN', message = 'it did not say why' }: Health) =>
  ok || code.startsWith('NOT_YET_') ? undefined : { code, message };

/** One that listens speaks for all: senders reach it by the Service. */
function listeningOf(
  { workers }: CollectorSnapshot,
  revision: CollectorRevision,
): Pick<CollectorDecision, 'listening' | 'trouble'> {
  const statuses = workers.flatMap(({ status }) => status ?? []);
  if (statuses.some(({ ready, listener }) => ready && listener.ok)) {
    const what = revision.smtp === undefined ? 'HTTP' : revision.smtp.protocol;
    return { listening: yes('Listening', `${what} is listened for on port ${collectorPort(revision)}`) };
  }
  if (workers.length === 0) return { listening: unknown('NoCollector', 'no collector is running yet') };
  if (statuses.length === 0) {
    const why = 'no collector answers at /status; see its pods and the NetworkPolicies';
    return { listening: unknown('CollectorUnreachable', why) };
  }
  const stalled = statuses.map((status) => status.stalled).find((each) => each !== undefined);
  const trouble =
    stalled ?? statuses.map(({ store, listener }) => troubleOf(store) ?? troubleOf(listener)).find(Boolean);
  if (trouble === undefined) return { listening: unknown('NotYetListening', 'no collector listens yet') };
  const listening = no(camelCase(trouble.code), `${trouble.code}: ${trouble.message}`);
  return stalled === undefined ? { listening } : { listening, trouble: stalled };
}
