/** Where choices come from: a whole number from 0 to `below - 1`. */
type Source = (below: number) => number;

/**
 * The choices of one generated input. They are recorded, so that an input can be made again from them and made smaller by
 * taking some away: generators make of smaller choices simpler things, and of 0 the simplest.
 */
export class Random {
  readonly choices: number[] = [];
  readonly #source: Source;

  private constructor(source: Source) {
    this.#source = source;
  }

  /** The choices of execution number `index` under `seed` (both unsigned 32-bit); the same on every machine. */
  static seeded(seed: number, index: number): Random {
    let state = mix(mix(seed ^ 0x9e3779b9) ^ Math.imul(index + 1, 0x85ebca6b));
    return new Random((below) => {
      state = (state + 0x6d2b79f5) >>> 0;
      return Math.floor((mix(state) / 2 ** 32) * below);
    });
  }

  /** Choices as recorded; 0 behind their end. */
  static replayed(choices: readonly number[]): Random {
    let next = 0;
    return new Random((below) => Math.min(choices[next++] ?? 0, below - 1));
  }

  /** 0 to `below - 1`. */
  int(below: number): number {
    if (below <= 1) return 0;
    const choice = this.#source(below);
    this.choices.push(choice);
    return choice;
  }

  /** `least` to `most`. */
  between(least: number, most: number): number {
    return least + this.int(most - least + 1);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.int(times) === times - 1 && times > 1;
  }

  pick<T>(list: readonly T[]): T {
    const chosen = list[this.int(list.length)];
    if (chosen === undefined) throw new RangeError('nothing to choose from');
    return chosen;
  }

  list<T>(least: number, most: number, make: (index: number) => T): T[] {
    return Array.from({ length: this.between(least, most) }, (_, i) => make(i));
  }

  bytes(length: number): Buffer {
    return Buffer.from(Array.from({ length }, () => this.int(256)));
  }
}

/** A permutation of 32-bit numbers that spreads every bit (the finaliser of MurmurHash3). */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b) >>> 0;
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}
