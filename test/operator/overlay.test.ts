import { expect, test } from 'vitest';
import type { KubernetesObject, Live } from '../../src/kubernetes/objects.ts';
import type { Change, Reflector } from '../../src/kubernetes/reflector.ts';
import { Store } from '../../src/kubernetes/store.ts';
import { createOverlay } from '../../src/operator/overlay.ts';

const object = (version: string, name = 'a'): Live<KubernetesObject> => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'n', uid: 'u', resourceVersion: version, labels: { of: 'x' } },
});
const name = { namespace: 'n', name: 'a' };
const indexers = { of: ({ metadata }: KubernetesObject) => [metadata.labels?.of ?? ''] };

function setUp() {
  const cache = new Store<KubernetesObject>(indexers);
  const handlers: ((change: Change<KubernetesObject>) => void)[] = [];
  const reflector = {
    cache,
    onChange: (handler: (change: Change<KubernetesObject>) => void) => handlers.push(handler),
  } as unknown as Reflector<KubernetesObject>;
  const overlay = createOverlay(reflector, indexers);
  /** As the watch does. */
  const see = (live: Live<KubernetesObject>) => {
    cache.set(live);
    for (const handler of handlers) handler({ type: 'added', object: live });
  };
  const version = () => overlay.get(name)?.metadata.resourceVersion;
  const listed = () => overlay.byIndex('of', 'x').map(({ metadata }) => metadata.resourceVersion);
  return { overlay, see, version, listed };
}

test('what was written is seen until the watch has caught up', () => {
  const { overlay, see, version, listed } = setUp();
  overlay.begin(name)(object('1'));
  expect(version()).toBe('1');
  expect(listed()).toEqual(['1']);
  see(object('1'));
  expect(listed()).toEqual(['1']);
  overlay.begin(name)(object('2'));
  expect(version()).toBe('2');
  expect(listed()).toEqual(['2']);
  see(object('3'));
  expect(version()).toBe('3');
});

test('an answer that comes after the watch changes nothing', () => {
  const { overlay, see, version } = setUp();
  see(object('1'));
  const wrote = overlay.begin(name);
  see(object('2'));
  see(object('3'));
  wrote(object('2'));
  expect(version()).toBe('3');
});

test('what was deleted is gone at once, and its successor is seen', () => {
  const { overlay, see, version, listed } = setUp();
  see(object('1'));
  overlay.begin(name)(undefined);
  expect(version()).toBeUndefined();
  expect(listed()).toEqual([]);
  see(object('5'));
  expect(version()).toBe('5');
});
