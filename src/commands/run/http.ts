import { createServer } from 'node:http';
import { stalled } from '../../telemetry/errors.ts';
import { isFree } from './embedded-postgres.ts';

export interface HttpAnswers {
  metrics(): Promise<string>;
  ready(): boolean;
}

export interface HttpServer {
  readonly port: number;
  close(): void;
}

const defaultPort = 9465;

/**
 * Serves /metrics, /healthz and /readyz on 127.0.0.1. Without a port: the default one, or any when it is taken. Throws Stalled
 * `HTTP_PORT_TAKEN` for a port that was asked for.
 */
export async function startHttp(asked: number | undefined, answers: HttpAnswers): Promise<HttpServer> {
  const server = createServer((request, response) => {
    const reply = (code: number, text: string, type = 'text/plain; charset=utf-8') => {
      response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' });
      response.end(text);
    };
    const path = request.url?.split('?')[0];
    if (path === '/healthz') reply(200, 'ok\n');
    else if (path === '/readyz') {
      const ready = answers.ready();
      reply(ready ? 200 : 503, ready ? 'ok\n' : 'waiting for the first login, store check and sink check\n');
    } else if (path === '/metrics')
      answers.metrics().then(
        (text) => reply(200, text, 'text/plain; version=0.0.4; charset=utf-8'),
        () => reply(500, 'the metrics could not be read\n'),
      );
    else reply(404, 'paths: /healthz /readyz /metrics\n');
  });
  const wanted = asked ?? ((await isFree(defaultPort)) ? defaultPort : 0);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        stalled(
          'HTTP_PORT_TAKEN',
          `port ${wanted} of 127.0.0.1 cannot be had (${error.code}); choose another with --port N, or 0 for none`,
          { cause: error },
        ),
      ),
    );
    server.listen(wanted, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : wanted;
  return {
    port,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
