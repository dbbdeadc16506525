import { type KubernetesObject, keyOf, type Live, type ObjectName } from '../kubernetes/objects.ts';
import type { Reflector } from '../kubernetes/reflector.ts';
import type { Indexers } from '../kubernetes/store.ts';

/** What the API server answered to a write of ours, and what the cache had then. `undefined`: not there. */
interface Write<T extends KubernetesObject> {
  readonly basis: string | undefined;
  readonly answer: Live<T> | undefined;
}

/** A cache that also knows what this process has just written, until the watch has caught up. */
export interface Overlay<T extends KubernetesObject> {
  get(name: ObjectName): Live<T> | undefined;
  byIndex(index: string, value: string): readonly Live<T>[];
  /**
   * Call before a write; then what it gives with the API server's answer (`undefined`: deleted). What the watch brings
   * in between is newer than the answer, or about to be replaced by what is.
   */
  begin(name: ObjectName): (answer: Live<T> | undefined) => void;
}

/**
 * Without it a reconcile that follows a write at once would see the state before, and write again. `indexers` are the
 * reflector's own.
 */
export function createOverlay<T extends KubernetesObject>(reflector: Reflector<T>, indexers: Indexers<T>): Overlay<T> {
  const writes = new Map<string, Write<T>>();
  const versionOf = (name: ObjectName) => reflector.cache.get(name)?.metadata.resourceVersion;
  reflector.onChange(({ object }) => {
    writes.delete(keyOf(object.metadata));
  });
  const through = (name: ObjectName, cached: Live<T> | undefined): Live<T> | undefined => {
    const write = writes.get(keyOf(name));
    return write !== undefined && write.basis === cached?.metadata.resourceVersion ? write.answer : cached;
  };
  return {
    get: (name) => through(name, reflector.cache.get(name)),
    byIndex: (index, value) => {
      const cached = reflector.cache.byIndex(index, value);
      const known = cached.flatMap((object) => through(object.metadata, object) ?? []);
      const keys = new Set(cached.map(({ metadata }) => keyOf(metadata)));
      for (const [key, { answer, basis }] of writes) {
        if (answer === undefined || basis !== undefined || keys.has(key)) continue;
        if (indexers[index]?.(answer).includes(value)) known.push(answer);
      }
      return known;
    },
    begin: (name) => {
      const basis = versionOf(name);
      return (answer) => {
        if (versionOf(name) !== basis || (answer !== undefined && answer.metadata.resourceVersion === basis)) return;
        writes.set(keyOf(name), { basis, answer });
      };
    },
  };
}
