import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { KubernetesMetrics } from './metrics.ts';
import type { Queue } from './queue.ts';

export interface Requeue {
  /** Come back after this many milliseconds; the key's backoff is forgotten. */
  readonly requeueAfterMs?: number;
}

/**
 * Brings what `key` names to its desired state. A throw means again with backoff; a `Waiting` error with `retryAfterMs`
 * means again after that time.
 */
export type Reconcile = (key: string, signal: AbortSignal) => Promise<Requeue | undefined>;

export interface ControllerOptions {
  /** Label of the metrics. */
  readonly name: string;
  readonly queue: Queue;
  readonly reconcile: Reconcile;
  /** How many keys are worked on at once; default 4. */
  readonly workers?: number;
  /** A reconcile that takes longer is aborted and counted as an error; default 120,000. */
  readonly timeoutMs?: number;
  readonly metrics?: KubernetesMetrics;
  readonly log?: Log;
  readonly clock?: Clock;
}

export interface Controller {
  /** Works until `signal` is aborted, then waits for what is in flight (which sees the abort) and ends. */
  run(signal: AbortSignal): Promise<void>;
}

export declare function createController(options: ControllerOptions): Controller;
