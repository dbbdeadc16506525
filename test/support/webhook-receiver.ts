import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request as a receiver got it. */
export interface Received {
  readonly path: string;
  readonly method: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent in pieces of 64 KiB. */
  readonly body?: Buffer;
}

/** `hang`: never answers. `cut`: closes the connection after it has read the request, without an answer. */
export type Reaction = Answer | 'hang' | 'cut';

/** A server that remembers what it was sent. */
export interface Receiver {
  readonly port: number;
  readonly url: string;
  readonly received: readonly Received[];
  /** Requests at the same time, most so far. */
  readonly busiest: number;
  /** Connections that were opened. */
  readonly connections: number;
  /** Decides from now on what is answered; default 204. May take its time. */
  react(how: (request: Received) => Reaction | Promise<Reaction>): void;
  stop(): Promise<void>;
}

export interface ReceiverOptions {
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startReceiver({ port = 0, tls }: ReceiverOptions = {}): Promise<Receiver> {
  const received: Received[] = [];
  let how: (request: Received) => Reaction | Promise<Reaction> = () => ({ status: 204 });
  let busy = 0;
  let busiest = 0;
  let connections = 0;
  const handle = async (request: http.IncomingMessage, response: http.ServerResponse) => {
    busy += 1;
    busiest = Math.max(busiest, busy);
    response.on('close', () => {
      busy -= 1;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one: Received = {
      path: request.url ?? '',
      method: request.method ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks),
    };
    received.push(one);
    const reaction = await how(one);
    if (reaction === 'hang') return;
    if (reaction === 'cut') request.socket.destroy();
    else response.writeHead(reaction.status, reaction.headers).end(reaction.body);
  };
  const listener: http.RequestListener = (request, response) => {
    handle(request, response).catch(() => response.destroy());
  };
  const server = tls ? https.createServer(tls, listener) : http.createServer(listener);
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const at = (server.address() as AddressInfo).port;
  return {
    port: at,
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${at}/hook`,
    received,
    get busiest() {
      return busiest;
    },
    get connections() {
      return connections;
    },
    react: (next) => {
      how = next;
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
