import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;
let app: string;

/** Says where compiled code is taken from, in the program and in a thread of it. */
const main = `
  import module from 'node:module';
  import { Worker } from 'node:worker_threads';
  console.log(module.getCompileCacheDir());
  new Worker('console.log(require("node:module").getCompileCacheDir())', { eval: true });`;

beforeEach(() => {
  app = mkdtempSync(join(tmpdir(), 'mailmill-app-'));
  chmodSync(app, 0o755);
  for (const file of ['src/mailmill.mjs', 'src/compile-cache.mjs', 'package.json'])
    cpSync(join(root, file), join(app, file));
  for (const folder of ['dist/commands', 'dist/sources/imap']) mkdirSync(join(app, folder), { recursive: true });
  for (const file of ['commands/worker', 'commands/operator', 'sources/imap/source'])
    writeFileSync(join(app, 'dist', `${file}.js`), 'export const command = () => 1;');
  writeFileSync(join(app, 'dist/main.js'), main);
});
afterEach(() => rmSync(app, { recursive: true }));

const { NODE_COMPILE_CACHE: _, ...env } = process.env;

function node(file: string, args: readonly string[] = [], user?: number): string {
  const as = user === undefined ? {} : { uid: user, gid: user };
  const { stdout, stderr, status } = spawnSync(process.execPath, [join(app, file), ...args], {
    env,
    encoding: 'utf8',
    ...as,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout;
}

const cached = () => readdirSync(join(app, '.compile-cache'), { recursive: true, withFileTypes: true });

test('the launcher takes compiled code where the image has it, for threads too, and makes none elsewhere', () => {
  expect(node('src/mailmill.mjs')).toBe('undefined\nundefined\n');
  expect(readdirSync(app)).not.toContain('.compile-cache');
  node('src/compile-cache.mjs');
  expect(cached().filter((entry) => entry.isFile()).length).toBeGreaterThanOrEqual(3);
  const lines = node('src/mailmill.mjs').trim().split('\n');
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line.startsWith(join(app, '.compile-cache/'))).toBe(true);
});

test.runIf(process.getuid?.() === 0)('the image’s user can read it, and cannot change it', () => {
  node('src/compile-cache.mjs', ['65532']);
  const [folder] = readdirSync(join(app, '.compile-cache'));
  expect(folder).toMatch(/-65532$/);
  for (const entry of cached()) {
    const { uid, mode } = lstatSync(join(entry.parentPath, entry.name));
    expect([uid, mode & 0o777]).toEqual([0, entry.isDirectory() ? 0o755 : 0o444]);
  }
});
