import type { EmailPipelineStatus, LastRun } from '../../api/email-pipeline.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import {
  type DecidedEvent,
  no,
  toConditions,
  transitions,
  unknown,
  type Verdict,
  type Verdicts,
  yes,
} from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { assess, type Health, isOfSource } from '../health.ts';
import { selectorText, workerSelector } from '../names.ts';
import { camelCase } from '../pods.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import {
  idleReasons,
  isScheduled,
  isSuspended,
  pollMsOf,
  rollingSecrets,
  secretsHashOf,
  type WorkloadDecision,
} from './decision.ts';
import { firstViolation, type Violation } from './gate.ts';
import { hold } from './hold.ts';
import { decideLastRun, type LastRunDecision } from './last-run.ts';
import { decidePreflight, leftovers } from './preflight.ts';
import { decideReconcile } from './reconcile.ts';
import { replicasVerdict } from './replicas.ts';
import { revisionChange } from './revision-change.ts';
import { decideScheduled } from './scheduled.ts';
import { sharedVerdict } from './shared.ts';
import { decideStalled } from './stalled.ts';
import { decideStreaming } from './streaming.ts';

/** What is to be done about a pipeline, and what its status says afterwards. */
export interface PipelineDecision extends WorkloadDecision {
  readonly status: EmailPipelineStatus;
  /** Workers are still being asked, and there is nothing else new: the status is better left as it is until then. */
  readonly postponed: boolean;
  readonly events: readonly DecidedEvent[];
  /** What makes this generation another revision than the one that runs. */
  readonly change?: string;
}

/** Why what was decided could not be done: the API server, or somebody else's object, said no. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
}

/**
 * Decides about one pipeline. Pure: the same snapshot gives the same decision.
 *
 * @param refusal what the last try to carry it out met; the conditions then say so.
 */
export function decidePipeline(
  snapshot: PipelineSnapshot,
  config: DecisionConfig,
  refusal?: Refusal,
): PipelineDecision {
  const { pipeline, now } = snapshot;
  const before = pipeline.status?.conditions;
  const violation = firstViolation(snapshot, config);
  const workload = refused(decideWorkload(snapshot, violation, config), refusal);
  const completeness = decideReconcile(snapshot, goodOf(snapshot, violation, workload), config);
  const last = isScheduled(pipeline) ? decideLastRun(snapshot) : noRun;
  const health = healthOf(snapshot, last);
  const stall = decideStalled({ snapshot, config, violation, workload, health, runStalled: last.stalled });
  const verdicts: Verdicts = {
    Ready: workload.progress.ready,
    Reconciling: reconciling(workload, violation, stall.verdict),
    Stalled: stall.verdict,
    Valid: valid(violation),
    CredentialsResolved: credentials(snapshot, violation),
    Connected: health.connected,
    Flowing: health.flowing,
    Delivering: health.delivering,
    Complete: completeness.verdict,
    SharedWithoutArchive: sharedVerdict(snapshot.source, snapshot.readers),
    ReplicasLimited: replicasVerdict(snapshot),
  };
  const conditions = toConditions(verdicts, before, pipeline.metadata.generation, now);
  const change = changeOf(snapshot);
  const waits = [workload.requeueAfterMs, stall.requeueAfterMs].filter((wait) => wait !== undefined);
  return {
    ...workload,
    objects: [...workload.objects, ...completeness.objects],
    patches: [...workload.patches, ...completeness.patches],
    deletions: [...workload.deletions, ...completeness.deletions],
    postponed:
      snapshot.workers.some(({ unasked }) => unasked) &&
      (pipeline.status === undefined || pipeline.status.observedGeneration === pipeline.metadata.generation),
    status: {
      ...statusOf(snapshot, workload, last.lastRun),
      ...(completeness.last === undefined ? {} : { lastReconcile: completeness.last }),
      conditions,
    },
    // That others read its source too is the source's to tell.
    events: transitions(before, conditions).filter(({ action }) => action !== 'SharedWithoutArchive'),
    ...(change === undefined ? {} : { change }),
    ...(waits.length === 0 ? {} : { requeueAfterMs: Math.min(...waits) }),
  };
}

/** What the pipeline compiles to, when it became ready and may be applied. */
function goodOf(
  { compilation }: PipelineSnapshot,
  violation: Violation | undefined,
  { lastGood }: WorkloadDecision,
): Revision | undefined {
  if (violation !== undefined || compilation.kind !== 'Compiled') return undefined;
  return compilation.revision.hash === lastGood ? compilation.revision : undefined;
}

const changeOf = ({ applied, compilation }: PipelineSnapshot) =>
  applied === undefined || compilation.kind !== 'Compiled' || applied.hash === compilation.revision.hash
    ? undefined
    : revisionChange(applied, compilation.revision);

const noRun: LastRunDecision = { lastRun: undefined, stalled: false };

