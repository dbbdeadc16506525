import type { KubernetesClient } from './client.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { KubernetesMetrics } from './metrics.ts';
import type { KubernetesObject } from './objects.ts';

export interface EventRecorderOptions {
  readonly client: KubernetesClient;
  /** `reportingController`: `mailmill.io/operator`. */
  readonly controller: string;
  /** `reportingInstance`: the pod's name. */
  readonly instance: string;
  /** Repeats of the same event within this time become a series; default 360,000. */
  readonly aggregateMs?: number;
  /** New events an object may have: a bucket; default 25 at once, one more each 300 s (client-go's). */
  readonly perObject?: { readonly burst: number; readonly refillMs: number };
  /** Events waiting to be written; beyond it new ones are dropped and counted; default 1,000. */
  readonly pending?: number;
  readonly metrics?: KubernetesMetrics;
  readonly log?: Log;
  readonly clock?: Clock;
}

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, at most 128 characters. */
  readonly reason: string;
  /** What the controller did: `Reconcile`, `Rollout`; at most 128 characters. */
  readonly action: string;
  /** For people; cut at 1,024 bytes. */
  readonly note: string;
}

export interface EventRecorder {
  /** Never blocks, never throws; written in the background. */
  record(object: KubernetesObject, event: EventNote): void;
  /** Writes until `signal` is aborted, then what is pending within 2 s. Call once. */
  run(signal: AbortSignal): Promise<void>;
}

export declare function createEventRecorder(options: EventRecorderOptions): EventRecorder;
