import { no } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import { isSuspended, lastGoodOf, type WorkloadDecision } from './decision.ts';
import type { Violation } from './gate.ts';
import { keepWorkload } from './keep.ts';

/** `; revision X keeps running`, when a good one does. */
export function keepsRunning(snapshot: PipelineSnapshot): string {
  const good = lastGoodOf(snapshot);
  const workload = snapshot.deployment ?? snapshot.cronJob;
  if (workload === undefined || good === undefined || isSuspended(snapshot.pipeline)) return '';
  return `; revision ${good} keeps running`;
}

/** A generation that may not be applied: what runs is kept. */
export function hold(snapshot: PipelineSnapshot, violation: Violation, config: DecisionConfig): WorkloadDecision {
  return {
    ...keepWorkload(snapshot, config),
    deletions: [],
    progress: { ready: no(violation.reason, `${violation.message}${keepsRunning(snapshot)}`) },
    lastGood: lastGoodOf(snapshot),
    // A right that is granted raises no event that anybody could wait for.
    ...(violation.reason === 'SecretsForbidden' ? { requeueAfterMs: askAgainMs } : {}),
  };
}

const askAgainMs = 15_000;
