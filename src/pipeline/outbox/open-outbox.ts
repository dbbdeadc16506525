import type { SinkStatus } from '../../api/worker-status.ts';
import type { Revision } from '../revision/revision.ts';
import type { PipelineHealth } from '../worker/health.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';
import type { Outbox } from './outbox.ts';

/** Opens what feeds the sinks of a revision that have a queue, and loads its code; undefined: it has none. Throws what is wrong with their Secrets. */
export async function openOutbox(
  revision: Revision,
  pipelineId: bigint,
  environment: RunnerEnvironment,
  health: PipelineHealth,
  once: boolean,
): Promise<Outbox | undefined> {
  if (revision.sinks.every(({ webhook }) => webhook === undefined)) return undefined;
  const { Outbox } = await import('./outbox.ts');
  const { workerId, database, secret, metrics, clock, fresh, hardStop } = environment;
  const { namespace, pipeline, hash } = revision;
  const log = environment.log.with({ namespace, pipeline, revision: hash });
  return Outbox.open({
    ...{ revision, pipelineId, workerId, database, secret, health, metrics, log, clock, fresh, hardStop, once },
  });
}

/** Does `work` while what is queued is sent. Both have ended when it returns. Throws what `work` throws. */
export async function whileDelivering<T>(
  outbox: Outbox | undefined,
  stop: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  if (!outbox) return work();
  const ended = new AbortController();
  const sending = outbox.run(AbortSignal.any([stop, ended.signal]));
  try {
    return await work();
  } finally {
    ended.abort();
    await sending;
    outbox.close();
  }
}

/** Health of the sinks, with what waits for them. */
export const withQueues = (sinks: readonly SinkStatus[], outbox: Outbox | undefined): readonly SinkStatus[] =>
  outbox === undefined
    ? sinks
    : sinks.map((sink) => {
        const queue = outbox.status(sink.name);
        return queue ? { ...sink, queue } : sink;
      });
