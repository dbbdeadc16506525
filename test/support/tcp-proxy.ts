import { once } from 'node:events';
import net from 'node:net';

export type TcpProxy = Awaited<ReturnType<typeof startTcpProxy>>;

/** Bytes on their way in one direction of one connection at most; then the sender is held back, as by a full window. */
const window = 16 * 2 ** 20;

/**
 * A proxy on loopback that makes each byte travel for half of `roundTripMs` each way, in order and without a limit of throughput, and that can be
 * cut: nothing passes then and nobody is told.
 */
export async function startTcpProxy(target: { readonly host: string; readonly port: number }, roundTripMs = 0) {
  const pipes = new Set<Pipe>();
  let cut = false;
  const server = net.createServer({ noDelay: true }, (client) => {
    const upstream = net.connect({ ...target, noDelay: true });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      const pipe = new Pipe(from, to, roundTripMs / 2);
      if (cut) pipe.hold();
      pipes.add(pipe);
      from.once('close', () => pipes.delete(pipe));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    host: '127.0.0.1',
    port: address.port,
    /** From now on nothing passes; connections stay open. */
    cut(): void {
      cut = true;
      for (const pipe of pipes) pipe.hold();
    },
    restore(): void {
      cut = false;
      for (const pipe of pipes) pipe.release();
    },
    async stop(): Promise<void> {
      for (const pipe of pipes) pipe.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** One direction of a connection. */
class Pipe {
  readonly #from: net.Socket;
  readonly #to: net.Socket;
  readonly #delayMs: number;
  /** What is on its way, with the moment of its arrival; null is the end. */
  readonly #queue: { readonly at: number; readonly data: Buffer | null }[] = [];
  #bytes = 0;
  #held = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: net.Socket, to: net.Socket, delayMs: number) {
    this.#from = from;
    this.#to = to;
    this.#delayMs = delayMs;
    from.on('data', (data: Buffer) => this.#push(data));
    from.on('end', () => this.#push(null));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      if (!this.#held && this.#queue.length === 0) to.end();
    });
    to.on('drain', () => this.#flush());
  }

  hold(): void {
    this.#held = true;
    this.#from.pause();
  }

  release(): void {
    this.#held = false;
    this.#from.resume();
    this.#flush();
  }

  destroy(): void {
    clearTimeout(this.#timer);
    this.#from.destroy();
  }

  #push(data: Buffer | null): void {
    this.#queue.push({ at: performance.now() + this.#delayMs, data });
    this.#bytes += data?.length ?? 0;
    if (this.#bytes > window) this.#from.pause();
    this.#flush();
  }

  #flush(): void {
    if (this.#held || this.#to.writableNeedDrain) return;
    clearTimeout(this.#timer);
    for (let next = this.#queue[0]; next; next = this.#queue[0]) {
      const wait = next.at - performance.now();
      if (wait > 0) {
        this.#timer = setTimeout(() => this.#flush(), Math.ceil(wait));
        return;
      }
      this.#queue.shift();
      if (next.data === null) return void this.#to.end();
      this.#bytes -= next.data.length;
      if (!this.#held && this.#bytes <= window / 2) this.#from.resume();
      if (!this.#to.write(next.data)) return;
    }
  }
}
