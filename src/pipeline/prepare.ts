import { Gate } from '../message/authentication/gate.ts';
import type { PreparedSteps } from '../steps/registry.ts';
import type { CompiledStep, StepRun } from '../steps/step.ts';
import type { ReadMessage } from './processed.ts';

/** Messages of one batch that are prepared at the same time. */
const concurrency = 8;
/** For a whole batch; what its steps do not know by then they call unknown. A server tolerates a silence of this length. */
const batchMs = 30_000;

async function prepareOne(
  read: ReadMessage,
  steps: readonly CompiledStep[],
  signal: AbortSignal,
): Promise<PreparedSteps> {
  const prepared = new Map<string, StepRun>();
  for (const step of steps) if (step.prepare) prepared.set(step.name, await step.prepare(read, signal));
  return prepared;
}

/**
 * Lets the steps that must ask somebody do so for the messages of a batch, before it is judged; takes 30 s at most. Without such steps
 * the messages are returned as they are.
 *
 * @throws what is wrong with the configuration of a step; the signal's reason when it is aborted.
 */
export async function prepareMessages(
  messages: readonly ReadMessage[],
  steps: readonly CompiledStep[],
  signal: AbortSignal,
): Promise<readonly ReadMessage[]> {
  const asking = steps.filter((step) => step.prepare !== undefined);
  if (asking.length === 0) return messages;
  const failed = new AbortController();
  const ended = AbortSignal.any([signal, failed.signal, AbortSignal.timeout(batchMs)]);
  const gate = new Gate(concurrency);
  const prepare = async (read: ReadMessage): Promise<ReadMessage> => {
    if ('death' in read.parsed) return read;
    try {
      return { ...read, prepared: await gate.run(() => prepareOne(read, asking, ended)) };
    } catch (error) {
      failed.abort();
      throw error;
    }
  };
  const results = await Promise.allSettled(messages.map(prepare));
  // What was not answered because the worker ends must not be recorded.
  signal.throwIfAborted();
  return results.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
}
