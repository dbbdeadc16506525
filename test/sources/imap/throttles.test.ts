import { expect, test } from 'vitest';
import { imapError } from '../../../src/sources/imap/errors.ts';
import { MailmillError } from '../../../src/telemetry/errors.ts';

/** A tagged NO or BAD as imapflow throws it. */
const refusal = (responseText: string, serverResponseCode?: string, login = false) =>
  Object.assign(new Error('Command failed'), {
    responseStatus: 'NO',
    responseText,
    ...(serverResponseCode && { serverResponseCode }),
    ...(login && { authenticationFailed: true }),
  });
const bye = (reason: string) => Object.assign(new Error('Connection not available'), { code: 'NoConnection', reason });

const told = (error: Error, phase: 'open' | 'command' = 'command') => {
  const { family, code, retryAfterMs, message } = imapError(error, phase);
  expect(message).not.toMatch(/ann@|Account exceeded/);
  return { family, code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
};

const throttled = (retryAfterMs: number) => ({ family: 'Waiting', code: 'IMAP_THROTTLED', retryAfterMs });
const crowded = { family: 'Waiting', code: 'IMAP_TOO_MANY_CONNECTIONS', retryAfterMs: 30_000 };
const unavailable = { family: 'Transient', code: 'IMAP_UNAVAILABLE' };

test.each<readonly [string, Error, object]>([
  ['Gmail, commands', refusal('Rate exceeded. (Failure)', 'THROTTLED'), throttled(60_000)],
  [
    'Gmail, bandwidth',
    refusal('Account exceeded command or bandwidth limits. (Failure)', 'OVERQUOTA'),
    throttled(900_000),
  ],
  [
    'Gmail, bandwidth, as it hangs up',
    bye('Account exceeded command or bandwidth limits. (Failure)'),
    throttled(900_000),
  ],
  ['Gmail, as it hangs up', bye('[THROTTLED] Too fast'), throttled(60_000)],
  ['Gmail, connections', refusal('Too many simultaneous connections. (Failure)', 'ALERT', true), crowded],
  [
    'Exchange Online, with a time',
    refusal('Request is throttled. Suggested Backoff Time: 92415 milliseconds'),
    throttled(92_415),
  ],
  ['a pause of eleven days', refusal('Suggested Backoff Time: 999999999 milliseconds'), throttled(3_600_000)],
  ['Exchange Online, the mailbox is not there yet', refusal('User is authenticated but not connected.'), unavailable],
  ['Exchange Online, a login', refusal('Server Unavailable. 15', undefined, true), unavailable],
  ['Yahoo', refusal('LOGIN Rate limit hit', 'LIMIT', true), throttled(60_000)],
  ['Yahoo, in use', refusal('Mailbox in use', 'INUSE', true), throttled(60_000)],
  [
    'Dovecot, connections',
    refusal('Maximum number of connections from user+IP exceeded', 'UNAVAILABLE', true),
    crowded,
  ],
  ['Dovecot, an error of its own', refusal('Internal error occurred. Refer to server log', 'SERVERBUG'), unavailable],
  [
    'a login that is throttled and looks wrong',
    refusal('Too many login failures, try again later', 'AUTHENTICATIONFAILED', true),
    throttled(60_000),
  ],
  [
    'a login that is wrong, politely',
    refusal('Invalid credentials, try again later', 'AUTHENTICATIONFAILED', true),
    { family: 'Stalled', code: 'IMAP_AUTH_REJECTED' },
  ],
  ['somebody ends the session', bye('Session expired'), { family: 'Transient', code: 'IMAP_CONNECTION_LOST' }],
])('%s', (_, error, expected) => expect(told(error)).toEqual(expected));

test('a pause is told with its length', () => {
  const error = imapError(refusal('Suggested Backoff Time: 92415 milliseconds'), 'command');
  expect(error.message).toBe('the server asked for a pause of 93 s; it is kept');
});

test('what is known already stays as it is', () => {
  const known = new MailmillError('Waiting', 'IMAP_THROTTLED', 'kept', { retryAfterMs: 5 });
  expect(imapError(known, 'command')).toBe(known);
});
