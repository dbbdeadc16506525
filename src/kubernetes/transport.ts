import http from 'node:http';
import https from 'node:https';
import type { ClusterAccess, TlsOptions } from './access.ts';

export interface TransportRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query, beginning with `/api`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
  /** A watch: its connection does not count against those of short requests. */
  readonly long?: boolean;
  /** Doing it twice is doing it once: sent again when a kept-alive connection turned out to be closed already. */
  readonly repeatable: boolean;
}

/** One HTTP exchange with the API server; no meaning. */
export interface Transport {
  /** Answers when the headers are there. The body must be read or destroyed. Rejects with Node's own errors. */
  send(request: TransportRequest): Promise<http.IncomingMessage>;
  close(): void;
}

/** Short requests under way at once: enough for every worker, few enough for the server's fairness. */
const maxSockets = 32;
/** TCP keep-alive: after 30 s of silence the kernel probes, and gives up within some ten seconds. */
const keepAliveMsecs = 30_000;

/** Connections by `access`: its server, and its TLS files and credentials as they rotate. */
export function createTransport(access: ClusterAccess): Transport {
  const { server } = access;
  const secure = server.protocol === 'https:';
  const base = server.pathname.replace(/\/$/, '');
  let tls: TlsOptions = {};
  let agents: { short: http.Agent; long: http.Agent } | undefined;

  const agentsFor = (options: TlsOptions) => {
    if (agents !== undefined && sameTls(tls, options)) return agents;
    // The old agents' connections end with their requests; idle ones are closed by the server.
    tls = options;
    const common = { keepAlive: true, keepAliveMsecs, scheduling: 'lifo' as const };
    const make = (more: http.AgentOptions) =>
      secure ? new https.Agent({ ...common, ...options, ...more }) : new http.Agent({ ...common, ...more });
    agents = { short: make({ maxSockets, maxFreeSockets: maxSockets }), long: make({}) };
    return agents;
  };

  return {
    send: async (request) => {
      request.signal.throwIfAborted();
      const { headers, tls: options, basic, agent } = await access.credentials();
      request.signal.throwIfAborted();
      const prepared: https.RequestOptions = {
        method: request.method,
        protocol: server.protocol,
        hostname: server.hostname.replace(/^\[|\]$/g, ''),
        port: server.port === '' ? (secure ? 443 : 80) : server.port,
        path: base + request.path,
        headers: { ...headers, ...request.headers },
        agent: agent ?? agentsFor(options)[request.long === true ? 'long' : 'short'],
        ...(basic === undefined ? {} : { auth: basic }),
      };
      return exchange(secure, prepared, request);
    },
    close: () => {
      agents?.short.destroy();
      agents?.long.destroy();
    },
  };
}

function exchange(secure: boolean, options: https.RequestOptions, request: TransportRequest) {
  return new Promise<http.IncomingMessage>((resolve, reject) => {
    const sent = (secure ? https : http).request(options);
    // Node gives a DELETE's body no length by itself: the server would read it as the next request.
    if (request.body !== undefined) sent.setHeader('content-length', Buffer.byteLength(request.body));
    const abort = () => sent.destroy(asError(request.signal.reason));
    // The signal stays attached until the connection is done with: it also ends the reading of the body.
    request.signal.addEventListener('abort', abort, { once: true });
    sent.once('close', () => request.signal.removeEventListener('abort', abort));
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && error.code === 'ECONNRESET';
      // Bounded: every try takes one closed connection out of the pool, and a new one is not reused.
      if (stale && request.repeatable && !request.signal.aborted)
        exchange(secure, options, request).then(resolve, reject);
      else reject(error);
    });
    sent.once('response', resolve);
    sent.end(request.body);
  });
}

const asError = (reason: unknown) => (reason instanceof Error ? reason : new Error('aborted', { cause: reason }));

const text = (value: unknown) => (value === undefined ? '' : String(value));
const sameTls = (a: TlsOptions, b: TlsOptions) =>
  (['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'] as const).every(
    (field) => text(a[field]) === text(b[field]),
  );

/** The whole body as text; throws beyond `limit` bytes. */
export async function readBody(message: http.IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    const buffer: Buffer = chunk;
    bytes += buffer.length;
    if (bytes > limit) throw new Error(`answer of more than ${limit} bytes`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
