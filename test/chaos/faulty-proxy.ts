import { once } from 'node:events';
import net from 'node:net';

/** What happens to a connection from now on. */
export type Fate =
  | { readonly kind: 'pass' }
  /** It is reset after so many more bytes of the server. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** Every piece comes so much later. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** It stays open and says nothing more. */
  | { readonly kind: 'half-open' };

interface Pair {
  readonly near: net.Socket;
  readonly far: net.Socket;
  fate: Fate;
}

/** A TCP proxy on loopback whose connections can be given a fate each. */
export interface FaultyProxy {
  readonly port: number;
  readonly connections: number;
  /** Of all connections, and of those to come until the next call. */
  fate(next: Fate): void;
  /** Resets everything and refuses what comes, until the next fate. */
  refuse(): void;
  /** Resets the connections that are half-open and lets everything pass. */
  heal(): void;
  close(): Promise<void>;
}

export async function startFaultyProxy(target: { readonly host: string; readonly port: number }): Promise<FaultyProxy> {
  const pairs = new Set<Pair>();
  let coming: Fate = { kind: 'pass' };
  let refusing = false;

  const end = ({ near, far }: Pair) => {
    near.resetAndDestroy();
    far.resetAndDestroy();
  };
  const forward = (pair: Pair, to: net.Socket, bytes: Buffer, fromServer: boolean) => {
    const { fate } = pair;
    if (fate.kind === 'half-open') return;
    if (fate.kind === 'delay') {
      setTimeout(() => to.destroyed || to.write(bytes), fate.ms);
      return;
    }
    if (fate.kind === 'cut' && fromServer) {
      if (bytes.length >= fate.afterBytes) {
        to.write(bytes.subarray(0, fate.afterBytes), () => end(pair));
        pair.fate = { kind: 'half-open' };
        return;
      }
      pair.fate = { kind: 'cut', afterBytes: fate.afterBytes - bytes.length };
    }
    if (!to.destroyed) to.write(bytes);
  };
  const server = net.createServer((near) => {
    if (refusing) {
      near.resetAndDestroy();
      return;
    }
    const far = net.connect(target.port, target.host);
    const pair: Pair = { near, far, fate: coming };
    pairs.add(pair);
    near.on('data', (bytes: Buffer) => forward(pair, far, bytes, false));
    far.on('data', (bytes: Buffer) => forward(pair, near, bytes, true));
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('close', () => {
        pairs.delete(pair);
        // The end comes after what was sent before it, also when that is late.
        setTimeout(() => to.destroy(), pair.fate.kind === 'delay' ? pair.fate.ms : 0);
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    port: address.port,
    get connections() {
      return pairs.size;
    },
    fate: (next) => {
      refusing = false;
      coming = next;
      for (const pair of pairs) if (pair.fate.kind !== 'half-open') pair.fate = next;
    },
    refuse: () => {
      refusing = true;
      for (const pair of pairs) end(pair);
    },
    heal: () => {
      refusing = false;
      coming = { kind: 'pass' };
      for (const pair of pairs)
        if (pair.fate.kind === 'half-open') end(pair);
        else pair.fate = coming;
    },
    close: async () => {
      for (const pair of pairs) end(pair);
      server.close();
      await once(server, 'close');
    },
  };
}
