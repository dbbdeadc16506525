import { describe, expect, it } from 'vitest';
import { expandUidSet, uidSets } from '../../../src/sources/imap/uid-set.ts';

describe('uidSets', () => {
  it('is empty without UIDs', () => expect(uidSets([])).toEqual([]));
  it('writes runs as ranges', () => expect(uidSets([1, 2, 3, 5, 7, 8])).toEqual(['1:3,5,7:8']));
  it('keeps a single UID as it is', () => expect(uidSets([4_294_967_295])).toEqual(['4294967295']));

  it('splits before a line gets too long, and loses and repeats nothing', () => {
    const uids = Array.from({ length: 10_000 }, (_, i) => 3 * i + 1_000_000_000);
    const sets = uidSets(uids);
    expect(sets.length).toBeGreaterThan(10);
    for (const set of sets) expect(set.length).toBeLessThanOrEqual(7_000);
    expect(sets.flatMap((set) => expandUidSet(set, 10_000))).toEqual(uids);
  });
});

describe('expandUidSet', () => {
  it('gives the numbers in order, once each', () => expect(expandUidSet('7,5:3,4', 10)).toEqual([3, 4, 5, 7]));
  for (const bad of ['', '*', '1:*', '0', '1,,2', 'a', '1:2:3', '-1', '1.5']) {
    it(`refuses ${JSON.stringify(bad)}`, () => expect(expandUidSet(bad, 10)).toBeUndefined());
  }
  it('refuses more than the limit without counting them', () => {
    expect(expandUidSet('1:4294967295', 1_000)).toBeUndefined();
    expect(expandUidSet('1:600,1000:1600', 1_000)).toBeUndefined();
    expect(expandUidSet('1:1000', 1_000)).toHaveLength(1_000);
  });
});
