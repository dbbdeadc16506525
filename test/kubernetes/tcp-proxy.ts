import { once } from 'node:events';
import net from 'node:net';

/** A TCP proxy on loopback that a test can break in the ways that networks break. */
export interface TcpProxy {
  readonly port: number;
  /** Connections open now. */
  readonly connections: number;
  /** Resets every connection and refuses new ones, until `pass`. */
  cut(): void;
  /** Keeps every connection open and forwards nothing more on it (half-open); new ones pass. */
  freeze(): void;
  pass(): void;
  close(): Promise<void>;
}

export async function startTcpProxy(target: URL): Promise<TcpProxy> {
  const pairs = new Set<readonly [net.Socket, net.Socket]>();
  let refusing = false;
  const server = net.createServer((near) => {
    if (refusing) {
      near.resetAndDestroy();
      return;
    }
    const far = net.connect(Number(target.port), target.hostname);
    const pair = [near, far] as const;
    pairs.add(pair);
    for (const [from, to] of [pair, pair.toReversed() as [net.Socket, net.Socket]]) {
      from.on('error', () => to.destroy());
      from.on('close', () => {
        pairs.delete(pair);
        to.destroy();
      });
      from.pipe(to);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const cut = () => {
    refusing = true;
    for (const pair of pairs) for (const socket of pair) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    get connections() {
      return pairs.size;
    },
    cut,
    freeze: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far).pause();
        far.unpipe(near).pause();
      }
    },
    pass: () => {
      refusing = false;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
