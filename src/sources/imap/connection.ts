import { type FetchMessageObject, ImapFlow } from 'imapflow';
import { type MailmillError, stalled } from '../../telemetry/errors.ts';
import { aborted, throwIfAborted } from '../abort.ts';
import { connectionLost, imapError, throttled } from './errors.ts';
import { FetchFeed } from './fetch-feed.ts';
import type { FetchRow } from './fetch-row.ts';
import { tapLimits } from './fetch-tap.ts';
import { withoutNamespaces } from './namespaces.ts';
import { type ProxySettings, proxyError, proxyUrl } from './proxy.ts';
import { leaveNamesAlone } from './raw-names.ts';
import { type ImapLogin, logInBy } from './sasl.ts';
import { noteEpochs } from './told-epoch.ts';

/** How to reach a server. */
export interface ImapTransport {
  readonly host: string;
  readonly port: number;
  readonly mode: 'Implicit' | 'StartTLS' | 'None';
  /** PEM certificates to trust instead of the public authorities. */
  readonly ca?: string;
  /** PEM of the certificate that the server asks its clients for. */
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Name to ask for and to expect in the server's certificate, instead of `host`. */
  readonly serverName?: string;
  readonly proxy?: ProxySettings;
  readonly timeouts?: Partial<ImapTimeouts>;
  /** Bytes of a message that is kept. */
  readonly messageSize?: number;
}

/** How to reach and log in to one account. */
export type ImapSettings = ImapTransport & ImapLogin;

/** Milliseconds. */
export interface ImapTimeouts {
  /** TCP, TLS and greeting; each. */
  readonly connect: number;
  /** Silence of the server while a command is in flight. */
  readonly inactivity: number;
  /** From the start to a finished login. */
  readonly login: number;
  /** A whole command that fetches no messages: a server may say for ever that it is still there. */
  readonly command: number;
  /** For the answer that ends a wait. */
  readonly answer: number;
}

export const defaultTimeouts: ImapTimeouts = {
  connect: 30_000,
  inactivity: 60_000,
  login: 90_000,
  command: 600_000,
  answer: 30_000,
};

/** An entry that imapflow logs; commands that answer `false` on failure tell the reason only here. */
interface LogEntry {
  readonly msg?: unknown;
  readonly err?: unknown;
  readonly throttleDelay?: unknown;
}

/** Until a command has ended whose rows the feed takes. */
async function toEnd(rows: AsyncGenerator<unknown, unknown, undefined>): Promise<void> {
  while (!(await rows.next()).done);
}

/** Names what to look at when the server rejects a login that is more than a user name and a password. */
function rejected(error: MailmillError, login: ImapLogin): MailmillError {
  if (error.code !== 'IMAP_AUTH_REJECTED') return error;
  const { cause } = error;
  if (login.token !== undefined)
    return stalled(
      'IMAP_TOKEN_REJECTED',
      'the mail server rejected an access token that the token endpoint has just given; check username in the Secret, auth.scope, and that the application, or who consented, may read this mailbox by IMAP',
      { cause },
    );
  if (login.actAs === undefined) return error;
  return stalled(
    error.code,
    'the server rejected the administrator, or its right to read the mailbox; check adminUsername, password and username in the Secret that auth.secretRef names',
    { cause },
  );
}

/** One TCP connection with a login, and what ended it. Used for one command at a time. */
export class ImapConnection {
  readonly client: ImapFlow;
  readonly #feed: FetchFeed;
  readonly #commandMs: number;
  /** Milliseconds that the server has for the answer that ends a wait. */
  readonly answerMs: number;
  /** The end of the last FETCH, however it ended. */
  #fetching: Promise<void> | undefined;
  /** Commands in flight: logging out politely makes sense only when there is none. */
  #running = 0;
  #failure: MailmillError | undefined;
  #refusal: unknown;

