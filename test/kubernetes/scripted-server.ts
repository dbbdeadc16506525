import { once } from 'node:events';
import http from 'node:http';
import { type ClusterAccess, fileAccess } from '../../src/kubernetes/access.ts';

export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

export interface Answer {
  readonly asked: Asked;
  /** A whole JSON answer. */
  json(status: number, body: unknown, headers?: http.OutgoingHttpHeaders): void;
  /** Lines of a watch; the stream stays open. */
  events(...events: readonly unknown[]): void;
  /** Raw bytes of an open stream. */
  bytes(part: string | Buffer): void;
  end(): void;
  /** Resets the connection. */
  drop(): void;
}

/** A server that plays the API server's faults as a test scripts them; one script step a request, the last repeats. */
export interface ScriptedServer {
  readonly access: ClusterAccess;
  readonly asked: readonly Asked[];
  readonly connections: () => number;
  close(): Promise<void>;
}

export type Step = (answer: Answer) => void;

export async function startScriptedServer(...script: readonly Step[]): Promise<ScriptedServer> {
  const asked: Asked[] = [];
  const sockets = new Set<unknown>();
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://server');
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const one: Asked = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    const step = script[Math.min(asked.length, script.length - 1)];
    asked.push(one);
    const open = () => {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
    };
    step?.({
      asked: one,
      json: (status, body, headers) => response.writeHead(status, headers).end(JSON.stringify(body)),
      events: (...events) => {
        open();
        for (const event of events) response.write(`${JSON.stringify(event)}\n`);
      },
      bytes: (part) => {
        open();
        response.write(part);
      },
      end: () => {
        open();
        response.end();
      },
      drop: () => request.socket.resetAndDestroy(),
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    access: fileAccess({ server: `http://127.0.0.1:${address.port}`, token: 'a-token' }),
    asked,
    connections: () => sockets.size,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** A ConfigMap as the wire has it in a list. */
export const item = (name: string, version: number, more: Record<string, unknown> = {}) => ({
  metadata: {
    name,
    namespace: 'n',
    uid: `uid-${name}`,
    resourceVersion: String(version),
    managedFields: [{ a: 1 }],
    ...more,
  },
});
export const list = (version: number, items: readonly unknown[], token?: string) => ({
  kind: 'ConfigMapList',
  metadata: { resourceVersion: String(version), continue: token },
  items,
});
export const status = (code: number, reason: string) => ({
  kind: 'Status',
  code,
  reason,
  message: `${reason} happened`,
});
export const expired = { type: 'ERROR', object: status(410, 'Expired') };
export const bookmark = (version: number) => ({
  type: 'BOOKMARK',
  object: { metadata: { resourceVersion: String(version) } },
});
