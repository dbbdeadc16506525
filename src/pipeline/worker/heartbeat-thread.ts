import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import pg from 'pg';
import { askEnded, type Ended, endDeadSessionsQuery } from '../../store/dead-sessions.ts';
import { leaseTermMs } from '../../store/leases.ts';
import { wantedSlotsQuery } from '../../store/slots.ts';

export interface ThreadData {
  readonly storeUri: string | undefined;
  readonly workerId: string;
  readonly workerName: string;
  readonly http: { readonly host: string; readonly port: number; readonly tokenSha256: string | undefined } | undefined;
  /** [0] time of the last confirmed heartbeat, [1] time of the main thread's last tick; both process.hrtime in ns. */
  readonly shared: SharedArrayBuffer;
}
export type FromThread =
  | { readonly type: 'started' }
  /** The probe server could not listen; `reason` is the system's code. */
  | { readonly type: 'refused'; readonly reason: string }
  | { readonly type: 'wanted'; readonly holders: readonly string[] }
  /** What became of sessions that were left open in the store. */
  | { readonly type: 'ended'; readonly sessions: Ended }
  | { readonly type: 'run'; readonly name: string; readonly specHash: string }
  | { readonly type: 'metrics'; readonly id: number };
export type ToThread =
  | { readonly type: 'state'; readonly ready: boolean; readonly status: string }
  | { readonly type: 'metrics'; readonly id: number; readonly text: string };

/** How long a main thread may hang before it loses its leases and its liveness. */
const mainStallNs = 30_000_000_000n;
const heartbeatMs = 1_000;
const beatsBetweenSweeps = 5;

const port = parentPort;
if (!port) throw new Error('heartbeat-thread runs as a worker thread');
const data = workerData as ThreadData;
const shared = new BigInt64Array(data.shared);
const post = (message: FromThread) => port.postMessage(message);

let ready = false;
let status = '{}';
const metricsWaiting = new Map<number, (text: string) => void>();
let metricsId = 0;

port.on('message', (message: ToThread) => {
  if (message.type === 'state') {
    ready = message.ready;
    status = message.status;
  } else {
    metricsWaiting.get(message.id)?.(message.text);
    metricsWaiting.delete(message.id);
  }
});

const mainAlive = () => process.hrtime.bigint() - Atomics.load(shared, 1) < mainStallNs;

async function beat(client: pg.Client): Promise<void> {
  const sent = process.hrtime.bigint();
  // Without parameters it is one message, which the server has as a whole or not at all: were the network cut behind a part of it, the row of this
  // worker would be locked for the heartbeats to come.
  await client.query(
    `INSERT INTO mailmill.worker (id, name, expires_at)
     VALUES (${pg.escapeLiteral(data.workerId)}, ${pg.escapeLiteral(data.workerName)}, clock_timestamp() + ${leaseTermMs} * interval '1 millisecond')
     ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at`,
  );
  Atomics.store(shared, 0, sent);
  const { rows } = await client.query<{ holder: string }>(wantedSlotsQuery, [data.workerId]);
  post({ type: 'wanted', holders: rows.map((row) => row.holder) });
}

/** The server lets nobody of this user end sessions. */
let refused = false;

/**
 * Ends what was left open in the store: whoever waits for its locks may have no connection left to do so. Of whatever pipeline it was: an
 * account, a folder of kept mail, the messages of a table are shared.
 */
async function sweep(client: pg.Client): Promise<void> {
  if (refused) return;
  const query = endDeadSessionsQuery(data.workerId);
  const sessions = await askEnded(async () => (await client.query<{ ended: number }>(query)).rows);
  refused = sessions === 'Refused';
  if (sessions !== 0) post({ type: 'ended', sessions });
}

/** Beats over one connection until it breaks. */
async function heartbeats(uri: string): Promise<void> {
  const client = new pg.Client({
    connectionString: uri,
    application_name: 'mailmill-heartbeat',
    connectionTimeoutMillis: 4_000,
    query_timeout: 4_000,
    keepAlive: true,
  });
  let broken = false;
  client.on('error', () => {
    broken = true;
  });
  try {
    await client.connect();
    for (let beats = 1; !broken; beats++) {
      if (mainAlive()) await beat(client);
      if (beats % beatsBetweenSweeps === 0) await sweep(client);
      await delay(heartbeatMs);
    }
  } finally {
    // A server that has stopped does not answer a farewell either.
    await Promise.race([client.end().catch(() => undefined), delay(heartbeatMs)]);
  }
}

async function keepBeating(uri: string): Promise<never> {
  for (;;)
    try {
      await heartbeats(uri);
    } catch {
      // The main thread reports what is wrong with the store by its own queries; here there is only the next try.
      await delay(heartbeatMs);
    }
}

function authorised(request: IncomingMessage): boolean {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
  const expected = data.http?.tokenSha256;
  if (!token || !expected) return false;
  const actual = createHash('sha256').update(token).digest();
  const wanted = Buffer.from(expected, 'hex');
  return wanted.length === actual.length && timingSafeEqual(wanted, actual);
}

function reply(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}

async function metrics(): Promise<string | undefined> {
  const id = ++metricsId;
  const text = new Promise<string>((resolve) => metricsWaiting.set(id, resolve));
  post({ type: 'metrics', id });
  const result = await Promise.race([text, delay(5_000).then(() => undefined)]);
  metricsWaiting.delete(id);
  return result;
}

async function body(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) {
    text += chunk;
    if (text.length > 4096) break;
  }
  return text;
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url?.split('?')[0];
  if (path === '/healthz')
    return mainAlive()
      ? reply(response, 200, 'text/plain', 'ok\n')
      : reply(response, 503, 'text/plain', 'the main thread has not answered for 30 s\n');
  if (path === '/readyz')
    return ready
      ? reply(response, 200, 'text/plain', 'ok\n')
      : reply(response, 503, 'text/plain', 'waiting for the first login, store check and sink check; see /status\n');
  if (path === '/metrics') {
    const text = await metrics();
    return text === undefined
      ? reply(response, 503, 'text/plain', 'the main thread is busy\n')
      : reply(response, 200, 'text/plain; version=0.0.4; charset=utf-8', text);
  }
  if (path === '/status' || path === '/runs') {
    if (!authorised(request)) return reply(response, 401, 'text/plain', 'a bearer token is needed\n');
    if (path === '/status') return reply(response, 200, 'application/json', status);
    if (request.method !== 'POST') return reply(response, 405, 'text/plain', 'POST {"name", "specHash"}\n');
    const run = runRequest(await body(request));
    if (!run) return reply(response, 400, 'text/plain', 'expected {"name": string, "specHash": string}\n');
    post({ type: 'run', ...run });
    return reply(response, 202, 'application/json', '{}\n');
  }
  return reply(response, 404, 'text/plain', 'paths: /healthz /readyz /metrics /status /runs\n');
}

function runRequest(text: string): { name: string; specHash: string } | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('name' in value) || !('specHash' in value)) return undefined;
    const { name, specHash } = value;
    return typeof name === 'string' && typeof specHash === 'string' && name !== '' && specHash !== ''
      ? { name, specHash }
      : undefined;
  } catch {
    return undefined;
  }
}

if (data.http) {
  const server = createServer((request, response) => {
    handle(request, response).catch(() => reply(response, 500, 'text/plain', 'internal error\n'));
  });
  server.on('error', (error: NodeJS.ErrnoException) => post({ type: 'refused', reason: error.code ?? error.message }));
  server.listen(data.http.port, data.http.host, () => post({ type: 'started' }));
} else post({ type: 'started' });

if (data.storeUri !== undefined) void keepBeating(data.storeUri);
