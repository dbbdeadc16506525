import { once } from 'node:events';
import net from 'node:net';

export interface ProxyServerOptions {
  /** Login that the proxy asks for. */
  readonly user?: string;
  readonly password?: string;
  /** Hosts by name, as this proxy resolves them; nothing else has a name here. */
  readonly names?: Readonly<Record<string, string>>;
  /** Answers every request so: a status of HTTP, or a reply code of SOCKS5. */
  readonly refuse?: { readonly http: number; readonly socks: number };
}

/** A proxy that speaks HTTP CONNECT (RFC 9110 §9.3.6) and SOCKS5 (RFC 1928, 1929) on one port of loopback. */
export async function startProxy(options: ProxyServerOptions = {}) {
  const { user, password, names = {}, refuse } = options;
  const ways: string[] = [];
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    return socket;
  };
  const join = (
    client: net.Socket,
    kind: string,
    host: string,
    port: number,
    established: Buffer | string,
    failed: Buffer | string,
  ) => {
    ways.push(`${kind} ${host}:${port}`);
    const server = keep(net.connect(port, names[host] ?? host));
    server.on('connect', () => {
      client.write(established);
      client.pipe(server).pipe(client);
    });
    server.on('error', () => client.end(failed));
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
  };

  const connect = (client: net.Socket, head: string) => {
    const [, host = '', port = ''] = /^CONNECT ([^:\s]+|\[[^\]]+\]):(\d+) /.exec(head) ?? [];
    const login = /^proxy-authorization: Basic (\S+)/im.exec(head)?.[1];
    const given = login === undefined ? undefined : Buffer.from(login, 'base64').toString();
    if (user !== undefined && given !== `${user}:${password}`) return client.end('HTTP/1.1 407 No\r\n\r\n');
    if (refuse) return client.end(`HTTP/1.1 ${refuse.http} No\r\n\r\n`);
    join(client, 'CONNECT', host, Number(port), 'HTTP/1.1 200 OK\r\n\r\n', 'HTTP/1.1 502 No\r\n\r\n');
  };

  /** Answers what has come whole; returns what is left, or nothing when the tunnel stands. */
  const socks = (
    client: net.Socket,
    state: { step: 'hello' | 'login' | 'request' },
    bytes: Buffer,
  ): Buffer | undefined => {
    if (state.step === 'hello' && bytes.length >= 2 + bytes[1]!) {
      const wanted = user === undefined ? 0 : 2;
      const offered = bytes.subarray(2, 2 + bytes[1]!).includes(wanted);
      client.write(Buffer.of(5, offered ? wanted : 0xff));
      state.step = user === undefined ? 'request' : 'login';
      return bytes.subarray(2 + bytes[1]!);
    }
    if (state.step === 'login' && bytes.length >= 3 + bytes[1]!) {
      const name = bytes.toString('utf8', 2, 2 + bytes[1]!);
      const at = 2 + bytes[1]!;
      const secret = bytes.toString('utf8', at + 1, at + 1 + bytes[at]!);
      client.write(Buffer.of(1, name === user && secret === password ? 0 : 1));
      state.step = 'request';
      return bytes.subarray(at + 1 + bytes[at]!);
    }
    if (state.step === 'request' && bytes.length >= 7) {
      const named = bytes[3] === 3;
      const end = named ? 5 + bytes[4]! : 8;
      const host = named ? bytes.toString('latin1', 5, end) : [...bytes.subarray(4, 8)].join('.');
      const reply = (code: number) => Buffer.of(5, code, 0, 1, 0, 0, 0, 0, 0, 0);
      if (refuse) client.end(reply(refuse.socks));
      else join(client, 'SOCKS5', host, bytes.readUInt16BE(end), reply(0), reply(5));
      return undefined;
    }
    return bytes;
  };

  const server = net.createServer((client) => {
    keep(client);
    let bytes = Buffer.alloc(0);
    const state = { step: 'hello' as 'hello' | 'login' | 'request' };
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes[0] !== 5 && state.step === 'hello') {
        if (!bytes.includes('\r\n\r\n')) return;
        client.off('data', onData);
        return connect(client, bytes.toString('latin1'));
      }
      const left = socks(client, state, bytes);
      if (left === undefined) client.off('data', onData);
      else bytes = Buffer.from(left);
    };
    client.on('data', onData);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    port: address.port,
    /** `CONNECT host:port` and `SOCKS5 host:port`, in their order. */
    ways,
    open: () => sockets.size,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
