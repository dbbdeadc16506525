import type { EmailPipelineRunStatus } from '../../api/email-pipeline-run.ts';
import { isIncremental, planOf, workOf } from '../../api/run-plan.ts';
import type { RunResult } from '../../api/worker-status.ts';
import type { Job, Pod } from '../../kubernetes/objects.ts';
import { referencedSecrets } from '../../pipeline/revision/compile.ts';
import { runJob } from '../build/jobs.ts';
import {
  type DecidedEvent,
  heldFor,
  no,
  toConditions,
  transitions,
  type Verdict,
  type Verdicts,
  yes,
} from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { runSpecHash } from '../names.ts';
import { jobState, podTrouble, resultOfJob, roleOf } from '../pods.ts';
import type { RunSnapshot, WorkerObservation } from '../snapshot.ts';
import { isScheduled } from './decision.ts';
import { credentialViolation } from './gate.ts';
import { fromResult } from './last-run.ts';
import { isStopped } from './replicas.ts';

/** What is to be done about a run on demand. */
export interface RunDecision {
  /** A Job to make. */
  readonly job?: Job;
  /** A worker (by its pod) to ask for the run, again and again until it shows it: the run is known by its key. */
  readonly ask?: { readonly pod: string; readonly name: string; readonly specHash: string };
  /** Absent: the run is over, nothing is written any more. */
  readonly status?: EmailPipelineRunStatus;
  readonly events: readonly DecidedEvent[];
  readonly requeueAfterMs?: number;
}

const askAgainMs = 2_000;
const waitMs = 10_000;
/** What arrives with the same sync is waited for, at most this long. */
const companionMs = 60_000;
/** How far a run is, is written at most this often. */
const progressMs = 30_000;

/** Whether a pod reads the mail of its pipeline, or is to: no run of its own. */
export const isWorker = (pod: Pod) => roleOf(pod) !== 'run';

/** Whether a run has ended: it is never executed again. */
export const isOver = (status: EmailPipelineRunStatus | undefined) =>
  status?.state === 'Succeeded' || status?.state === 'Failed';

/** Decides about one run: by a Job of the last good revision, or by a worker that streams anyway. */
export function decideRun(snapshot: RunSnapshot, config: DecisionConfig): RunDecision {
  const { run, pipeline, lastGood, job } = snapshot;
  if (isOver(run.status)) return { events: [] };
  const specHash = runSpecHash(run.spec);
  if (job !== undefined) return byJob(snapshot, job);
  if (pipeline === undefined) {
    const message = `there is no EmailPipeline "${run.spec.pipeline.name}" in this namespace; create it, or delete the run`;
    return wanting(snapshot, 'PipelineMissing', message, companionMs);
  }
  const shown = resultIn(snapshot.workers, snapshot, specHash);
  if (shown !== undefined) return told(snapshot, shown);
  const ahead = runAhead(snapshot);
  if (ahead !== undefined) {
    const message = `run ${ahead} goes first: runs of a pipeline are executed one at a time`;
    return pending(snapshot, 'WaitsForRun', message);
  }
  if (lastGood === undefined) {
    const message = `pipeline ${pipeline.metadata.name} has no revision yet that became ready; the run begins when it has`;
    return wanting(snapshot, 'PipelineNotReady', message, config.rolloutDeadlineMs);
  }
  // A worker that streams looks for what is new anyway; what reads again is not to hold it up.
  if (!isIncremental(planOf(run.spec)) || isScheduled(pipeline) || isStopped(pipeline)) {
    // A pod that mounts a missing Secret would hang in ContainerCreating.
    const violation = credentialViolation(
      referencedSecrets(lastGood),
      snapshot.secrets,
      run.metadata.namespace ?? '',
      config,
    );
    if (violation !== undefined) {
      const limitMs = violation.family === 'Waiting' ? companionMs : 0;
      return wanting(snapshot, violation.reason, violation.message, limitMs);
    }
    const input = { revision: lastGood, template: pipeline.spec.template, work: workOf(run.spec) };
    const made = runJob({ ...input, run: run.metadata.name, specHash }, config);
    return { ...pending(snapshot, 'Starting', `Job ${made.metadata.name} is being made`), job: made };
  }
  const worker = snapshot.workers.find(({ status }) => status?.ready);
  if (worker === undefined) {
    const message = 'no worker of the pipeline is ready; the run begins when one is';
    return wanting(snapshot, 'NoWorker', message, config.rolloutDeadlineMs);
  }
  const decision = pending(snapshot, 'Asked', 'a worker was asked to check every folder');
  return { ...decision, ask: { pod: worker.pod, name: run.metadata.name, specHash }, requeueAfterMs: askAgainMs };
}

/** The run of the same pipeline that goes before this one: one that is under way, else the oldest. */
function runAhead({ run, others }: RunSnapshot): string | undefined {
  const age = ({ metadata }: RunSnapshot['run']) => `${metadata.creationTimestamp ?? '9'}/${metadata.name}`;
  const before = others.filter((other) => other.status?.state === 'Running' || age(other) < age(run));
  return before.sort((a, b) => (age(a) < age(b) ? -1 : 1))[0]?.metadata.name;
}

function resultIn(
  workers: readonly WorkerObservation[],
  { run }: RunSnapshot,
  specHash: string,
): RunResult | undefined {
  const results = workers
    .flatMap(({ status }) => status?.runs ?? [])
    .filter((result) => result.name === run.metadata.name && result.specHash === specHash);
  return results.find(({ state }) => state !== 'Running') ?? results[0];
}

