import { hash, timingSafeEqual } from 'node:crypto';
import { hostname } from 'node:os';
import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { ResolvedSmtp } from '../../api/resolve-pushed.ts';
import { bytes } from '../../api/schema.ts';
import type { Appended, KeptEnvelope } from '../../store/kept.ts';
import { asMailmillError, stackOf } from '../../telemetry/errors.ts';
import type { Refusal } from '../kept/intake.ts';
import type { Listener, ListenerHost } from '../listener.ts';
import { type Certificate, listenAt, portOf, readCertificate } from '../listening.ts';
import { isRecipient, recipientKey } from './recipients.ts';
import { traceFields } from './trace-fields.ts';

/** Milliseconds of silence of a client (RFC 5321 §4.5.3.2.7). */
const silenceMs = 300_000;

/** A reply that is no success; smtp-server takes its code from it. */
class Reply extends Error {
  readonly responseCode: number;

  constructor(code: number, text: string) {
    super(text);
    this.responseCode = code;
  }
}

/** Never for good: the sender keeps the message and tries again. */
const later: Readonly<Record<Refusal, () => Reply>> = {
  Full: () => new Reply(452, 'no room for more mail now, try again later'),
  StoreDown: () => new Reply(451, 'mail cannot be stored now, try again later'),
  Busy: () => new Reply(451, 'too much mail at once, try again later'),
};

/** The client went away in the middle of its message: nobody hears an answer. */
class Gone extends Error {}

interface Credentials {
  readonly tls?: Certificate;
  readonly login?: { readonly username: string; readonly password: string };
}

async function readCredentials(spec: ResolvedSmtp, secret: ListenerHost['secret']): Promise<Credentials> {
  const certificate = spec.tls?.certificateSecretRef.name;
  const login = spec.auth?.secretRef.name;
  return {
    ...(certificate !== undefined && {
      tls: await readCertificate(secret, certificate),
    }),
    ...(login !== undefined && {
      login: { username: await secret(login, 'username'), password: await secret(login, 'password') },
    }),
  };
}

/** Tells of 552, which smtp-server answers by itself, also to a size that is announced: only what it logs has that reply. */
function tooLargeLog(told: () => void): NonNullable<Exclude<SMTPServerOptions['logger'], boolean>> {
  const debug = (...entry: readonly unknown[]) => {
    if (entry.some((word) => typeof word === 'string' && /^(S: )?552 /.test(word))) told();
  };
  const silent = () => undefined;
  return { level: silent, trace: silent, debug, info: silent, warn: silent, error: silent, fatal: silent };
}

const same = (a: string, b: string) => timingSafeEqual(hash('sha256', a, 'buffer'), hash('sha256', b, 'buffer'));

/**
 * Listens for SMTP or LMTP. A message is answered with 250 when it is committed. Throws Stalled `LISTENER_PORT_TAKEN`,
 * `LISTENER_CERTIFICATE_INVALID` and what is wrong with the Secrets.
 */
export async function listenSmtp(spec: ResolvedSmtp, host: ListenerHost): Promise<Listener> {
  const listener = new SmtpListener(spec, host, await readCredentials(spec, host.secret));
  await listener.listen();
  return listener;
}

class SmtpListener implements Listener {
  readonly kind: 'smtp' | 'lmtp';
  readonly #spec: ResolvedSmtp;
  readonly #host: ListenerHost;
  readonly #server: SMTPServer;
  readonly #name: string;
  #credentials: Credentials;
  /** Sessions whose message is being received or kept. */
  readonly #receiving = new Set<string>();

