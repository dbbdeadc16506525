import type { KubernetesClient } from './client.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { KubernetesMetrics } from './metrics.ts';
import type { KubernetesObject, Live, ResourceType } from './objects.ts';
import type { Cache, Indexers } from './store.ts';

/** `old` is the object that the cache held before; a deletion carries the last state known. */
export type Change<T extends KubernetesObject> =
  | { readonly type: 'added'; readonly object: Live<T> }
  | { readonly type: 'updated'; readonly object: Live<T>; readonly old: Live<T> }
  | { readonly type: 'deleted'; readonly object: Live<T> };

export interface ReflectorOptions<T extends KubernetesObject> {
  readonly client: KubernetesClient;
  readonly type: ResourceType<T>;
  /** Absent or empty: all namespaces. Each named one has a list and a watch of its own (Roles suffice). */
  readonly namespaces?: readonly string[];
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Watch `PartialObjectMetadata`: for Secrets. */
  readonly metadataOnly?: boolean;
  /** Shrinks an object before it is kept; `managedFields` are gone already. Must keep apiVersion, kind, metadata. */
  readonly transform?: (object: Live<T>) => Live<T>;
  readonly indexers?: Indexers<T>;
  /** Objects a page of a list; default 500. */
  readonly pageSize?: number;
  /** The server ends a watch after a random time in here; default 5 to 10 minutes. */
  readonly watchTimeoutMs?: readonly [min: number, max: number];
  /** First and longest wait after an error; default 800 ms to 30 s. */
  readonly backoffMs?: readonly [first: number, max: number];
  readonly metrics?: KubernetesMetrics;
  readonly log?: Log;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

export interface Reflector<T extends KubernetesObject> {
  readonly cache: Cache<T>;
  /** Fulfilled when every namespace was listed once; rejected when `run` ends before that. */
  readonly synced: Promise<void>;
  readonly isSynced: () => boolean;
  /**
   * Calls `handler` in order, synchronously, for each change of the cache from now on, and at once as `added` for
   * what is there already. What a handler throws is logged; it stops nothing. Returns what unsubscribes.
   */
  onChange(handler: (change: Change<T>) => void): () => void;
  /** Keeps the cache current until `signal` is aborted; never gives up. Call once. */
  run(signal: AbortSignal): Promise<void>;
}

export declare function createReflector<T extends KubernetesObject>(options: ReflectorOptions<T>): Reflector<T>;
