import { expect, test } from 'vitest';
import type { ResolvedImap } from '../../../src/api/resolve.ts';
import { mostAccounts, readEntries } from '../../../src/sources/imap/account-entries.ts';
import { createAccounts } from '../../../src/sources/imap/accounts.ts';

const signal = new AbortController().signal;
const password: ResolvedImap['auth'] = { type: 'Password' };
const admin: ResolvedImap['auth'] = { type: 'Password', secretRef: { name: 's' }, loginAs: 'MasterUser' };

/** A Secret's list that a test changes. */
function listOf(text: string, auth = password) {
  const file = { text };
  const accounts = { secretRef: { name: 'team', key: 'accounts' } };
  return { file, list: createAccounts({ accounts, auth, secret: async () => file.text }) };
}

test('a list is YAML or JSON; names are the user names unless they are given', async () => {
  const { list, file } = listOf('- {username: ann, password: a}\n- {name: two, username: bob, password: "1"}\n');
  expect((await list.read(signal)).accounts.map(({ name }) => name)).toEqual(['ann', 'two']);
  expect(list.entry('two')).toEqual({ name: 'two', username: 'bob', password: '1' });
  file.text = '[{"username": "cy", "password": "c"}]';
  expect((await list.read(signal)).accounts.map(({ name }) => name)).toEqual(['cy']);
  expect(() => list.entry('ann')).toThrow('not on the list any more');
});

test('a version changes with what an account logs in with, and only then', async () => {
  const { list, file } = listOf('- {username: ann, password: a}\n- {username: bob, password: b}\n');
  const before = await list.read(signal);
  file.text = '# moved\n- {username: bob, password: c}\n- {username: ann, password: a}\n';
  const after = await list.read(signal);
  const version = (of: typeof after, name: string) => of.accounts.find((each) => each.name === name)?.version;
  expect(version(after, 'ann')).toBe(version(before, 'ann'));
  expect(version(after, 'bob')).not.toBe(version(before, 'bob'));
});

test('where accounts bring nothing of their own, a user name is an entry', async () => {
  const { list } = listOf('[ann, {username: bob}]', admin);
  expect((await list.read(signal)).accounts.map(({ name }) => name)).toEqual(['ann', 'bob']);
});

test.each([
  ['no password', { username: 'u' }, 'entry 2 of the list of accounts has no password'],
  ['no user name', { password: 'hidden' }, 'entry 2 of the list of accounts has no username'],
  ['a name twice', { username: 'first', password: 'hidden' }, 'has the name of entry 1'],
  ['an unknown field', { username: 'u', hidden: 'hidden' }, 'has fields beside name, username'],
  ['a number', { username: 'u', password: 4711 }, 'has a password that is no text: put it in quotes'],
  ['a line break', { username: 'u', password: 'hidden\nhidden' }, 'has a password with a line break'],
  ['a user name alone', 'u', 'is no {username, password}'],
])('an entry with %s leaves the others alone, and its error tells nothing of it', (_, entry, message) => {
  const { entries, broken } = readEntries(
    [{ username: 'first', password: 'p' }, entry, { username: 'third', password: 'p' }],
    'password',
  );
  expect(entries.map(({ name }) => name)).toEqual(['first', 'third']);
  expect(broken.map((error) => error.message)).toEqual([expect.stringContaining(message)]);
  expect(broken[0]?.message).not.toMatch(/hidden|4711/);
});

test.each([
  ['no list', 'username: hidden'],
  ['two documents', '- a\n---\n- b'],
  ['no YAML', '- {username: hidden'],
  ['too much', JSON.stringify(Array.from({ length: mostAccounts + 1 }, () => 'u'))],
])('%s leaves the list as it was', async (_, text) => {
  const { list, file } = listOf('- {username: ann, password: a}\n');
  await list.read(signal);
  file.text = text;
  const error = await list.read(signal).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ family: 'Stalled', code: 'SOURCE_ACCOUNTS_INVALID' });
  expect(String(error)).not.toContain('hidden');
  expect(list.entry('ann').username).toBe('ann');
});

test('an empty file is no empty list: it may be on its way', async () => {
  const { list, file } = listOf('- {username: ann, password: a}\n');
  await list.read(signal);
  file.text = '\n';
  await expect(list.read(signal)).rejects.toMatchObject({ code: 'SECRET_EMPTY' });
  file.text = '[]';
  expect((await list.read(signal)).accounts).toEqual([]);
});
