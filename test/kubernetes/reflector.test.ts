import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient, type KubernetesClient } from '../../src/kubernetes/client.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { type ConfigMap, configMaps } from '../../src/kubernetes/objects.ts';
import { createReflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import {
  bookmark,
  expired,
  item,
  list,
  type ScriptedServer,
  type Step,
  startScriptedServer,
  status,
} from './scripted-server.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function setUp(script: readonly Step[], more: Partial<ReflectorOptions<ConfigMap>> = {}) {
  const server: ScriptedServer = await startScriptedServer(...script);
  const clock: ManualClock = manualClock();
  const registry = new Registry();
  const metrics = kubernetesMetrics(registry);
  const client: KubernetesClient = createClient(server.access, { clock, metrics, random: () => 0.5 });
  const reflector = createReflector<ConfigMap>({
    client,
    type: configMaps,
    clock,
    metrics,
    random: () => 0.5,
    backoffMs: [1_000, 8_000],
    ...more,
  });
  const changes: string[] = [];
  reflector.onChange(({ type, object }) =>
    changes.push(`${type} ${object.metadata.name}@${object.metadata.resourceVersion}`),
  );
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  ends.push(async () => {
    stop.abort();
    await running;
    client.close();
    await server.close();
  });
  const watches = () => server.asked.filter(({ query }) => query.has('watch'));
  return {
    server,
    clock,
    reflector,
    changes,
    stop,
    running,
    registry,
    watches,
    lists: () => server.asked.filter(({ query }) => !query.has('watch')),
    /** Waits on the network, not on time. */
    until: (condition: () => boolean) => expect.poll(condition, { timeout: 5_000, interval: 5 }).toBe(true),
    /** Waits until the reflector sleeps and for the request that it then makes; answers how long it slept. */
    pause: async () => {
      await expect.poll(() => clock.sleeping, { timeout: 5_000, interval: 5 }).toBe(1);
      const [wait, before] = [clock.next ?? 0, server.asked.length];
      await clock.advance(wait);
      await expect.poll(() => server.asked.length, { timeout: 5_000, interval: 5 }).toBeGreaterThan(before);
      return wait;
    },
  };
}

const quiet: Step = (answer) => answer.events();

describe('list', () => {
  test('is read in pages, with the version of its snapshot for the watch, and without managedFields', async () => {
    const { server, reflector, changes, watches, until } = await setUp([
      ({ json }) => json(200, list(10, [item('a', 1), item('b', 2)], 'next')),
      ({ json }) => json(200, list(10, [item('c', 3)])),
      quiet,
    ]);
    await reflector.synced;
    await until(() => watches().length === 1);
    expect(changes).toEqual(['added a@1', 'added b@2', 'added c@3']);
    expect(server.asked.map(({ query }) => query.toString())).toEqual([
      'limit=200',
      'limit=200&continue=next',
      expect.stringContaining('resourceVersion=10'),
    ]);
    expect(reflector.cache.get({ namespace: 'n', name: 'a' })).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'n', uid: 'uid-a', resourceVersion: '1' },
    });
  });

  test('whose snapshot expires between two pages begins anew without pages, and shows nothing twice', async () => {
    const { server, reflector, changes } = await setUp([
      ({ json }) => json(200, list(10, [item('a', 1), item('b', 2)], 'next')),
      ({ json }) => json(410, status(410, 'Expired')),
      ({ json }) => json(200, list(20, [item('a', 1), item('c', 3)])),
      quiet,
    ]);
    await reflector.synced;
    expect(changes).toEqual(['added a@1', 'added c@3']);
    expect(server.asked[2]?.query.toString()).toBe('');
  });

  test('a watch asks for bookmarks and ends between 5 and 10 minutes', async () => {
    const { watches, until } = await setUp([({ json }) => json(200, list(1, [])), quiet]);
    await until(() => watches().length === 1);
    expect(Object.fromEntries(watches()[0]!.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: '1',
      timeoutSeconds: '450',
    });
  });
});

