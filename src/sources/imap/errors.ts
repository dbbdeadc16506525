import { MailmillError, stalled, transient, waiting } from '../../telemetry/errors.ts';

/** What imapflow's errors carry beside their text. */
interface ImapFlowError extends Error {
  readonly code?: string;
  /** Text of the tagged NO or BAD. */
  readonly responseText?: string;
  readonly response?: unknown;
  readonly responseStatus?: 'NO' | 'BAD';
  /** Response code in brackets. */
  readonly serverResponseCode?: string;
  readonly authenticationFailed?: boolean;
  readonly tlsFailed?: boolean;
  readonly mailboxMissing?: boolean;
  /** Text of an untagged BYE. */
  readonly reason?: string;
}

/** Which part of a session failed: while it was opened, or later. */
export type Phase = 'open' | 'command';

/** Codes of Node and OpenSSL for a handshake or certificate that failed. */
export const certificateCodes =
  /^(CERT_|DEPTH_ZERO_|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS_|ERR_SSL_|EPROTO)/;

function textOf(error: ImapFlowError): string {
  const response = typeof error.response === 'string' ? error.response : '';
  return [error.responseText, response, error.reason].filter(Boolean).join(' ');
}

/** A server that asks for days is asked again after an hour: an account must not be dead until somebody restarts a worker. */
export const longestPauseMs = 3_600_000;

/** ` of 90 s`, as people want to know it. */
export const lasting = (ms: number): string => ` of ${Math.ceil(ms / 1000)} s`;

/** What a server says when it wants us to come back later; undefined when it says nothing of the kind. */
export function throttled(text: string, code: string | undefined, cause?: unknown): MailmillError | undefined {
  const hint = /Backoff Time[:=\s]+(\d{1,9})/i.exec(text);
  if (hint) {
    const retryAfterMs = Math.min(Number(hint[1]), longestPauseMs);
    return waiting('IMAP_THROTTLED', `the server asked for a pause${lasting(retryAfterMs)}; it is kept`, {
      retryAfterMs,
      cause,
    });
  }
  if (/(too many|maximum number of)[^.]*(connection|session)/i.test(text)) {
    return waiting(
      'IMAP_TOO_MANY_CONNECTIONS',
      'the server allows no more connections to this account now; lower limits.connectionsPerAccount if it goes on',
      { retryAfterMs: 30_000, cause },
    );
  }
  // What Gmail says when a day's bandwidth is used up, which lasts for hours.
  const spent = code === 'OVERQUOTA' || /\[OVERQUOTA\]|bandwidth/i.test(text);
  const limited =
    (code !== undefined && ['LIMIT', 'INUSE', 'THROTTLED'].includes(code)) ||
    /\[(LIMIT|INUSE)\]|too many|rate limit|throttl|exceeded/i.test(text);
  // With AUTHENTICATIONFAILED, "try again later" is politeness: the password is wrong.
  const later = code !== 'AUTHENTICATIONFAILED' && /try again later/i.test(text);
  if (spent || limited || later) {
    return waiting('IMAP_THROTTLED', 'the server limits this account for now; it is tried again later', {
      retryAfterMs: spent ? 900_000 : 60_000,
      cause,
    });
  }
  return undefined;
}

function unavailable(text: string, code: string | undefined, cause: unknown): MailmillError | undefined {
  const says =
    code === 'UNAVAILABLE' ||
    code === 'SERVERBUG' ||
    // Exchange Online: the login was right, the mailbox behind it is not there yet.
    /authenticated but not connected/i.test(text) ||
    (code !== 'AUTHENTICATIONFAILED' && /temporar|internal (server )?error|not available|unavailable/i.test(text));
  if (!says) return undefined;
  return transient('IMAP_UNAVAILABLE', 'the server says that it cannot serve this mailbox now; it is tried again', {
    cause,
  });
}

