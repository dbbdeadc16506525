import { describe, expect, test } from 'vitest';
import { Backoff } from '../../src/pipeline/backoff.ts';
import { DeadRate } from '../../src/pipeline/dead-rate.ts';
import { batchMessages, planBatches } from '../../src/pipeline/folders/batch-plan.ts';
import { Poke } from '../../src/pipeline/poke.ts';
import { ByteBudget } from '../../src/pipeline/worker/byte-budget.ts';
import type { Listed } from '../../src/sources/source.ts';
import { stalled, transient, waiting } from '../../src/telemetry/errors.ts';

const mib = 2 ** 20;
const listed = (uid: number, size = 1_000, receivedAt = new Date('2024-08-22')): Listed => ({ uid, size, receivedAt });
const plan = (
  uids: readonly number[],
  found: readonly Listed[],
  more: Partial<Parameters<typeof planBatches>[0]> = {},
) =>
  planBatches({
    from: 1,
    uids,
    listed: found,
    since: undefined,
    firstUidNext: 1_000_000,
    messageSize: 64 * mib,
    ...more,
  });

describe('planBatches', () => {
  test('ranges are adjacent, begin where they are told and end at the last UID', () => {
    const uids = Array.from({ length: 1_203 }, (_, i) => 10 + i * 3);
    const batches = plan(
      uids,
      uids.map((uid) => listed(uid)),
      { from: 4 },
    );
    expect(batches.map((batch) => batch.fetch.length)).toEqual([batchMessages, batchMessages, 203]);
    expect(batches[0]!.range[0]).toBe(4);
    expect(batches.at(-1)!.range[1]).toBe(uids.at(-1));
    for (const [i, batch] of batches.entries()) if (i > 0) expect(batch.range[0]).toBe(batches[i - 1]!.range[1] + 1);
  });

  test('a batch ends before 8 MiB, and a larger message goes alone', () => {
    const batches = plan([1, 2, 3, 4], [listed(1, 5 * mib), listed(2, 4 * mib), listed(3, 30 * mib), listed(4, 1)]);
    expect(batches.map((batch) => batch.fetch.map((each) => each.uid))).toEqual([[1], [2], [3], [4]]);
    expect(batches.map((batch) => batch.bytes)).toEqual([5 * mib, 4 * mib, 30 * mib, 1]);
  });

  test('vanished, excluded and too large are told apart, and finish with their range', () => {
    const old = new Date('2020-01-01');
    const [batch, ...rest] = plan(
      [1, 2, 3, 4, 5],
      [listed(1, 10, old), listed(3, 65 * mib), listed(4), listed(5, 10, old)],
      { since: new Date('2024-01-01'), firstUidNext: 5 },
    );
    expect(rest).toEqual([]);
    expect(batch).toMatchObject({ range: [1, 5], excluded: 1, vanished: [2] });
    expect(batch!.tooLarge.map((each) => each.uid)).toEqual([3]);
    // UID 5 appeared after the first sight: taken, however old.
    expect(batch!.fetch.map((each) => each.uid)).toEqual([4, 5]);
  });

  test('a range does not reach a number that only SEARCH gave, and the next message counts it', () => {
    expect(plan([1, 2, 99], [listed(1), listed(2)]).map((batch) => [batch.range, batch.vanished])).toEqual([
      [[1, 2], []],
    ]);
    expect(plan([99], [])).toEqual([]);
    expect(plan([99, 120], [listed(120)], { from: 3 })).toMatchObject([{ range: [3, 120], vanished: [99] }]);
  });

  test('headers of messages that are too large are bounded as well', () => {
    const uids = Array.from({ length: 100 }, (_, i) => i + 1);
    const batches = plan(
      uids,
      uids.map((uid) => listed(uid, 100 * mib)),
    );
    expect(batches.map((batch) => batch.tooLarge.length)).toEqual([32, 32, 32, 4]);
    expect(batches.every((batch) => batch.bytes <= 8 * mib)).toBe(true);
  });

  test('nothing to do is no batch', () => {
    expect(plan([], [])).toEqual([]);
  });
});

