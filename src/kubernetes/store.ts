import { stalled } from '../telemetry/errors.ts';
import { type KubernetesObject, keyOf, type Live, type ObjectName } from './objects.ts';

/** Values under which an object is found again; none: not in this index. */
export type Indexer<T extends KubernetesObject> = (object: Live<T>) => readonly string[];
export type Indexers<T extends KubernetesObject> = Readonly<Record<string, Indexer<T>>>;

/** What a reflector knows, to read. Objects are shared: never write to them. */
export interface Cache<T extends KubernetesObject> {
  get(name: ObjectName): Live<T> | undefined;
  list(): readonly Live<T>[];
  inNamespace(namespace: string): readonly Live<T>[];
  /** Throws when there is no such index. */
  byIndex(index: string, value: string): readonly Live<T>[];
  readonly size: number;
}

/** Index of every cache, beside the caller's own. */
const byNamespace = 'mailmill/namespace';

/** The cache with its writing half: objects by key, and sets of keys by index and value. */
export class Store<T extends KubernetesObject> implements Cache<T> {
  readonly #objects = new Map<string, Live<T>>();
  readonly #indexers: Indexers<T>;
  readonly #indices = new Map<string, Map<string, Set<string>>>();

  constructor(indexers: Indexers<T> = {}) {
    this.#indexers = { ...indexers, [byNamespace]: ({ metadata }) => [metadata.namespace ?? ''] };
    for (const index of Object.keys(this.#indexers)) this.#indices.set(index, new Map());
  }

  get size(): number {
    return this.#objects.size;
  }

  get(name: ObjectName): Live<T> | undefined {
    return this.#objects.get(keyOf(name));
  }

  list(): readonly Live<T>[] {
    return [...this.#objects.values()];
  }

  inNamespace(namespace: string): readonly Live<T>[] {
    return this.byIndex(byNamespace, namespace);
  }

  byIndex(index: string, value: string): readonly Live<T>[] {
    const values = this.#indices.get(index);
    if (values === undefined) throw stalled('CACHE_INDEX_UNKNOWN', `this cache has no index ${index}; add its indexer`);
    const found: Live<T>[] = [];
    for (const key of values.get(value) ?? []) {
      const object = this.#objects.get(key);
      if (object !== undefined) found.push(object);
    }
    return found;
  }

  /** Keeps `object`; answers with what stood in its place. */
  set(object: Live<T>): Live<T> | undefined {
    const key = keyOf(object.metadata);
    const old = this.#objects.get(key);
    if (old !== undefined) this.#unindex(key, old);
    this.#objects.set(key, object);
    for (const [index, indexer] of Object.entries(this.#indexers)) {
      const values = this.#indices.get(index)!;
      for (const value of indexer(object)) {
        const keys = values.get(value);
        if (keys === undefined) values.set(value, new Set([key]));
        else keys.add(key);
      }
    }
    return old;
  }

  /** Forgets an object; answers with it if it was there. */
  delete(name: ObjectName): Live<T> | undefined {
    const key = keyOf(name);
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#unindex(key, old);
    this.#objects.delete(key);
    return old;
  }

  #unindex(key: string, object: Live<T>): void {
    for (const [index, indexer] of Object.entries(this.#indexers)) {
      const values = this.#indices.get(index)!;
      for (const value of indexer(object)) {
        const keys = values.get(value);
        keys?.delete(key);
        if (keys?.size === 0) values.delete(value);
      }
    }
  }
}
