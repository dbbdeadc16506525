import { afterEach, describe, expect, test } from 'vitest';
import type { ConfigMap } from '../../src/kubernetes/objects.ts';
import type { ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { setUp as made, quiet } from './reflector-world.ts';
import { bookmark, expired, item, list, type Step, status } from './scripted-server.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const setUp = (script: readonly Step[], more?: Partial<ReflectorOptions<ConfigMap>>) => made(ends, script, more);

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
