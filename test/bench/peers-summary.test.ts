import { expect, test } from 'vitest';
import { type Round, summary } from './peers-summary.ts';

const round = (name: string, wall: number, user = 'bench'): Round => ({ name, user, full: { wall } });

test('medians of whole processes, the best peer that fills the table, and our start-up taken off', () => {
  const rounds = [
    round('mailmill', 1),
    round('mailmill', 9),
    round('mailmill', 2),
    round('python', 4),
    round('camel', 8),
    round('mbsync', 0.1),
    round('limit: pg copy', 0.1),
    round('python', 0.1, 'attach'),
  ];
  expect(summary(rounds, 'bench', 1000, [0.4, 0.6, 5])).toEqual({
    messagesPerSecond: 500,
    bestPeer: 'python',
    bestPeerMessagesPerSecond: 250,
    ratio: 2,
    startUpSeconds: 0.6,
    messagesPerSecondWithoutStartUp: 714,
    ratioWithoutStartUp: 2.86,
  });
});

test('without peers there is no ratio; void passes of ours are an error', () => {
  expect(summary([round('mailmill', 2)], 'bench', 1000, [1])).not.toHaveProperty('ratio');
  expect(() => summary([round('python', 2)], 'bench', 1000, [1])).toThrow(/void/);
});
