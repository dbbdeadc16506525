import { throwIfAborted } from '../abort.ts';

/** Lets some in at a time; the others wait in order. */
export class LoginGate {
  readonly #limit: number;
  #inside = 0;
  readonly #waiting = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Runs `work` when it is its turn. Throws what `work` throws, or the abort. */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#limit) await this.#turn();
    else this.#inside += 1;
    try {
      throwIfAborted(signal);
      return await work();
    } finally {
      const [next] = this.#waiting;
      // A place goes to the next one without being free in between.
      if (next) next();
      else this.#inside -= 1;
    }
  }

  async #turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = () => {
      this.#waiting.delete(go);
      resolve();
    };
    this.#waiting.add(go);
    await promise;
  }
}
