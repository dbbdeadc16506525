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
import type { SourceSnapshot } from '../snapshot.ts';
import { plural } from '../text.ts';
import { credentialViolation, pathOnlyStandalone, tellIssues, type Violation } from './gate.ts';
import { sharedVerdict } from './shared.ts';

export interface SourceDecision {
  readonly status: MailboxSourceStatus;
  readonly events: readonly DecidedEvent[];
  readonly requeueAfterMs?: number;
}

/** What is arrives with the same sync is waited for, at most this long. */
const companionMs = 60_000;

/** Decides what the status of a source says; a source has no children. */
export function decideSource(snapshot: SourceSnapshot, config: DecisionConfig): SourceDecision {
  const { source, readers, now } = snapshot;
  const before = source.status?.conditions;
  const violation = violationOf(snapshot, config);
  const graceMs = Math.min(companionMs, config.stallDeadlineMs);
  const left =
    violation?.family === 'Waiting' ? Math.max(0, graceMs - heldFor(before, violation.concern, 'False', now)) : 0;
  const stalled = violation !== undefined && left === 0;
  const used = readers.length === 0 ? 'no pipeline reads it' : `read by ${plural(readers.length, 'pipeline')}`;
  const conditions = toConditions(
    {
      Ready: violation === undefined ? yes('Valid', used) : no(violation.reason, violation.message),
      Reconciling:
        violation !== undefined && !stalled
          ? yes(violation.reason, violation.message)
          : no('Settled', 'nothing is under way'),
      Stalled: stalled ? yes(violation.reason, violation.message) : no('NotStalled', 'nothing waits for a person'),
      Valid: violation?.concern === 'Valid' ? no(violation.reason, violation.message) : yes('Valid', used),
      CredentialsResolved: credentials(violation),
      SharedWithoutArchive: sharedVerdict(source, readers),
    },
    before,
    source.metadata.generation,
    now,
  );
  return {
    status: { observedGeneration: source.metadata.generation, conditions },
    events: transitions(before, conditions),
    ...(left > 0 ? { requeueAfterMs: left } : {}),
  };
}

function violationOf(snapshot: SourceSnapshot, config: DecisionConfig): Violation | undefined {
  const { source, issues, secretKeys, secrets } = snapshot;
  if (issues.length > 0) {
    const message = tellIssues(issues, 'MailboxSource');
    return { concern: 'Valid', reason: 'SpecInvalid', message, family: 'Stalled' };
  }
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
