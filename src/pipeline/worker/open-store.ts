import type { Database } from '../../store/database.ts';
import { checkServer, migrate } from '../../store/migrate.ts';
import { ensurePartitions } from '../../store/partitions.ts';
import { asMailmillError, type MailmillError } from '../../telemetry/errors.ts';
import type { Logger } from '../../telemetry/log.ts';
import { Backoff, sleep } from '../backoff.ts';

export interface OpenStoreOptions {
  readonly log: Logger;
  /** The process ends when it cannot go on: what needs a person, and the sixth failure, are thrown. */
  readonly once: boolean;
  /** What is done last, once the tables are there. */
  readonly register: () => Promise<void>;
  readonly onFailed: (error: MailmillError) => void;
}

/** Checks the server, migrates, makes the partitions of now, and registers; tries again until it works. False: `stop` came before. */
export async function openStore(database: Database, options: OpenStoreOptions, stop: AbortSignal): Promise<boolean> {
  const { log, once, register, onFailed } = options;
  const backoff = new Backoff();
  while (!stop.aborted) {
    try {
      await checkServer(database);
      const applied = await migrate(database);
      if (applied > 0) log.info('migrated the store', { migrations: applied });
      await ensurePartitions(database, 1);
      await register();
      return true;
    } catch (thrown) {
      const error = asMailmillError(thrown);
      onFailed(error);
      log.warn(error.message, { code: error.code, family: error.family });
      if (once && (error.family === 'Stalled' || backoff.failures >= 5)) throw error;
      await sleep(backoff.next(error), stop);
    }
  }
  return false;
}