describe('watch', () => {
  test('resumes from the last event or bookmark, without a list', async () => {
    const { changes, watches, lists, pause } = await setUp([
      ({ json }) => json(200, list(10, [])),
      ({ events, end }) => {
        events({ type: 'ADDED', object: item('a', 11) });
        end();
      },
      ({ events, end }) => {
        events(bookmark(50));
        end();
      },
      quiet,
    ]);
    await pause();
    await pause();
    expect(watches().map(({ query }) => query.get('resourceVersion'))).toEqual(['10', '11', '50']);
    expect(lists()).toHaveLength(1);
    expect(changes).toEqual(['added a@11']);
  });

  test('survives events in any cut of bytes, and a connection that breaks inside one', async () => {
    const text = `${JSON.stringify({ type: 'ADDED', object: item('ä', 11) })}\n${JSON.stringify({ type: 'MODIFIED', object: item('ä', 12) })}\n`;
    const bytes = Buffer.from(text);
    const middle = bytes.indexOf(0xc3) + 1;
    const { changes, watches, pause } = await setUp([
      ({ json }) => json(200, list(10, [])),
      ({ bytes: send, drop }) => {
        // One character in two chunks, and a chunk with the end of one event and the beginning of the next.
        send(bytes.subarray(0, middle));
        setTimeout(() => {
          send(bytes.subarray(middle, -20));
          send(bytes.subarray(-20));
          send('{"type":"DELETED","object":{"meta');
          setTimeout(drop, 50);
        }, 20);
      },
      ({ events }) => events({ type: 'DELETED', object: item('ä', 13) }),
    ]);
    await pause();
    await expect.poll(() => changes).toEqual(['added ä@11', 'updated ä@12', 'deleted ä@12']);
    expect(watches().at(-1)?.query.get('resourceVersion')).toBe('12');
  });

  test('410 as an event, and as an answer: one jittered list each, and what was deleted is told', async () => {
    for (const gone of [({ events }) => events(expired), ({ json }) => json(410, status(410, 'Expired'))] as Step[]) {
      const { changes, lists, watches, pause, until } = await setUp([
        ({ json }) => json(200, list(10, [item('a', 1), item('b', 2), item('same', 3)])),
        gone,
        ({ json }) => json(200, list(90, [item('b', 80), item('same', 3)])),
        quiet,
      ]);
      expect(await pause()).toBeGreaterThanOrEqual(500);
      await until(() => watches().length === 2);
      expect(lists()).toHaveLength(2);
      expect(watches().at(-1)?.query.get('resourceVersion')).toBe('90');
      expect(changes.slice(3)).toEqual(['deleted a@1', 'updated b@80']);
    }
  });

  test('a server that expires every version is not stormed: the pauses grow to the maximum', async () => {
    const { pause, lists } = await setUp([
      ({ asked, json, events }) => (asked.query.has('watch') ? events(expired) : json(200, list(1, []))),
    ]);
    const pauses: number[] = [];
    for (let i = 0; i < 6; i += 1) pauses.push(await pause());
    expect(pauses).toEqual([750, 1_500, 3_000, 6_000, 6_000, 6_000]);
    expect(lists().length).toBeLessThanOrEqual(7);
  });

  test('a connection that is reset at once, over and over, is retried with growing pauses and no list', async () => {
    const { pause, lists } = await setUp([({ json }) => json(200, list(1, [])), ({ drop }) => drop()]);
    const pauses: number[] = [];
    for (let i = 0; i < 4; i += 1) pauses.push(await pause());
    expect(pauses).toEqual([750, 1_500, 3_000, 6_000]);
    expect(lists()).toHaveLength(1);
  });

  test('a server that ends every watch at once is not asked in a tight loop', async () => {
    const { pause, watches } = await setUp([({ json }) => json(200, list(1, [])), ({ end }) => end()]);
    for (let i = 0; i < 3; i += 1) expect(await pause()).toBeGreaterThanOrEqual(500);
    expect(watches().length).toBeLessThanOrEqual(4);
  });

  test('silence counts as a dead connection', async () => {
    const { changes, pause, watches, registry, server } = await setUp(
      [
        ({ json }) => json(200, list(10, [])),
        ({ events }) => events({ type: 'ADDED', object: item('a', 11) }),
        ({ events }) => events({ type: 'MODIFIED', object: item('a', 12) }),
      ],
      { idleMs: 60 },
    );
    await pause();
    await expect.poll(() => changes).toEqual(['added a@11', 'updated a@12']);
    expect(watches()[1]?.query.get('resourceVersion')).toBe('11');
    expect(await registry.getSingleMetricAsString('mailmill_reflector_watches_total')).toContain('result="error"');
    await expect.poll(() => server.connections()).toBeLessThanOrEqual(2);
  });
});

test('a stream that speaks now and then outlives the time of silence', async () => {
  const { changes, watches, until } = await setUp(
    [
      ({ json }) => json(200, list(10, [])),
      ({ events }) => {
        for (let i = 1; i <= 12; i += 1) setTimeout(() => events(bookmark(10 + i)), i * 50);
        setTimeout(() => events({ type: 'ADDED', object: item('a', 50) }), 650);
      },
    ],
    { idleMs: 300 },
  );
  await until(() => changes.length === 1);
  expect(watches()).toHaveLength(1);
});

describe('429', () => {
  const busy: Step = ({ json }) => json(429, status(429, 'TooManyRequests'), { 'retry-after': '3' });

  test('a list waits as long as asked, a little more, inside the client', async () => {
    const { pause, reflector, changes } = await setUp([
      busy,
      busy,
      ({ json }) => json(200, list(1, [item('a', 1)])),
      quiet,
    ]);
    expect(await pause()).toBe(3_375);
    expect(await pause()).toBe(3_375);
    await reflector.synced;
    expect(changes).toEqual(['added a@1']);
  });

  test('a storm of it on the watch costs no list, and never a request earlier than asked', async () => {
    const { pause, lists, changes } = await setUp([
      ({ json }) => json(200, list(10, [])),
      ...Array.from({ length: 12 }, () => busy),
      ({ events }) => events({ type: 'ADDED', object: item('a', 11) }),
    ]);
    for (let i = 0; i < 12; i += 1) expect(await pause()).toBeGreaterThanOrEqual(3_000);
    await expect.poll(() => changes).toEqual(['added a@11']);
    expect(lists()).toHaveLength(1);
  });
});

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
