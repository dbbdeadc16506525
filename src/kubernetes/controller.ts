import { asMailmillError, transient } from '../telemetry/errors.ts';
import { type Clock, systemClock } from './clock.ts';
import { withDeadline } from './deadline.ts';
import { isConflict } from './errors.ts';
import { type Log, silent, told } from './log.ts';
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

/** Makes a `Controller`; see there. The queue is the caller's to shut down. */
export function createController(options: ControllerOptions): Controller {
  const { name, queue, reconcile, metrics, log = silent, clock = systemClock } = options;
  const { workers = 4, timeoutMs = 120_000 } = options;
  const controller = name;
  const expired = () => transient('RECONCILE_TIMEOUT', `reconcile of ${name} took more than ${timeoutMs} ms`);

  /** One reconcile and what follows from it for its key. */
  const work = async (key: string, signal: AbortSignal): Promise<'success' | 'requeue' | 'requeue_after' | 'error'> => {
    try {
      const after = await withDeadline(signal, timeoutMs, expired, (bounded) => reconcile(key, bounded));
      queue.forget(key);
      if (after?.requeueAfterMs === undefined) return 'success';
      queue.addAfter(key, after.requeueAfterMs);
      return 'requeue_after';
    } catch (thrown) {
      if (signal.aborted) return 'success';
      const error = asMailmillError(thrown);
      if (error.family === 'Waiting' && error.retryAfterMs !== undefined) {
        log.debug(`${name} waits`, { key, code: error.code, retryAfterMs: error.retryAfterMs });
        queue.forget(key);
        queue.addAfter(key, error.retryAfterMs);
        return 'requeue_after';
      }
      if (isConflict(thrown)) {
        // The cache was behind: what it misses is on its way.
        log.debug(`${name} acted on an old object; it is retried`, { key, ...told(error) });
        queue.addRateLimited(key);
        return 'requeue';
      }
      log.warn(`${name} failed; it is retried`, { key, ...told(error) });
      queue.addRateLimited(key);
      return 'error';
    }
  };

  const worker = async (signal: AbortSignal) => {
    for (;;) {
      const key = await queue.take(signal);
      if (key === undefined) return;
      const start = clock.monotonic();
      const result = await work(key, signal);
      queue.done(key);
      metrics?.reconciles.inc({ controller, result });
      if (result === 'error') metrics?.reconcileErrors.inc({ controller });
      metrics?.reconcileSeconds.observe({ controller }, (clock.monotonic() - start) / 1000);
    }
  };

  return {
    run: async (signal) => {
      await Promise.all(Array.from({ length: workers }, () => worker(signal)));
    },
  };
}