function loginError(error: ImapFlowError): MailmillError {
  const text = textOf(error);
  const code = error.serverResponseCode;
  const later = throttled(text, code, error) ?? unavailable(text, code, error);
  if (later) return later;
  if (/certificate/i.test(text)) {
    return stalled(
      'IMAP_TLS_FAILED',
      'the server lets in only clients with a certificate that it knows; name one in tls.certificateSecretRef',
      { cause: error },
    );
  }
  if (code === 'PRIVACYREQUIRED' || /login is disabled/i.test(error.message)) {
    return stalled(
      'IMAP_LOGIN_DISABLED',
      'the server takes no password on this connection; set tls.mode to Implicit or StartTLS',
      { cause: error },
    );
  }
  if (/(unsupported|no matching) authentication/i.test(error.message)) {
    return stalled('IMAP_AUTH_UNSUPPORTED', 'the server offers no way to log in with a password', { cause: error });
  }
  return stalled(
    'IMAP_AUTH_REJECTED',
    'the server rejected user name or password; check the Secret that auth.secretRef names',
    { cause: error },
  );
}

function connectionError(error: ImapFlowError, phase: Phase): MailmillError {
  const code = error.code ?? '';
  if (error.tlsFailed || certificateCodes.test(code)) {
    const reason = certificateCodes.test(code) ? ` (${code})` : '';
    return stalled(
      'IMAP_TLS_FAILED',
      `no trusted TLS connection to the server${reason}; check tls.mode, the port, tls.caSecretRef, and tls.certificateSecretRef where the server asks for a certificate`,
      { cause: error },
    );
  }
  const text = textOf(error);
  const later = throttled(text, undefined, error);
  if (later) return later;
  if (phase === 'open' && code === 'ENOTFOUND') {
    return transient('IMAP_UNREACHABLE', 'the host name of the server does not resolve (ENOTFOUND); check imap.host', {
      cause: error,
    });
  }
  if (phase === 'open') {
    const reason = /^[A-Z_]{3,40}$/.test(code) ? ` (${code})` : '';
    return transient('IMAP_UNREACHABLE', `the server cannot be reached${reason}; check host and port`, {
      cause: error,
    });
  }
  return transient('IMAP_CONNECTION_LOST', 'the connection to the server was lost; a new one is made', {
    cause: error,
  });
}

/** A tagged NO or BAD of a command other than a login. */
function refused(error: ImapFlowError): MailmillError {
  const text = textOf(error);
  const code = error.serverResponseCode;
  const later = throttled(text, code, error) ?? unavailable(text, code, error);
  if (later) return later;
  if (error.mailboxMissing || code === 'NONEXISTENT' || error.code === 'NotFound') return folderGone(error);
  if (code === 'NOPERM') {
    return stalled('IMAP_FOLDER_DENIED', 'the account may not read a folder; exclude it or grant the right', {
      cause: error,
    });
  }
  return transient('IMAP_COMMAND_FAILED', 'the server refused a command; it is tried again', { cause: error });
}

/** The folder is not there any more. */
export const folderGone = (cause?: unknown): MailmillError =>
  transient('FOLDER_GONE', 'the folder does not exist any more; folders are listed again', { cause });

/** It may have left out what is there. */
export const searchFailed = (): MailmillError =>
  transient('IMAP_SEARCH_FAILED', 'the answer to a search is incomplete; it is repeated on a new connection');

/** What the server says belongs to another life of the folder. */
export const epochOver = (): MailmillError =>
  transient('IMAP_SEARCH_FAILED', 'UIDVALIDITY changed while the folder was open; it is opened again');

/** Whether one folder alone cannot be opened; the connection goes on. */
export const isFolderError = (error: unknown): boolean =>
  error instanceof MailmillError && ['FOLDER_GONE', 'IMAP_FOLDER_DENIED', 'IMAP_COMMAND_FAILED'].includes(error.code);

/** The connection ended without an error of its own. */
export const connectionLost = (cause?: unknown): MailmillError =>
  transient('IMAP_CONNECTION_LOST', 'the connection to the server was lost; a new one is made', { cause });

/** What an error of imapflow means for us. */
export function imapError(thrown: unknown, phase: Phase): MailmillError {
  if (thrown instanceof MailmillError) return thrown;
  const error: ImapFlowError = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error.authenticationFailed) return loginError(error);
  if (error.code === 'NotFound') return folderGone(error);
  if (error.responseStatus !== undefined) return refused(error);
  return connectionError(error, phase);
}
