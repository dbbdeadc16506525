import { createHash } from 'node:crypto';
import type { RetrySpec } from '../../api/kinds/queue.ts';
import { milliseconds } from '../../api/schema.ts';
import type { Attempt } from '../../sinks/sink.ts';
import { type MailmillError, stalled } from '../../telemetry/errors.ts';

/** So many in a row that a receiver will never take: it is the configuration that is probably wrong, as with dead messages. */
export const refusedInRowLimit = 50;

export interface RetryPolicy {
  readonly attempts: number;
  readonly backoffMs: number;
  readonly maxBackoffMs: number;
}

export const retryPolicy = ({ attempts = 8, backoff = '5s', maxBackoff = '10m' }: RetrySpec): RetryPolicy => ({
  attempts,
  backoffMs: milliseconds(backoff),
  maxBackoffMs: milliseconds(maxBackoff),
});

/** What is known when an attempt has ended. */
export interface AttemptFacts {
  /** Failures that counted before. */
  readonly failures: number;
  /** The receiver has taken something else since this delivery was tried before, or since this attempt began. */
  readonly tookOthers: boolean;
  /** Documents that the receiver refused since it took one. */
  readonly refusedInRow: number;
}

/** What happens to a delivery now. `trouble`: nothing more is sent until a single delivery got through. */
export interface AttemptDecision {
  readonly kind: 'Acknowledged' | 'Retrying' | 'Dead';
  readonly code: string;
  readonly detail: string;
  readonly failures: number;
  readonly afterMs: number;
  readonly trouble?: MailmillError;
}

/**
 * Decides by what became of an attempt. A failure counts against a delivery only while the receiver takes others: one that takes nothing is away,
 * however long, and then no document is at fault.
 *
 * @param random from 0 to 1.
 */
export function decide(attempt: Attempt, facts: AttemptFacts, policy: RetryPolicy, random: number): AttemptDecision {
  const { failures } = facts;
  switch (attempt.outcome) {
    case 'Acknowledged':
      return { kind: 'Acknowledged', code: '', detail: '', failures, afterMs: 0 };
    case 'Refused': {
      const { code, detail } = attempt;
      if (facts.refusedInRow + 1 < refusedInRowLimit) return { kind: 'Dead', code, detail, failures, afterMs: 0 };
      const trouble = stalled(
        'SINK_REFUSES_ALL',
        `the receiver refused ${refusedInRowLimit} documents in a row, now: ${detail}; correct the receiver or the pipeline, then \`mailmill dead retry\` sends what is dead again`,
      );
      return { kind: 'Retrying', code, detail, failures, afterMs: pause(policy, 1, undefined, random), trouble };
    }
    case 'Misconfigured': {
      const { code, message } = attempt.error;
      const afterMs = pause(policy, 1, undefined, random);
      return { kind: 'Retrying', code, detail: message, failures, afterMs, trouble: attempt.error };
    }
    case 'Failed':
      return failed(attempt.error, facts, policy, random);
  }
}

function failed(error: MailmillError, facts: AttemptFacts, policy: RetryPolicy, random: number): AttemptDecision {
  const { code, message, family, retryAfterMs } = error;
  const counts = facts.tookOthers && family !== 'Waiting';
  const failures = facts.failures + (counts ? 1 : 0);
  if (failures >= policy.attempts)
    return {
      kind: 'Dead',
      code,
      detail: `it failed ${failures} times while the receiver took others; the last time: ${message}`,
      failures,
      afterMs: 0,
    };
  const afterMs = pause(policy, Math.max(failures, 1), retryAfterMs, random);
  return { kind: 'Retrying', code, detail: message, failures, afterMs, ...(!counts && { trouble: error }) };
}

function pause({ backoffMs, maxBackoffMs }: RetryPolicy, times: number, asked: number | undefined, random: number) {
  const ms = Math.min(backoffMs * 2 ** (times - 1), maxBackoffMs) * (0.8 + 0.4 * random);
  return Math.max(Math.round(ms), asked ?? 0);
}

/** A delivery's id, a UUIDv8 that every repeat carries: by pipeline, sink, document and edition. */
export function deliveryId(
  of: { readonly namespace: string; readonly pipeline: string; readonly sink: string },
  documentId: string,
  edition: number,
): string {
  const text = [of.namespace, of.pipeline, of.sink, documentId, edition].join('\0');
  const bytes = createHash('sha256').update(text).digest().subarray(0, 16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x80;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
