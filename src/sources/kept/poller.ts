import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../store/database.ts';
import { nextUids } from '../../store/kept-read.ts';

/** Milliseconds between looks. */
const lookEvery = 500;

interface Waiter {
  readonly folderId: bigint;
  /** The next position when the folder was last searched. */
  readonly seen: number;
  readonly done: PromiseWithResolvers<'changed' | 'timeout'>;
}

/** Tells sessions that mail came: one small query for all folders that are waited in. No LISTEN, which PgBouncer does not pass on. */
export class KeptPoller {
  readonly #database: Database;
  readonly #waiters = new Set<Waiter>();
  #wake: AbortController | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Until the folder's next position is above `seen`, or the folder is gone. Throws what keeps the store from answering. */
  async wait(folderId: bigint, seen: number, ms: number, signal: AbortSignal): Promise<'changed' | 'timeout'> {
    if (signal.aborted) return 'timeout';
    const waiter: Waiter = { folderId, seen, done: Promise.withResolvers() };
    const give = () => waiter.done.resolve('timeout');
    const timer = setTimeout(give, ms);
    signal.addEventListener('abort', give, { once: true });
    this.#waiters.add(waiter);
    if (!this.#wake) void this.#run();
    try {
      return await waiter.done.promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', give);
      this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) this.#wake?.abort();
    }
  }

  /** Looks while somebody waits. */
  async #run(): Promise<void> {
    const wake = new AbortController();
    this.#wake = wake;
    while (!wake.signal.aborted) {
      await this.#look();
      await delay(lookEvery, undefined, { signal: wake.signal }).catch(() => undefined);
    }
    if (this.#wake === wake) this.#wake = undefined;
    if (this.#waiters.size > 0 && !this.#wake) void this.#run();
  }

  async #look(): Promise<void> {
    const waiters = [...this.#waiters];
    try {
      const next = await nextUids(
        this.#database,
        waiters.map(({ folderId }) => folderId),
      );
      for (const { folderId, seen, done } of waiters) {
        const now = next.get(folderId);
        if (now === undefined || now > seen) done.resolve('changed');
      }
    } catch (error) {
      for (const { done } of waiters) done.reject(error);
    }
  }
}
