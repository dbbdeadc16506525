/** Says whether a smaller input still shows the fault. */
type Shows<T> = (input: T) => Promise<boolean>;

/** Wall time that making one input smaller may take, in milliseconds. */
const patience = 30_000;

/**
 * Takes pieces out of a sequence as long as the fault shows, halves first, then ever smaller ones (delta debugging).
 *
 * @param without the sequence without `length` elements from `start` on.
 */
async function reduce<T extends { readonly length: number }>(
  input: T,
  without: (input: T, start: number, length: number) => T,
  shows: Shows<T>,
  deadline: number,
): Promise<T> {
  let best = input;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let start = 0; start < best.length && Date.now() < deadline; ) {
      const smaller = without(best, start, size);
      if (smaller.length < best.length && (await shows(smaller))) best = smaller;
      else start += size;
    }
    if (Date.now() >= deadline) return best;
  }
  return best;
}

/** The smallest bytes found that still show the fault. */
export async function minimiseBytes(input: Buffer, shows: Shows<Buffer>): Promise<Buffer> {
  const without = (bytes: Buffer, start: number, length: number) =>
    Buffer.concat([bytes.subarray(0, start), bytes.subarray(start + length)]);
  const deadline = Date.now() + patience;
  let best = input;
  for (let before = -1; before !== best.length && Date.now() < deadline; ) {
    before = best.length;
    best = await reduce(best, without, shows, deadline);
  }
  return best;
}

/** The simplest choices found whose input still shows the fault: fewer ones, then smaller ones. */
export async function minimiseChoices(
  input: readonly number[],
  shows: Shows<readonly number[]>,
): Promise<readonly number[]> {
  const deadline = Date.now() + patience;
  const without = (choices: readonly number[], start: number, length: number) => choices.toSpliced(start, length);
  let best = await reduce(input, without, shows, deadline);
  for (let i = 0; i < best.length; i++) {
    // Mostly what shows the fault with a value shows it with those between it and the smallest that does.
    let least = 0;
    for (let most = best[i] ?? 0; least < most && Date.now() < deadline; ) {
      const middle = (least + most) >> 1;
      if (await shows(best.with(i, middle))) {
        best = best.with(i, middle);
        most = middle;
      } else least = middle + 1;
    }
  }
  return best;
}
