import type { MailboxSourceStatus } from '../../api/mailbox-source.ts';
import {
  type DecidedEvent,
  heldFor,
  no,
  toConditions,
  transitions,
  unknown,
  type Verdict,
  yes,
} from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { camelCase } from '../pods.ts';
import type { SourceSnapshot } from '../snapshot.ts';
import { plural } from '../text.ts';
import { type CollectorDecision, decideCollector } from './collector.ts';
import type { Child, Deletion, Patch } from './decision.ts';
import { credentialViolation, pathOnlyStandalone, specInvalid, type Violation } from './gate.ts';
import { decidePipeline, type Refusal } from './pipeline.ts';
import { sharedVerdict } from './shared.ts';

export interface SourceDecision {
  /** In the order in which they are applied. */
  readonly objects: readonly Child[];
  readonly patches: readonly Patch[];
  readonly deletions: readonly Deletion[];
  readonly status: MailboxSourceStatus;
  readonly events: readonly DecidedEvent[];
  /** See `PipelineDecision`. */
  readonly postponed: boolean;
  /** See `WorkloadDecision`. */
  readonly rollout?: 'Begins' | 'Waits';
  /** See `PipelineDecision`: of what reads a source with an archive. */
  readonly change?: string;
  readonly requeueAfterMs?: number;
}

/** What is arrives with the same sync is waited for, at most this long. */
const companionMs = 60_000;

type Progress = CollectorDecision['progress'];

/**
 * Decides about one source: its collector, where it takes mail in, and what its status says. Pure.
 *
 * @param refusal what the last try to carry it out met; the conditions then say so.
 */
export function decideSource(snapshot: SourceSnapshot, config: DecisionConfig, refusal?: Refusal): SourceDecision {
  const { source, readers, now, archiver } = snapshot;
  const before = source.status?.conditions;
  if (archiver !== undefined) return decideArchiver(snapshot, archiver, config, refusal);
  const violation = violationOf(snapshot, config);
  const collector = decideCollector(snapshot, violation, config);
  const used = readers.length === 0 ? 'no pipeline reads it' : `read by ${plural(readers.length, 'pipeline')}`;
  const progress = progressOf(violation, collector, used, refusal);
  const stall = stalledOf(snapshot, config, violation, collector, progress);
  const under = violation ?? progress.reconciling;
  const conditions = toConditions(
    {
      Ready: progress.ready,
      Reconciling:
        under === undefined || stall.verdict.status === 'True'
          ? no('Settled', 'nothing is under way')
          : yes(under.reason, under.message),
      Stalled: stall.verdict,
      Valid: violation?.concern === 'Valid' ? no(violation.reason, violation.message) : yes('Valid', used),
      CredentialsResolved: credentials(violation),
      Listening: collector?.listening,
      SharedWithoutArchive: sharedVerdict(source, readers),
    },
    before,
    source.metadata.generation,
    now,
  );
  const waits = [stall.leftMs, collector === undefined ? undefined : config.collectorLookMs].filter(
    (wait) => wait !== undefined,
  );
  return {
    objects: collector?.objects ?? [],
    patches: collector?.patches ?? [],
    deletions: collector?.deletions ?? [],
    status: { observedGeneration: source.metadata.generation, conditions },
    postponed: false,
    // That a source without a workload is right from the start is no news.
    events: transitions(before, conditions).filter(
      ({ type, action }) => collector !== undefined || before !== undefined || type === 'Warning' || action !== 'Ready',
    ),
    ...(collector?.rollout === undefined ? {} : { rollout: collector.rollout }),
    ...(waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }),
  };
}

/** A source with an archive has a workload as a pipeline has, and its conditions. */
function decideArchiver(
  { source, readers, now, rolloutsUnderWay = 0 }: SourceSnapshot,
  archiver: NonNullable<SourceSnapshot['archiver']>,
  config: DecisionConfig,
  refusal: Refusal | undefined,
): SourceDecision {
  const before = source.status?.conditions;
  const { objects, patches, deletions, rollout, requeueAfterMs, status, postponed, change } = decidePipeline(
    { ...archiver, rolloutsUnderWay },
    config,
    refusal,
  );
  const shared = { SharedWithoutArchive: sharedVerdict(source, readers) };
  const conditions = [
    ...(status.conditions ?? []).filter(({ type }) => type !== 'SharedWithoutArchive'),
    ...toConditions(shared, before, source.metadata.generation, now),
  ];
  return {
    ...{ objects, patches, deletions, postponed },
    ...(change === undefined ? {} : { change }),
    status: {
      observedGeneration: source.metadata.generation,
      conditions,
      ...(status.lastRun === undefined ? {} : { lastRun: status.lastRun }),
      ...(status.lastReconcile === undefined ? {} : { lastReconcile: status.lastReconcile }),
    },
    events: transitions(before, conditions),
    ...(rollout === undefined ? {} : { rollout }),
    ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }),
  };
}

function progressOf(
  violation: Violation | undefined,
  collector: CollectorDecision | undefined,
  used: string,
  refusal: Refusal | undefined,
): Progress {
  if (refusal !== undefined) {
    const told = { reason: camelCase(refusal.code), message: refusal.message };
    return { ready: no(told.reason, told.message), stalled: told };
  }
  if (violation !== undefined) return { ready: no(violation.reason, violation.message) };
  return collector?.progress ?? { ready: yes('Valid', used) };
}

/** Whether a person must act, or in how many milliseconds one must. */
function stalledOf(
  { source, now }: SourceSnapshot,
  config: DecisionConfig,
  violation: Violation | undefined,
  collector: CollectorDecision | undefined,
  { stalled }: Progress,
): { readonly verdict: Verdict; readonly leftMs?: number } {
  const before = source.status?.conditions;
  const later = (leftMs: number, why: { readonly reason: string; readonly message: string }) =>
    leftMs <= 0
      ? { verdict: yes(why.reason, why.message) }
      : { verdict: no('NotStalled', 'nothing waits for a person'), leftMs };
  if (violation !== undefined) {
    const graceMs = violation.family === 'Waiting' ? Math.min(companionMs, config.stallDeadlineMs) : 0;
    return later(graceMs - (graceMs === 0 ? 0 : heldFor(before, violation.concern, 'False', now)), violation);
  }
  if (stalled !== undefined) return { verdict: yes(stalled.reason, stalled.message) };
  if (collector?.trouble !== undefined) {
    const { code, message } = collector.trouble;
    return { verdict: yes(camelCase(code), `${code}: ${message}`) };
  }
  if (collector?.listening.status === 'False') {
    const left = config.stallDeadlineMs - heldFor(before, 'Listening', 'False', now);
    return later(left, { reason: 'NotListening', message: collector.listening.message });
  }
  return { verdict: no('NotStalled', 'nothing waits for a person') };
}

function violationOf(snapshot: SourceSnapshot, config: DecisionConfig): Violation | undefined {
  const { source, issues, secretKeys, secrets } = snapshot;
  if (issues.length > 0) return specInvalid(issues, 'MailboxSource');
  if ((source.spec.maildir ?? source.spec.mbox)?.path !== undefined) {
    return { concern: 'Valid', reason: 'PathOnlyStandalone', message: pathOnlyStandalone, family: 'Stalled' };
  }
  return credentialViolation(secretKeys, secrets, source.metadata.namespace ?? '', config);
}

function credentials(violation: Violation | undefined): Verdict {
  if (violation === undefined) return yes('Resolved', 'every referenced key of a Secret is there');
  if (violation.concern === 'CredentialsResolved') return no(violation.reason, violation.message);
  return unknown('NotValid', 'the Secrets are looked at once the source is valid');
}
