import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findPrevious } from './previous.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailmill-history-'));
  mkdirSync(join(directory, 'charts/mailmill'), { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.org', '-c', 'commit.gpgsign=false'];
const git = (...args: string[]) =>
  execFileSync('git', ['-C', directory, ...identity, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
const write = (version: string, note = '') =>
  writeFileSync(join(directory, 'charts/mailmill/Chart.yaml'), `name: mailmill\nversion: ${version}\n# ${note}\n`);
function commit(): string {
  git('add', '.');
  git('commit', '-q', '--allow-empty', '-m', 'x');
  return git('rev-parse', 'HEAD').trim();
}

test('the release before is the newest commit with a lower version', async () => {
  git('init', '-q');
  write('0.9.0');
  commit();
  write('0.10.0');
  commit();
  const last = commit();
  write('0.11.0');
  expect(await findPrevious(directory)).toEqual({ commit: last, version: '0.10.0' });
  commit();
  write('0.11.0', 'a change of something else');
  commit();
  expect(await findPrevious(directory)).toEqual({ commit: last, version: '0.10.0' });
});

test('without one it is said what to do', async () => {
  write('0.1.0');
  await expect(findPrevious(directory)).rejects.toThrow(/this is no clone of the repository/);
  git('init', '-q');
  commit();
  await expect(findPrevious(directory)).rejects.toThrow(/never had another version/);
  const shallow = join(directory, 'shallow');
  git('clone', '-q', '--depth=1', `file://${directory}`, shallow);
  await expect(findPrevious(shallow)).rejects.toThrow(/git fetch --unshallow/);
});
