// usage: node src/compile-cache.mjs [UID]
// Compiles what workers and operators load at their start into .compile-cache beside src/, from where the launcher takes it. With UID, which
// needs root: for that user, who cannot write there. Used while the image is built; another version of Node, or another user, passes it over.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../.compile-cache', import.meta.url));
const modules = ['commands/worker.js', 'commands/operator.js', 'sources/imap/source.js'];

function asUser(user) {
  fs.mkdirSync(directory);
  fs.chownSync(directory, user, user);
  const child = spawnSync(process.execPath, [fileURLToPath(import.meta.url)], {
    uid: user,
    gid: user,
    stdio: 'inherit',
  });
  if (child.error) throw child.error;
  for (const entry of fs.readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    fs.chownSync(file, 0, 0);
    fs.chmodSync(file, entry.isDirectory() ? 0o755 : 0o444);
  }
  fs.chownSync(directory, 0, 0);
  return child.status ?? 1;
}

async function compile() {
  const { status, message } = module.enableCompileCache(directory);
  if (status !== module.constants.compileCacheStatus.ENABLED) throw new Error(`no compile cache: ${message}`);
  for (const file of modules) await import(new URL(`../dist/${file}`, import.meta.url).href);
  module.flushCompileCache();
}

if (process.argv[2] === undefined) await compile();
else process.exitCode = asUser(Number(process.argv[2]));
