import { amountOf, batchBytes, batchMessages, type PlannedBatch } from './batch-plan.ts';

/** Bytes that one FETCH is for, at most. */
const mostBytes = 4 * batchBytes;
/** A FETCH that took less is followed by one for more; one that took longer, by one for less: milliseconds. New mail may wait for its end. */
const quickMs = 500;
const slowMs = 1_000;

/**
 * How much one FETCH is for. Each costs a round trip, in which nothing is on the way: where batches of large mail come quickly, one is for several
 * of them. After one that failed batches are smaller, until it is known which message it fails on.
 */
export class FetchPace {
  #bytes = batchBytes;
  #most = batchMessages;
  /** Messages of a FETCH that failed, and that have not come since. */
  readonly #fragile = new Set<number>();

  /** Messages that a batch may have. */
  get most(): number {
    return this.#most;
  }

  /** Whether a FETCH for these batches may be for one more. */
  fits(plans: readonly PlannedBatch[], next: PlannedBatch): boolean {
    if (this.#fragile.size > 0 || next.bytes > batchBytes) return false;
    const all = [...plans, next];
    const messages = all.reduce((sum, plan) => sum + amountOf(plan).messages, 0);
    return messages <= batchMessages && all.reduce((sum, plan) => sum + plan.bytes, 0) <= this.#bytes;
  }

  /** A FETCH for so many bytes has ended. */
  took(bytes: number, ms: number): void {
    if (ms > slowMs) this.#bytes = Math.max(batchBytes, this.#bytes / 2);
    // One that was for little says nothing.
    else if (ms < quickMs && bytes > this.#bytes / 2) this.#bytes = Math.min(mostBytes, this.#bytes * 2);
  }

  /** These did not come, and one of their messages may be why. */
  failed(plans: readonly PlannedBatch[]): void {
    this.#fragile.clear();
    for (const { uids } of plans) for (const uid of uids) this.#fragile.add(uid);
    this.#most = Math.max(1, Math.floor(plans.reduce((sum, plan) => sum + amountOf(plan).messages, 0) / 4));
  }

  came(uids: readonly number[]): void {
    if (this.#fragile.size === 0) return;
    for (const uid of uids) this.#fragile.delete(uid);
    if (this.#fragile.size === 0) this.#most = batchMessages;
  }
}
