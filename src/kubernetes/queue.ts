import { exponential } from './backoff.ts';
import { type Clock, systemClock } from './clock.ts';
import type { KubernetesMetrics } from './metrics.ts';
import { TokenBucket } from './token-bucket.ts';

export interface QueueOptions {
  /** Label of the metrics. */
  readonly name: string;
  /** First and longest wait of `addRateLimited` for one key; default 5 ms to 1,000 s, doubling. */
  readonly backoffMs?: readonly [first: number, max: number];
  /** Bucket that `addRateLimited` shares over all keys; default 10 a second, 100 at once. */
  readonly rate?: { readonly perSecond: number; readonly burst: number };
  readonly metrics?: KubernetesMetrics;
  readonly clock?: Clock;
}

/**
 * A queue of keys in which each key stands at most once, and is in the hands of at most one worker: what is added
 * while it is being worked on comes again afterwards.
 */
export interface Queue {
  /** Ready now. Nothing happens after `shutdown`. */
  add(key: string): void;
  /** Ready after `ms`; of several pending delays of a key the earliest counts. */
  addAfter(key: string, ms: number): void;
  /** Ready after the key's own backoff and the global rate, whichever is later. */
  addRateLimited(key: string): void;
  /** The key's backoff starts anew. */
  forget(key: string): void;
  /** How often `addRateLimited` was called since `forget`. */
  retries(key: string): number;
  /**
   * Next key, or `undefined` after shutdown or when the signal is aborted. The caller owes `done(key)`.
   */
  take(signal: AbortSignal): Promise<string | undefined>;
  done(key: string): void;
  /** Keys ready and not taken. */
  readonly depth: number;
  /** No more keys are taken or accepted; timers are cleared. */
  shutdown(): void;
}

interface Delay {
  readonly at: number;
  readonly cancel: AbortController;
}

interface Waiter {
  readonly give: (key: string | undefined) => void;
}

/** One for all: a reason of its own for each would be an error with a stack. */
const cancelled = new Error('an earlier delay took the place of this one, or the queue was shut down');

/** Makes a `Queue`; see there. */
export function createQueue(options: QueueOptions): Queue {
  const { name, metrics, clock = systemClock } = options;
  const [first, max] = options.backoffMs ?? [5, 1_000_000];
  const bucket = new TokenBucket(options.rate ?? { perSecond: 10, burst: 100 }, clock);
  /** Ready and not taken, in order, with the time since when. */
  const ready = new Map<string, number>();
  /** Taken, with the time since when. */
  const working = new Map<string, number>();
  /** Added again while they are worked on. */
  const again = new Set<string>();
  const delays = new Map<string, Delay>();
  const failures = new Map<string, number>();
  const waiters = new Set<Waiter>();
  let closed = false;

  const depth = () => metrics?.depth.set({ name }, ready.size);

  const hand = (key: string, since: number): string => {
    const now = clock.monotonic();
    metrics?.queueSeconds.observe({ name }, (now - since) / 1000);
    working.set(key, now);
    return key;
  };

  const enqueue = (key: string): void => {
    const now = clock.monotonic();
    const [waiter] = waiters;
    if (waiter === undefined) ready.set(key, now);
    else {
      waiters.delete(waiter);
      waiter.give(hand(key, now));
    }
    depth();
  };

  const add = (key: string): void => {
    if (closed || ready.has(key) || again.has(key)) return;
    metrics?.adds.inc({ name });
    if (working.has(key)) again.add(key);
    else enqueue(key);
  };

  const addAfter = (key: string, ms: number): void => {
    if (closed) return;
    if (ms <= 0) {
      add(key);
      return;
    }
    const at = clock.monotonic() + ms;
    const pending = delays.get(key);
    if (pending !== undefined && pending.at <= at) return;
    pending?.cancel.abort(cancelled);
    const cancel = new AbortController();
    delays.set(key, { at, cancel });
    clock.sleep(ms, cancel.signal).then(
      () => {
        delays.delete(key);
        add(key);
      },
      // Cancelled: an earlier delay took its place, or the queue was shut down.
      () => {},
    );
  };

  return {
    add,
    addAfter,
    addRateLimited: (key) => {
      if (closed) return;
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      metrics?.retries.inc({ name });
      addAfter(key, Math.max(exponential(first, max, count), bucket.take()));
    },
    forget: (key) => {
      failures.delete(key);
    },
    retries: (key) => failures.get(key) ?? 0,
    take: (signal) => {
      if (closed || signal.aborted) return Promise.resolve(undefined);
      const [next] = ready;
      if (next !== undefined) {
        const [key, since] = next;
        ready.delete(key);
        depth();
        return Promise.resolve(hand(key, since));
      }
      return new Promise((resolve) => {
        const leave = () => {
          waiters.delete(waiter);
          resolve(undefined);
        };
        const waiter: Waiter = {
          give: (key) => {
            signal.removeEventListener('abort', leave);
            resolve(key);
          },
        };
        waiters.add(waiter);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    done: (key) => {
      const since = working.get(key);
      if (since === undefined) return;
      working.delete(key);
      metrics?.workSeconds.observe({ name }, (clock.monotonic() - since) / 1000);
      if (again.delete(key) && !closed) enqueue(key);
    },
    get depth() {
      return ready.size;
    },
    shutdown: () => {
      closed = true;
      for (const { cancel } of delays.values()) cancel.abort(cancelled);
      delays.clear();
      ready.clear();
      again.clear();
      failures.clear();
      for (const waiter of waiters) waiter.give(undefined);
      waiters.clear();
      depth();
    },
  };
}
