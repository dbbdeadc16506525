import type { Clock } from './clock.ts';
import type { KubernetesMetrics } from './metrics.ts';

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

export declare function createQueue(options: QueueOptions): Queue;
