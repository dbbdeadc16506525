import { type ConditionType, heldFor, no, type Verdict, yes } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import type { Health } from '../health.ts';
import { someAccountsFail } from '../health-lists.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import type { WorkloadDecision } from './decision.ts';
import type { Violation } from './gate.ts';

export interface StallInput {
  readonly snapshot: PipelineSnapshot;
  readonly config: DecisionConfig;
  readonly violation: Violation | undefined;
  readonly workload: WorkloadDecision;
  readonly health: Health;
  /** The newest run of a scheduled pipeline failed for a reason that needs a person. */
  readonly runStalled: boolean;
}

/** A reason to be Stalled now, or in how many milliseconds it will be one. */
type Finding =
  | { readonly kind: 'Stalled'; readonly reason: string; readonly message: string }
  | { readonly kind: 'Later'; readonly inMs: number };

export type StallCheck = (input: StallInput) => Finding | undefined;

/** Why a person must act; the first one counts. */
export const stallChecks: readonly StallCheck[] = [
  // Nothing else can come right before this does.
  NotApplicable,
  // The new revision failed; the old one may be well.
  RolloutFailed,
  // The cursor stands still by decision.
  WorkerStalled,
  RunStalled,
  // Mail servers and databases come back by themselves, or not.
  NotConnected,
  NotDelivering,
];

/** What arrives with the same sync is waited for, at most this long. */
const companionMs = 60_000;

export function decideStalled(input: StallInput): { readonly verdict: Verdict; readonly requeueAfterMs?: number } {
  const waits: number[] = [];
  for (const check of stallChecks) {
    const finding = check(input);
    if (finding?.kind === 'Stalled') return { verdict: yes(finding.reason, finding.message) };
    if (finding?.kind === 'Later') waits.push(finding.inMs);
  }
  const verdict = no('NotStalled', 'nothing waits for a person');
  return waits.length === 0 ? { verdict } : { verdict, requeueAfterMs: Math.max(1_000, Math.min(...waits)) };
}

function NotApplicable({ snapshot, violation, config }: StallInput): Finding | undefined {
  if (violation === undefined) return undefined;
  const { reason, message, concern, family } = violation;
  if (family === 'Stalled') return { kind: 'Stalled', reason, message };
  return after(snapshot, concern, Math.min(companionMs, config.stallDeadlineMs), { reason, message });
}

function RolloutFailed({ workload }: StallInput): Finding | undefined {
  const { stalled } = workload.progress;
  return stalled && { kind: 'Stalled', ...stalled };
}

function WorkerStalled({ health }: StallInput): Finding | undefined {
  const { stalled } = health;
  return stalled && { kind: 'Stalled', reason: 'WorkerStalled', message: `${stalled.code}: ${stalled.message}` };
}

function RunStalled({ runStalled, health }: StallInput): Finding | undefined {
  return runStalled ? { kind: 'Stalled', reason: 'RunFailed', message: health.flowing.message } : undefined;
}

function NotConnected({ snapshot, health, config }: StallInput): Finding | undefined {
  if (health.connected.reason === someAccountsFail) return undefined;
  return tooLong(snapshot, 'Connected', health.connected, config);
}

function NotDelivering({ snapshot, health, config }: StallInput): Finding | undefined {
  return tooLong(snapshot, 'Delivering', health.delivering, config);
}

function tooLong(
  snapshot: PipelineSnapshot,
  type: 'Connected' | 'Delivering',
  verdict: Verdict,
  config: DecisionConfig,
): Finding | undefined {
  if (verdict.status !== 'False') return undefined;
  return after(snapshot, type, config.stallDeadlineMs, { reason: `Not${type}`, message: verdict.message });
}

/** Stalled once a condition that is False now has been so for `limitMs`. */
function after(
  { pipeline, now }: PipelineSnapshot,
  type: ConditionType,
  limitMs: number,
  why: { readonly reason: string; readonly message: string },
): Finding {
  const left = limitMs - heldFor(pipeline.status?.conditions, type, 'False', now);
  return left <= 0 ? { kind: 'Stalled', ...why } : { kind: 'Later', inMs: left };
}
