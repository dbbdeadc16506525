import { randomUUID } from 'node:crypto';
import type { Database } from '../../store/database.ts';
import { type FreeSlotRequest, takeFreeSlots } from '../../store/free-slots.ts';
import {
  releaseForgotten,
  releaseSlot,
  requestSlot,
  type Slot,
  type SlotRequest,
  tryAcquireSlot,
  trySpareSlot,
  withdrawSlotRequest,
} from '../../store/slots.ts';
import { sleep } from '../backoff.ts';
import { Poke } from '../poke.ts';
import { Together } from './together.ts';

const pollMs = 500;

/** A connection that may be open now. */
export interface Connection {
  /** Somebody else waits for it: close soon, in order. */
  wanted(): boolean;
  /** Poked when `wanted` becomes true. */
  readonly changed: Poke;
  release(): Promise<void>;
}

interface Held {
  readonly accountId: bigint;
  wanted: boolean;
  readonly changed: Poke;
}

/** Hands out connections of accounts, out of those that all pipelines and workers share through the store. */
export class ConnectionBroker {
  readonly #database: Database;
  readonly #workerId: string;
  /** Holders that are ours: connections, and places in the queue. */
  readonly #held = new Map<string, Held>();
  /** By limit: what is asked for together has one. */
  readonly #free = new Map<number, Together<FreeSlotRequest, Slot | undefined>>();

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
    // The store broke when we took or returned these. If it breaks again now, the next heartbeat comes back to it.
    const forgotten = holders.filter((holder) => !this.#held.has(holder));
    if (forgotten.length > 0) releaseForgotten(this.#database, this.#workerId, forgotten).catch(() => undefined);
  }

  /** Waits for a connection; undefined when `stop` came first. `limit` undefined: there is no limit. */
  async acquire(
    accountId: bigint,
    limit: number | undefined,
    readiness: boolean,
    stop: AbortSignal,
  ): Promise<Connection | undefined> {
    if (limit === undefined) return { wanted: () => false, changed: new Poke(), release: async () => undefined };
    const free = readiness ? undefined : await this.#takeFree(accountId, limit);
    if (free) return free;
    const mine = [...this.#held].filter(([, held]) => held.accountId === accountId).map(([holder]) => holder);
    const request = await requestSlot(this.#database, accountId, this.#workerId, readiness, mine);
    const state = { accountId, wanted: false, changed: new Poke() };
    // Known before it is ours: the heartbeat may tell of it before we have read that we got it.
    this.#held.set(request.holder, state);
    let slot: Slot | undefined;
    try {
      while (!stop.aborted) {
        slot = await tryAcquireSlot(this.#database, request, limit);
        if (slot) break;
        await sleep(pollMs, stop);
      }
    } finally {
      if (!slot) await this.#giveUp(request);
    }
    return slot && this.#connection(slot, state);
  }

  /** A further connection, when one is free that nobody waits for; where there is no limit, there is no need for one. */
  async spare(accountId: bigint, limit: number | undefined): Promise<Connection | undefined> {
    if (limit === undefined) return undefined;
    const holder = randomUUID();
    const state = { accountId, wanted: false, changed: new Poke() };
    this.#held.set(holder, state);
    let slot: Slot | undefined;
    try {
      slot = await trySpareSlot(this.#database, { accountId, workerId: this.#workerId, holder }, limit);
    } finally {
      if (!slot) this.#held.delete(holder);
    }
    return slot && this.#connection(slot, state);
  }

  /** A connection that is free and that nobody waits for, which is the rule: asked for together with those of other accounts. */
  async #takeFree(accountId: bigint, limit: number): Promise<Connection | undefined> {
    const holder = randomUUID();
    const state = { accountId, wanted: false, changed: new Poke() };
    this.#held.set(holder, state);
    let slot: Slot | undefined;
    try {
      slot = await this.#freeOf(limit).ask({ accountId, holder });
    } finally {
      if (!slot) this.#held.delete(holder);
    }
    return slot && this.#connection(slot, state);
  }

  #freeOf(limit: number): Together<FreeSlotRequest, Slot | undefined> {
    const known = this.#free.get(limit);
    if (known) return known;
    const together = new Together<FreeSlotRequest, Slot | undefined>(async (requests) => {
      const slots = await takeFreeSlots(this.#database, this.#workerId, requests, limit);
      const byHolder = new Map(slots.map((slot) => [slot.holder, slot]));
      return requests.map(({ holder }) => byHolder.get(holder));
    });
    this.#free.set(limit, together);
    return together;
  }

  #connection(held: Slot, state: { readonly wanted: boolean; readonly changed: Poke }): Connection {
    return {
      wanted: () => state.wanted,
      changed: state.changed,
      release: async () => {
        this.#held.delete(held.holder);
        // When the store cannot be reached it stays in the store as ours, until somebody wants it and `wanted` frees it.
        await releaseSlot(this.#database, held).catch(() => undefined);
      },
    };
  }

  async #giveUp(request: SlotRequest): Promise<void> {
    this.#held.delete(request.holder);
    // What is left of it in the store goes with our next request for this account, or with this worker.
    await withdrawSlotRequest(this.#database, request).catch(() => undefined);
  }
}
