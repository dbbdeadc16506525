import { hash, timingSafeEqual } from 'node:crypto';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import { TLSSocket } from 'node:tls';
import type { ResolvedHttp } from '../../api/resolve-pushed.ts';
import type { KeptEnvelope } from '../../store/kept.ts';
import { asMailmillError, stackOf, stalled } from '../../telemetry/errors.ts';
import type { Reception } from '../kept/intake.ts';
import type { Listener, ListenerHost } from '../listener.ts';
import { type Certificate, listenAt, portOf, readCertificate } from '../listening.ts';
import { busy, ending, full, HttpAnswer, keyReused, storeDown, tooLarge, unauthorised } from './answers.ts';
import { Gone, receiveForm, receivePlain } from './body.ts';
import { receivedAt } from './received-at.ts';

/** Milliseconds: of silence on a connection, for the header, for a whole message. */
const silenceMs = 120_000;
const headerMs = 20_000;
const requestMs = 900_000;
/** What is still read of a body that was refused, so that its sender gets to read the answer. */
const drainBytes = 16 * 2 ** 20;
const drainMs = 5_000;

interface Credentials {
  readonly tokens: readonly string[];
  readonly tls?: Certificate;
}

async function readCredentials(spec: ResolvedHttp, secret: ListenerHost['secret']): Promise<Credentials> {
  const { name, key } = spec.auth.secretRef;
  const tokens = (await secret(name, key)).split(/\s+/).filter((token) => token !== '');
  if (tokens.length === 0)
    throw stalled(
      'LISTENER_TOKEN_MISSING',
      `the key ${key} of the Secret ${name} holds no token; put one in, one a line`,
    );
  const certificate = spec.tls?.certificateSecretRef.name;
  return {
    tokens,
    ...(certificate !== undefined && {
      tls: await readCertificate(secret, certificate),
    }),
  };
}

/**
 * Listens for messages that are posted. A message is answered with 202 when it is committed. Throws Stalled `LISTENER_PORT_TAKEN`,
 * `LISTENER_TOKEN_MISSING` and what is wrong with the Secrets.
 */
export async function listenHttp(spec: ResolvedHttp, host: ListenerHost): Promise<Listener> {
  const listener = new HttpListener(spec, host, await readCredentials(spec, host.secret));
  await listener.listen();
  return listener;
}

class HttpListener implements Listener {
  readonly kind = 'http';
  readonly #spec: ResolvedHttp;
  readonly #host: ListenerHost;
  readonly #server: http.Server | https.Server;
  #credentials: Credentials;
  #connections = 0;
  /** Messages that are being received or kept. */
  #posts = 0;
  #closing = false;

