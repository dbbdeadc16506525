import { asMailmillError, MailmillError } from '../../telemetry/errors.ts';
import type { AccountWorker } from './account-worker.ts';
import { inTurns } from './turns.ts';

/** Logins that are tried at the same time. */
const atOnce = 4;

/**
 * The login that makes a worker ready: one account of the source is enough. False: stopped before. Throws when none can log in: what passes by
 * itself before what a person must mend.
 */
export async function firstLogin(workers: readonly AccountWorker[], stop: AbortSignal): Promise<boolean> {
  const done = new AbortController();
  const until = AbortSignal.any([stop, done.signal]);
  const results = await inTurns(workers, atOnce, async (worker) => {
    if (until.aborted) return;
    if (await worker.logIn(until)) done.abort();
  });
  if (done.signal.aborted) return true;
  if (stop.aborted) return false;
  const errors = results.flatMap((result) => (result.status === 'rejected' ? asMailmillError(result.reason) : []));
  const first = errors.find(({ family }) => family !== 'Stalled') ?? errors[0];
  if (!first) return false;
  throw workers.length === 1 ? first : ofMany(first, errors.length, workers.length);
}

/** An error of one account, told for all that failed. */
export const ofMany = (error: MailmillError, failing: number, all: number): MailmillError =>
  new MailmillError(error.family, error.code, `${failing} of ${all} accounts: ${error.message}`, {
    cause: error.cause,
    ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }),
  });
