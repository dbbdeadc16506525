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
  // Not that of node:timers/promises, which makes an error with a stack for each sleep that is cut short.
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const cut = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(() => {
        signal.removeEventListener('abort', cut);
        resolve();
      }, ms);
      signal.addEventListener('abort', cut, { once: true });
    }),
};

/** RFC 3339 with microseconds, as `MicroTime` wants it. */
export const microTime = (ms: number) => new Date(ms).toISOString().replace('Z', '000Z');
