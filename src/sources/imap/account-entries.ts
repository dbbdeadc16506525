import { type MailmillError, stalled } from '../../telemetry/errors.ts';

/** Accounts of one list at most. */
export const mostAccounts = 10_000;

/** What each account brings to its login beside its user name. */
export type Own = 'password' | 'refreshToken' | 'nothing';

/** An account on a list. */
export interface AccountEntry {
  /** By which the store knows it. */
  readonly name: string;
  readonly username: string;
  readonly password?: string;
  readonly refreshToken?: string;
}

export interface Entries {
  readonly entries: readonly AccountEntry[];
  /** Entries that are no account, each Stalled `SOURCE_ACCOUNT_INVALID`. */
  readonly broken: readonly MailmillError[];
}

const fields = ['name', 'username', 'password', 'refreshToken'] as const;

/** Named by its number: what it says may be an address or a secret in the wrong place. */
const invalid = (n: number, what: string) =>
  stalled('SOURCE_ACCOUNT_INVALID', `entry ${n} of the list of accounts ${what}; correct it`);

const tooMany = (count: number) =>
  stalled(
    'SOURCE_ACCOUNTS_INVALID',
    `the list of accounts has ${count} entries, more than ${mostAccounts}; divide it among several sources`,
  );

/**
 * Accounts out of what a list says. Entries that are no account leave the others alone. Throws Stalled `SOURCE_ACCOUNTS_INVALID` when it is no
 * list.
 */
export function readEntries(list: unknown, own: Own): Entries {
  if (!Array.isArray(list))
    throw stalled(
      'SOURCE_ACCOUNTS_INVALID',
      'the list of accounts is no list; write one `- {username: …, password: …}` for each',
    );
  if (list.length > mostAccounts) throw tooMany(list.length);
  const entries: AccountEntry[] = [];
  const broken: MailmillError[] = [];
  const places = new Map<string, number>();
  for (const [index, value] of list.entries()) {
    const entry = readEntry(index + 1, value, own);
    const before = entry instanceof Error ? undefined : places.get(entry.name);
    if (entry instanceof Error) broken.push(entry);
    else if (before !== undefined) broken.push(invalid(index + 1, `has the name of entry ${before}`));
    else {
      places.set(entry.name, index + 1);
      entries.push(entry);
    }
  }
  return { entries, broken };
}

function readEntry(n: number, value: unknown, own: Own): AccountEntry | MailmillError {
  if (typeof value === 'string' && own === 'nothing') return readEntry(n, { username: value }, own);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return invalid(n, own === 'nothing' ? 'is no user name' : `is no {username, ${own}}`);
  if (Object.keys(value).some((key) => !fields.some((field) => field === key)))
    return invalid(n, `has fields beside ${fields.join(', ')}`);
  const texts: Partial<Record<(typeof fields)[number], string>> = {};
  for (const [key, text] of Object.entries(value)) {
    const field = fields.find((each) => each === key);
    if (field === undefined || text === null) continue;
    if (typeof text !== 'string') return invalid(n, `has a ${field} that is no text: put it in quotes`);
    if (/[\0\r\n]/.test(text)) return invalid(n, `has a ${field} with a line break`);
    if (text !== '') texts[field] = text;
  }
  const { username, name = username, password, refreshToken } = texts;
  if (username === undefined || name === undefined) return invalid(n, 'has no username');
  if (own !== 'nothing' && texts[own] === undefined) return invalid(n, `has no ${own}`);
  if (username.length > 1_024 || name.length > 1_024) return invalid(n, 'has a name of more than 1,024 characters');
  return {
    name,
    username,
    ...(own === 'password' && password !== undefined && { password }),
    ...(own === 'refreshToken' && refreshToken !== undefined && { refreshToken }),
  };
}
