import type { Database } from '../../store/database.ts';
import { endDeadSessions } from '../../store/dead-sessions.ts';
import { registerWorker, unregisterWorker } from '../../store/leases.ts';
import type { Logger } from '../../telemetry/log.ts';
import { sleep } from '../backoff.ts';
import { tellEnded } from '../left-open.ts';

/** A third of a lease's term; milliseconds. */
const everyMs = 5_000;

/** Whose presence it is, in the store. */
export interface Present {
  readonly id: string;
  readonly name: string;
}

/**
 * Tells the store every few seconds, until `stop`, that a process is alive, and ends what dead ones have left open there: one that was stopped
 * in the middle of a statement holds the lock that all collectors of a folder need. Then signs off. Never throws.
 */
export async function stayPresent(
  database: Database,
  { id, name }: Present,
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  for (let refused = false; !stop.aborted; ) {
    try {
      await registerWorker(database, id, name);
      if (!refused) {
        const ended = await endDeadSessions(database, id);
        refused = ended === 'Refused';
        tellEnded(log, ended);
      }
    } catch {
      // What is wrong with the store is told by who looks at it; here there is only the next try.
    }
    await sleep(everyMs, stop);
  }
  // When the store cannot be reached, its word is over within a term.
  await unregisterWorker(database, id).catch(() => undefined);
}
