import type { EmbeddedDatabase } from './embedded-postgres.ts';

/** The embedded server, started at most once and only when somebody asks for it. */
export class LazyServer {
  readonly #start: () => Promise<EmbeddedDatabase>;
  readonly #lost = new AbortController();
  #server: Promise<EmbeddedDatabase> | undefined;
  #running: EmbeddedDatabase | undefined;

  constructor(start: () => Promise<EmbeddedDatabase>) {
    this.#start = start;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  get started(): boolean {
    return this.#running !== undefined;
  }

  readonly get = (): Promise<EmbeddedDatabase> => {
    this.#server ??= this.#start().then((server) => {
      this.#running = server;
      server.lost.addEventListener('abort', () => this.#lost.abort(server.lost.reason), { once: true });
      return server;
    });
    return this.#server;
  };

  kill(): void {
    this.#running?.kill();
  }

  async stop(): Promise<void> {
    const server = await this.#server?.catch(() => undefined); // why it did not start has been thrown elsewhere
    await server?.stop();
  }
}
