import type { BackfillStatus } from '../../api/worker-status.ts';

const sampleMs = 1_000;
const samples = 60;

/** Measures a backfill. Times are milliseconds of a clock that goes forward. */
export class BackfillProgress {
  readonly total: number;
  #done: number;
  readonly #samples: { readonly at: number; readonly done: number }[];

  constructor(total: number, done: number, now: number) {
    this.total = total;
    this.#done = done;
    this.#samples = [{ at: now, done }];
  }

  get done(): number {
    return this.#done;
  }

  advance(messages: number, now: number): void {
    this.#done = Math.min(this.total, this.#done + messages);
    const last = this.#samples.at(-1)!;
    if (now - last.at < sampleMs) return;
    this.#samples.push({ at: now, done: this.#done });
    if (this.#samples.length > samples) this.#samples.shift();
  }

  /** A pause, for a budget or a connection, says nothing about the rate. */
  pause(now: number): void {
    this.#samples.splice(0, this.#samples.length, { at: now, done: this.#done });
  }

  estimate(now: number): BackfillStatus {
    const first = this.#samples[0]!;
    const seconds = (now - first.at) / 1000;
    const perSecond = seconds > 0 ? (this.#done - first.done) / seconds : 0;
    return {
      done: this.#done,
      total: this.total,
      perSecond: Math.round(perSecond * 10) / 10,
      ...(perSecond > 0 && { secondsLeft: Math.ceil((this.total - this.#done) / perSecond) }),
    };
  }
}

/** Several backfills that go on side by side, as one; undefined when there is none. */
export function together(backfills: readonly BackfillStatus[]): BackfillStatus | undefined {
  if (backfills.length === 0) return undefined;
  const sum = (of: (backfill: BackfillStatus) => number) => backfills.reduce((all, each) => all + of(each), 0);
  const [done, total, perSecond] = [sum((each) => each.done), sum((each) => each.total), sum((each) => each.perSecond)];
  return { done, total, perSecond, ...(perSecond > 0 && { secondsLeft: Math.ceil((total - done) / perSecond) }) };
}
