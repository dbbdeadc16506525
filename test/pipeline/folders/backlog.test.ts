import { describe, expect, test } from 'vitest';
import { BackfillProgress } from '../../../src/pipeline/folders/backfill-progress.ts';
import { type BackfillOrder, Backlog } from '../../../src/pipeline/folders/backlog.ts';
import { planBatches } from '../../../src/pipeline/folders/batch-plan.ts';
import { UidSet } from '../../../src/store/uid-set.ts';

const receivedAt = new Date('2024-08-22');
const uids = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);

/** Works a backlog off: the ranges in their order, and the UIDs of each. */
function workOff(backlog: Backlog, window: number, most = 500) {
  const done: { readonly range: readonly [number, number]; readonly uids: readonly number[] }[] = [];
  for (let next = backlog.window(window); next; next = backlog.window(window)) {
    const listed = next.uids.map((uid) => ({ uid, size: 1, receivedAt }));
    backlog.plan(planBatches({ ...next, listed, since: undefined, firstUidNext: 1, messageSize: 10, most }));
    for (let plan = backlog.next(); plan; plan = backlog.next()) done.push({ range: plan.range, uids: plan.uids });
  }
  return done;
}

describe.each<BackfillOrder>(['OldestFirst', 'NewestFirst'])('a backlog, %s', (order) => {
  test('is worked off once, in its order, and its ranges leave no gap', () => {
    const backlog = new Backlog(order);
    const all = uids(10, 3_000, 3);
    backlog.add(all, 4);
    expect(backlog.size).toBe(all.length);
    const done = workOff(backlog, 300, 100);
    const inOrder = done.flatMap((batch) => batch.uids);
    expect(inOrder.toSorted((a, b) => a - b)).toEqual(all);
    const firsts = done.map(({ range }) => range[0]);
    expect(firsts).toEqual(firsts.toSorted((a, b) => (order === 'OldestFirst' ? a - b : b - a)));
    expect(UidSet.of(...done.map(({ range }) => range)).ranges).toEqual([[4, all.at(-1)]]);
    expect(backlog.isEmpty).toBe(true);
  });

  test('no range reaches over a UID that stands apart', () => {
    const backlog = new Backlog(order);
    backlog.add([1, 2, 4, 9, 10], 1, new Set([3, 7]));
    const covered = UidSet.of(...workOff(backlog, 100).map(({ range }) => range));
    expect(covered.toString()).toBe('{[1,3),[4,5),[8,11)}');
  });

  test('a batch that was put back comes first', () => {
    const backlog = new Backlog(order);
    backlog.add(uids(1, 10), 1);
    const listed = uids(1, 10).map((uid) => ({ uid, size: 1, receivedAt }));
    const window = backlog.window(100)!;
    backlog.plan(planBatches({ ...window, listed, since: undefined, firstUidNext: 1, messageSize: 10, most: 4 }));
    const first = backlog.next()!;
    backlog.putBack(first);
    expect(backlog.size).toBe(10);
    expect(backlog.next()).toBe(first);
  });
});

describe('the progress of a backfill', () => {
  test('tells rate and time left of the last minute', () => {
    const progress = new BackfillProgress(10_000, 2_000, 0);
    expect(progress.estimate(0)).toEqual({ done: 2_000, total: 10_000, perSecond: 0 });
    for (let second = 1; second <= 100; second++) progress.advance(second <= 30 ? 100 : 10, second * 1_000);
    // The first 30 s were faster; of those, less than a third is remembered.
    expect(progress.estimate(100_000)).toMatchObject({ done: 5_700, total: 10_000, perSecond: 10 });
    expect(progress.estimate(100_000).secondsLeft).toBe(430);
  });

  test('a pause does not count', () => {
    const progress = new BackfillProgress(1_000, 0, 0);
    progress.advance(100, 1_000);
    progress.pause(60_000);
    progress.advance(100, 61_000);
    expect(progress.estimate(61_000)).toEqual({ done: 200, total: 1_000, perSecond: 100, secondsLeft: 8 });
  });
});
