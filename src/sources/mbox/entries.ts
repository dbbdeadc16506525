/** One message of a file, as it is remembered. */
export interface MboxEntry {
  readonly offset: number;
  /** Bytes in the file, From_ line included. */
  readonly length: number;
  /** Bytes of the message; 2^32-1 stands for that and more. */
  readonly size: number;
  readonly uid: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The first 8 bytes of the message's SHA-256. */
  readonly hash: bigint;
}

const most = 2 ** 32 - 1;

/** The messages of a file in the order in which they stand there: 40 bytes each, so that millions fit. */
export class MboxEntries {
  #count = 0;
  #offsets = new Float64Array(64);
  #lengths = new Float64Array(64);
  #times = new Float64Array(64);
  #hashes = new BigUint64Array(64);
  #sizes = new Uint32Array(64);
  #uids = new Uint32Array(64);
  /** Positions in the order of their UIDs; made when it is asked for. */
  #order: Uint32Array | undefined;

  get count(): number {
    return this.#count;
  }

  push(entry: MboxEntry): void {
    if (this.#count === this.#uids.length) this.#grow();
    const at = this.#count++;
    this.#offsets[at] = entry.offset;
    this.#lengths[at] = entry.length;
    this.#times[at] = entry.time;
    this.#hashes[at] = entry.hash;
    this.#sizes[at] = Math.min(entry.size, most);
    this.#uids[at] = entry.uid;
    this.#order = undefined;
  }

  /** Forgets the last one. */
  pop(): void {
    if (this.#count > 0) this.#count -= 1;
    this.#order = undefined;
  }

  at(index: number): MboxEntry | undefined {
    if (index < 0 || index >= this.#count) return undefined;
    return {
      offset: this.#offsets[index]!,
      length: this.#lengths[index]!,
      time: this.#times[index]!,
      hash: this.#hashes[index]!,
      size: this.#sizes[index]!,
      uid: this.#uids[index]!,
    };
  }

  #grow(): void {
    const grown = <T extends Float64Array | BigUint64Array | Uint32Array>(to: T, from: T): T => {
      // Both are of one kind, which the type of `set` cannot say.
      (to as Float64Array).set(from as Float64Array);
      return to;
    };
    const size = this.#count * 2;
    this.#offsets = grown(new Float64Array(size), this.#offsets);
    this.#lengths = grown(new Float64Array(size), this.#lengths);
    this.#times = grown(new Float64Array(size), this.#times);
    this.#hashes = grown(new BigUint64Array(size), this.#hashes);
    this.#sizes = grown(new Uint32Array(size), this.#sizes);
    this.#uids = grown(new Uint32Array(size), this.#uids);
  }

  #sorted(): Uint32Array {
    if (this.#order) return this.#order;
    const order = Uint32Array.from({ length: this.#count }, (_, index) => index);
    const uids = this.#uids;
    const ascending = order.every((index) => index === 0 || uids[index]! > uids[index - 1]!);
    this.#order = ascending ? order : order.sort((a, b) => uids[a]! - uids[b]!);
    return this.#order;
  }

  /** UIDs from `from` to `to`, inclusive, ascending. */
  uids(from: number, to: number): number[] {
    const order = this.#sorted();
    const found: number[] = [];
    for (let at = this.#lowerBound(order, from); at < order.length; at++) {
      const uid = this.#uids[order[at]!]!;
      if (uid > to) break;
      found.push(uid);
    }
    return found;
  }

  get lastUid(): number {
    const order = this.#sorted();
    return order.length === 0 ? 0 : this.#uids[order[order.length - 1]!]!;
  }

  get(uid: number): MboxEntry | undefined {
    const order = this.#sorted();
    const index = order[this.#lowerBound(order, uid)];
    return index !== undefined && this.#uids[index] === uid ? this.at(index) : undefined;
  }

  #lowerBound(order: Uint32Array, uid: number): number {
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#uids[order[middle]!]! < uid) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
