import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/** Bytes of the young generation (both halves) from which on it is large enough: it holds what some hundred messages leave behind. */
const youngBytes = 16 * 2 ** 20;
/**
 * By how much of what is live the old generation may grow before it is collected, percent. What lies outside of the heap counts as well, mail that
 * waits for its commit most of all: at half of this it is collected five times as often.
 */
const oldGrowth = 200;

/** What of V8 it works on. */
export interface Engine {
  /** Sets a flag of V8. */
  readonly set: (flag: string) => void;
  /** Bytes that the young generation takes. */
  readonly young: () => number;
}

/**
 * Has V8 run a worker that reads mail as a worker should be run, which is not what it would find by itself. Left alone, on a machine with much
 * memory, it lets the heap grow to five times what is live, and the young generation to 128 MiB, for mail that is in memory for a moment.
 * And its last compiler takes a sixth of the CPU time of the first seconds and gives little in them: it waits until code has been hot for long.
 */
export class LeanEngine {
  readonly #engine: Engine;
  #begun = false;
  #growing = true;

  constructor(engine: Engine = v8) {
    this.#engine = engine;
  }

  /**
   * To be called before each FETCH, and not before everything is loaded: under other flags than those of the build no compiled code is taken from a
   * cache, Node's own included, which was measured to cost 150 ms of the start.
   */
  tune(): void {
    const { set, young } = this.#engine;
    if (!this.#begun) {
      this.#begun = true;
      set('--invocation-count-for-turbofan=50000');
      set(`--heap-growing-percent=${oldGrowth}`);
    }
    // While nothing is read the young generation shrinks (`MemoryRest`), and is to grow again.
    const growing = young() < youngBytes;
    if (growing === this.#growing) return;
    this.#growing = growing;
    set(`--semi-space-growth-factor=${growing ? 2 : 1}`);
  }
}

// Other versions know other flags.
const known = process.versions.node.startsWith('24.');

const v8: Engine = {
  set: (flag) => {
    if (known) setFlagsFromString(flag);
  },
  young: () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0,
};
