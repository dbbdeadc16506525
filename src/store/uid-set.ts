/** A closed range of UIDs. */
export type UidRange = readonly [first: number, last: number];

/** An immutable set of UIDs as sorted, disjoint, non-adjacent closed ranges; PostgreSQL's int8multirange on the wire. */
export class UidSet {
  static readonly empty = new UidSet([]);
  readonly ranges: readonly UidRange[];

  private constructor(ranges: readonly UidRange[]) {
    this.ranges = ranges;
  }

  static of(...ranges: readonly UidRange[]): UidSet {
    return UidSet.from(ranges);
  }

  /** In any order; they may overlap. */
  static from(ranges: readonly UidRange[]): UidSet {
    const sorted = ranges.filter(([first, last]) => first <= last).sort((a, b) => a[0] - b[0]);
    const merged: [number, number][] = [];
    for (const [first, last] of sorted) {
      const previous = merged.at(-1);
      if (previous && first <= previous[1] + 1) previous[1] = Math.max(previous[1], last);
      else merged.push([first, last]);
    }
    return new UidSet(merged);
  }

  /** Ascending or not, each UID alone. */
  static fromUids(uids: Iterable<number>): UidSet {
    return UidSet.from(Array.from(uids, (uid): UidRange => [uid, uid]));
  }

  /** Reads `{[1,501),[600,601)}`. */
  static parse(text: string): UidSet {
    return UidSet.from(
      Array.from(text.matchAll(/\[([0-9]+),([0-9]+)\)/g), (m): UidRange => [Number(m[1]), Number(m[2]) - 1]),
    );
  }

  toString(): string {
    return `{${this.ranges.map(([first, last]) => `[${first},${last + 1})`).join(',')}}`;
  }

  get isEmpty(): boolean {
    return this.ranges.length === 0;
  }

  /** Greatest UID; 0 when empty. */
  get last(): number {
    return this.ranges.at(-1)?.[1] ?? 0;
  }

  has(uid: number): boolean {
    let low = 0;
    let high = this.ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const [first, last] = this.ranges[middle]!;
      if (uid < first) high = middle - 1;
      else if (uid > last) low = middle + 1;
      else return true;
    }
    return false;
  }

  union(other: UidSet): UidSet {
    return UidSet.from([...this.ranges, ...other.ranges]);
  }

  /** Those of `uids` that are not in this set, in their order. */
  missing(uids: readonly number[]): number[] {
    return uids.filter((uid) => !this.has(uid));
  }

  /** Where the first gap begins: every UID below is finished. */
  get contiguousEnd(): number {
    const first = this.ranges[0];
    return first && first[0] <= 1 ? first[1] : 0;
  }
}
