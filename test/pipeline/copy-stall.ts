import { once } from 'node:events';
import net from 'node:net';
import type { Postgres } from '../support/postgres.ts';

/** Bytes that the server still gets, from where a COPY is asked for. */
const passedBytes = 300_000;

/**
 * PostgreSQL behind a proxy that lets the first COPY into the table `emails` come to a halt in its middle, and says so: both ends of that
 * connection stay open, and nothing more passes. Every other connection is as it would be without.
 */
export async function stallsFirstCopy(postgres: Postgres, finished: (clean: () => Promise<void>) => void) {
  const stalled = Promise.withResolvers<void>();
  const sockets = new Set<net.Socket>();
  let chosen: net.Socket | undefined;
  let left = passedBytes;
  const server = net.createServer((client) => {
    const upstream = net.connect(postgres.port, '127.0.0.1');
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on('error', () => undefined);
      one.once('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
    upstream.on('data', (data) => client.write(data));
    client.on('data', (data) => {
      if (data.includes('COPY "public"."emails"')) chosen ??= client;
      if (client !== chosen) {
        upstream.write(data);
        return;
      }
      if (left > 0) upstream.write(data.subarray(0, left));
      left -= data.length;
      if (left > 0) return;
      client.pause();
      stalled.resolve();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  finished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const through = (uri: string) => uri.replace(`:${postgres.port}/`, `:${address.port}/`);
  return {
    /** The same server; databases that it makes are reached through the proxy. */
    postgres: { ...postgres, createDatabase: async (name?: string) => through(await postgres.createDatabase(name)) },
    stalled: stalled.promise,
  };
}
