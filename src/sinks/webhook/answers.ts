import { type MailmillError, stalled, transient, waiting } from '../../telemetry/errors.ts';
import type { Attempt } from '../sink.ts';

/** The longest pause that a receiver may ask for, milliseconds. */
const longestMs = 3_600_000;

/**
 * `Retry-After` (RFC 9110 §10.2.3) in milliseconds, seconds or a date; undefined when there is none that can be read. At most an hour.
 *
 * @param now epoch milliseconds.
 */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (!/^([0-9]{1,9}|[A-Z][a-z]+,? .+)$/.test(text)) return undefined;
  const ms = /^[0-9]/.test(text) ? Number(text) * 1000 : Date.parse(text) - now;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestMs);
}

const acted: Readonly<Record<number, string>> = {
  401: 'it does not accept our credentials; correct the Secret that webhook.auth names',
  403: 'it does not allow this; correct the Secret that webhook.auth names, or our rights there',
  404: 'it knows nothing at this address; correct webhook.url',
  405: 'it takes no POST at this address; correct webhook.url',
  407: 'a proxy on the way wants a login',
  410: 'what was at this address is gone for good; correct webhook.url, or remove the sink',
};

/** What an HTTP status says about one delivery. */
export function answered(status: number, retryAfter: number | undefined): Attempt {
  const result = String(status);
  const said = `the receiver answered ${status}`;
  if (status >= 200 && status < 300) return { outcome: 'Acknowledged', result };
  if (status < 400) {
    const text = `${said}, and redirects are not followed; set webhook.url to where it points`;
    return { outcome: 'Misconfigured', result, error: stalled('SINK_REDIRECTED', text) };
  }
  if (status === 401 || status === 403 || status === 407)
    return {
      outcome: 'Misconfigured',
      result,
      error: stalled('SINK_AUTH_REJECTED', `${said}: ${acted[status]}`),
    };
  if (status === 404 || status === 405 || status === 410)
    return { outcome: 'Misconfigured', result, error: stalled('SINK_URL_REJECTED', `${said}: ${acted[status]}`) };
  if (status === 429 || (status === 503 && retryAfter !== undefined)) {
    const pause = { retryAfterMs: retryAfter ?? 1_000 };
    return { outcome: 'Failed', result, error: waiting('SINK_THROTTLED', `${said} and wants a pause`, pause) };
  }
  if (status === 408 || status === 425 || status >= 500)
    return { outcome: 'Failed', result, error: transient('SINK_UNAVAILABLE', `${said}; it is tried again`) };
  return { outcome: 'Refused', result, code: 'SINK_REFUSED', detail: `${said}: it does not take this document` };
}

const certificate =
  /^(CERT_|ERR_TLS_CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_(GET|VERIFY)|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH)/;

/** What kept an attempt from an answer; texts of the system are not passed on. */
export function unanswered(error: unknown): Attempt {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const failed = (result: string, made: MailmillError): Attempt => ({ outcome: 'Failed', result, error: made });
  const wrong = (result: string, made: MailmillError): Attempt => ({ outcome: 'Misconfigured', result, error: made });
  if (code === 'EADDRREFUSED')
    return wrong(
      'address',
      stalled(
        'SINK_ADDRESS_REFUSED',
        'the host of webhook.url is a link-local or metadata address, which no sink may reach; correct webhook.url',
      ),
    );
  if (code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT')
    return failed(
      'timeout',
      transient('SINK_TIMEOUT', 'the receiver gave no sign within webhook.timeout; it is tried again', {
        cause: error,
      }),
    );
  if (code !== undefined && certificate.test(code))
    return wrong(
      'certificate',
      stalled(
        'SINK_TLS_UNTRUSTED',
        `the receiver's certificate is not trusted (${code}); set tls.caSecretRef, or correct webhook.url`,
        { cause: error },
      ),
    );
  return failed(
    'unreachable',
    transient(
      'SINK_UNREACHABLE',
      `the receiver cannot be reached (${code ?? 'connection lost'}); check webhook.url, network policy and the receiver`,
      { cause: error },
    ),
  );
}
