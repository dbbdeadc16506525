import { afterEach, describe, expect, test } from 'vitest';
import type { ConfigMap } from '../../src/kubernetes/objects.ts';
import type { ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { setUp as made, quiet } from './reflector-world.ts';
import { item, list, type Step, status } from './scripted-server.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const setUp = (script: readonly Step[], more?: Partial<ReflectorOptions<ConfigMap>>) => made(ends, script, more);

describe('the cache', () => {
  test('follows several namespaces by a list and a watch each, and is synced when all are', async () => {
    const answer: Step = ({ asked, json, events }) => {
      const namespace = asked.path.split('/')[4]!;
      if (asked.query.has('watch')) events();
      else json(200, list(1, [item(`in-${namespace}`, 1, { namespace })]));
    };
    const { reflector, server } = await setUp([answer], { namespaces: ['x', 'y'] });
    await reflector.synced;
    expect(reflector.isSynced()).toBe(true);
    expect(
      reflector.cache
        .list()
        .map(({ metadata }) => metadata.name)
        .sort(),
    ).toEqual(['in-x', 'in-y']);
    expect(reflector.cache.inNamespace('x').map(({ metadata }) => metadata.name)).toEqual(['in-x']);
    await expect
      .poll(() => server.asked.map(({ path }) => path).sort())
      .toEqual([
        '/api/v1/namespaces/x/configmaps',
        '/api/v1/namespaces/x/configmaps',
        '/api/v1/namespaces/y/configmaps',
        '/api/v1/namespaces/y/configmaps',
      ]);
  });

  test('finds by index, also after an object changed its value or went', async () => {
    const labelled = (version: number, team: string) => item('a', version, { labels: { team } });
    const { reflector, changes } = await setUp(
      [
        ({ json }) => json(200, list(1, [labelled(1, 'red')])),
        ({ events }) =>
          events(
            { type: 'MODIFIED', object: labelled(2, 'blue') },
            { type: 'ADDED', object: item('b', 3, { labels: { team: 'blue' } }) },
            { type: 'DELETED', object: item('b', 4, { labels: { team: 'green' } }) },
          ),
      ],
      { indexers: { team: ({ metadata }) => [metadata.labels?.team ?? ''] } },
    );
    await expect.poll(() => changes.length).toBe(4);
    const names = (team: string) => reflector.cache.byIndex('team', team).map(({ metadata }) => metadata.name);
    expect([names('red'), names('blue'), names('green')]).toEqual([[], ['a'], []]);
    expect(() => reflector.cache.byIndex('colour', 'red')).toThrow(/no index colour/);
  });

  test('keeps what transform leaves', async () => {
    const { reflector } = await setUp(
      [({ json }) => json(200, list(1, [{ ...item('a', 1), data: { big: 'x' } }])), quiet],
      {
        transform: ({ data: _, ...rest }) => rest,
      },
    );
    await reflector.synced;
    expect(reflector.cache.list()[0]).not.toHaveProperty('data');
  });

  test('tells a late handler what is there, and goes on when a handler throws', async () => {
    const { reflector, changes } = await setUp([
      ({ json }) => json(200, list(1, [item('a', 1)])),
      ({ events }) => events({ type: 'MODIFIED', object: item('a', 2) }),
    ]);
    reflector.onChange(() => {
      throw new Error('a handler');
    });
    await expect.poll(() => changes.length).toBe(2);
    const late: string[] = [];
    const off = reflector.onChange(({ type }) => late.push(type));
    expect(late).toEqual(['added']);
    off();
  });
});

test('says why it is not current, until it is', async () => {
  const { reflector, pause, registry, stop, running } = await setUp([
    ({ json }) => json(403, status(403, 'Forbidden')),
    ({ json }) => json(200, list(1, [item('a', 1)])),
    ({ drop }) => drop(),
    ({ json }) => json(429, status(429, 'TooManyRequests')),
    quiet,
  ]);
  expect(reflector.problem()).toBeUndefined();
  await expect.poll(() => reflector.problem()?.code).toBe('KUBERNETES_FORBIDDEN');
  await pause();
  // The list clears the first one before the watch fails.
  await expect.poll(() => reflector.problem()?.code).toBe('KUBERNETES_UNREACHABLE');
  await pause();
  await pause();
  await expect.poll(() => reflector.problem()).toBeUndefined();
  const gauge = () => registry.getSingleMetricAsString('mailmill_reflector_objects');
  expect(await gauge()).toContain('{resource="configmaps"} 1');
  stop.abort();
  await running;
  expect(await gauge()).toContain('{resource="configmaps"} 0');
});

test('the end: requests are aborted, `synced` is rejected, nothing is left', async () => {
  const { reflector, stop, running, server, until, clock } = await setUp([() => {}]);
  await until(() => server.asked.length === 1);
  stop.abort();
  await running;
  await expect(reflector.synced).rejects.toMatchObject({ code: 'KUBERNETES_NOT_SYNCED' });
  expect(clock.sleeping).toBe(0);
  await until(() => server.connections() === 0);
});
