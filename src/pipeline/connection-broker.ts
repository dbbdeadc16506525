import type { Database } from '../store/database.ts';
import { releaseSlot, requestSlot, type Slot, tryAcquireSlot, withdrawSlotRequest } from '../store/slots.ts';
import { sleep } from './backoff.ts';
import { Poke } from './poke.ts';

const pollMs = 500;

/** A connection that may be open now. */
export interface Connection {
  /** Somebody else waits for it: close soon, in order. */
  wanted(): boolean;
  /** Poked when `wanted` becomes true. */
  readonly changed: Poke;
  release(): Promise<void>;
}

/** Hands out connections of accounts, out of those that all pipelines and workers share through the store. */
export class ConnectionBroker {
  readonly #database: Database;
  readonly #workerId: string;
  readonly #held = new Map<string, { wanted: boolean; readonly changed: Poke }>();

  constructor(database: Database, workerId: string) {
    this.#database = database;
    this.#workerId = workerId;
  }

  /** The heartbeat's news: holders that somebody waits for. */
  wanted(holders: readonly string[]): void {
    for (const [holder, state] of this.#held) {
      const wanted = holders.includes(holder);
      if (wanted && !state.wanted) state.changed.poke();
      if (!wanted) state.changed.take();
      state.wanted = wanted;
    }
  }

  /** Waits for a connection; undefined when `stop` came first. `limit` undefined: there is no limit. */
  async acquire(
    accountId: bigint,
    limit: number | undefined,
    readiness: boolean,
    stop: AbortSignal,
  ): Promise<Connection | undefined> {
    if (limit === undefined) return { wanted: () => false, changed: new Poke(), release: async () => undefined };
    const request = await requestSlot(this.#database, accountId, this.#workerId, readiness);
    let slot: Slot | undefined;
    try {
      while (!stop.aborted) {
        slot = await tryAcquireSlot(this.#database, request, limit);
        if (slot) break;
        await sleep(pollMs, stop);
      }
    } finally {
      if (!slot) await withdrawSlotRequest(this.#database, request);
    }
    if (!slot) return undefined;
    const held = slot;
    const state = { wanted: false, changed: new Poke() };
    this.#held.set(held.holder, state);
    return {
      wanted: () => state.wanted,
      changed: state.changed,
      release: async () => {
        this.#held.delete(held.holder);
        await releaseSlot(this.#database, held);
      },
    };
  }
}