  constructor(spec: ResolvedHttp, host: ListenerHost, credentials: Credentials) {
    this.#spec = spec;
    this.#host = host;
    this.#credentials = credentials;
    const options = { headersTimeout: headerMs, requestTimeout: requestMs, keepAliveTimeout: 30_000 };
    this.#server = credentials.tls
      ? https.createServer({ ...options, ...credentials.tls })
      : http.createServer(options);
    this.#server.timeout = silenceMs;
    this.#server.maxConnections = 2 * spec.limits.connections + 16; // those that wait for nothing as well
    this.#server.on('connection', (socket) => {
      this.#connections += 1;
      socket.once('close', () => {
        this.#connections -= 1;
      });
    });
    const handle = (proceed: boolean) => (request: IncomingMessage, response: ServerResponse) => {
      this.#handle(request, response, () => proceed && response.writeContinue()).catch((error: unknown) =>
        this.#refuse(request, response, error),
      );
    };
    this.#server.on('request', handle(false));
    this.#server.on('checkContinue', handle(true));
  }

  async #handle(request: IncomingMessage, response: ServerResponse, proceed: () => void): Promise<void> {
    const path = request.url?.split('?')[0];
    if (path === '/healthz' && request.method === 'GET') {
      if (this.#closing) throw ending();
      if (this.#host.intake.refusal() === 'StoreDown') throw storeDown();
      return reply(response, 200, { status: 'ok' });
    }
    this.#check(request, path);
    this.#posts += 1;
    const reception = this.#host.intake.receive();
    try {
      proceed();
      await this.#receive(request, reception);
      const kept = await this.#keep(request, reception);
      reply(response, 202, kept, this.#closing ? { connection: 'close' } : {});
    } finally {
      reception.close();
      this.#posts -= 1;
    }
  }

  /** What can be known before the body comes. */
  #check(request: IncomingMessage, path: string | undefined): void {
    const { intake } = this.#host;
    if (path !== this.#spec.path) throw new HttpAnswer(404, `messages are posted to ${this.#spec.path}`);
    if (request.method !== 'POST') throw new HttpAnswer(405, 'messages are posted', { allow: 'POST' });
    if (!this.#authorised(request)) throw unauthorised(Boolean(request.headers.authorization));
    if (this.#closing) throw ending();
    const encoding = request.headers['content-encoding'];
    if (
      !['message/rfc822', 'multipart/form-data'].includes(mediaType(request)) ||
      (encoding && encoding !== 'identity')
    )
      throw new HttpAnswer(
        415,
        'a message is message/rfc822 or the part `message` of multipart/form-data, not encoded',
        {
          accept: 'message/rfc822, multipart/form-data',
        },
      );
    if (idempotencyKey(request) === false)
      throw new HttpAnswer(400, 'an Idempotency-Key has 1 to 255 visible characters');
    if (mediaType(request) === 'message/rfc822' && Number(request.headers['content-length'] ?? 0) > intake.messageSize)
      throw tooLarge(intake.messageSize);
    if (this.#posts >= this.#spec.limits.connections) throw busy();
    const refusal = intake.refusal();
    if (refusal) throw { Busy: busy, Full: full, StoreDown: storeDown }[refusal]();
  }

  #authorised({ headers }: IncomingMessage): boolean {
    const token = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1];
    if (token === undefined) return false;
    const given = hash('sha256', token, 'buffer');
    // Every one is compared, whichever it is.
    const equal = this.#credentials.tokens.map((each) => timingSafeEqual(hash('sha256', each, 'buffer'), given));
    return equal.some(Boolean);
  }

  async #receive(request: IncomingMessage, reception: Reception): Promise<void> {
    const receive = mediaType(request) === 'message/rfc822' ? receivePlain : receiveForm;
    await receive(request, reception, this.#host.intake.messageSize);
  }

  async #keep(
    request: IncomingMessage,
    reception: Reception,
  ): Promise<{ readonly id: string; readonly repeated: boolean }> {
    const { intake, clock } = this.#host;
    const key = idempotencyKey(request);
    const { socket } = request;
    const tls = socket instanceof TLSSocket ? socket.getProtocol() : null;
    const clientAddress = socket.remoteAddress?.replace(/^::ffff:/, '');
    const envelope: KeptEnvelope = {
      kind: 'http',
      ...(clientAddress !== undefined && { clientAddress }),
      ...(tls !== null && { tls }),
    };
    const identity = (sha: string) => (key === undefined ? `http\0${sha}` : `http-key\0${key}`);
    const [appended] = await intake.keep(reception.raw(), receivedAt(request.headers, clock()), [
      { identity, envelope },
    ]);
    if (!appended || appended.state === 'Full') throw full();
    if (appended.state === 'Repeated' && !appended.sameBytes) throw keyReused();
    return { id: appended.messageId ?? '', repeated: appended.state === 'Repeated' };
  }

  #refuse(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    if (thrown instanceof Gone) {
      response.destroy();
      return;
    }
    if (!(thrown instanceof HttpAnswer)) {
      const error = asMailmillError(thrown);
      this.#host.log.warn(error.message, {
        code: error.code,
        family: error.family,
        ...stackOf(error),
      });
    }
    const answer = thrown instanceof HttpAnswer ? thrown : storeDown();
    this.#host.onRefused(answer.status);
    reply(response, answer.status, { error: answer.message }, answer.headers);
    drain(request);
  }

  get port(): number {
    return portOf(this.#server);
  }

  connections(): number {
    return this.#connections;
  }

  listen(): Promise<void> {
    return listenAt(this.#server, this.#spec.port, this.#host.host);
  }

  async refresh(): Promise<void> {
    const next = await readCredentials(this.#spec, this.#host.secret);
    const { tls } = this.#credentials;
    if (next.tls && this.#server instanceof https.Server && (next.tls.cert !== tls?.cert || next.tls.key !== tls.key)) {
      this.#server.setSecureContext(next.tls);
      this.#host.log.info('the certificate was replaced', {});
    }
    this.#credentials = next;
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeIdleConnections();
    const late = setTimeout(() => this.#server.closeAllConnections(), graceMs);
    await closed;
    clearTimeout(late);
  }
}

const mediaType = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase();

/** Undefined: none was given; false: it cannot be one. */
function idempotencyKey({ headers }: IncomingMessage): string | undefined | false {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  return typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key) && key;
}

function reply(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', ...headers });
  response.end(`${JSON.stringify(body)}\n`);
}

/** Reads on for a while: a connection that is closed with unread bytes in it may lose the answer on its way. */
function drain(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let bytes = 0;
  const late = setTimeout(() => request.destroy(), drainMs);
  late.unref();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > drainBytes) request.destroy();
  });
  request.on('error', () => undefined); // it was answered
  request.once('close', () => clearTimeout(late));
}
