import { createHash } from 'node:crypto';
import type { ResolvedImap } from '../../api/resolve.ts';
import { readYaml } from '../../api/yaml.ts';
import { stalled } from '../../telemetry/errors.ts';
import type { AccountList } from '../source.ts';
import { type AccountEntry, type Own, readEntries } from './account-entries.ts';
import { readAccountTable } from './account-table.ts';

export interface AccountsOptions {
  readonly accounts: NonNullable<ResolvedImap['accounts']>;
  readonly auth: ResolvedImap['auth'];
  readonly secret: (name: string, key: string) => Promise<string>;
}

/** The list of a source as it was read last. */
export interface Accounts {
  /** Reads it again. Throws `SECRET_*`, `SOURCE_ACCOUNTS_*`; the list stays as it was then. */
  read(signal: AbortSignal): Promise<AccountList>;
  /** How an account logs in; Stalled `SOURCE_ACCOUNT_GONE` when it is not on the list any more. */
  entry(name: string): AccountEntry;
  /** Whether the list has this user name. */
  has(username: string): boolean;
}

/** What entries of the list must have, by how the source logs in. */
export function ownOf(auth: ResolvedImap['auth']): Own {
  if (auth.type === 'OAuth2') return auth.grant === 'RefreshToken' ? 'refreshToken' : 'nothing';
  return auth.loginAs === undefined ? 'password' : 'nothing';
}

/** The accounts of a source with many. Nothing of it is written anywhere. */
export function createAccounts({ accounts, auth, secret }: AccountsOptions): Accounts {
  const own = ownOf(auth);
  let text: string | undefined;
  let list: AccountList | undefined;
  let entries: ReadonlyMap<string, AccountEntry> = new Map();
  let usernames: ReadonlySet<string> = new Set();
  return {
    async read(signal) {
      const now = await readText(accounts, secret, signal);
      if (list && now === text) return list;
      const read = readEntries(accounts.table ? JSON.parse(now) : parseList(now), own);
      entries = new Map(read.entries.map((entry) => [entry.name, entry]));
      usernames = new Set(read.entries.map(({ username }) => username));
      list = {
        accounts: read.entries.map((entry) => ({ name: entry.name, version: versionOf(entry) })),
        broken: read.broken,
      };
      text = now;
      return list;
    },
    entry(name) {
      const entry = entries.get(name);
      if (!entry)
        throw stalled('SOURCE_ACCOUNT_GONE', 'the account is not on the list any more; put it back or leave it');
      return entry;
    },
    has: (username) => usernames.has(username),
  };
}

const versionOf = (entry: AccountEntry) => createHash('sha256').update(JSON.stringify(entry)).digest('base64');

async function readText(
  { secretRef, table }: AccountsOptions['accounts'],
  secret: AccountsOptions['secret'],
  signal: AbortSignal,
): Promise<string> {
  if (table) return readAccountTable(await secret(table.secretRef.name, table.secretRef.key), table.table, signal);
  const { name, key } = secretRef ?? { name: '', key: '' }; // admission wants one of them
  const text = await secret(name, key);
  // A file that is being written is empty for a moment; an empty list is `[]`.
  if (text.trim() === '')
    throw stalled('SECRET_EMPTY', `the key ${key} of Secret ${name} must not be empty; a list without accounts is []`);
  return text;
}

function parseList(text: string): unknown {
  const read = readYaml(text);
  if (read.problem)
    throw stalled(
      'SOURCE_ACCOUNTS_INVALID',
      `the list of accounts is no YAML, at line ${read.problem.line}, column ${read.problem.column}; correct it`,
    );
  return read.documents.length === 1 ? read.documents[0]?.value : undefined;
}
