import { expect, test } from 'vitest';
import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import { fencedClient } from '../../src/kubernetes/fence.ts';
import { configMaps } from '../../src/kubernetes/objects.ts';

test('who leads no longer reads, and writes nothing', async () => {
  let leads = true;
  const done: string[] = [];
  const answering = (verb: string) => async () => {
    done.push(verb);
    return undefined;
  };
  const verbs = ['create', 'update', 'patch', 'apply', 'updateStatus', 'delete'] as const;
  const stub = Object.fromEntries([...verbs, 'find'].map((verb) => [verb, answering(verb)]));
  const client = fencedClient(stub as unknown as KubernetesClient, () => leads);
  const { signal } = new AbortController();
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', uid: 'u', resourceVersion: '1' } };
  const all = () => [
    client.create(configMaps, object, { signal }),
    client.update(configMaps, object, { signal }),
    client.patch(configMaps, object.metadata, 'merge', {}, { signal }),
    client.apply(configMaps, object, { signal }),
    client.updateStatus({ ...configMaps }, object, undefined, { signal }),
    client.delete(configMaps, object.metadata, { signal }),
  ];
  await Promise.all(all());
  expect(done).toEqual([...verbs]);
  leads = false;
  for (const one of await Promise.allSettled(all())) {
    expect(one).toMatchObject({ status: 'rejected', reason: { code: 'LEADERSHIP_LOST', family: 'Transient' } });
  }
  expect(done).toHaveLength(verbs.length);
  await client.find(configMaps, object.metadata, { signal });
  expect(done.at(-1)).toBe('find');
});
