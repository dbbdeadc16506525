import type { Database } from '../../store/database.ts';
import { endDeadSessions } from '../../store/dead-sessions.ts';
import { acquireLeases, ensureLeases, lookAtShares, withdrawCandidate } from '../../store/lease-shares.ts';
import { type Lease, releaseLease } from '../../store/leases.ts';
import { sleep } from '../backoff.ts';
import { Poke } from '../poke.ts';
import { leasesToGive, leasesToTake } from './share.ts';

/** Where the accounts of a pipeline get their leases. */
export interface AccountLeases {
  /** Waits until this worker has the account's lease; undefined: stopped before. */
  acquire(accountId: bigint, stop: AbortSignal): Promise<Lease | undefined>;
  /** The account has begun its work: another one may. */
  begun(accountId: bigint): void;
  /** This worker has the lease no more: it gave it back, or another one took over. */
  ended(accountId: bigint): void;
}

export interface LeaseBoardOptions {
  readonly database: Database;
  readonly pipelineId: bigint;
  readonly workerId: string;
  /** Whether this worker's word counts. */
  readonly fresh: () => boolean;
  readonly random: () => number;
  /** These accounts are more than this worker's share: end their work in order, so that another one can go on. */
  readonly onHandOver: (accountIds: readonly bigint[]) => void;
  /** The store could, or could not, be asked. Rethrow to fail those who wait. */
  readonly onStore: (error?: unknown) => void;
}

/** Milliseconds between two looks at the leases of a pipeline. */
const lookMs = 1_000;
/** While accounts wait to begin, they are looked for this often. */
const eagerMs = 100;
/** Accounts that begin their work at the same time: settling sinks, logging in, listing folders. */
const beginningsAtOnce = 32;
/** One that takes longer does not keep the others waiting. */
const beginningMs = 5_000;
/** Looks after which leases that no one takes are taken beyond this worker's share. */
const leftLooks = 5;

interface Waiter {
  readonly resolve: (lease: Lease | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Takes and hands over the leases of all accounts of one pipeline: one or two queries a second, however many accounts there are, so that each
 * worker that asks has about its share.
 */
export class LeaseBoard implements AccountLeases {
  readonly #options: LeaseBoardOptions;
  readonly #waiting = new Map<bigint, Waiter>();
  readonly #held = new Set<bigint>();
  /** Held, and asked to end. */
  readonly #leaving = new Set<bigint>();
  /** Held, and not begun: since when, by `performance.now`. */
  readonly #beginning = new Map<bigint, number>();
  /** Accounts whose lease row is there. */
  readonly #known = new Set<bigint>();
  readonly #news = new Poke();
  /** Looks in a row that saw a free lease and no room for it. */
  #left = 0;

  constructor(options: LeaseBoardOptions) {
    this.#options = options;
  }

  async acquire(accountId: bigint, stop: AbortSignal): Promise<Lease | undefined> {
    if (stop.aborted) return undefined;
    const { promise, resolve, reject } = Promise.withResolvers<Lease | undefined>();
    const waiter: Waiter = { resolve, reject };
    const onStop = () => {
      if (this.#waiting.get(accountId) === waiter) this.#waiting.delete(accountId);
      resolve(undefined);
    };
    this.#waiting.set(accountId, waiter);
    stop.addEventListener('abort', onStop, { once: true });
    this.#news.poke();
    try {
      return await promise;
    } finally {
      stop.removeEventListener('abort', onStop);
    }
  }

  begun(accountId: bigint): void {
    if (this.#beginning.delete(accountId) && this.#waiting.size > 0) this.#news.poke();
  }

  ended(accountId: bigint): void {
    this.begun(accountId);
    this.#held.delete(accountId);
    this.#leaving.delete(accountId);
  }

  /** Looks until `stop`. Then this worker counts no more among those who share; what it holds goes by other ways. */
  async run(stop: AbortSignal): Promise<void> {
    const { database, pipelineId, workerId, onStore, random } = this.#options;
    while (!stop.aborted) {
      this.#news.take();
      try {
        if (this.#options.fresh()) await this.#look();
        onStore();
      } catch (error) {
        this.#failed(error);
      }
      // Accounts that begin to wait together are looked for together.
      const wake = AbortSignal.any([stop, this.#news.signal()]);
      if (this.#held.size > 0) await sleep(eagerMs, stop);
      await sleep(lookMs * (0.8 + 0.4 * random()), wake);
    }
    // Without it this worker counts for a few seconds more.
    await withdrawCandidate(database, pipelineId, workerId).catch(() => undefined);
  }

  #failed(error: unknown): void {
    try {
      this.#options.onStore(error);
    } catch (thrown) {
      const waiting = [...this.#waiting.values()];
      this.#waiting.clear();
      for (const waiter of waiting) waiter.reject(thrown);
    }
  }

  /** How many accounts may begin now. */
  #room(): number {
    const late = performance.now() - beginningMs;
    for (const [id, since] of this.#beginning) if (since < late) this.#beginning.delete(id);
    return beginningsAtOnce - this.#beginning.size;
  }

  async #look(): Promise<void> {
    const { database, pipelineId, workerId } = this.#options;
    const waiting = [...this.#waiting.keys()];
    const unknown = waiting.filter((id) => !this.#known.has(id));
    if (unknown.length > 0) await ensureLeases(database, pipelineId, unknown);
    for (const id of unknown) this.#known.add(id);
    const { held, free, orphaned } = await lookAtShares(database, pipelineId, workerId, waiting);
    const accounts = waiting.length + this.#held.size;
    const shares = { accounts, mine: this.#held.size, others: held.slice(1) };
    const take = leasesToTake({ ...shares, free, left: this.#left >= leftLooks });
    this.#left = free > 0 && take === 0 ? this.#left + 1 : 0;
    const limit = Math.min(take, this.#room());
    // What a stopped worker has open in the store may lock the lease itself.
    if (limit > 0 && orphaned) await endDeadSessions(database, workerId);
    if (limit > 0) await this.#take(waiting, limit);
    this.#give(leasesToGive({ ...shares, leaving: this.#leaving.size }));
  }

  async #take(waiting: readonly bigint[], limit: number): Promise<void> {
    const { database, pipelineId, workerId } = this.#options;
    for (const lease of await acquireLeases(database, pipelineId, workerId, waiting, limit)) {
      const waiter = this.#waiting.get(lease.accountId);
      if (!waiter) {
        await releaseLease(database, lease); // it has stopped waiting meanwhile
        continue;
      }
      this.#waiting.delete(lease.accountId);
      this.#held.add(lease.accountId);
      this.#beginning.set(lease.accountId, performance.now());
      waiter.resolve(lease);
    }
  }

  #give(count: number): void {
    if (count <= 0) return;
    const giving = [...this.#held].filter((id) => !this.#leaving.has(id)).slice(-count);
    for (const id of giving) this.#leaving.add(id);
    this.#options.onHandOver(giving);
  }
}
