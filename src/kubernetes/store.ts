import type { KubernetesObject, Live, ObjectName } from './objects.ts';

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
