import { expect, test } from 'vitest';
import { type Failure, Suspects } from '../../../src/pipeline/folders/suspects.ts';

const listed = { uid: 7, size: 10, receivedAt: new Date('2024-08-22') };

/** Tries each time it is due, and tells when it is given up: tries and milliseconds. */
function untilHopeless(failure: Failure) {
  const suspects = new Suspects();
  let now = 1_000;
  for (let tries = 1; ; tries++) {
    suspects.note(listed, failure, now);
    if (suspects.hopeless(7, now)) return { tries, ms: now - 1_000 };
    expect(suspects.due(now)).toBeUndefined();
    now = suspects.nextAt!;
    expect(suspects.due(now)).toBe(listed);
  }
}

test('a message that is left out is given up after some tries, within two minutes', () => {
  expect(untilHopeless('LeftOut')).toEqual({ tries: 5, ms: 85_000 });
});

test('one that ends the connection is given more time: connections end for many reasons', () => {
  expect(untilHopeless('Broke')).toEqual({ tries: 6, ms: 795_000 });
});

test('what has come is forgotten', () => {
  const suspects = new Suspects();
  suspects.note(listed, 'LeftOut', 0);
  suspects.settle(7);
  expect([suspects.size, suspects.nextAt, suspects.due(1e9), suspects.hopeless(7, 1e9)]).toEqual([
    0,
    undefined,
    undefined,
    false,
  ]);
});
