import { describe, expect, test } from 'vitest';
import { UidSet } from '../../src/store/uid-set.ts';

describe('UidSet', () => {
  test.each([
    [[], '{}'],
    [[[1, 5]], '{[1,6)}'],
    [
      [
        [1, 5],
        [6, 9],
      ],
      '{[1,10)}',
    ],
    [
      [
        [8, 9],
        [1, 5],
        [4, 6],
      ],
      '{[1,7),[8,10)}',
    ],
    [[[5, 4]], '{}'],
  ] as const)('%j is %s, and reads back', (ranges, text) => {
    const set = UidSet.of(...ranges);
    expect(set.toString()).toBe(text);
    expect(UidSet.parse(text)).toEqual(set);
  });

  test('has and missing at the edges of ranges', () => {
    const set = UidSet.of([2, 3], [7, 7], [10, 4_294_967_295]);
    expect([1, 2, 3, 4, 6, 7, 8, 9, 10, 4_294_967_295].map((uid) => set.has(uid))).toEqual([
      false,
      true,
      true,
      false,
      false,
      true,
      false,
      false,
      true,
      true,
    ]);
    expect(set.missing([1, 2, 4, 7, 9, 11])).toEqual([1, 4, 9]);
    expect(UidSet.empty.missing([3])).toEqual([3]);
  });

  test('union joins neighbours', () => {
    expect(UidSet.of([1, 3]).union(UidSet.fromUids([5, 4])).ranges).toEqual([[1, 5]]);
  });
});

test('a set of a sparse mailbox, hundreds of thousands of ranges, can be made, read and joined', () => {
  const uids = Array.from({ length: 300_000 }, (_, i) => 2 * i + 1);
  const set = UidSet.fromUids(uids);
  expect(set.ranges).toHaveLength(300_000);
  expect(UidSet.parse(set.toString()).union(UidSet.of([2, 2])).ranges).toHaveLength(299_999);
});
