import { describe, expect, test } from 'vitest';
import { grantedBy, retryAfterMs, type TokenResponse } from '../../../src/sources/imap/oauth-answer.ts';
import { MailmillError } from '../../../src/telemetry/errors.ts';

const answer = (status: number, body: unknown, more: Partial<TokenResponse> = {}): TokenResponse => ({
  status,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  ...more,
});

function refusal(response: TokenResponse): MailmillError {
  try {
    grantedBy(response);
  } catch (error) {
    if (error instanceof MailmillError) return error;
    throw error;
  }
  throw new Error('was granted');
}

describe('a token', () => {
  test.each([
    [
      { access_token: 'a', token_type: 'bearer', expires_in: 3599 },
      { accessToken: 'a', lifetimeMs: 3_599_000 },
    ],
    [
      { access_token: 'a', expires_in: '60' },
      { accessToken: 'a', lifetimeMs: 60_000 },
    ],
    [{ access_token: 'a' }, { accessToken: 'a', lifetimeMs: 300_000 }],
    [
      { access_token: 'a', expires_in: -5 },
      { accessToken: 'a', lifetimeMs: 300_000 },
    ],
    [
      { access_token: 'a', expires_in: 9, refresh_token: 'r' },
      { accessToken: 'a', lifetimeMs: 9_000, refreshToken: 'r' },
    ],
  ])('%j', (body, expected) => {
    expect(grantedBy(answer(200, body))).toEqual(expected);
  });

  test.each([
    ['<html>Sign in</html>', 'holds no access token'],
    ['[]', 'holds no access token'],
    [{ access_token: 'a', token_type: 'mac' }, 'no bearer token'],
    [{ access_token: 'a\u0001auth=Bearer b' }, 'characters that none may have'],
    [{ access_token: '' }, 'characters that none may have'],
  ])('%j is none', (body, text) => {
    expect(refusal(answer(200, body))).toMatchObject({ family: 'Stalled', code: 'OAUTH_ENDPOINT_INVALID' });
    expect(refusal(answer(200, body)).message).toContain(text);
  });
});

describe('a refusal', () => {
  test.each([
    [400, 'invalid_grant', 'Stalled', 'OAUTH_REJECTED', 'sign in again'],
    [400, 'unauthorized_client', 'Stalled', 'OAUTH_REJECTED', 'consent of an administrator'],
    [401, 'invalid_client', 'Stalled', 'OAUTH_REJECTED', 'clientSecret'],
    [400, 'invalid_scope', 'Stalled', 'OAUTH_REJECTED', 'auth.scope'],
    [400, 'temporarily_unavailable', 'Transient', 'OAUTH_UNAVAILABLE', 'tried again'],
    [400, 'slow_down', 'Waiting', 'OAUTH_THROTTLED', 'pause'],
    [403, '', 'Stalled', 'OAUTH_REJECTED', '403'],
    [404, '', 'Stalled', 'OAUTH_ENDPOINT_INVALID', '404'],
    [408, '', 'Transient', 'OAUTH_UNAVAILABLE', '408'],
    [502, 'invalid_grant', 'Transient', 'OAUTH_UNAVAILABLE', '502'],
    [400, 'constructor', 'Stalled', 'OAUTH_ENDPOINT_INVALID', '400'],
  ])('%d %s is %s %s', (status, error, family, code, text) => {
    const refused = refusal(answer(status, { error }));
    expect(refused).toMatchObject({ family, code });
    expect(refused.message).toContain(text);
  });

  test('tells the number of Microsoft, and nothing else of what was said', () => {
    const body = { error: 'invalid_grant', error_description: 'AADSTS700082: token of anna@example.org issued' };
    const { message } = refusal(answer(400, body));
    expect(message).toContain('invalid_grant (AADSTS700082)');
    expect(message).not.toMatch(/anna|issued/);
    const unknown = refusal(answer(400, { error: 'anna@example.org' }));
    expect(`${unknown.message}${unknown.stack}`).not.toContain('anna');
  });

  test('with Retry-After waits as long, whatever our clock says', () => {
    expect(refusal(answer(503, '', { retryAfter: '12' }))).toMatchObject({ family: 'Waiting', retryAfterMs: 12_000 });
    expect(refusal(answer(429, ''))).toMatchObject({ family: 'Waiting', retryAfterMs: 60_000 });
    expect(refusal(answer(429, '', { retryAfter: '90' })).message).toContain('a pause of 90 s');
    // Thirty years would be as long as the worker lives.
    for (const status of [429, 503])
      expect(refusal(answer(status, '', { retryAfter: '999999999' }))).toMatchObject({ retryAfterMs: 3_600_000 });
    const date = 'Tue, 01 Jan 2030 00:00:00 GMT';
    const later = 'Tue, 01 Jan 2030 00:01:30 GMT';
    expect(retryAfterMs(answer(429, '', { retryAfter: later, date }))).toBe(90_000);
    expect(retryAfterMs(answer(429, '', { retryAfter: date, date: later }))).toBe(0);
    expect(retryAfterMs(answer(429, '', { retryAfter: 'soon', date }))).toBeUndefined();
    expect(retryAfterMs(answer(429, '', { retryAfter: later }))).toBeUndefined();
  });
});