  private constructor(settings: ImapSettings) {
    const timeouts = { ...defaultTimeouts, ...settings.timeouts };
    this.#commandMs = timeouts.command;
    this.answerMs = timeouts.answer;
    const observe = (entry: LogEntry) => this.#observe(entry);
    const ours = settings.token !== undefined || settings.actAs !== undefined;
    this.client = new ImapFlow({
      host: settings.host,
      port: settings.port,
      secure: settings.mode === 'Implicit',
      // Anything but true or false would be opportunistic.
      doSTARTTLS: settings.mode === 'Implicit' ? undefined : settings.mode === 'StartTLS',
      ...(settings.serverName === undefined ? {} : { servername: settings.serverName }),
      ...(settings.proxy === undefined ? {} : { proxy: proxyUrl(settings.proxy) }),
      // With a token of any kind imapflow sends AUTHENTICATE, which is ours then.
      auth: ours ? { user: settings.user, accessToken: 'ours' } : { user: settings.user, pass: settings.password },
      tls: {
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
        ...(settings.ca === undefined ? {} : { ca: settings.ca }),
        ...settings.certificate,
      },
      clientInfo: { name: 'mailmill', vendor: false, version: false, 'support-url': false },
      connectionTimeout: timeouts.connect,
      greetingTimeout: timeouts.connect,
      socketTimeout: timeouts.inactivity,
      disableAutoIdle: true,
      disableAutoEnable: true,
      disableCompression: true,
      maxLockHoldTime: 0,
      logger: { trace() {}, debug() {}, info() {}, warn: observe, error: observe, fatal: observe },
    });
    if (ours) logInBy(this.client, settings);
    withoutNamespaces(this.client);
    noteEpochs(this.client);
    this.#feed = new FetchFeed(this.client, tapLimits(settings.messageSize));
    this.client.on('error', (error) => this.#fail(imapError(error, 'command')));
  }

  /** Connects and logs in; a failure leaves nothing open. */
  static async open(settings: ImapSettings, signal: AbortSignal): Promise<ImapConnection> {
    throwIfAborted(signal);
    const connection = new ImapConnection(settings);
    const { client } = connection;
    const limit = AbortSignal.timeout(settings.timeouts?.login ?? defaultTimeouts.login);
    const stop = AbortSignal.any([signal, limit]);
    const onStop = () => client.close();
    stop.addEventListener('abort', onStop, { once: true });
    try {
      await client.connect();
      return connection;
    } catch (error) {
      client.close();
      if (signal.aborted) throw aborted(signal);
      throw connection.#failure ?? proxyError(error) ?? rejected(imapError(error, 'open'), settings);
    } finally {
      stop.removeEventListener('abort', onStop);
    }
  }

  /** Told what stands behind VANISHED, from now on. */
  set onVanished(listener: (text: string) => void) {
    this.#feed.onVanished = listener;
  }

  /** Whether commands can still be sent. */
  get usable(): boolean {
    return this.client.usable && !this.client.isClosed && this.#failure === undefined;
  }

  /**
   * Runs one command; an abort closes the connection. `false` is how imapflow says that the server refused: the reason is thrown.
   */
  async run<T>(signal: AbortSignal, command: () => Promise<T>): Promise<Exclude<T, false>> {
    return this.#guard(signal, async () => {
      const result = await this.#inTime(command);
      if (result === false) throw this.#refusal ?? connectionLost();
      // TypeScript cannot narrow a generic by its literal.
      return result as Exclude<T, false>;
    });
  }

  /** Runs one command that has, or is answered by, names of folders: they are as on the wire, with bytes that are no ASCII shielded. */
  async named<T>(signal: AbortSignal, command: () => Promise<T>): Promise<Exclude<T, false>> {
    const asOnTheWire = leaveNamesAlone(this.client);
    try {
      return await this.run(signal, command);
    } finally {
      asOnTheWire.end();
    }
  }

  /**
   * The rows of a FETCH, as many at a time as have come; more are read only as these are taken. An abort closes the connection. A FETCH that
   * is left early stays in flight, and the next one waits for its end. One that brings no `messages` has the time of any command; `most` is that of
   * the feed.
   */
  async *rows(
    signal: AbortSignal,
    fetch: () => AsyncGenerator<FetchMessageObject, unknown, undefined>,
    { messages = false, most }: { readonly messages?: boolean; readonly most?: number | undefined } = {},
  ): AsyncGenerator<readonly FetchRow[], void, undefined> {
    const before = this.#fetching;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#fetching = promise;
    await before;
    const end = () => toEnd(fetch());
    const command = this.#guard(signal, messages ? end : () => this.#inTime(end));
    command.then(resolve, () => resolve());
    const onAbort = () => this.client.close();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      for await (const rows of this.#feed.rows(command, most)) {
        yield rows;
        throwIfAborted(signal);
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    // A fetch with no mailbox selected ends without rows and without an error.
    if (!this.client.mailbox) throw this.#failure ?? connectionLost();
    this.assertUsable();
  }

  /** Closes the connection when the command takes longer than any may. */
  async #inTime<T>(command: () => Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#fail(connectionLost(new Error('the server did not come to the end of an answer')));
      this.client.close();
    }, this.#commandMs);
    try {
      return await command();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Throws what ended the connection, when it has ended. */
  assertUsable(): void {
    if (!this.usable) throw this.#failure ?? connectionLost();
  }

  async #guard<T>(signal: AbortSignal, command: () => Promise<T>): Promise<T> {
    if (signal.aborted) this.client.close();
    throwIfAborted(signal);
    this.assertUsable();
    const onAbort = () => this.client.close();
    signal.addEventListener('abort', onAbort, { once: true });
    this.#refusal = undefined;
    this.#running += 1;
    try {
      return await command();
    } catch (error) {
      if (signal.aborted) throw aborted(signal);
      throw this.#failure ?? imapError(error, 'command');
    } finally {
      this.#running -= 1;
      signal.removeEventListener('abort', onAbort);
    }
  }

  #observe(entry: LogEntry): void {
    if (entry.err !== undefined) this.#refusal = entry.err;
    if (entry.msg !== 'Throttling detected') return;
    // imapflow would wait minutes with the connection open and then repeat the command by itself.
    const text = `Backoff Time: ${Number(entry.throttleDelay) || 60_000}`;
    this.#fail(throttled(text, undefined, entry.err) ?? connectionLost(entry.err));
    this.client.closeAfter();
  }

  #fail(error: MailmillError): void {
    this.#failure ??= error;
  }

  /** Logs out when nothing is in flight, within two seconds, and closes the socket in any case. */
  async close(): Promise<void> {
    if (this.usable && this.#running === 0) {
      const timer = setTimeout(() => this.client.close(), 2_000);
      try {
        await this.client.logout();
      } catch (error) {
        // It is closed below; why the farewell failed matters to nobody.
        this.#observe({ err: error });
      } finally {
        clearTimeout(timer);
      }
    }
    this.client.close();
  }
}
