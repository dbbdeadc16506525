import net from 'node:net';

/** A line between two parties, by TCP, that can be cut. */
export interface Link {
  readonly port: number;
  /** Breaks what goes over it, and lets nothing through: at once refused, or as if it fell into a hole. */
  cut(how?: 'refuse' | 'swallow'): void;
  restore(): void;
  /** Cuts each connection after so many bytes of answers, one time each. */
  cutAnswersAfter(bytes: number, times: number): void;
  stop(): Promise<void>;
}

export async function startLink(to: number): Promise<Link> {
  let state: 'up' | 'refuse' | 'swallow' = 'up';
  let answers = { bytes: 0, times: 0 };
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const server = net.createServer((client) => {
    keep(client);
    if (state === 'refuse') {
      client.destroy();
      return;
    }
    if (state === 'swallow') {
      client.resume();
      return;
    }
    const upstream = net.connect(to, '127.0.0.1');
    keep(upstream);
    client.pipe(upstream);
    let seen = 0;
    upstream.on('data', (data) => {
      seen += data.length;
      if (answers.times > 0 && seen > answers.bytes) {
        answers = { ...answers, times: answers.times - 1 };
        client.destroy();
        upstream.destroy();
      } else client.write(data);
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the link has no port');
  return {
    port: address.port,
    cut: (how = 'refuse') => {
      state = how;
      for (const socket of sockets) socket.destroy();
    },
    restore: () => {
      state = 'up';
      for (const socket of sockets) socket.destroy();
    },
    cutAnswersAfter: (bytes, times) => {
      answers = { bytes, times };
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