function byJob(snapshot: RunSnapshot, job: Job): RunDecision {
  const ended = jobState(job);
  const result = resultOfJob(job, snapshot.pods);
  if (ended.state === 'Running') {
    const trouble = snapshot.pods.map(podTrouble).find(Boolean);
    const message = trouble === undefined ? `Job ${job.metadata.name} runs` : trouble.message;
    const startedAt = job.status?.startTime;
    const status = { state: 'Running' as const, ...(startedAt && { startedAt }), ...progressOf(snapshot) };
    return { ...write(snapshot, status, under('Running', message)), requeueAfterMs: progressMs };
  }
  if (result?.state === 'Succeeded' || result?.state === 'Failed') return told(snapshot, result);
  const message = ended.message ?? `Job ${job.metadata.name} ended without a result; see its pods`;
  const status = { state: ended.state, ...(ended.at && { finishedAt: ended.at }) };
  return ended.state === 'Succeeded'
    ? write(snapshot, status, succeeded(`Job ${job.metadata.name} succeeded`))
    : write(snapshot, { ...status, message: message.slice(0, 1024) }, failed(message));
}

/** How far the Job says that it is; what was written before stays for a while. */
function progressOf(snapshot: RunSnapshot): Pick<EmailPipelineRunStatus, 'progress'> {
  const { run, now, jobWorkers } = snapshot;
  const before = run.status?.progress;
  if (before !== undefined && now - Date.parse(before.at) < progressMs) return { progress: before };
  const result = resultIn(jobWorkers, snapshot, runSpecHash(run.spec));
  if (result?.done === undefined || result.total === undefined) return before === undefined ? {} : { progress: before };
  const { done, total } = result;
  if (before?.done === done && before.total === total) return { progress: before };
  return { progress: { done, total, at: `${new Date(now).toISOString().slice(0, 19)}Z` } };
}

/** What only runs on demand have of a result. */
const more = ({ edition, removed, missing, diff }: RunResult) => ({
  ...(edition !== undefined && { edition }),
  ...(removed !== undefined && { removed }),
  ...(missing !== undefined && { missing }),
  ...(diff !== undefined && {
    diff: { ...diff, keys: diff.keys.map((key) => ({ ...key, columns: [...key.columns] })) },
  }),
});

function told(snapshot: RunSnapshot, result: RunResult): RunDecision {
  const { message, ...base } = fromResult(result);
  const status = { ...base, ...more(result) };
  if (result.state === 'Running') {
    const { state, startedAt } = status;
    // Live counters are for /status and metrics.
    const decision = write(snapshot, { state, startedAt }, under('Running', 'every folder is being checked'));
    return { ...decision, requeueAfterMs: waitMs };
  }
  if (result.state === 'Failed') {
    const why = message ?? 'the worker did not say why';
    return write(snapshot, { ...status, message: why }, failed(why));
  }
  return write(snapshot, status, succeeded(summary(snapshot, result)));
}

function summary({ run }: RunSnapshot, result: RunResult): string {
  const { read, delivered, dropped, dead, removed = 0, missing = 0, diff } = result;
  const incremental = isIncremental(planOf(run.spec));
  if (diff !== undefined)
    return `of ${read} messages: ${diff.added} documents would be added, ${diff.changed} changed, ${diff.removed} removed, ${diff.unchanged} are the same; ${dead} messages would be dead`;
  if (read === 0 && removed + missing === 0)
    return incremental ? 'every folder was checked; nothing was new' : 'there was nothing to do';
  const gone = missing === 0 ? '' : `, ${missing} that nobody has any more`;
  const rows = removed === 0 ? '' : `; ${removed} rows of messages that are gone removed`;
  return `${delivered} of ${read} messages delivered, ${dropped} dropped, ${dead} dead${gone}${rows}`;
}

const pending = (snapshot: RunSnapshot, reason: string, message: string): RunDecision => ({
  ...write(snapshot, { state: 'Pending' }, under(reason, message)),
  requeueAfterMs: waitMs,
});

/** What is wanting may be on its way; after `limitMs` a person must see to it. The run begins all the same once it is there. */
function wanting(snapshot: RunSnapshot, reason: string, message: string, limitMs: number): RunDecision {
  const { run, now } = snapshot;
  const before = run.status?.conditions;
  const same = before?.some((condition) => condition.type === 'Ready' && condition.reason === reason) ?? false;
  const heldMs = same ? heldFor(before, 'Ready', 'False', now) : 0;
  if (heldMs < limitMs) return pending(snapshot, reason, message);
  const told = verdicts(no(reason, message), no('Stalled', 'see the condition Stalled'), yes(reason, message));
  return { ...write(snapshot, { state: 'Pending' }, told), requeueAfterMs: waitMs };
}

type Run = Pick<Verdicts, 'Ready' | 'Reconciling' | 'Stalled'>;
const verdicts = (Ready: Verdict, Reconciling: Verdict, Stalled: Verdict): Run => ({ Ready, Reconciling, Stalled });
const settled = no('Settled', 'the run is over');
const notStalled = no('NotStalled', 'nothing waits for a person');
const under = (reason: string, message: string) => verdicts(no(reason, message), yes(reason, message), notStalled);
const succeeded = (message: string) => verdicts(yes('Succeeded', message), settled, notStalled);
const failed = (message: string) => verdicts(no('Failed', message), settled, yes('Failed', message));

function write({ run, now }: RunSnapshot, status: EmailPipelineRunStatus, run3: Run): RunDecision {
  const { generation } = run.metadata;
  const conditions = toConditions(run3, run.status?.conditions, generation, now);
  return {
    status: { observedGeneration: generation, ...status, conditions },
    events: transitions(run.status?.conditions, conditions),
  };
}
