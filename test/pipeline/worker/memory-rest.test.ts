import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { MemoryRest } from '../../../src/pipeline/worker/memory-rest.ts';

const MiB = 2 ** 20;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A process that needs `live` MiB and has `garbage`; what it is when looks are over is in `after`. */
function started() {
  const state = { live: 90, garbage: 0, read: 0, collected: 0 };
  const collect = () => {
    state.garbage = 0;
    state.collected += 1;
  };
  const rest = new MemoryRest(() => state.read, { rss: () => (state.live + state.garbage) * MiB, collect });
  rest.start();
  // From the first look on it knows how much is read.
  vi.advanceTimersByTime(4_000);
  return { state, rest };
}

test('what logins leave behind is given back while they go on', () => {
  const { state, rest } = started();
  let peak = 0;
  for (let second = 0; second < 16; second++) {
    state.live += 6;
    state.garbage += 10;
    vi.advanceTimersByTime(1_000);
    peak = Math.max(peak, state.live + state.garbage);
  }
  expect(state.live).toBe(186);
  expect(peak).toBeLessThan(230);
  rest.stop();
});

test('while mail is read nothing is given back, and when it ends all is', () => {
  const { state, rest } = started();
  const before = state.collected;
  for (let second = 0; second < 10; second++) {
    state.garbage += 20;
    state.read += 1_000;
    vi.advanceTimersByTime(1_000);
  }
  expect([state.collected - before, state.garbage]).toEqual([0, 200]);
  vi.advanceTimersByTime(4_000);
  expect([state.collected - before, state.garbage]).toEqual([1, 0]);
  rest.stop();
});

test('little is left where it is, and after the end nothing is looked at', () => {
  const { state, rest } = started();
  const before = state.collected;
  state.garbage = 20;
  vi.advanceTimersByTime(60_000);
  rest.stop();
  state.garbage = 500;
  vi.advanceTimersByTime(60_000);
  expect(state.collected).toBe(before);
});
