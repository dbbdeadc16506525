import net from 'node:net';

/** What becomes of the next COMMIT that passes: `swallow` cuts before the server sees it, `forget` after, without the answer. */
export type CommitFault = 'none' | 'swallow' | 'forget';

/** A simple query message of PostgreSQL's protocol with the text COMMIT. */
const commitMessage = Buffer.from('Q\0\0\0\x0bCOMMIT\0', 'latin1');

/** A TCP proxy before a PostgreSQL server that cuts one connection at its COMMIT. */
export async function startCommitProxy(uri: string) {
  const target = new URL(uri);
  let fault: CommitFault = 'none';
  let reached: (() => void) | undefined;
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay();
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (data) => {
      if (fault !== 'none' && data.includes(commitMessage)) {
        const now = fault;
        fault = 'none';
        client.destroy();
        if (now === 'forget') upstream.write(data, () => reached?.());
        else upstream.destroy();
        return;
      }
      upstream.write(data);
    });
    upstream.on('data', (data) => client.write(data));
    client.on('close', () => upstream.end());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  const through = new URL(uri);
  through.host = `127.0.0.1:${address.port}`;
  return {
    uri: through.href,
    /** Arms the proxy for one COMMIT; resolves when a forgotten one has been handed to the server. */
    arm(next: CommitFault): Promise<void> {
      fault = next;
      return new Promise((resolve) => {
        reached = resolve;
      });
    },
    async stop(): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
