import pg from 'pg';
import { SteadyClient } from '../../store/steady-client.ts';
import { MailmillError, stalled, transient } from '../../telemetry/errors.ts';
import { aborted } from '../abort.ts';
import { mostAccounts } from './account-entries.ts';

const timeoutMs = 10_000;

const quoted = (table: string) => table.split('.').map(pg.escapeIdentifier).join('.');

/**
 * The rows of a table of accounts as a list in JSON, in the order of user names. Throws Transient `SOURCE_ACCOUNTS_UNREACHABLE`, Stalled
 * `SOURCE_ACCOUNTS_REFUSED`.
 */
export async function readAccountTable(uri: string, table: string, signal: AbortSignal): Promise<string> {
  let client: pg.Client | undefined;
  const onAbort = () => void client?.end().catch(() => undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    client = new SteadyClient({
      connectionString: uri,
      application_name: 'mailmill-accounts',
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
    });
    await client.connect();
    const { rows } = await client.query<{ row: Record<string, unknown> }>(
      `SELECT to_jsonb(t) AS row FROM ${quoted(table)} t ORDER BY t.username LIMIT ${mostAccounts + 1}`,
    );
    return JSON.stringify(rows.map(({ row }) => entryOf(row)));
  } catch (error) {
    if (signal.aborted) throw aborted(signal);
    throw tableError(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
    void client?.end().catch(() => undefined);
  }
}

/** The columns that make an account; a number is a user name or a password as well. */
function entryOf({ name, username, password, refresh_token: refreshToken }: Readonly<Record<string, unknown>>) {
  const texts = Object.entries({ name, username, password, refreshToken }).flatMap(([key, value]) =>
    value === undefined || value === null ? [] : [[key, typeof value === 'number' ? String(value) : value]],
  );
  return Object.fromEntries(texts) as Record<string, unknown>;
}

function tableError(error: unknown): MailmillError {
  if (error instanceof MailmillError) return error;
  const state = error instanceof pg.DatabaseError ? (error.code ?? '') : '';
  if (/^(28|3D|42)/.test(state))
    return stalled(
      'SOURCE_ACCOUNTS_REFUSED',
      `the database of imap.accounts.table answers SQLSTATE ${state}; check that the table is there with a column username, that the user may SELECT it, and the URI in the Secret`,
      { cause: error },
    );
  if (error instanceof TypeError)
    // No cause: it would hold the password.
    return stalled(
      'SOURCE_ACCOUNTS_REFUSED',
      'the URI of imap.accounts.table cannot be read; it is postgresql://user:password@host:5432/database',
    );
  return transient(
    'SOURCE_ACCOUNTS_UNREACHABLE',
    'the database of imap.accounts.table cannot be reached; the accounts stay as they were, and it is tried again',
    { cause: error },
  );
}
