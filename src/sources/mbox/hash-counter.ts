/** How often each hash was met; 16 to 48 bytes a hash. */
export class HashCounter {
  #keys = new BigUint64Array(128);
  /** One more than was counted; 0: the place is free. */
  #counts = new Uint32Array(128);
  #used = 0;

  /** Counts it once more; returns how often it was met by now. */
  add(hash: bigint): number {
    let slot = this.#find(hash);
    if (this.#counts[slot] === 0) {
      if ((this.#used + 1) * 2 > this.#keys.length) {
        this.#grow();
        slot = this.#find(hash);
      }
      this.#keys[slot] = hash;
      this.#counts[slot] = 1;
      this.#used += 1;
    }
    this.#counts[slot]! += 1;
    return this.#counts[slot]! - 1;
  }

  /** Takes one `add` back. */
  remove(hash: bigint): void {
    const slot = this.#find(hash);
    if (this.#counts[slot]! > 1) this.#counts[slot]! -= 1;
  }

  #find(hash: bigint): number {
    const mask = this.#keys.length - 1;
    let slot = Number(hash & BigInt(mask));
    while (this.#counts[slot] !== 0 && this.#keys[slot] !== hash) slot = (slot + 1) & mask;
    return slot;
  }

  #grow(): void {
    const keys = this.#keys;
    const counts = this.#counts;
    this.#keys = new BigUint64Array(keys.length * 2);
    this.#counts = new Uint32Array(keys.length * 2);
    for (let at = 0; at < keys.length; at++) {
      if (counts[at] === 0) continue;
      const slot = this.#find(keys[at]!);
      this.#keys[slot] = keys[at]!;
      this.#counts[slot] = counts[at]!;
    }
  }
}
