import { expect, test } from 'vitest';
import { Together } from '../../../src/pipeline/accounts/together.ts';
import { inTurns } from '../../../src/pipeline/accounts/turns.ts';

test('what comes at the same time, or while an answer is under way, is asked for together', async () => {
  const asked: (readonly number[])[] = [];
  const first = Promise.withResolvers<void>();
  const together = new Together<number, number>(async (questions) => {
    asked.push(questions);
    if (asked.length === 1) await first.promise;
    return questions.map((question) => question * 10);
  });
  const early = [together.ask(1), together.ask(2)];
  await Promise.resolve().then(() => undefined);
  const late = [together.ask(3), together.ask(4)];
  first.resolve();
  expect(await Promise.all([...early, ...late])).toEqual([10, 20, 30, 40]);
  expect(asked).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('an error is for those who were asked for together, and the next are asked for again', async () => {
  let broken = true;
  const together = new Together<number, number>(async (questions) => {
    if (broken) throw new Error('no');
    return questions;
  });
  const both = await Promise.allSettled([together.ask(1), together.ask(2)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  broken = false;
  expect(await together.ask(3)).toBe(3);
});

test('work in turns is never more than allowed at a time, and its results are in order', async () => {
  let now = 0;
  let most = 0;
  const results = await inTurns([3, 1, 2, 0], 2, async (ms) => {
    most = Math.max(most, ++now);
    await new Promise((resolve) => setTimeout(resolve, ms));
    now -= 1;
    if (ms === 2) throw new Error('two');
    return ms;
  });
  expect(most).toBe(2);
  expect(results.map((result) => (result.status === 'fulfilled' ? result.value : 'error'))).toEqual([3, 1, 'error', 0]);
});
