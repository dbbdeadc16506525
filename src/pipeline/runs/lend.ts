import type { Connection } from '../accounts/connection-broker.ts';
import { sleep } from '../backoff.ts';

/** A login is worth at least this long; milliseconds. */
const holdMs = 3_000;
const lookMs = 250;

/** A time with the connection. */
export interface Turn {
  /** Aborts when the work should end in order, because somebody else waits. */
  readonly over: AbortSignal;
  /** Something of the work was done. */
  progressed(): void;
}

/**
 * Does `work` until somebody else has waited for the connection long enough: new mail does not wait for the end of a run, which goes on when the
 * connection comes back. A turn in which nothing is done would never end: it lasts twice as long as it took to begin.
 */
export async function inTurn<T>(connection: Connection, work: (turn: Turn) => Promise<T>): Promise<T> {
  const over = new AbortController();
  const done = new AbortController();
  const since = performance.now();
  const begun = Promise.withResolvers<void>();
  const watch = async () => {
    await begun.promise;
    await sleep(Math.max(performance.now() - since, since + holdMs - performance.now()), done.signal);
    while (!done.signal.aborted && !connection.wanted()) await sleep(lookMs, done.signal);
    if (!done.signal.aborted) over.abort();
  };
  const watching = watch();
  try {
    return await work({ over: over.signal, progressed: begun.resolve });
  } finally {
    done.abort();
    begun.resolve();
    await watching;
  }
}
