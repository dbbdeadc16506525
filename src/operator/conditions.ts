import type { Condition } from '../api/conditions.ts';

/** What a check says of one concern. */
export interface Verdict {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export const yes = (reason: string, message: string): Verdict => ({ status: 'True', reason, message });
export const no = (reason: string, message: string): Verdict => ({ status: 'False', reason, message });
export const unknown = (reason: string, message: string): Verdict => ({ status: 'Unknown', reason, message });

/** Concerns in the order in which a reader meets them. */
export const conditionTypes = [
  'Ready',
  'Reconciling',
  'Stalled',
  'Valid',
  'CredentialsResolved',
  'Listening',
  'Connected',
  'Flowing',
  'Delivering',
  'Complete',
  'SharedWithoutArchive',
  'ReplicasLimited',
] as const;

export type ConditionType = (typeof conditionTypes)[number];
export type Verdicts = Readonly<Partial<Record<ConditionType, Verdict | undefined>>>;

const maxMessage = 4_000;

/** Conditions out of verdicts; `lastTransitionTime` moves only with the status. */
export function toConditions(
  verdicts: Verdicts,
  before: readonly Condition[] | undefined,
  generation: number | undefined,
  now: number,
): Condition[] {
  // Whole seconds, as the API server's own conditions have them.
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  return conditionTypes.flatMap((type) => {
    const verdict = verdicts[type];
    if (verdict === undefined) return [];
    const old = before?.find((condition) => condition.type === type);
    const { status, reason, message } = verdict;
    return [
      {
        type,
        status,
        reason,
        message: message.slice(0, maxMessage),
        lastTransitionTime: old?.status === status ? old.lastTransitionTime : time,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
      },
    ];
  });
}

/** Milliseconds that a condition has had its status; 0 when it is another one now. */
export function heldFor(
  before: readonly Condition[] | undefined,
  type: ConditionType,
  status: Verdict['status'],
  now: number,
): number {
  const old = before?.find((condition) => condition.type === type);
  return old?.status === status ? Math.max(0, now - Date.parse(old.lastTransitionTime)) : 0;
}

/** Concerns whose truth is trouble. */
const adverse: readonly string[] = ['Stalled', 'SharedWithoutArchive', 'ReplicasLimited'];

export interface DecidedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly action: string;
  readonly note: string;
}

/** An event for each concern that went wrong, changed its reason while wrong, or came right again. */
export function transitions(before: readonly Condition[] | undefined, after: readonly Condition[]): DecidedEvent[] {
  const events: DecidedEvent[] = [];
  for (const { type, status, reason, message } of after) {
    if (type === 'Reconciling') continue;
    const old = before?.find((condition) => condition.type === type);
    if (old?.status === status && old.reason === reason) continue;
    const bad = adverse.includes(type) ? 'True' : 'False';
    const known = old !== undefined && old.status === bad;
    if (status === bad && !(type === 'Ready' && isProgress(reason))) {
      events.push({ type: 'Warning', reason, action: type, note: message });
    } else if (type === 'Ready' && status === 'True') {
      events.push({ type: 'Normal', reason, action: type, note: message });
    } else if (known && status !== 'Unknown' && type !== 'Ready') {
      events.push({ type: 'Normal', reason, action: type, note: message });
    }
  }
  // One mistake shows in several conditions: it is told once.
  return events.filter(
    (event, at) => events.findIndex(({ reason, note }) => reason === event.reason && note === event.note) === at,
  );
}

/** Reasons of a Ready that is only on its way. */
export const progressReasons = [
  ...['RollingOut', 'RolloutQueued', 'Checking', 'Preflight', 'PreflightWaiting', 'Suspending', 'Applying'],
  // Of a run.
  ...['Starting', 'Asked', 'Running', 'WaitsForRun'],
] as const;
const isProgress = (reason: string) => progressReasons.some((each) => each === reason);
