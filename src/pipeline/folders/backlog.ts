import type { PlannedBatch } from './batch-plan.ts';
import { listedIn } from './batch-plan.ts';

/** In which order old mail is read. */
export type BackfillOrder = 'OldestFirst' | 'NewestFirst';

/** UIDs that are listed together, and the first UID that their ranges may finish. */
export interface Window {
  readonly uids: readonly number[];
  readonly from: number;
}

/** UIDs to do, ascending; each finishes the gap below it as well, down to `from`. */
class Segment {
  readonly #uids: readonly number[];
  readonly #from: number;
  readonly #order: BackfillOrder;
  #start = 0;
  #end: number;

  constructor(uids: readonly number[], from: number, order: BackfillOrder) {
    this.#uids = uids;
    this.#from = from;
    this.#order = order;
    this.#end = uids.length;
  }

  get size(): number {
    return this.#end - this.#start;
  }

  take(count: number): Window {
    const oldest = this.#order === 'OldestFirst';
    const first = oldest ? this.#start : Math.max(this.#start, this.#end - count);
    const end = oldest ? Math.min(this.#end, this.#start + count) : this.#end;
    if (oldest) this.#start = end;
    else this.#end = first;
    return { uids: this.#uids.slice(first, end), from: first === 0 ? this.#from : this.#uids[first - 1]! + 1 };
  }
}

/** What is to be done of a folder: UIDs that are not looked at yet, and batches that are planned. */
export class Backlog {
  readonly #order: BackfillOrder;
  #segments: Segment[] = [];
  #plans: PlannedBatch[] = [];

  constructor(order: BackfillOrder) {
    this.#order = order;
  }

  /** UIDs that nobody has begun. */
  get size(): number {
    const planned = this.#plans.reduce((sum, plan) => sum + listedIn(plan), 0);
    return this.#segments.reduce((sum, segment) => sum + segment.size, planned);
  }

  get isEmpty(): boolean {
    return this.#plans.length === 0 && this.#segments.every((segment) => segment.size === 0);
  }

  /**
   * Adds UIDs (ascending) behind what is there. Those in `apart` are left out, and no range reaches over them; `from` is the first UID that
   * may be finished with them.
   */
  add(uids: readonly number[], from: number, apart: ReadonlySet<number> = new Set()): void {
    let first = from;
    let rest = uids;
    for (const barrier of [...apart].sort((a, b) => a - b)) {
      if (barrier < first) continue;
      const at = rest.findIndex((uid) => uid >= barrier);
      const below = at < 0 ? rest : rest.slice(0, at);
      this.#push(below, first);
      rest = at < 0 ? [] : rest.slice(rest[at] === barrier ? at + 1 : at);
      first = barrier + 1;
    }
    this.#push(rest, first);
  }

  #push(uids: readonly number[], from: number): void {
    if (uids.length > 0) this.#segments.push(new Segment(uids, from, this.#order));
  }

  /** The next UIDs to list, at most `count`. */
  window(count: number): Window | undefined {
    while (this.#segments[0]?.size === 0) this.#segments.shift();
    return this.#segments[0]?.take(count);
  }

  /** Batches of a window, in ascending order. */
  plan(batches: readonly PlannedBatch[]): void {
    this.#plans.push(...(this.#order === 'NewestFirst' ? batches.toReversed() : batches));
  }

  next(): PlannedBatch | undefined {
    return this.#plans.shift();
  }

  /** It was not begun. */
  putBack(plan: PlannedBatch): void {
    this.#plans.unshift(plan);
  }

  clear(): void {
    this.#segments = [];
    this.#plans = [];
  }
}
