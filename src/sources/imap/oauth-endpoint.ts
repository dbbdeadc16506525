import http from 'node:http';
import https from 'node:https';
import { isIP, type Socket } from 'node:net';
import tls from 'node:tls';
import { MailmillError, stalled, transient } from '../../telemetry/errors.ts';
import { aborted, throwIfAborted } from '../abort.ts';
import { certificateCodes } from './errors.ts';
import type { TokenResponse } from './oauth-answer.ts';
import { type ProxySettings, tunnel } from './proxy.ts';

/** Where tokens are had. */
export interface TokenEndpoint {
  /** `https://`, or `http://` of a loopback address. */
  readonly url: string;
  /** PEM certificates to trust instead of the public authorities. */
  readonly ca?: string;
  readonly proxy?: ProxySettings;
  /** Milliseconds for everything. */
  readonly timeoutMs: number;
}

/** A request to it: fields of the form, and the client's login where it goes into the header. */
export interface TokenRequest {
  readonly form: Readonly<Record<string, string>>;
  readonly basic?: { readonly user: string; readonly password: string };
}

/** Bytes of an answer; more is no answer of a token endpoint. */
const answerBytes = 1 << 20;
const loopback = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** RFC 6749 §2.3.1: both are form-encoded before they are joined. */
const formEncoded = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);

/**
 * Posts a form and reads the answer; redirects are not followed, because the form holds secrets. Throws Transient `OAUTH_UNREACHABLE`, Stalled
 * `OAUTH_TLS_FAILED`, `OAUTH_ENDPOINT_INVALID`, and `PROXY_*`.
 */
export async function askForToken(
  endpoint: TokenEndpoint,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<TokenResponse> {
  throwIfAborted(signal);
  const url = new URL(endpoint.url);
  const secure = url.protocol === 'https:';
  if (!secure && !loopback.test(url.hostname))
    throw stalled(
      'OAUTH_ENDPOINT_INVALID',
      'auth.tokenUrl must begin with https://: the request holds the client secret',
    );
  const limit = AbortSignal.timeout(endpoint.timeoutMs);
  const stop = AbortSignal.any([signal, limit]);
  try {
    const way =
      endpoint.proxy && !loopback.test(url.hostname) ? await through(endpoint.proxy, url, endpoint) : undefined;
    return await post(endpoint, url, request, way, stop);
  } catch (error) {
    if (signal.aborted) throw aborted(signal);
    throw error instanceof MailmillError ? error : unreachable(error, limit.aborted);
  }
}

const through = (proxy: ProxySettings, url: URL, { timeoutMs }: TokenEndpoint): Promise<Socket> =>
  tunnel(proxy, url.hostname.replace(/^\[|\]$/g, ''), Number(url.port) || 443, timeoutMs);

function post(
  { ca }: TokenEndpoint,
  url: URL,
  { form, basic }: TokenRequest,
  way: Socket | undefined,
  signal: AbortSignal,
): Promise<TokenResponse> {
  const body = new URLSearchParams(form).toString();
  const login = basic && Buffer.from(`${formEncoded(basic.user)}:${formEncoded(basic.password)}`).toString('base64');
  const trust = { minVersion: 'TLSv1.2', ...(ca === undefined ? {} : { ca }) } as const;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const options: https.RequestOptions = {
      method: 'POST',
      signal,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': Buffer.byteLength(body),
        accept: 'application/json',
        ...(login === undefined ? {} : { authorization: `Basic ${login}` }),
      },
      ...trust,
      // Without an agent the connection is ours to make.
      ...(way === undefined
        ? { agent: false }
        : {
            createConnection: () =>
              tls.connect({ ...trust, socket: way, host, ...(isIP(host) === 0 && { servername: host }) }),
          }),
    };
    const call = (url.protocol === 'https:' ? https : http).request(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > answerBytes) call.destroy(new Error('the answer is too large'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          date: response.headers.date,
          body: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    call.on('error', reject);
    call.on('close', () => way?.destroy());
    call.end(body);
  });
}

function unreachable(thrown: unknown, late: boolean): MailmillError {
  const inner = thrown instanceof AggregateError ? thrown.errors[0] : thrown;
  const code = inner instanceof Error && 'code' in inner ? String(inner.code) : '';
  if (certificateCodes.test(code))
    return stalled(
      'OAUTH_TLS_FAILED',
      `no trusted TLS connection to the token endpoint (${code}); check auth.tokenUrl and auth.tokenCaSecretRef`,
      { cause: thrown },
    );
  const reason = late ? ' in time' : /^E[A-Z_]{3,40}$/.test(code) ? ` (${code})` : '';
  return transient(
    'OAUTH_UNREACHABLE',
    `the token endpoint cannot be reached${reason}; check auth.tokenUrl, the name service and network policies`,
    { cause: thrown },
  );
}
