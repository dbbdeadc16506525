import { expect, test } from 'vitest';
import { LeanEngine } from '../../../src/pipeline/worker/lean-engine.ts';

const MiB = 2 ** 20;

function tuned(sizes: readonly number[]): readonly (readonly string[])[] {
  let flags: string[] = [];
  let size = 0;
  const engine = new LeanEngine({ set: (flag) => void flags.push(flag), young: () => size * MiB });
  return sizes.map((next) => {
    size = next;
    flags = [];
    engine.tune();
    return flags;
  });
}

test('what does not change is set once', () => {
  const [first, ...later] = tuned([2, 2, 2]);
  expect(first).toEqual(['--invocation-count-for-turbofan=50000', '--heap-growing-percent=200']);
  expect(later).toEqual([[], []]);
});

test('the young generation grows until it is large enough, and again after it has shrunk', () => {
  const factors = tuned([2, 8, 16, 16, 2, 32]).map((flags) => flags.filter((flag) => /growth-factor/.test(flag)));
  const [grow, stay] = ['--semi-space-growth-factor=2', '--semi-space-growth-factor=1'];
  expect(factors).toEqual([[], [], [stay], [], [grow], [stay]]);
});