function decideWorkload(
  snapshot: PipelineSnapshot,
  violation: Violation | undefined,
  config: DecisionConfig,
): WorkloadDecision {
  const { compilation, pipeline, secrets } = snapshot;
  if (violation !== undefined) return hold(snapshot, violation, config);
  // The gate has seen to both; the types cannot know.
  const hash =
    compilation.kind === 'Compiled'
      ? secretsHashOf(rollingSecrets(compilation.secrets, compilation.revision), secrets, config)
      : undefined;
  if (compilation.kind !== 'Compiled' || hash === undefined) throw new Error('the gate let pass what is incomplete');
  const held = decidePreflight(snapshot, compilation.revision, hash, config);
  if (held !== undefined) return held;
  const decide = isScheduled(pipeline) ? decideScheduled : decideStreaming;
  const decision = decide(snapshot, compilation.revision, hash, config);
  const good = decision.lastGood === compilation.revision.hash;
  return good ? { ...decision, deletions: [...decision.deletions, ...leftovers(snapshot)] } : decision;
}

function refused(workload: WorkloadDecision, refusal: Refusal | undefined): WorkloadDecision {
  if (refusal === undefined) return workload;
  const { message } = refusal;
  const reason = camelCase(refusal.code);
  return { ...workload, progress: { ready: no(reason, message), stalled: { reason, message } } };
}

function statusOf(
  { pipeline, compilation, deployment }: PipelineSnapshot,
  { lastGood, progress }: WorkloadDecision,
  lastRun: LastRun | undefined,
): EmailPipelineStatus {
  const { status: before, metadata } = pipeline;
  const revision = compilation.kind === 'Compiled' ? compilation.revision.hash : undefined;
  const proven =
    lastGood !== undefined &&
    lastGood === revision &&
    progress.ready.status === 'True' &&
    !idleReasons.some((reason) => reason === progress.ready.reason);
  const kept = before?.lastGoodRevision === lastGood ? before?.lastGoodGeneration : undefined;
  const lastGoodGeneration = proven ? metadata.generation : kept;
  return {
    ...(metadata.generation === undefined ? {} : { observedGeneration: metadata.generation }),
    ...(revision === undefined ? {} : { revision }),
    ...(lastGood === undefined ? {} : { lastGoodRevision: lastGood }),
    ...(lastGoodGeneration === undefined ? {} : { lastGoodGeneration }),
    ...(isScheduled(pipeline)
      ? {}
      : { replicas: deployment?.status?.replicas ?? 0, selector: selectorText(workerSelector(metadata.name)) }),
    ...(lastRun === undefined ? {} : { lastRun }),
  };
}

function healthOf(snapshot: PipelineSnapshot, { lastRun }: LastRunDecision): Health {
  const { pipeline, compilation, applied, workers, now } = snapshot;
  if (isSuspended(pipeline)) return all(unknown('Suspended', 'no worker runs while the pipeline is suspended'));
  if (isScheduled(pipeline)) return runHealth(lastRun);
  return assess(workers, pollMsOf(compilation, applied), now);
}

const all = (verdict: Verdict): Health => ({ connected: verdict, flowing: verdict, delivering: verdict });

/** A scheduled pipeline is as well as its newest run was. */
function runHealth(run: LastRun | undefined): Health {
  if (run === undefined) return all(unknown('NotYetRun', 'no run has finished yet'));
  if (run.state === 'Succeeded') return all(yes('RunSucceeded', `run ${run.name} succeeded`));
  const code = /^([A-Z][A-Z0-9_]+): /.exec(run.message ?? '')?.[1];
  const message = `run ${run.name} failed: ${run.message ?? 'see the log of its pod'}`;
  const failed = no(code === undefined ? 'RunFailed' : camelCase(code), message);
  const silent = unknown('RunFailed', message);
  const delivery = code !== undefined && /^(STORE|SINK|DEAD)_/.test(code);
  const connection = code !== undefined && (isOfSource(code) || code.startsWith('SECRET_'));
  return {
    connected: connection ? failed : silent,
    flowing: no('RunFailed', message),
    delivering: delivery ? failed : silent,
  };
}

function reconciling({ progress }: WorkloadDecision, violation: Violation | undefined, stalled: Verdict): Verdict {
  if (stalled.status === 'True') return no('Stalled', 'see the condition Stalled');
  if (violation !== undefined) return yes(violation.reason, violation.message);
  const under = progress.reconciling;
  return under === undefined ? no('Settled', 'nothing is under way') : yes(under.reason, under.message);
}

function valid(violation: Violation | undefined): Verdict {
  if (violation?.concern === 'Valid') return no(violation.reason, violation.message);
  return yes('Valid', 'the pipeline compiles with its source');
}

function credentials({ compilation }: PipelineSnapshot, violation: Violation | undefined): Verdict {
  if (violation?.concern === 'CredentialsResolved') return no(violation.reason, violation.message);
  if (violation !== undefined || compilation.kind !== 'Compiled') {
    return unknown('NotCompiled', 'which Secrets are needed is known once the pipeline compiles');
  }
  return yes('Resolved', 'every referenced key of a Secret is there');
}
