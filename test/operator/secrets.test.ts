import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient } from '../../src/kubernetes/client.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { createKeys } from '../../src/operator/keys.ts';
import { createSecretUsers } from '../../src/operator/secret-users.ts';
import { createSecretReader } from '../../src/operator/secrets.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { item, list, type ScriptedServer, startScriptedServer } from '../kubernetes/scripted-server.ts';
import { eventually } from '../support/processes.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

/** A namespace `n` with the Secret `login`, and a reader of it. */
async function world() {
  const server: ScriptedServer = await startScriptedServer((answer) => {
    const { path, query } = answer.asked;
    if (query.get('watch') !== null) answer.bytes('');
    else if (path.endsWith('/secrets')) answer.json(200, list(5, [item('login', 5)]));
    else answer.json(200, { ...item('login', 5), data: { password: btoa('secret') } });
  });
  const registry = new Registry();
  const client = createClient(server.access);
  const secrets = createSecretReader({
    client,
    keys: createKeys(Buffer.from('a key of the tests, long enough')),
    metrics: kubernetesMetrics(registry),
    log: silentLogger,
    onChange: () => {},
  });
  const stop = new AbortController();
  const running = secrets.run(stop.signal);
  ends.push(async () => {
    stop.abort();
    await running;
    client.close();
    await server.close();
  });
  const count = (what: (query: URLSearchParams, path: string) => boolean) =>
    server.asked.filter(({ query, path }) => what(query, path)).length;
  return {
    secrets,
    read: () => secrets.read('n', ['login'], stop.signal),
    watches: () => count((query) => query.get('watch') !== null),
    lists: () => count((query, path) => query.get('watch') === null && path.endsWith('/secrets')),
    open: server.connections,
    cached: async () => (await registry.getSingleMetricAsString('mailmill_reflector_objects')).split(' ').at(-1),
  };
}

test('the watch of a namespace ends when nobody needs its Secrets, and begins anew when somebody does', async () => {
  const { secrets, read, watches, lists, open, cached } = await world();
  expect((await read()).get('login')?.kind).toBe('Present');
  await eventually(() => watches() === 1);
  const before = open();
  secrets.leave('n');
  secrets.leave('elsewhere');
  // The connection of the watch is closed: not kept, and not opened again.
  await eventually(() => open() < before);
  await eventually(async () => (await cached()) === '0');
  expect([lists(), watches()]).toEqual([1, 1]);
  expect((await read()).get('login')?.kind).toBe('Present');
  await eventually(() => watches() === 2);
  expect(lists()).toBe(2);
});

describe('who needs Secrets', () => {
  test('is found by namespace, kind and name', () => {
    const users = createSecretUsers(() => {});
    users.need('pipeline', 'n/orders', new Set(['login', 'store']));
    users.need('pipeline', 'n/copies', new Set(['store']));
    users.need('source', 'n/support', new Set(['login']));
    users.need('source', 'n/files', new Set());
    users.need('pipeline', 'other/orders', new Set(['login']));
    expect(users.of('pipeline', 'n', 'login')).toEqual(['n/orders']);
    expect(users.of('pipeline', 'n', undefined)).toEqual(['n/orders', 'n/copies']);
    expect(users.of('source', 'n', undefined)).toEqual(['n/support']);
    users.need('pipeline', 'n/orders', new Set(['store']));
    expect(users.of('pipeline', 'n', 'login')).toEqual([]);
  });

  test('the last one of a namespace that goes is told, once', () => {
    const unused: string[] = [];
    const users = createSecretUsers((namespace) => unused.push(namespace));
    users.need('pipeline', 'n/orders', new Set(['login']));
    users.need('source', 'n/orders', new Set(['login']));
    users.gone('pipeline', 'n/orders');
    users.gone('pipeline', 'n/never');
    expect(unused).toEqual([]);
    users.gone('source', 'n/orders');
    users.gone('source', 'n/orders');
    expect(unused).toEqual(['n']);
    expect(users.of('pipeline', 'n', undefined)).toEqual([]);
  });
});
