import { setTimeout as delay } from 'node:timers/promises';

/** Time as the decisions of this folder see it; tests pass a clock that they move by hand. */
export interface Clock {
  /** Wall time in milliseconds since 1970, for timestamps that others read. */
  readonly now: () => number;
  /** Milliseconds that never jump, for every duration and deadline. */
  readonly monotonic: () => number;
  /** Waits `ms` milliseconds; rejects with the signal's reason when it is aborted first. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Node's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    signal.throwIfAborted();
    try {
      await delay(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};

/** RFC 3339 with microseconds, as `MicroTime` wants it. */
export const microTime = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z');
