import { expect, test } from 'vitest';
import { batchBytes, type PlannedBatch, planBatches } from '../../../src/pipeline/folders/batch-plan.ts';
import { FetchPace } from '../../../src/pipeline/folders/fetch-pace.ts';

const MiB = 2 ** 20;

/** Batches of messages of one size. */
function batches(messages: number, size: number): readonly PlannedBatch[] {
  const listed = Array.from({ length: messages }, (_, i) => ({ uid: i + 1, size, receivedAt: new Date(0) }));
  const uids = listed.map(({ uid }) => uid);
  return planBatches({ from: 1, uids, listed, since: undefined, firstUidNext: 0, messageSize: 64 * MiB });
}

/** How many of these one FETCH is for. */
function together(pace: FetchPace, [first, ...others]: readonly PlannedBatch[]): number {
  const plans = [first!];
  for (const next of others) {
    if (!pace.fits(plans, next)) break;
    plans.push(next);
  }
  return plans.length;
}

const large = batches(200, MiB);

test('batches of large mail that come quickly are asked for together, up to four', () => {
  const pace = new FetchPace();
  expect(together(pace, large)).toBe(1);
  for (const expected of [2, 4, 4]) {
    pace.took(batchBytes * together(pace, large), 100);
    expect(together(pace, large)).toBe(expected);
  }
});

test('over a slow link one is asked for at a time', () => {
  const pace = new FetchPace();
  for (let i = 0; i < 3; i++) pace.took(32 * MiB, 100);
  expect(together(pace, large)).toBe(4);
  for (const expected of [2, 1, 1]) {
    pace.took(batchBytes * together(pace, large), 4_000);
    expect(together(pace, large)).toBe(expected);
  }
});

test('a FETCH for little says nothing of the link', () => {
  const pace = new FetchPace();
  pace.took(10_000, 1);
  expect(together(pace, large)).toBe(1);
});

test('no FETCH is for more messages than a batch may have, or for one beside a very large one', () => {
  const pace = new FetchPace();
  for (let i = 0; i < 3; i++) pace.took(32 * MiB, 100);
  expect(together(pace, batches(2_000, 5_000))).toBe(1);
  expect(together(pace, [...batches(1, 9 * MiB), ...large])).toBe(3);
  expect(together(pace, [...batches(1, MiB), ...batches(1, 9 * MiB)])).toBe(1);
});

test('after a failure each batch is fetched alone and is a quarter, until all that failed has come', () => {
  const pace = new FetchPace();
  for (let i = 0; i < 3; i++) pace.took(32 * MiB, 100);
  const failed = large.slice(0, 2);
  pace.failed(failed);
  expect([pace.most, together(pace, large)]).toEqual([4, 1]);
  pace.came(failed[0]!.uids);
  expect([pace.most, together(pace, large)]).toEqual([4, 1]);
  pace.came(failed[1]!.uids);
  expect([pace.most, together(pace, large)]).toEqual([500, 4]);
});
