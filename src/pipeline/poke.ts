/** Wakes a waiting loop. A poke that comes while nobody waits is not lost. */
export class Poke {
  #controller = new AbortController();
  #poked = false;
  #pending = false;

  /** Wakes the waiter. */
  poke(): void {
    this.#poked = true;
    this.#pending = true;
    this.#controller.abort();
  }

  /** Aborted at the next poke, or already when one is waiting to be taken. */
  signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** True once for each time it was poked; arms it again. */
  take(): boolean {
    if (!this.#poked) return false;
    this.#poked = false;
    this.#controller = new AbortController();
    return true;
  }

  /** Poked, and the work it asked for is not done yet. */
  get pending(): boolean {
    return this.#pending;
  }

  done(): void {
    if (!this.#poked) this.#pending = false;
  }
}
