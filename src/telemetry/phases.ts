/** Points of a worker's start, in the order in which they are reached on a quiet day. */
export type Phase = 'modules' | 'store' | 'loaded' | 'sinks' | 'lease' | 'settled' | 'login' | 'fetch';

/** When a process first reached each phase, in milliseconds since it was started. Not for decisions. */
export class Phases {
  readonly #reached = new Map<Phase, number>();
  readonly #now: () => number;

  /** @param now milliseconds since the process was started. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Notes the first time; returns whether this was it. */
  reach(phase: Phase): boolean {
    if (this.#reached.has(phase)) return false;
    this.#reached.set(phase, Math.round(this.#now()));
    return true;
  }

  /** What was reached so far. */
  get reached(): Readonly<Partial<Record<Phase, number>>> {
    return Object.fromEntries(this.#reached);
  }
}