  constructor(spec: ResolvedSmtp, host: ListenerHost, credentials: Credentials) {
    this.kind = spec.protocol === 'LMTP' ? 'lmtp' : 'smtp';
    this.#spec = spec;
    this.#host = host;
    this.#credentials = credentials;
    this.#name = spec.hostname ?? hostname();
    this.#server = this.#create(credentials);
    // Of a single connection: its client went away, or did not manage TLS.
    this.#server.on('error', (error) => {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
      host.log.debug('a connection failed', { code });
    });
  }

  #create({ tls }: Credentials): SMTPServer {
    const { tls: tlsSpec, auth, limits, protocol, proxyProtocolFrom } = this.#spec;
    const refuse = (error: unknown) => {
      const reply = error instanceof Reply ? error : later.StoreDown();
      if (reply.responseCode !== 552) this.#host.onRefused(reply.responseCode);
      return reply;
    };
    const disabled = ['WIZ', 'SHELL', 'KILL', ...(tls ? [] : ['STARTTLS']), ...(auth ? [] : ['AUTH'])];
    const options: SMTPServerOptions = {
      name: this.#name,
      lmtp: protocol === 'LMTP',
      size: bytes(limits.messageSize),
      secure: tlsSpec?.mode === 'Implicit',
      ...tls,
      disableReverseLookup: true,
      disabledCommands: disabled,
      authMethods: ['PLAIN', 'LOGIN'],
      maxClients: limits.connections,
      socketTimeout: silenceMs,
      logger: tooLargeLog(() => this.#host.onRefused(552)),
      rejectOversized: true, // with the limit, and 5.3.4: a bare 552 is 5.2.2, a mailbox that is full
      maxRecipients: limits.recipients,
      hideENHANCEDSTATUSCODES: false,
      ...(proxyProtocolFrom && { useProxy: proxyProtocolFrom }),
      // A login that is offered in the clear is sent in the clear by some.
      onConnect: (session, callback) => {
        if (auth && !session.secure) session.disabledCommands = [...disabled, 'AUTH'];
        callback();
      },
      onSecure: (_, session, callback) => {
        session.disabledCommands = disabled;
        callback();
      },
      onAuth: ({ username, password }, _, callback) => {
        const login = this.#credentials.login;
        // Both are compared, whatever the first one says.
        const right = [same(username ?? '', login?.username ?? ''), same(password ?? '', login?.password ?? '')];
        if (login && right.every(Boolean)) return callback(null, { user: 'sender' });
        callback(refuse(new Reply(535, 'wrong user name or password')));
      },
      onMailFrom: (_, session, callback) => {
        const refusal = this.#host.intake.refusal();
        if ((tlsSpec?.required || auth) && !session.secure)
          callback(refuse(new Reply(530, 'STARTTLS is needed first')));
        else if (auth && !session.user) callback(refuse(new Reply(530, 'a login is needed first')));
        else if (refusal) callback(refuse(later[refusal]()));
        else callback();
      },
      onRcptTo: ({ address }, _, callback) => {
        if (isRecipient(this.#spec.recipients, address)) callback();
        else callback(refuse(new Reply(550, 'nobody here takes mail for this recipient')));
      },
      onData: (stream, session, callback) => {
        this.#receiving.add(session.id);
        this.#receive(stream, session)
          .then(
            (answers) => callback(null, answers),
            (error: unknown) => callback(error instanceof Gone ? error : refuse(error)),
          )
          .finally(() => this.#receiving.delete(session.id));
      },
    };
    return new SMTPServer(options);
  }

  /** Receives and keeps a message; one answer a recipient in LMTP, else one. Throws a Reply. */
  async #receive(stream: SMTPServerDataStream, session: SMTPServerSession): Promise<string | (string | Error)[]> {
    const { intake, clock, log } = this.#host;
    const { envelope, hostNameAppearsAs, remoteAddress, id, transmissionType } = session;
    const mailFrom = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
    const recipients = envelope.rcptTo.map(({ address }) => address);
    const tls = tlsVersion(session);
    const reception = intake.receive();
    let complete = false;
    try {
      // To its end, also when nothing of it is kept any more: the answer comes after the final dot. A cut connection throws.
      for await (const chunk of stream) reception.add(chunk as Buffer);
      complete = true;
      if (reception.state === 'TooLarge') throw new Reply(552, 'the message is larger than the limit of this server');
      if (reception.state === 'Busy') throw later.Busy();
      const receivedAt = clock();
      const copies = recipients.map((rcptTo) => {
        const copy: KeptEnvelope = {
          kind: this.kind,
          mailFrom,
          rcptTo,
          clientAddress: remoteAddress,
          helo: hostNameAppearsAs,
          ...(tls !== undefined && { tls }),
        };
        return {
          identity: (rawSha256: string) => `smtp\0${recipientKey(rcptTo)}\0${rawSha256}`,
          envelope: copy,
          prefix: traceFields({ envelope: copy, by: this.#name, protocol: transmissionType, id, receivedAt }),
        };
      });
      const answers = (await intake.keep(reception.raw(), receivedAt, copies)).map(answerTo);
      if (this.kind === 'lmtp') {
        for (const answer of answers) if (answer instanceof Reply) this.#host.onRefused(answer.responseCode);
        return answers;
      }
      // One answer for all: what was kept of them is known when it comes again.
      const refused = answers.find((answer) => answer instanceof Reply);
      if (refused instanceof Reply) throw refused;
      return String(answers[0]);
    } catch (thrown) {
      if (thrown instanceof Reply) throw thrown;
      if (!complete) throw new Gone();
      const error = asMailmillError(thrown);
      log.warn(error.message, {
        code: error.code,
        family: error.family,
        ...stackOf(error),
      });
      throw later.StoreDown();
    } finally {
      reception.close();
    }
  }

  get port(): number {
    return portOf(this.#server.server);
  }

  connections(): number {
    return this.#server.connections.size;
  }

  listen(): Promise<void> {
    return listenAt(this.#server.server, this.#spec.port, this.#host.host);
  }

  async refresh(): Promise<void> {
    const next = await readCredentials(this.#spec, this.#host.secret);
    if (next.tls && (next.tls.cert !== this.#credentials.tls?.cert || next.tls.key !== this.#credentials.tls.key)) {
      this.#server.updateSecureContext(next.tls);
      this.#host.log.info('the certificate was replaced', {});
    }
    this.#credentials = next;
  }

  async close(graceMs: number): Promise<void> {
    this.#server.options.closeTimeout = Math.max(graceMs, 1);
    const closed = new Promise<void>((resolve) => this.#server.close(resolve));
    // Those that send a message end by themselves: their next command is answered with 421.
    for (const connection of [...this.#server.connections])
      if (!this.#receiving.has(connection.id)) connection.send(421, 'this server is ending, try again');
    await closed;
  }
}

function answerTo(appended: Appended): string | Reply {
  if (appended.state === 'Full') return later.Full();
  const what = appended.state === 'Repeated' ? 'kept before as' : 'kept as';
  return `OK: ${what} ${appended.messageId ?? appended.uid}`;
}

/** `TLSv1.3`; the session has what `getCipher` of the socket gave. */
function tlsVersion({ secure, tlsOptions }: SMTPServerSession): string | undefined {
  if (!secure) return undefined;
  const version: unknown = tlsOptions && 'version' in tlsOptions ? tlsOptions.version : undefined;
  return typeof version === 'string' ? version : 'TLS';
}
