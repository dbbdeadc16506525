import type { RunResult } from '../api/worker-status.ts';
import { isRecord } from '../kubernetes/decode.ts';
import type { Job, KubernetesObject, Pod } from '../kubernetes/objects.ts';
import { containerName } from './build/pod.ts';
import { labels, type Role } from './names.ts';

const roles: readonly Role[] = ['stream', 'run', 'check', 'preflight', 'reconcile'];

export const roleOf = (pod: KubernetesObject): Role | undefined => {
  const role = pod.metadata.labels?.[labels.role];
  return roles.find((each) => each === role);
};

export const isReady = (pod: Pod) =>
  (pod.status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');

/** No container of it runs any more, nor will. */
export const hasEnded = (pod: Pod) => pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';

export const isEnding = (pod: Pod) => pod.metadata.deletionTimestamp !== undefined;

const workerOf = (pod: Pod) => pod.status?.containerStatuses?.find(({ name }) => name === containerName);

/** The first 500 characters of what others wrote, on one line. */
const told = (text: string | undefined) => (text ?? '').replaceAll(/\s+/g, ' ').slice(0, 500);

/**
 * Why a pod does not run, in the words of the scheduler, the kubelet or the worker's own last words; `undefined` when
 * nothing speaks against it.
 */
export function podTrouble(pod: Pod): { readonly reason: string; readonly message: string } | undefined {
  const unscheduled = pod.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
  if (unscheduled !== undefined) {
    return { reason: 'Unschedulable', message: `pod ${pod.metadata.name} has no node: ${told(unscheduled.message)}` };
  }
  const container = workerOf(pod);
  const ended = container?.state?.terminated ?? container?.lastState?.terminated;
  const result = runResultOf(pod);
  if (result?.code !== undefined)
    return { reason: camelCase(result.code), message: `${result.code}: ${result.message}` };
  const waiting = container?.state?.waiting;
  if (waiting?.reason !== undefined && !['ContainerCreating', 'PodInitializing'].includes(waiting.reason)) {
    const why = told(waiting.message);
    const message = `pod ${pod.metadata.name} cannot start: ${waiting.reason}${why === '' ? '' : `: ${why}`}`;
    return { reason: waiting.reason, message };
  }
  if (ended !== undefined && ended.exitCode !== 0) {
    const why = ended.reason === undefined || ended.reason === 'Error' ? '' : ` (${ended.reason})`;
    const message = `pod ${pod.metadata.name} ended with exit code ${ended.exitCode}${why}; see kubectl logs ${pod.metadata.name} --previous`;
    return { reason: ended.reason === 'OOMKilled' ? 'OOMKilled' : 'WorkerFailed', message };
  }
  if (pod.status?.phase === 'Failed') {
    const message = `pod ${pod.metadata.name} failed: ${told(pod.status.reason)} ${told(pod.status.message)}`.trim();
    return { reason: 'PodFailed', message };
  }
  return undefined;
}

/** `IMAP_AUTH_REJECTED` as a condition's reason: `ImapAuthRejected`. */
export const camelCase = (code: string) =>
  code
    .toLowerCase()
    .split('_')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');

const states = ['Running', 'Succeeded', 'Failed', 'Cancelled'];
const counts = ['read', 'delivered', 'dropped', 'dead'] as const;
const texts = ['name', 'specHash', 'revision', 'startedAt'] as const;
const optionalTexts = ['finishedAt', 'code', 'message'] as const;

const optionalCounts = ['edition', 'done', 'total', 'removed', 'missing'] as const;
const diffCounts = ['added', 'changed', 'unchanged', 'removed'] as const;

const isDiff = (value: unknown) =>
  isRecord(value) &&
  diffCounts.every((field) => Number.isSafeInteger(value[field])) &&
  Array.isArray(value.keys) &&
  value.keys.every(
    (key) =>
      isRecord(key) &&
      typeof key.id === 'string' &&
      Array.isArray(key.columns) &&
      key.columns.every((column) => typeof column === 'string'),
  );

const foundCounts = [
  ...['accounts', 'unread', 'folders', 'listed', 'recorded'],
  ...['dead', 'excluded', 'unfinished', 'missing', 'gone'],
];

const isFound = (value: unknown) =>
  isRecord(value) && foundCounts.every((field) => Number.isSafeInteger(value[field]) && Number(value[field]) >= 0);

/** A run's result out of JSON; `undefined` when it is none. */
export function readRunResult(value: unknown): RunResult | undefined {
  if (!isRecord(value)) return undefined;
  if (!states.some((state) => state === value.state)) return undefined;
  if (!texts.every((field) => typeof value[field] === 'string')) return undefined;
  if (!counts.every((field) => Number.isSafeInteger(value[field]) && Number(value[field]) >= 0)) return undefined;
  if (!optionalCounts.every((field) => value[field] === undefined || Number.isSafeInteger(value[field])))
    return undefined;
  if (value.diff !== undefined && !isDiff(value.diff)) return undefined;
  if (value.reconcile !== undefined && !isFound(value.reconcile)) return undefined;
  if (!optionalTexts.every((field) => value[field] === undefined || typeof value[field] === 'string')) return undefined;
  return value as unknown as RunResult; // each field was looked at just now
}

/** The worker's last words: its termination message. */
export function runResultOf(pod: Pod): RunResult | undefined {
  const container = workerOf(pod);
  const message = (container?.state?.terminated ?? container?.lastState?.terminated)?.message;
  if (message === undefined) return undefined;
  try {
    return readRunResult(JSON.parse(message));
  } catch {
    return undefined; // cut, or not ours: the exit code remains
  }
}

/** The result among the pods of a Job: of the one that ended last. */
export function resultOfJob(job: Job, pods: readonly Pod[]): RunResult | undefined {
  const results = pods
    .filter((pod) => pod.metadata.ownerReferences?.some(({ uid }) => uid === job.metadata.uid))
    .flatMap((pod) => runResultOf(pod) ?? []);
  return results.sort((a, b) => (endOf(a) < endOf(b) ? -1 : 1)).at(-1);
}

const endOf = (result: RunResult) => result.finishedAt ?? result.startedAt;

export type JobState = 'Running' | 'Succeeded' | 'Failed';

/** How a Job ended, and when. */
export function jobState(job: Job): { readonly state: JobState; readonly at?: string; readonly message?: string } {
  for (const { type, status, message, lastTransitionTime } of job.status?.conditions ?? []) {
    if (status !== 'True') continue;
    if (type === 'Complete' || type === 'SuccessCriteriaMet') {
      return { state: 'Succeeded', at: job.status?.completionTime ?? lastTransitionTime };
    }
    if (type === 'Failed' || type === 'FailureTarget') return { state: 'Failed', at: lastTransitionTime, message };
  }
  return { state: 'Running' };
}
