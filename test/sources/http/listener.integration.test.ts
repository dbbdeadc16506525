import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keptRaw, keptRows, type Running, type StartOptions, startCollector } from '../../support/collector.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { message, sql } from '../../support/worker.ts';

let postgres: Postgres;
const running: Running[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});
afterAll(async () => {
  await postgres?.stop();
});

const secrets = { 'push/token': 'old-token\nnew-token\n' };

/** A request that has been told to go on with its body. */
async function admitted(port: number, length: number): Promise<net.Socket> {
  const socket = net.connect(port);
  socket.write(
    `POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer new-token\r\nContent-Type: message/rfc822\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`,
  );
  const [go] = (await once(socket, 'data')) as [Buffer];
  expect(String(go)).toMatch(/100 Continue/);
  return socket;
}

async function start(spec: object = {}, options: Partial<StartOptions> = {}) {
  const storeUri = options.storeUri ?? (await postgres.createDatabase());
  const source = { http: { auth: { secretRef: { name: 'push' } }, ...spec } };
  const started = await startCollector(source, { storeUri, secrets: { ...secrets }, ...options });
  running.push(started);
  const url = `http://127.0.0.1:${started.port}/messages`;
  const post = async (body: string | FormData | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const type: Record<string, string> = body instanceof FormData ? {} : { 'content-type': 'message/rfc822' };
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { authorization: 'Bearer new-token', ...type, ...headers },
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  return { ...started, storeUri, url, post };
}

const text = (raw: Buffer) => new Uint8Array(raw);

describe('a message', () => {
  test('is answered with 202 and its id once it is kept; the same bytes again are the same message', async () => {
    const { post, storeUri } = await start();
    const first = await post(text(message(1)));
    expect(first).toMatchObject({
      status: 202,
      body: { id: expect.stringMatching(/^[0-9a-f-]{36}$/), repeated: false },
    });
    expect(await post(text(message(1)), { authorization: 'bearer old-token' })).toMatchObject({
      status: 202,
      body: { id: first.body.id, repeated: true },
    });
    expect(await keptRows(storeUri)).toMatchObject([
      { envelope: { kind: 'http', clientAddress: '127.0.0.1' }, prefix: null, header_id: 'm-1@example.org' },
    ]);
    expect(await keptRaw(storeUri)).toEqual([message(1)]);
  });

  test('may be the part `message` of a form, as a file or a field, and its bytes stay what they are', async () => {
    const { post, storeUri } = await start();
    const raw = Buffer.concat([message(1), Buffer.from([0xff, 0x80, 0x0a])]);
    const form = new FormData();
    form.set('sender', 'ann@example.org');
    form.set('message', new Blob([text(raw)]), 'mail.eml');
    form.set('attachment', new Blob(['another file']), 'note.txt');
    expect(await post(form)).toMatchObject({ status: 202 });
    const field = new FormData();
    field.set('message', message(2, 'Grüße\r\n').toString());
    expect(await post(field)).toMatchObject({ status: 202 });
    expect(await keptRaw(storeUri)).toEqual([raw, message(2, 'Grüße\r\n')]);
    const large = new FormData();
    large.set('message', message(3, 'x'.repeat(2 ** 20)).toString());
    expect(await post(large)).toMatchObject({ status: 413 });
  });

  test('with an Idempotency-Key is known by that alone; another message under the key is refused', async () => {
    const { post, storeUri } = await start();
    const key = { 'idempotency-key': 'k-1' };
    const first = await post(text(message(1)), key);
    expect(await post(text(message(1)), key)).toMatchObject({ status: 202, body: { ...first.body, repeated: true } });
    expect(await post(text(message(2)), key)).toMatchObject({ status: 422 });
    expect(await post(text(message(1)), { 'idempotency-key': 'k-2' })).toMatchObject({ body: { repeated: false } });
    expect(await keptRows(storeUri)).toHaveLength(2);
  });

  test('was received when its sender says, within bounds; a repeat changes nothing', async () => {
    const { post, storeUri } = await start();
    const at = async () =>
      (await sql<{ at: Date }>(storeUri, 'SELECT received_at AS at FROM mailmill.kept_message ORDER BY uid')).map(
        (row) => row.at,
      );
    const told = '2024-08-22T12:36:23.456Z';
    const first = await post(text(message(1)), { 'mailmill-received-at': told });
    expect(await at()).toEqual([new Date(told)]);
    const again = await post(text(message(1)), { 'mailmill-received-at': '2020-01-01T00:00:00Z' });
    expect(again.body).toEqual({ ...first.body, repeated: true });
    const before = Date.now() - 1;
    for (const [n, wrong] of ['yesterday', '2999-01-01T00:00:00Z'].entries())
      expect(await post(text(message(n + 2)), { 'mailmill-received-at': wrong })).toMatchObject({ status: 202 });
    const [known, ...others] = await at();
    expect(known).toEqual(new Date(told));
    expect(others).toHaveLength(2);
    for (const other of others) expect(Math.abs(other.getTime() - before)).toBeLessThan(60_000);
  });

  test('fifty at once, each three times, are fifty', async () => {
    const { post, storeUri, collector } = await start({ limits: { connections: 200 } });
    const answers = await Promise.all(Array.from({ length: 150 }, (_, i) => post(text(message(i % 50)))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(50);
    expect(await keptRows(storeUri)).toHaveLength(50);
    expect(collector.status().counters).toMatchObject({ accepted: 50, repeated: 100 });
  });
});

describe('is refused', () => {
  test('what is no message for this source', async () => {
    const { post, url, storeUri } = await start();
    const is = async (status: number, ...args: Parameters<typeof post>) =>
      expect(await post(...args)).toMatchObject({ status });
    const challenge = async (authorization: string) =>
      (await post(text(message(1)), { authorization })).headers.get('www-authenticate');
    expect(await challenge('')).toBe('Bearer');
    expect(await challenge('Bearer wrong')).toBe('Bearer error="invalid_token"');
    await is(401, text(message(1)), { authorization: '' });
    await is(401, text(message(1)), { authorization: 'Bearer wrong' });
    await is(415, text(message(1)), { 'content-type': 'text/plain' });
    await is(415, text(message(1)), { 'content-encoding': 'gzip' });
    await is(400, text(message(1)), { 'idempotency-key': 'x'.repeat(256) });
    await is(400, '');
    await is(400, 'no boundary', { 'content-type': 'multipart/form-data' });
    await is(400, 'not a form', { 'content-type': 'multipart/form-data; boundary=x' });
    const none = new FormData();
    none.set('mail', 'x');
    await is(400, none);
    const two = new FormData();
    two.append('message', 'a');
    two.append('message', 'b');
    await is(400, two);
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(`${url}/other`, { method: 'POST', body: 'x' })).status).toBe(404);
    expect(await keptRows(storeUri)).toEqual([]);
  });

  test('what is too large: by its length before it comes, else while it comes, in a form as well', async () => {
    const { post, port, storeUri } = await start({ limits: { messageSize: '64Ki' } });
    const large = message(1, 'x'.repeat(80_000));
    expect(await post(text(large))).toMatchObject({
      status: 413,
      body: { error: expect.stringMatching(/65536 bytes/) },
    });
    const stream = new ReadableStream({
      start(controller) {
        for (let i = 0; i < 8; i++) controller.enqueue(text(Buffer.alloc(16_384, 'x')));
        controller.close();
      },
    });
    const chunked: RequestInit & { duplex: 'half' } = {
      method: 'POST',
      body: stream,
      duplex: 'half',
      headers: { authorization: 'Bearer new-token', 'content-type': 'message/rfc822' },
    };
    expect((await fetch(`http://127.0.0.1:${port}/messages`, chunked)).status).toBe(413);
    const form = new FormData();
    form.set('message', new Blob([text(large)]));
    expect(await post(form)).toMatchObject({ status: 413 });
    expect(await keptRows(storeUri)).toEqual([]);
    expect(await post(text(message(2)))).toMatchObject({ status: 202 });
  });

  test('before the body, for a client that waits to be told to go on', async () => {
    const { port } = await start();
    const ask = (token: string) =>
      new Promise<string>((resolve, reject) => {
        const request = http.request({
          ...{ port, path: '/messages', method: 'POST' },
          headers: {
            ...{ expect: '100-continue', 'content-type': 'message/rfc822', 'content-length': message(1).length },
            authorization: `Bearer ${token}`,
          },
        });
        const seen: string[] = [];
        request.on('continue', () => {
          seen.push('continue');
          request.end(message(1));
        });
        request.on('response', (response) => {
          resolve([...seen, response.statusCode].join(' '));
          request.destroy();
        });
        request.on('error', reject);
        request.flushHeaders();
      });
    expect(await ask('wrong')).toBe('401');
    expect(await ask('new-token')).toBe('continue 202');
  });

  test('what is cut off: nothing of it is kept', async () => {
    const { port, storeUri, collector, post } = await start();
    const head = (more: string) =>
      `POST /messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer new-token\r\nContent-Type: message/rfc822\r\n${more}\r\n\r\n`;
    for (const start of [
      `${head('Content-Length: 500')}Subject: cut\r\n\r\nhalf`,
      `${head('Transfer-Encoding: chunked')}5\r\nSubje\r\n`,
    ]) {
      const socket = net.connect(port);
      socket.write(start);
      await eventually(() => collector.status().listener.connections === 1);
      socket.resetAndDestroy();
      await eventually(() => collector.status().listener.connections === 0);
    }
    expect(await post(text(message(1)))).toMatchObject({ status: 202 });
    expect(await keptRows(storeUri)).toHaveLength(1);
  });
});

describe('later', () => {
  test('no room: 429 with Retry-After', async () => {
    const { post } = await start({ limits: { keptSize: '1Ki' } });
    let last = await post(text(message(0)));
    for (let n = 1; n < 50 && last.status === 202; n++) last = await post(text(message(n, `${n}`.repeat(200))));
    expect(last).toMatchObject({ status: 429, body: { error: expect.stringMatching(/room/) } });
    expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  test('the store is away: 503 with Retry-After, also from /healthz; when it is back, mail is taken', async () => {
    const own = await startPostgres();
    try {
      const { post, port, storeUri } = await start({}, { storeUri: await own.createDatabase() });
      const health = async () => (await fetch(`http://127.0.0.1:${port}/healthz`)).status;
      expect(await health()).toBe(200);
      await own.down();
      const away = await post(text(message(1)));
      expect(away.status).toBe(503);
      expect(Number(away.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await health()).toBe(503);
      await own.start();
      await eventually(async () => (await post(text(message(1)))).status === 202);
      expect(await keptRows(storeUri)).toHaveLength(1);
      await running.pop()?.stop();
    } finally {
      await own.stop();
    }
  });

  test('more at once than the source allows: 429', async () => {
    const { post, port } = await start({ limits: { connections: 1 } });
    const slow = await admitted(port, 500);
    slow.write('half');
    expect((await post(text(message(1)))).status).toBe(429);
    slow.destroy();
    await eventually(async () => (await post(text(message(1)))).status === 202);
  });
});

test('at the end a message that is under way is kept and answered', async () => {
  const { port, storeUri, beginStop, ended } = await start();
  const raw = message(1);
  const socket = await admitted(port, raw.length);
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  beginStop();
  socket.write(raw);
  await ended;
  await eventually(() => answer.includes('202 Accepted'));
  expect(await keptRows(storeUri)).toHaveLength(1);
  await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  running.pop();
});

test('a token that is replaced in the Secret holds after the next reading', async () => {
  const { post, secrets: held, collector } = await start();
  held['push/token'] = 'newest';
  await collector.refresh();
  expect(await post(text(message(1)))).toMatchObject({ status: 401 });
  expect(await post(text(message(1)), { authorization: 'Bearer newest' })).toMatchObject({ status: 202 });
  held['push/token'] = '';
  await collector.refresh();
  expect(collector.status().stalled).toMatchObject({ code: 'LISTENER_TOKEN_MISSING' });
  expect(await post(text(message(2)), { authorization: 'Bearer newest' })).toMatchObject({ status: 202 });
});
