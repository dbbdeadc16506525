/** Does work when its turn has come; rejects with the signal's reason when that is aborted before. */
export type Turns = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** At once, always. */
export const anyTime: Turns = async (work, signal) => {
  signal.throwIfAborted();
  return work();
};

/** At most so many at the same time, first come, first served. */
export function createTurns(most: number): Turns {
  const waiting = new Set<() => void>();
  let free = most;
  const next = () => {
    const [first] = waiting;
    if (first === undefined) free += 1;
    else {
      waiting.delete(first);
      first();
    }
  };
  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.delete(go);
        reject(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      waiting.add(go);
    });
  return async (work, signal) => {
    signal.throwIfAborted();
    if (free > 0) free -= 1;
    else await turn(signal);
    try {
      return await work();
    } finally {
      next();
    }
  };
}
