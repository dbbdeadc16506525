#!/usr/bin/env node
// usage: node src/setup.mjs CMD ARGS…
// Installs the dependencies when they are missing or older than package-lock.json, then runs CMD with node_modules/.bin
// first on its PATH, so that `node` is the Node 24 of node_modules. Plain JavaScript for whatever Node (20 or later) the
// machine has. Its own output, and npm's, goes to stderr: stdout belongs to CMD.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const modules = path.join(root, 'node_modules');

/** The Node of node_modules. */
export const ownNode = path.join(modules, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');

/**
 * Runs a program with this process's stdio and ends this process as the program ended: same exit code or same signal.
 * SIGINT, SIGTERM and SIGHUP are handed on.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 */
export function become(command, args, env = process.env) {
  const child = spawn(command, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`mailmill: cannot run ${command}: ${error.message}\n`);
    process.exitCode = 127;
  });
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** What of package-lock.json is not installed as npm's own record in node_modules has it; undefined when all is. */
function missing() {
  const read = (file) => {
    try {
      return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
    } catch {
      return undefined; // absent, or cut short by an interrupted install: install again
    }
  };
  const wanted = read(path.join(root, 'package-lock.json'));
  if (!wanted) return undefined; // nothing to install from: an unpacked package
  const installed = read(path.join(modules, '.package-lock.json'));
  if (!installed) return 'node_modules';
  for (const [name, { version, optional }] of Object.entries(wanted)) {
    if (name === '' || installed[name]?.version === version) continue;
    if (optional && !installed[name]) continue; // for another platform, or left out on purpose
    return name;
  }
  return fs.existsSync(ownNode) ? undefined : 'node_modules/node';
}

/** Runs `work` while no other process of this checkout does. */
async function alone(work) {
  const lock = path.join(os.tmpdir(), `mailmill-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`);
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (!holderLives(lock)) fs.rmSync(lock, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  try {
    return work();
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

function holderLives(lock) {
  try {
    const pid = Number(fs.readFileSync(lock, 'utf8'));
    if (pid === 0) return Date.now() - fs.statSync(lock).mtimeMs < 5000; // made, its pid not written yet
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function install() {
  const reason = missing();
  if (reason === undefined) return true; // another process did it meanwhile
  process.stderr.write(`mailmill: ${reason} is missing or old; running npm ci (once)\n`);
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  });
  if (npm.status === 0 && missing() === undefined) return true;
  const why = npm.error ? npm.error.message : npm.signal ? `signal ${npm.signal}` : `exit code ${npm.status}`;
  const left = npm.status === 0 ? `npm ci left out ${missing()}` : `npm ci failed (${why})`;
  process.stderr.write(
    `mailmill: ${left}: its output above says why. It needs a registry that it can reach ` +
      `(npm ping) and space in ${root}; run it again by hand with: npm ci\n`,
  );
  return false;
}

async function main([command, ...args]) {
  if (command === undefined) {
    process.stderr.write('usage: node src/setup.mjs CMD ARGS…\n');
    process.exitCode = 2;
    return;
  }
  if (missing() !== undefined && !(await alone(install))) {
    process.exitCode = 1;
    return;
  }
  const bin = path.join(modules, '.bin');
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH ?? ''}` };
  const own = path.join(bin, command);
  become(command === 'node' ? ownNode : fs.existsSync(own) ? own : command, args, env);
}

if (process.argv[1] && fs.realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2));
}
