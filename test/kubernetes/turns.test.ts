import { expect, test } from 'vitest';
import { anyTime, createTurns } from '../../src/kubernetes/turns.ts';

const never = new AbortController().signal;

test('no more than so many are at it at the same time, in the order in which they came', async () => {
  const turns = createTurns(2);
  const begun: string[] = [];
  const ends = new Map<string, (() => void) | ((error: Error) => void)>();
  const work = (name: string) =>
    turns(() => {
      begun.push(name);
      return new Promise<void>((resolve, reject) => ends.set(name, name === 'a' ? reject : resolve));
    }, never);
  const all = ['a', 'b', 'c', 'd'].map(work);
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b']);
  ends.get('a')?.(new Error('broken'));
  await expect(all[0]).rejects.toThrow('broken');
  expect(begun).toEqual(['a', 'b', 'c']);
  ends.get('c')?.(new Error());
  await all[2];
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  for (const name of ['b', 'd']) ends.get(name)?.(new Error());
  await Promise.all(all.slice(1));
});

test('who no longer wants to leaves the line', async () => {
  const turns = createTurns(1);
  const first = Promise.withResolvers<void>();
  const running = turns(() => first.promise, never);
  const leaving = new AbortController();
  const left = turns(async () => 'left', leaving.signal);
  const stays = turns(async () => 'stays', never);
  leaving.abort(new Error('the process ends'));
  await expect(left).rejects.toThrow('the process ends');
  first.resolve();
  await running;
  expect(await stays).toBe('stays');
  await expect(anyTime(async () => 1, leaving.signal)).rejects.toThrow('the process ends');
});
