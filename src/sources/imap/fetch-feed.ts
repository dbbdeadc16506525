import { Transform } from 'node:stream';
import type { ImapFlow } from 'imapflow';
import type { FetchRow } from './fetch-row.ts';
import { FetchTap, type TapLimits } from './fetch-tap.ts';
import { shieldBytes } from './folder-names.ts';

/**
 * Reads the answers to FETCH in front of imapflow's own parser, which spends half a processor core on 10,000 small messages a second. Everything
 * else reaches imapflow as it came: it sends the command, learns of its end, and handles what the server says in between.
 */
export class FetchFeed {
  readonly #tap: FetchTap;
  readonly #most: number;
  readonly #pass: (bytes: Buffer, next: () => void) => void;
  #rows: FetchRow[] = [];
  #wake: (() => void) | undefined;
  /** Lets the next bytes come from the socket. */
  #resume: (() => void) | undefined;

  constructor(client: ImapFlow, limits?: TapLimits) {
    this.#tap = new FetchTap(limits);
    this.#most = this.#tap.literals;
    // All transports end in this stream: plain, TLS, and TLS after STARTTLS. imapflow is pinned to one version.
    const parser: unknown = Reflect.get(client, 'streamer');
    if (!(parser instanceof Transform)) throw new TypeError('this imapflow has no response parser');
    const transform = parser._transform.bind(parser);
    this.#pass = (bytes, next) => transform(bytes, 'latin1', next);
    parser._transform = (chunk: Buffer, _encoding, next) => {
      if (parser.destroyed) return next();
      try {
        this.#take(chunk, next);
      } catch (error) {
        // imapflow tells everybody and closes the connection.
        parser.destroy(error instanceof Error ? error : undefined);
      }
    };
  }

  /** Told what stands behind VANISHED; imapflow, which takes seconds for a long one, is not. */
  set onVanished(listener: (text: string) => void) {
    this.#tap.onVanished = listener;
  }

  #take(chunk: Buffer, next: () => void): void {
    let open = 1;
    const done = () => {
      open -= 1;
      if (open === 0) next();
    };
    const others: Buffer[] = [];
    // What servers call their folders need not be UTF-8, which is all that imapflow knows.
    this.#tap.feed(chunk, (bytes, literal) => others.push(literal ? bytes : shieldBytes(bytes)));
    open += others.length;
    for (const bytes of others) this.#pass(bytes, done);
    if (this.#rows.length > 0) {
      this.#resume = done;
      this.#wake?.();
    } else done();
  }

  /**
   * Rows while `command` runs, as many at a time as have come; the next ones are read when these have been taken. What comes after the caller
   * has left is dropped. Of literals with more than `most` bytes only the size is told. Ends, or throws, as the command does.
   */
  async *rows(command: Promise<unknown>, most = this.#most): AsyncGenerator<readonly FetchRow[], void, undefined> {
    let ended = false;
    this.#tap.literals = most;
    const end = () => {
      ended = true;
      this.#tap.stop((bytes, literal) => this.#pass(literal ? bytes : shieldBytes(bytes), () => undefined));
      this.#wake?.();
    };
    this.#tap.onRow = (row) => void this.#rows.push(row);
    command.then(end, end);
    try {
      for (;;) {
        const rows = this.#rows;
        if (rows.length > 0) {
          this.#rows = [];
          yield rows;
          this.#goOn();
        } else if (ended) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    } finally {
      if (!ended) this.#tap.onRow = () => undefined;
      this.#rows = [];
      this.#goOn();
    }
    await command;
  }

  /**
   * After everybody else had a turn: libuv reads 2 MiB of one socket before it looks at another, and the answers of a database would wait for all
   * of it.
   */
  #goOn(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    if (resume) setImmediate(resume);
  }
}
