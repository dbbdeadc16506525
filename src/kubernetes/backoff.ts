/** Waits that double from `first` to `max` milliseconds, each spread over [wait/2, wait) so that clients part ways. */
export class Backoff {
  readonly #first: number;
  readonly #max: number;
  readonly #random: () => number;
  #failures = 0;

  constructor([first, max]: readonly [first: number, max: number], random: () => number) {
    this.#first = first;
    this.#max = max;
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    const wait = exponential(this.#first, this.#max, this.#failures);
    this.#failures += 1;
    return wait * (0.5 + this.#random() / 2);
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** `first · 2^failures`, at most `max`. */
export const exponential = (first: number, max: number, failures: number) =>
  // 2^53 and more would only overflow: the cap is reached long before.
  Math.min(max, first * 2 ** Math.min(failures, 52));
