import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { WebhookSpec } from '../../../src/api/kinds/webhook.ts';
import { WebhookSink } from '../../../src/sinks/webhook/webhook-sink.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts';
import { type AtLeastOnceSubject, atLeastOnceContract, delivery } from '../at-least-once-contract.ts';

const signal = new AbortController().signal;
const now = Date.parse('2026-11-21T12:00:00Z');
const key = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
let directory: string;
let ca: string;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-webhook-'));
  ({ ca } = await makeCertificates(directory, ['127.0.0.1']));
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));

const secrets: Record<string, string> = {};
async function open(spec: Partial<WebhookSpec>, receiver?: Receiver) {
  const to = receiver ?? (await startReceiver());
  cleanups.push(() => to.stop());
  const sink = new WebhookSink(
    'hook',
    { url: to.url, ...spec },
    async (name, of) => secrets[`${name}/${of}`] ?? ca,
    () => now,
  );
  await sink.check();
  cleanups.push(() => sink.close());
  return { sink, receiver: to };
}

describe.each(['Json', 'Raw'] as const)('in mode %s', (mode) => {
  atLeastOnceContract(async (): Promise<AtLeastOnceSubject> => {
    const { sink, receiver } = await open({ mode, timeout: '200ms' });
    return {
      sink,
      mood: (mood) =>
        receiver.react(
          () =>
            (
              ({
                takes: { status: 204 },
                'takes and does not answer': 'cut',
                'refuses for now': { status: 500 },
                hangs: 'hang',
              }) as const
            )[mood],
        ),
      seen: () => receiver.received.map(({ headers, body }) => ({ key: String(headers['webhook-id']), body })),
    };
  });
});

test('signs what it sends, so that a receiver can check it', async () => {
  secrets['hook/token'] = `whsec_${key}`;
  const { sink, receiver } = await open({ auth: { type: 'Signature', secretRef: { name: 'hook', key: 'token' } } });
  await sink.deliver(delivery(1), signal);
  const { headers, body } = receiver.received[0]!;
  expect(headers['webhook-timestamp']).toBe(String(now / 1000));
  const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const mac = createHmac('sha256', Buffer.from(key, 'base64')).update(text).digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${mac}`);
  expect(headers.authorization).toBeUndefined();
});

test('sends a bearer token, and takes another one when it is checked again', async () => {
  secrets['hook/token'] = 'first\n';
  const { sink, receiver } = await open({ auth: { type: 'Bearer', secretRef: { name: 'hook' } } });
  await sink.deliver(delivery(1), signal);
  secrets['hook/token'] = 'second';
  await sink.check();
  await sink.deliver(delivery(1), signal);
  expect(receiver.received.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
});

test('names of any script are headers all the same', async () => {
  const { sink, receiver } = await open({ mode: 'Raw' });
  await sink.deliver(delivery(1, { folder: 'Büro/\u{1f4e5}\ud800', account: 'ä b@example.com' }), signal);
  expect(receiver.received[0]?.headers).toMatchObject({
    'mailmill-folder': 'B%C3%BCro%2F%F0%9F%93%A5%EF%BF%BD',
    'mailmill-account': '%C3%A4%20b%40example.com',
  });
});

describe('TLS', () => {
  const server = () =>
    startReceiver({
      tls: {
        key: fs.readFileSync(path.join(directory, 'server.key'), 'utf8'),
        cert: fs.readFileSync(path.join(directory, 'server.crt'), 'utf8'),
      },
    });

  test('with an authority of its own', async () => {
    const { sink, receiver } = await open({ tls: { caSecretRef: { name: 'ca' } } }, await server());
    expect(await sink.deliver(delivery(1), signal)).toMatchObject({ outcome: 'Acknowledged' });
    expect(receiver.received.length).toBe(1);
  });

  test('with a certificate that nobody vouches for nothing is sent, and a person must act', async () => {
    const { sink, receiver } = await open({}, await server());
    const attempt = await sink.deliver(delivery(1), signal);
    expect(attempt).toMatchObject({ outcome: 'Misconfigured', error: { code: 'SINK_TLS_UNTRUSTED' } });
    expect(receiver.received.length).toBe(0);
  });
});

test('redirects are not followed', async () => {
  const { sink, receiver } = await open({});
  receiver.react(({ path: at }) =>
    at === '/hook' ? { status: 307, headers: { location: '/other' } } : { status: 204 },
  );
  expect(await sink.deliver(delivery(1), signal)).toMatchObject({ error: { code: 'SINK_REDIRECTED' } });
  expect(receiver.received.map(({ path: at }) => at)).toEqual(['/hook']);
});

test.each(['http://169.254.169.254/latest', 'http://[fe80::1]/', 'http://[::ffff:169.254.169.254]/'])(
  '%s is refused before anything is sent',
  async (url) => {
    const { sink } = await open({ url, allowHttp: true });
    expect(await sink.deliver(delivery(1), signal)).toMatchObject({ error: { code: 'SINK_ADDRESS_REFUSED' } });
  },
);

test('nobody listens: it may work later', async () => {
  const { sink, receiver } = await open({});
  await receiver.stop();
  expect(await sink.deliver(delivery(1), signal)).toMatchObject({
    outcome: 'Failed',
    result: 'unreachable',
    error: { code: 'SINK_UNREACHABLE', message: expect.stringContaining('ECONNREFUSED') },
  });
});

test('a connection is used again, and one that the receiver closed meanwhile costs no attempt', async () => {
  const { sink, receiver } = await open({ concurrency: 1 });
  for (const n of [1, 2, 3]) await sink.deliver(delivery(n), signal);
  expect(receiver.connections).toBe(1);
  receiver.react(() => ({ status: 204, headers: { connection: 'close' } }));
  await sink.deliver(delivery(4), signal);
  await delay(20);
  expect((await sink.deliver(delivery(5), signal)).outcome).toBe('Acknowledged');
});

test('an answer that never ends is not read to its end', async () => {
  const { sink, receiver } = await open({});
  receiver.react(() => ({ status: 200, body: Buffer.alloc(4 * 2 ** 20) }));
  expect((await sink.deliver(delivery(1), signal)).outcome).toBe('Acknowledged');
});

test('a large message takes its time: the limit is for silence', async () => {
  const { sink, receiver } = await open({ mode: 'Raw', timeout: '500ms' });
  const payload = Buffer.alloc(16 * 2 ** 20, 'x');
  expect((await sink.deliver(delivery(1, { payload }), signal)).outcome).toBe('Acknowledged');
  expect(receiver.received[0]?.body.length).toBe(payload.length);
});

test('no key that is none is taken, and nothing is sent without one', async () => {
  secrets['hook/token'] = 'too short';
  await expect(open({ auth: { type: 'Signature', secretRef: { name: 'hook', key: 'token' } } })).rejects.toMatchObject({
    code: 'SINK_KEY_INVALID',
  });
});
