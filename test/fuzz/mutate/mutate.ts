import type { Random } from '../random.ts';
import { byteMutators, type Mutator } from './bytes.ts';
import { lineMutators } from './lines.ts';

const mutators: readonly Mutator[] = [...byteMutators, ...lineMutators];
/** Longest input: beyond it nothing new happens, only slower. */
const longest = 2_000_000;

/** Some mutations one after the other, mostly few. */
export function mutate(random: Random, bytes: Buffer, other: () => Buffer): Buffer {
  let result = bytes;
  const count = random.pick([1, 2, 3, 6]);
  for (let i = 0; i < count; i++) {
    result = random.pick(mutators)(random, result, other);
    if (result.length > longest) return result.subarray(0, longest);
  }
  return result;
}
