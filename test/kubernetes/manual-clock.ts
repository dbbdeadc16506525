import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../src/kubernetes/clock.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves time on, waking sleepers in order; what they do in between happens at their time. */
  advance(ms: number): Promise<void>;
  /** Moves time on at once, as a process sees it that was stopped: sleepers wake only afterwards. */
  jump(ms: number): void;
  /** Lets everything run that needs no time. */
  settle(): Promise<void>;
  readonly sleeping: number;
  /** Milliseconds until the next sleeper wakes. */
  readonly next: number | undefined;
}

export function manualClock(start = Date.UTC(2026, 10, 21)): ManualClock {
  let time = 0;
  const sleepers = new Set<Sleeper>();
  const settle = async () => {
    for (let i = 0; i < 5; i += 1) await turn();
  };
  return {
    now: () => start + time,
    monotonic: () => time,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const abort = () => {
          sleepers.delete(sleeper);
          reject(signal.reason);
        };
        const sleeper: Sleeper = {
          at: time + ms,
          wake: () => {
            signal.removeEventListener('abort', abort);
            sleepers.delete(sleeper);
            resolve();
          },
        };
        signal.addEventListener('abort', abort, { once: true });
        sleepers.add(sleeper);
      }),
    advance: async (ms) => {
      const end = time + ms;
      await settle();
      for (;;) {
        const [next] = [...sleepers].sort((a, b) => a.at - b.at);
        if (next === undefined || next.at > end) break;
        time = Math.max(time, next.at);
        next.wake();
        await settle();
      }
      time = end;
    },
    jump: (ms) => {
      time += ms;
    },
    settle,
    get next() {
      const [next] = [...sleepers].sort((a, b) => a.at - b.at);
      return next === undefined ? undefined : next.at - time;
    },
    get sleeping() {
      return sleepers.size;
    },
  };
}