describe('ByteBudget', () => {
  const never = new AbortController().signal;

  test('what does not fit waits, in order', async () => {
    const budget = new ByteBudget(100);
    await budget.acquire(60, never);
    const order: string[] = [];
    const big = budget.acquire(80, never).then(() => order.push('big'));
    const small = budget.acquire(10, never).then(() => order.push('small'));
    await Promise.resolve();
    expect(order).toEqual([]);
    budget.release(60);
    await Promise.all([big, small]);
    expect(order).toEqual(['big', 'small']);
    expect(budget.used).toBe(90);
  });

  test('more than the whole budget passes alone', async () => {
    const budget = new ByteBudget(100);
    await budget.acquire(500, never);
    let passed = false;
    const next = budget.acquire(1, never).then(() => {
      passed = true;
    });
    await Promise.resolve();
    expect(passed).toBe(false);
    budget.release(500);
    await next;
    expect(budget.used).toBe(1);
  });

  test('who waited too long comes back later, and lets the next one in', async () => {
    const budget = new ByteBudget(100);
    await budget.acquire(60, never);
    const waits = budget.acquire(90, never, 20);
    const next = budget.acquire(40, never);
    await expect(waits).rejects.toMatchObject({ code: 'WORKER_MEMORY_BUSY', family: 'Waiting' });
    await next;
    expect(budget.used).toBe(100);
  });

  test('an aborted wait leaves the queue and lets the next one in', async () => {
    const budget = new ByteBudget(100);
    await budget.acquire(60, never);
    const stop = new AbortController();
    const waits = budget.acquire(90, stop.signal);
    const next = budget.acquire(40, never);
    stop.abort(new Error('enough'));
    await expect(waits).rejects.toThrow('enough');
    await next;
    expect(budget.used).toBe(100);
  });
});

describe('DeadRate', () => {
  const feed = (rate: DeadRate, dead: readonly boolean[]) => {
    const result = rate.examine(dead);
    if (!result.error) result.keep();
    return result.error?.code;
  };
  const repeat = (n: number, value: boolean) => Array.from({ length: n }, () => value);

  test('50 dead in a row stop the cursor, 49 do not', () => {
    const rate = new DeadRate();
    expect(feed(rate, repeat(49, true))).toBeUndefined();
    expect(feed(rate, [true])).toBe('DEAD_RATE_EXCEEDED');
    expect(feed(new DeadRate(), [...repeat(49, true), false, ...repeat(49, true), false])).toBeUndefined();
  });

  test('the share counts from 200 messages on', () => {
    const rate = new DeadRate();
    const fifth = Array.from({ length: 200 }, (_, i) => i % 5 === 0);
    expect(feed(rate, fifth.slice(0, 199))).toBeUndefined();
    expect(feed(rate, fifth.slice(199))).toBeUndefined(); // 20 % is not more than 20 %
    expect(feed(rate, [true, true, true, true, true])).toBe('DEAD_RATE_EXCEEDED');
  });

  test('what was refused is not remembered', () => {
    const rate = new DeadRate();
    expect(feed(rate, repeat(60, true))).toBe('DEAD_RATE_EXCEEDED');
    expect(feed(rate, repeat(49, true))).toBeUndefined();
  });
});

test('backoff grows for Transient, is as told for Waiting, slow for Stalled, and begins again', () => {
  const backoff = new Backoff(() => 0.5);
  const next = () => backoff.next(transient('X', 'x'));
  expect([next(), next(), next()]).toEqual([250, 500, 1_000]);
  for (let i = 0; i < 20; i++) next();
  expect(next()).toBe(60_000);
  const asked = (retryAfterMs: number, random: number) =>
    Math.round(new Backoff(() => random).next(waiting('X', 'x', { retryAfterMs })));
  expect([asked(1_234, 0), asked(0, 0), asked(999_999_999, 0)]).toEqual([1_234, 1_000, 3_600_000]);
  expect(asked(1_000, 1)).toBe(1_200);
  const first = (random: number) => new Backoff(() => random).next(transient('X', 'x'));
  expect([first(0), first(1)]).toEqual([125, 375]);
  expect(backoff.next(stalled('X', 'x'))).toBe(60_000);
  backoff.reset();
  expect(next()).toBe(250);
});

test('a poke that comes while nobody waits is not lost, and is pending until the work is done', () => {
  const poke = new Poke();
  poke.poke();
  expect(poke.signal().aborted).toBe(true);
  expect(poke.take()).toBe(true);
  expect(poke.take()).toBe(false);
  expect(poke.signal().aborted).toBe(false);
  expect(poke.pending).toBe(true);
  poke.done();
  expect(poke.pending).toBe(false);
});
