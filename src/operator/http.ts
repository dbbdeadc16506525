import { createServer } from 'node:http';
import type { Registry } from 'prom-client';

export interface ProbeServerOptions {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  readonly registry: Registry;
  readonly ready: () => boolean;
}

/** Serves /healthz, /readyz and /metrics until `signal` is aborted; resolves then. `listening` gets the port. Rejects when it cannot listen. */
export function serveProbes(
  { host, port, registry, ready }: ProbeServerOptions,
  signal: AbortSignal,
  listening?: (port: number) => void,
): Promise<void> {
  const server = createServer((request, response) => {
    const reply = (code: number, body: string, type = 'text/plain') => {
      response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(body);
    };
    const path = request.url?.split('?')[0];
    if (path === '/healthz') reply(200, 'ok\n');
    else if (path === '/readyz') ready() ? reply(200, 'ok\n') : reply(503, 'the caches are not filled yet\n');
    else if (path === '/metrics') {
      registry.metrics().then(
        (text) => reply(200, text, registry.contentType),
        () => reply(500, 'the metrics could not be read\n'),
      );
    } else reply(404, 'paths: /healthz /readyz /metrics\n');
  });
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (address !== null && typeof address === 'object') listening?.(address.port);
    });
    const close = () => {
      server.close(() => resolve());
      server.closeAllConnections();
    };
    if (signal.aborted) close();
    else signal.addEventListener('abort', close, { once: true });
  });
}
