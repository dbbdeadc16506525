import pg from 'pg';
import { asMailmillError, MailmillError, stalled, transient } from '../../telemetry/errors.ts';

/** SQLSTATE of an error that a server sent. */
export const sqlState = (error: unknown): string | undefined =>
  error instanceof pg.DatabaseError ? error.code : undefined;

/**
 * Whether the database refuses what a single row says: data exceptions, integrity constraints, what a user's trigger or view check
 * raises, and program limits (a value too long for an index that the user made).
 */
export function isRowError(error: unknown): boolean {
  const state = sqlState(error) ?? '';
  return ['22', '23', '44', '54'].includes(state.slice(0, 2)) || state === 'P0001';
}

/** What a refused row's dead letter says: names of the schema, never values. */
export function refusalMessage(error: unknown): string {
  if (!(error instanceof pg.DatabaseError)) return 'the table refuses this row';
  const where = error.constraint ? `, constraint ${error.constraint}` : error.column ? `, column ${error.column}` : '';
  return `the table refuses this row (SQLSTATE ${error.code}${where}); change the constraint, or what the steps make of such mail`;
}

/** Error codes of Node's TLS for certificates that are not to be trusted. */
const untrusted =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH)/;

/** What the driver says, without a code, of a connection that broke or never came. */
const lost = /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout e)/;

function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof AggregateError && error.errors.length > 0) return systemCode(error.errors[0]);
  if ('code' in error && typeof error.code === 'string') return error.code;
  return error.cause === undefined ? undefined : systemCode(error.cause);
}

/** Any error of the way to the database or of the database itself in our families. What is one of ours already stays. */
export function sinkError(error: unknown): MailmillError {
  if (error instanceof MailmillError) return error;
  const state = sqlState(error);
  return state === undefined ? connectionError(error) : serverError(state, error);
}

function serverError(state: string, cause: unknown): MailmillError {
  const options = { cause };
  switch (state) {
    case '42501':
      return stalled(
        'SINK_FORBIDDEN',
        "the sink's database does not allow this to its user; grant SELECT, INSERT and UPDATE on the table and on _mailmill_progress in its schema",
        options,
      );
    case '42P01':
      return stalled(
        'SINK_TABLE_MISSING',
        'the table of the sink is gone; restart the worker to make it again',
        options,
      );
    case '42P10':
      return stalled(
        'SINK_TABLE_MISMATCH',
        'the table of the sink has lost its primary key; add PRIMARY KEY (_mailmill_id) again',
        options,
      );
    case '42703':
    case '42804':
      return stalled(
        'SINK_TABLE_MISMATCH',
        'the table of the sink was altered and does not fit the pipeline any more; restart the worker to see each difference',
        options,
      );
    case '25006':
      return transient(
        'SINK_READ_ONLY',
        "the sink's database is read-only, as a standby is; point the URI in its Secret at the primary",
        options,
      );
  }
  switch (state.slice(0, 2)) {
    case '28':
      return stalled(
        'SINK_AUTH_REJECTED',
        "the sink's database rejects the login; correct user and password in its Secret",
        options,
      );
    case '3D':
      return stalled(
        'SINK_DATABASE_MISSING',
        'the server of the sink has no database of that name; create it or correct the URI in its Secret',
        options,
      );
    case '3F':
      return stalled(
        'SINK_SCHEMA_MISSING',
        'the schema of the sink does not exist; create it or name another',
        options,
      );
    case '42':
    case '0A':
      return stalled(
        'SINK_SQL_REJECTED',
        `the sink's database rejects a statement (SQLSTATE ${state}); restart the worker to have its table checked`,
        options,
      );
    case '53':
      return transient(
        'SINK_OUT_OF_RESOURCES',
        `the sink's database is out of resources (SQLSTATE ${state}: ${state === '53100' ? 'disk full' : state === '53300' ? 'too many connections' : 'memory'}); it is tried again`,
        options,
      );
    case '08':
      return transient(
        'SINK_UNREACHABLE',
        `the connection to the sink's database broke (SQLSTATE ${state}); it is tried again`,
        options,
      );
    default:
      return transient(
        'SINK_UNAVAILABLE',
        `the sink's database answered SQLSTATE ${state}; it is tried again`,
        options,
      );
  }
}

/** The URI cannot be read. No cause: it would hold the password. */
export const invalidUri = (): MailmillError =>
  stalled(
    'SINK_URI_INVALID',
    'the connection URI in the Secret of the sink cannot be read; it is postgresql://user:password@host:5432/database, with special characters percent-encoded',
  );

function connectionError(cause: unknown): MailmillError {
  const code = systemCode(cause);
  const text = cause instanceof Error ? cause.message : '';
  if (code === 'ERR_INVALID_URL' || text.startsWith('Invalid port')) return invalidUri();
  if (code === 'ENOENT' || text.startsWith('SECURITY WARNING'))
    return stalled(
      'SINK_TLS_SETTINGS',
      'the connection URI of the sink names TLS files that are not there, or an sslmode without them; correct sslmode, sslrootcert, sslcert and sslkey',
      { cause },
    );
  if (code !== undefined && untrusted.test(code))
    return stalled(
      'SINK_TLS_UNTRUSTED',
      `the certificate of the sink's database is not trusted (${code}); name its CA with sslrootcert in the URI, or correct the host name`,
      { cause },
    );
  if (text.includes('does not support SSL'))
    return stalled(
      'SINK_TLS_UNSUPPORTED',
      "the sink's database offers no TLS; enable it there or remove sslmode from the URI",
      { cause },
    );
  if (text.startsWith('SASL'))
    return stalled(
      'SINK_AUTH_REJECTED',
      "the login to the sink's database failed; the URI in its Secret needs user and password",
      { cause },
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return transient(
      'SINK_UNREACHABLE',
      `the host name of the sink's database does not resolve (${code}); check the URI in its Secret`,
      { cause },
    );
  if (code === undefined && !lost.test(text)) return asMailmillError(cause);
  return transient(
    'SINK_UNREACHABLE',
    `the sink's database cannot be reached (${code ?? 'connection lost'}); check its host, port and network policy`,
    { cause },
  );
}
