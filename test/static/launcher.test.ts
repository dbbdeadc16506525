import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { finish } from '../cluster/shell.ts';

const root = new URL('../..', import.meta.url).pathname;
const setup = join(root, 'src/setup.mjs');
const launcher = join(root, 'src/mailmill.mjs');
/** The machine's own Node, which may be older than ours. */
const nodes = ['/usr/bin/node', '/usr/local/bin/node', process.execPath].filter((file) => existsSync(file));

describe.each(nodes)('under %s', (node) => {
  test('setup runs a program with our Node first, its output and exit code', async () => {
    const script = 'console.log(process.version); process.exit(7)';
    const { code, stdout, stderr } = await finish(node, [setup, 'node', '-e', script], { cwd: tmpdir() });
    expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: `${process.version}\n`, stderr: '' });
  });

  test('setup hands a signal on and ends by the signal that ended its program', async () => {
    const handled = 'process.on("SIGTERM", () => process.exit(3)); console.log("up"); setInterval(() => {}, 1000)';
    const unhandled = 'console.log("up"); setInterval(() => {}, 1000)';
    const ended = (script: string) =>
      new Promise((resolve) => {
        const child = spawn(node, [setup, 'node', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
        child.stdout.once('data', () => child.kill('SIGTERM'));
        child.on('exit', (code, signal) => resolve({ code, signal }));
      });
    expect(await ended(handled)).toEqual({ code: 3, signal: null });
    expect(await ended(unhandled)).toEqual({ code: null, signal: 'SIGTERM' });
  });

  test('the launcher runs src/ of a checkout, through a link too', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'mailmill-launcher-'));
    try {
      symlinkSync(launcher, join(directory, 'mailmill'));
      const { code, stderr } = await finish(node, [join(directory, 'mailmill'), 'nosuch'], { cwd: directory });
      expect(code).toBe(2);
      expect(stderr).toMatch(/usage: mailmill COMMAND/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});

describe('where nothing is installed', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mailmill-checkout-'));
    mkdirSync(join(directory, 'src'));
    for (const file of ['src/setup.mjs', 'src/mailmill.mjs', 'src/main.ts'])
      cpSync(join(root, file), join(directory, file));
    writeFileSync(
      join(directory, 'package.json'),
      '{"name": "broken", "version": "1.0.0", "type": "module", "dependencies": {"left": "2.0.0"}}',
    );
    writeFileSync(
      join(directory, 'package-lock.json'),
      '{"lockfileVersion": 3, "packages": {"": {}, "node_modules/left": {"version": "1.0.0"}}}',
    );
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  test('setup says why npm failed, on stderr, and runs nothing', async () => {
    const args = [join(directory, 'src/setup.mjs'), 'node', '-e', 'console.log("ran")'];
    const env = { ...process.env, npm_config_offline: 'true' };
    const { code, stdout, stderr } = await finish(process.execPath, args, { env });
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/npm ci failed \(exit code \d+\)/);
  });

  test('the launcher says what to do, or runs where this Node is new enough', async () => {
    for (const node of nodes) {
      const { code, stderr } = await finish(node, [join(directory, 'src/mailmill.mjs')]);
      expect({ node, code }).toEqual({ node, code: expect.not.toBeOneOf([0]) });
      expect(stderr).toMatch(/run: npm ci|Cannot find (module|package)/);
    }
  });
});
