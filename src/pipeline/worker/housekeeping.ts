import type { Database } from '../../store/database.ts';
import { sweepPayloads } from '../../store/outbox-queue.ts';
import { dropExpiredPartitions, ensurePartitions } from '../../store/partitions.ts';
import { sweepDeadWorkers } from '../../store/slots.ts';
import { asMailmillError } from '../../telemetry/errors.ts';
import type { Logger } from '../../telemetry/log.ts';
import { sleep } from '../backoff.ts';

const everyMs = 3_600_000;
const retryMs = 60_000;

/** Makes the store's coming partitions, drops those beyond retention, and sweeps what dead workers left, every hour until `stop`. Never throws. */
export async function keepHouse(database: Database, log: Logger, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    let wait = everyMs;
    try {
      await ensurePartitions(database);
      const dropped = await dropExpiredPartitions(database);
      if (dropped.length > 0) log.info('dropped partitions beyond retention', { count: dropped.length });
      await sweepDeadWorkers(database);
      await sweepPayloads(database);
    } catch (error) {
      wait = retryMs;
      log.warn('housekeeping of the store failed; it is tried again in a minute', {
        code: asMailmillError(error).code,
      });
    }
    await sleep(wait, stop);
  }
}
