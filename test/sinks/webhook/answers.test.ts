import { describe, expect, test } from 'vitest';
import { answered, retryAfterMs, unanswered } from '../../../src/sinks/webhook/answers.ts';

describe('an HTTP status', () => {
  test.each([200, 201, 202, 204, 299])('%d acknowledges', (status) => {
    expect(answered(status, undefined)).toEqual({ outcome: 'Acknowledged', result: String(status) });
  });

  test.each([
    [408, 'SINK_UNAVAILABLE', 'Transient'],
    [425, 'SINK_UNAVAILABLE', 'Transient'],
    [429, 'SINK_THROTTLED', 'Waiting'],
    [500, 'SINK_UNAVAILABLE', 'Transient'],
    [502, 'SINK_UNAVAILABLE', 'Transient'],
    [503, 'SINK_UNAVAILABLE', 'Transient'],
    [599, 'SINK_UNAVAILABLE', 'Transient'],
  ])('%d may work later: %s', (status, code, family) => {
    expect(answered(status, undefined)).toMatchObject({ outcome: 'Failed', error: { code, family } });
  });

  test.each([
    [301, 'SINK_REDIRECTED'],
    [304, 'SINK_REDIRECTED'],
    [401, 'SINK_AUTH_REJECTED'],
    [403, 'SINK_AUTH_REJECTED'],
    [404, 'SINK_URL_REJECTED'],
    [405, 'SINK_URL_REJECTED'],
    [407, 'SINK_AUTH_REJECTED'],
    [410, 'SINK_URL_REJECTED'],
  ])('%d says nothing about the document, a person must act: %s', (status, code) => {
    expect(answered(status, undefined)).toMatchObject({ outcome: 'Misconfigured', error: { code, family: 'Stalled' } });
  });

  test.each([400, 406, 409, 413, 415, 422, 451])('%d is the end of this document', (status) => {
    expect(answered(status, undefined)).toMatchObject({ outcome: 'Refused', code: 'SINK_REFUSED' });
  });

  test('503 with a time is a pause that was asked for', () => {
    expect(answered(503, 5_000)).toMatchObject({ error: { family: 'Waiting', retryAfterMs: 5_000 } });
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');
  test.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Sat, 21 Nov 2026 12:01:00 GMT', 60_000],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 0],
    ['999999999', 3_600_000],
    ['soon', undefined],
    ['-5', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});

describe('no answer', () => {
  const error = (code: string) => Object.assign(new Error('secret text of the system'), { code });
  test.each([
    ['ECONNREFUSED', 'Failed', 'unreachable', 'SINK_UNREACHABLE'],
    ['ENOTFOUND', 'Failed', 'unreachable', 'SINK_UNREACHABLE'],
    ['ECONNRESET', 'Failed', 'unreachable', 'SINK_UNREACHABLE'],
    ['ETIMEDOUT', 'Failed', 'timeout', 'SINK_TIMEOUT'],
    ['EADDRREFUSED', 'Misconfigured', 'address', 'SINK_ADDRESS_REFUSED'],
    ['CERT_HAS_EXPIRED', 'Misconfigured', 'certificate', 'SINK_TLS_UNTRUSTED'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'Misconfigured', 'certificate', 'SINK_TLS_UNTRUSTED'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'Misconfigured', 'certificate', 'SINK_TLS_UNTRUSTED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'Misconfigured', 'certificate', 'SINK_TLS_UNTRUSTED'],
  ])('%s', (code, outcome, result, ours) => {
    const attempt = unanswered(error(code));
    expect(attempt).toMatchObject({ outcome, result, error: { code: ours } });
    expect(JSON.stringify('error' in attempt && attempt.error.message)).not.toContain('secret text');
  });
});
