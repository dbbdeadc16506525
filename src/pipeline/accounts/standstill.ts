import { recordStall, stallOf } from '../../store/stalls.ts';
import { asMailmillError, type MailmillError, stalled } from '../../telemetry/errors.ts';
import { sleep } from '../backoff.ts';
import type { PipelineContext } from '../context.ts';

const lookMs = 5_000;

/** An account needs a person. Never throws: that the store does not hear of it must not end the account's work. */
export async function tellStalled(context: PipelineContext, who: string, error: MailmillError): Promise<void> {
  context.health.stall(who, error);
  if (error.code !== 'DEAD_RATE_EXCEEDED') return;
  try {
    await recordStall(context.database, context.pipelineId, context.revision.hash, error.code, error.message);
  } catch (thrown) {
    context.log.warn('could not record that the pipeline stands still', { code: asMailmillError(thrown).code });
  }
}

/**
 * Waits while the store says that this revision stands still; the cursor does not move until a person acts. With `once` it throws
 * instead, Stalled.
 */
export async function whileStalled(
  context: PipelineContext,
  who: string,
  once: boolean,
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    const stall = await stallOf(context.database, context.pipelineId, context.revision.hash);
    context.deadAccepted = stall?.accepted ?? false;
    if (!stall || stall.accepted) return;
    context.health.stall(who, stall);
    if (once) throw stalled(stall.code, stall.message);
    await sleep(lookMs, stop);
  }
}
