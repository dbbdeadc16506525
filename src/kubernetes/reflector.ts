import { type MailmillError, transient } from '../telemetry/errors.ts';
import type { KubernetesClient } from './client-api.ts';
import { type Clock, systemClock } from './clock.ts';
import { listWatch, type Sink } from './list-watch.ts';
import { type Log, silent, told } from './log.ts';
import type { KubernetesMetrics } from './metrics.ts';
import { type KubernetesObject, keyOf, type Live, type ResourceType } from './objects.ts';
import { type Cache, type Indexers, Store } from './store.ts';
import { anyTime, type Turns } from './turns.ts';

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
  /** Objects a page of a list; default 200: a page is several times its size until it is decoded and what is not kept is gone. */
  readonly pageSize?: number;
  /** Shared by reflectors that should not all list at the same time; default: at once. */
  readonly turns?: Turns;
  /** The server ends a watch after a random time in here; default 5 to 10 minutes. */
  readonly watchTimeoutMs?: readonly [min: number, max: number];
  /** Silence of a watch that counts as a dead connection; default 150,000. */
  readonly idleMs?: number;
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
   * Why the cache is not current now, if it is not: unreachable, throttled, forbidden (grant it; it is retried at
   * least every 30 s).
   */
  readonly problem: () => MailmillError | undefined;
  /**
   * Calls `handler` in order, synchronously, for each change of the cache from now on, and at once as `added` for
   * what is there already. What a handler throws is logged; it stops nothing. Returns what unsubscribes.
   */
  onChange(handler: (change: Change<T>) => void): () => void;
  /** Keeps the cache current until `signal` is aborted; never gives up. Call once. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes a `Reflector`; see there. Nothing is read before `run`. */
export function createReflector<T extends KubernetesObject>(options: ReflectorOptions<T>): Reflector<T> {
  const { type, metrics, log = silent, clock = systemClock, random = Math.random } = options;
  const named = options.namespaces ?? [];
  const scopes: readonly (string | undefined)[] = named.length === 0 ? [undefined] : [...new Set(named)];
  const store = new Store<T>(options.indexers);
  const handlers = new Set<(change: Change<T>) => void>();
  const unlisted = new Set(scopes);
  const problems = new Map<string | undefined, MailmillError>();
  const ready = Promise.withResolvers<void>();
  // Whoever does not wait for it has nothing to handle.
  ready.promise.catch(() => {});

  const call = (handler: (change: Change<T>) => void, change: Change<T>) => {
    try {
      handler(change);
    } catch (error) {
      log.warn(`a handler of changes of ${type.plural} threw; the cache goes on`, {
        change: change.type,
        ...told(error),
      });
    }
  };
  const emit = (change: Change<T>) => {
    for (const handler of handlers) call(handler, change);
  };
  // Counted up and down: several reflectors may share a resource.
  let counted = 0;
  const count = (size: number) => {
    metrics?.objects.inc({ resource: type.plural }, size - counted);
    counted = size;
  };

  const set = (object: Live<T>) => {
    const old = store.get(object.metadata);
    // Seen already: a relist, or an event that the list had included.
    if (old !== undefined && sameVersion(old, object)) return;
    if (old !== undefined && old.metadata.uid !== object.metadata.uid) remove(old);
    const before = store.set(object);
    emit(before === undefined ? { type: 'added', object } : { type: 'updated', object, old: before });
  };
  const remove = (object: Live<T>) => {
    const old = store.delete(object.metadata);
    if (old !== undefined) emit({ type: 'deleted', object: old });
  };

  const sink = (scope: string | undefined): Sink<T> => ({
    replace: (items) => {
      const present = new Set(items.map(({ metadata }) => keyOf(metadata)));
      const known = scope === undefined ? store.list() : store.inNamespace(scope);
      for (const object of known) if (!present.has(keyOf(object.metadata))) remove(object);
      for (const item of items) set(item);
      count(store.size);
      unlisted.delete(scope);
      if (unlisted.size === 0) ready.resolve();
    },
    set: (object) => {
      set(object);
      count(store.size);
    },
    delete: (object) => {
      remove(object);
      count(store.size);
    },
  });

  return {
    cache: store,
    synced: ready.promise,
    isSynced: () => unlisted.size === 0,
    problem: () => problems.values().next().value,
    onChange: (handler) => {
      for (const object of store.list()) call(handler, { type: 'added', object });
      handlers.add(handler);
      return () => handlers.delete(handler);
    },
    run: async (signal) => {
      const watching = scopes.map((namespace) =>
        listWatch(
          {
            client: options.client,
            type,
            namespace,
            labelSelector: options.labelSelector,
            fieldSelector: options.fieldSelector,
            metadataOnly: options.metadataOnly ?? false,
            transform: options.transform ?? ((object) => object),
            pageSize: options.pageSize ?? 200,
            turns: options.turns ?? anyTime,
            watchTimeoutMs: options.watchTimeoutMs ?? [300_000, 600_000],
            idleMs: options.idleMs,
            backoffMs: options.backoffMs ?? [800, 30_000],
            metrics,
            log,
            clock,
            random,
            report: (problem) => {
              if (problem === undefined) problems.delete(namespace);
              else problems.set(namespace, problem);
            },
          },
          sink(namespace),
          signal,
        ),
      );
      try {
        await Promise.all(watching);
      } finally {
        count(0);
        const what = `the watch of ${type.plural} ended before its first complete list`;
        ready.reject(transient('KUBERNETES_NOT_SYNCED', what, { cause: signal.reason }));
      }
    },
  };
}

const sameVersion = (a: Live<KubernetesObject>, b: Live<KubernetesObject>) =>
  a.metadata.resourceVersion === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid;
