import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { keptRows } from '../../support/collector.ts';
import { collectorPod } from '../../support/collector-process.ts';
import { freePorts } from '../../support/free-port.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { message } from '../../support/worker.ts';

let postgres: Postgres;
const clean: (() => Promise<void>)[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const each of clean.splice(0)) await each();
});
afterAll(async () => {
  await postgres?.stop();
});

async function world() {
  const [port] = await freePorts(1);
  const storeUri = await postgres.createDatabase();
  const spec = { http: { port: port!, auth: { secretRef: { name: 'push' } } } };
  const pod = await collectorPod(spec, { 'mailmill-store/uri': storeUri, 'push/token': 'a-token' });
  clean.push(pod.remove);
  const post = async (n: number) => {
    const response = await fetch(`http://127.0.0.1:${port}/messages`, {
      method: 'POST',
      body: new Uint8Array(message(n)),
      headers: {
        ...{ authorization: 'Bearer a-token', 'content-type': 'message/rfc822' },
        'idempotency-key': `key-${n}`,
      },
    });
    return {
      status: response.status,
      body: (await response.json()) as { readonly id: string; readonly repeated: boolean },
    };
  };
  return { pod, post, storeUri };
}

test.each([
  ['before-kept-commit', false],
  ['after-kept-commit', true],
])('killed %s: the one who posts it again gets the id of the one message', async (failpoint, kept) => {
  const { pod, post, storeUri } = await world();
  const doomed = await pod.start({ MAILMILL_FAILPOINT: `${failpoint}:2` });
  const first = await post(1);
  await expect(post(2)).rejects.toThrow();
  expect(await doomed.exited).toBe('SIGKILL');
  expect(await keptRows(storeUri)).toHaveLength(kept ? 2 : 1);
  await pod.start();
  expect(await post(1)).toEqual({ status: 202, body: { id: first.body.id, repeated: true } });
  expect(await post(2)).toMatchObject({ status: 202, body: { repeated: kept } });
  expect(await keptRows(storeUri)).toHaveLength(2);
});

test('two collectors of one source take the same mail at once: one of each', async () => {
  const storeUri = await postgres.createDatabase();
  const ports = await freePorts(2);
  for (const port of ports) {
    const spec = { http: { port, auth: { secretRef: { name: 'push' } } } };
    const pod = await collectorPod(spec, { 'mailmill-store/uri': storeUri, 'push/token': 'a-token' });
    clean.push(pod.remove);
    await pod.start();
  }
  const answers = await Promise.all(
    Array.from({ length: 80 }, async (_, i) => {
      const response = await fetch(`http://127.0.0.1:${ports[i % 2]}/messages`, {
        method: 'POST',
        body: new Uint8Array(message(i >> 1)),
        headers: { authorization: 'Bearer a-token', 'content-type': 'message/rfc822' },
      });
      return { status: response.status, id: ((await response.json()) as { readonly id: string }).id };
    }),
  );
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
  expect(new Set(answers.map(({ id }) => id)).size).toBe(40);
  const rows = await keptRows(storeUri);
  expect(rows.map(({ uid }) => Number(uid))).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
});

test('the process tells of itself: probes, metrics, /status with a token alone; SIGTERM ends it with 0', async () => {
  const { pod, post } = await world();
  const collector = await pod.start();
  await post(1);
  expect(await collector.get('/metrics').then((r) => r.text())).toMatch(
    /^mailmill_collector_accepted_total\{namespace="test",source="desk"\} 1$/m,
  );
  expect((await collector.get('/healthz')).status).toBe(200);
  expect(await collector.status()).toMatchObject({
    namespace: 'test',
    source: 'desk',
    ready: true,
    store: { ok: true },
    listener: { ok: true, kind: 'http' },
  });
  collector.kill('SIGTERM');
  expect(await collector.exited).toBe(0);
  expect(collector.output()).not.toContain('a-token');
});
