import type { Socket } from 'node:net';
import { proxyConnection } from 'imapflow/lib/proxy-connection.js';
import { type MailmillError, stalled, transient } from '../../telemetry/errors.ts';

/** A proxy, and the login that it asks for. */
export interface ProxySettings {
  /** `http://`, `https://` or `socks5://` with host and port. */
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
}

/**
 * The proxy with its login in one URL, which imapflow takes. Throws Stalled `PROXY_LOGIN_INVALID` for a login that it cannot pass on.
 */
export function proxyUrl({ url, user, password }: ProxySettings): string {
  const full = new URL(url);
  if (user === undefined || password === undefined) return full.href;
  full.username = encodeURIComponent(user);
  full.password = encodeURIComponent(password);
  // For SOCKS imapflow sends both as they stand in the URL.
  if (full.protocol === 'socks5:' && (full.username !== user || full.password !== password))
    throw stalled(
      'PROXY_LOGIN_INVALID',
      "the login of a SOCKS proxy may hold letters, digits and - _ . ! ~ * ( ) alone; change it, or use the proxy's HTTP port",
    );
  return full.href;
}

interface ProxyError extends Error {
  readonly code?: string;
  /** What went wrong in imapflow's own words. */
  readonly _err?: unknown;
}

const failed = 'Failed to setup proxy connection';
/** The SOCKS client has the code of the system in its text alone. */
function reasonOf({ code, message }: ProxyError): string {
  const found = /\bE[A-Z_]{3,40}\b/.exec(`${code ?? ''} ${message}`)?.[0];
  return found === undefined || found === 'EPROXY' ? '' : ` (${found})`;
}

/** What an error says about the proxy; undefined when it is about something else. */
export function proxyError(thrown: unknown): MailmillError | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const error: ProxyError = thrown;
  return error.message === failed ? tunnelError(error._err ?? error) : undefined;
}

/** An error while the way through the proxy was made. The texts are those of imapflow 2.1.2 and its SOCKS client. */
function tunnelError(thrown: unknown): MailmillError {
  const error: ProxyError = thrown instanceof Error ? thrown : new Error(String(thrown));
  const cause = new Error(error.message);
  const status = /^Invalid response from proxy: (\d{3})/.exec(error.message)?.[1];
  if (status === '407' || /authentication/i.test(error.message))
    return stalled('PROXY_AUTH_REJECTED', 'the proxy rejects its login; check the Secret that proxy.secretRef names', {
      cause,
    });
  if (status?.startsWith('4') || /NotAllowed/.test(error.message))
    return stalled(
      'PROXY_REFUSED',
      `the proxy does not let us through to this host and port${status === undefined ? '' : ` (${status})`}; have it allowed there`,
      { cause },
    );
  if (status !== undefined || /rejected connection/.test(error.message))
    return transient('PROXY_NO_WAY', 'the proxy does not reach the server; check host and port, or look at the proxy', {
      cause,
    });
  return transient(
    'PROXY_UNREACHABLE',
    `the proxy cannot be reached${reasonOf(error)}, or speaks another protocol; check proxy.url`,
    { cause },
  );
}

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, fatal() {} };

/** A connection to `host` and `port` through the proxy, within `ms` milliseconds. Throws `PROXY_*`. */
export async function tunnel(proxy: ProxySettings, host: string, port: number, ms: number): Promise<Socket> {
  const url = proxyUrl(proxy);
  try {
    const socket = await proxyConnection(silent, url, host, port, { connectionTimeout: ms });
    if (socket === undefined) throw new Error('unknown kind of proxy');
    return socket;
  } catch (error) {
    throw tunnelError(error);
  }
}
