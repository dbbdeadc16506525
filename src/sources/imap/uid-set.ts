import type { UidRange } from '../../store/uid-set.ts';

/** Servers may cut command lines at 8,192 bytes (RFC 7162 §4 recommends that they take as much); what is left is for the rest of the line. */
const maxSetBytes = 7_000;

/**
 * UIDs (ascending, without repeats) as IMAP sequence sets with ranges (`1:5,7`), as few as fit into one command line each.
 */
export function uidSets(uids: readonly number[], maxBytes = maxSetBytes): string[] {
  const sets: string[] = [];
  let set = '';
  for (let i = 0; i < uids.length; ) {
    const first = uids[i]!;
    let last = first;
    while (++i < uids.length && uids[i] === last + 1) last += 1;
    const range = first === last ? `${first}` : `${first}:${last}`;
    if (set !== '' && set.length + 1 + range.length > maxBytes) {
      sets.push(set);
      set = '';
    }
    set = set === '' ? range : `${set},${range}`;
  }
  if (set !== '') sets.push(set);
  return sets;
}

/**
 * The numbers of a sequence set as a server sends it, ascending and without repeats; undefined when it is not one or holds more
 * than `limit` numbers (a server could claim four billion).
 */
export function expandUidSet(set: string, limit: number): number[] | undefined {
  const numbers = new Set<number>();
  for (const part of set.split(',')) {
    const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(part);
    if (!match) return undefined;
    const a = Number(match[1]);
    const b = Number(match[2] ?? match[1]);
    if (Math.min(a, b) < 1 || Math.abs(b - a) >= limit) return undefined;
    for (let n = Math.min(a, b); n <= Math.max(a, b); n++) numbers.add(n);
    if (numbers.size > limit) return undefined;
  }
  return [...numbers].sort((a, b) => a - b);
}

/** The ranges of a sequence set as a server sends it; undefined when it is not one. */
export function uidRanges(set: string): UidRange[] | undefined {
  const ranges: UidRange[] = [];
  for (const part of set.split(',')) {
    const match = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(part);
    const [a, b] = [Number(match?.[1] ?? 0), Number(match?.[2] ?? match?.[1] ?? 0)];
    if (Math.min(a, b) < 1 || Math.max(a, b) >= 2 ** 32) return undefined;
    ranges.push([Math.min(a, b), Math.max(a, b)]);
  }
  return ranges;
}
