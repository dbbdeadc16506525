import { type MailmillError, stalled, transient, waiting } from '../../telemetry/errors.ts';
import { lasting, longestPauseMs } from './errors.ts';

/** What a token endpoint answered. */
export interface TokenResponse {
  readonly status: number;
  /** `Retry-After` and `Date` as sent. */
  readonly retryAfter?: string | undefined;
  readonly date?: string | undefined;
  readonly body: string;
}

/** An access token, and for how long it is good. */
export interface Granted {
  readonly accessToken: string;
  /** Milliseconds from the answer on. */
  readonly lifetimeMs: number;
  /** Given when the provider replaces the refresh token, or repeats it. */
  readonly refreshToken?: string;
}

/** For a provider that does not say (RFC 6749 §5.1 leaves it open). */
const unknownLifetimeMs = 300_000;
const defaultPauseMs = 60_000;

/** Errors of RFC 6749 §5.2, OpenID Connect and the large providers, and who must do what. */
const advice: Readonly<Record<string, string>> = {
  invalid_grant:
    'the grant is over: it expired, was revoked, or belongs to another client; with a refresh token, sign in again and put the new one into the Secret (a changed Secret wins over the one in the store)',
  unauthorized_client:
    'the client may not use this grant; allow it in the registration of the application, or give the consent of an administrator',
  invalid_client: 'the client is unknown or its secret is wrong or expired; renew clientSecret in the Secret',
  invalid_scope: 'the scope is unknown or not granted; correct auth.scope, or have it consented to',
  unsupported_grant_type: 'the provider does not know this grant; correct auth.grant or auth.tokenUrl',
  invalid_request: 'the provider misses something in the request; check auth.tokenUrl, auth.scope and clientId',
  access_denied: 'somebody denied the access; consent again',
  interaction_required: 'somebody must sign in again; put the new refresh token into the Secret',
  consent_required: 'somebody must consent again; put the new refresh token into the Secret',
};

/** Milliseconds of a `Retry-After` (RFC 9110 §10.2.3). A date counts from the server's own `Date`, so that clocks may differ. */
export function retryAfterMs({ retryAfter, date }: TokenResponse): number | undefined {
  if (retryAfter === undefined) return undefined;
  if (/^\s*\d{1,9}\s*$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const ms = Date.parse(retryAfter) - Date.parse(date ?? '');
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function parsed(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    // Of an object any key may be asked for.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

const noEndpoint = (what: string) =>
  stalled('OAUTH_ENDPOINT_INVALID', `auth.tokenUrl is no token endpoint: ${what}; correct it`);

/**
 * The token of an answer. Throws Stalled `OAUTH_REJECTED`, `OAUTH_ENDPOINT_INVALID`, Waiting `OAUTH_THROTTLED`, Transient
 * `OAUTH_UNAVAILABLE`. Nothing of the answer is in the errors but its status, its `error` where that is a known word, and Microsoft's AADSTS number.
 */
export function grantedBy(response: TokenResponse): Granted {
  const body = parsed(response.body);
  if (response.status !== 200) throw refusal(response, body);
  const { access_token: accessToken, token_type: type, expires_in: expires, refresh_token: refreshToken } = body;
  if (typeof accessToken !== 'string') throw noEndpoint('its answer holds no access token');
  // Visible ASCII alone: it stands between control characters in a login.
  if (!/^[\x21-\x7e]{1,16384}$/.test(accessToken))
    throw noEndpoint('its access token has characters that none may have');
  if (typeof type === 'string' && type.toLowerCase() !== 'bearer') throw noEndpoint('its token is no bearer token');
  const seconds = typeof expires === 'number' ? expires : typeof expires === 'string' ? Number(expires) : Number.NaN;
  return {
    accessToken,
    lifetimeMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : unknownLifetimeMs,
    ...(typeof refreshToken === 'string' && refreshToken !== '' && { refreshToken }),
  };
}

function refusal(response: TokenResponse, body: Readonly<Record<string, unknown>>): MailmillError {
  const { status } = response;
  const error = typeof body.error === 'string' ? body.error : '';
  const asked = retryAfterMs(response);
  const pause = asked === undefined ? undefined : Math.min(asked, longestPauseMs);
  if (status === 429 || error === 'slow_down')
    return waiting(
      'OAUTH_THROTTLED',
      `the token endpoint asked for a pause${pause === undefined ? '' : lasting(pause)}; it is kept`,
      { retryAfterMs: pause ?? defaultPauseMs },
    );
  if (status >= 500 || status === 408 || error === 'temporarily_unavailable' || error === 'server_error') {
    const message = `the token endpoint answered ${status}; it is tried again`;
    return pause === undefined
      ? transient('OAUTH_UNAVAILABLE', message)
      : waiting('OAUTH_UNAVAILABLE', message, { retryAfterMs: pause });
  }
  const known = Object.hasOwn(advice, error) ? advice[error] : undefined;
  if (known !== undefined) {
    const number = /\bAADSTS\d{4,9}\b/.exec(String(body.error_description))?.[0];
    return stalled(
      'OAUTH_REJECTED',
      `the token endpoint answered ${error}${number === undefined ? '' : ` (${number})`}: ${known}`,
    );
  }
  if (status === 401 || status === 403)
    return stalled('OAUTH_REJECTED', `the token endpoint answered ${status}: ${advice.invalid_client}`);
  return noEndpoint(`it answered ${status}`);
}
