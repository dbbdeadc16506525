import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

const root = new URL('../..', import.meta.url).pathname;

/** What the image sets for all that runs in it: the Dockerfile's ENV. */
export function imageEnvironment(): Readonly<Record<string, string>> {
  const [, assignments = ''] =
    /^ENV ((?:.*\\\n)*.*)/m.exec(fs.readFileSync(path.join(root, 'Dockerfile'), 'utf8')) ?? [];
  const pairs = [...assignments.matchAll(/([A-Z_]+)=(\S+)/g)].map(
    ([, name = '', value = '']) => [name, value] as const,
  );
  if (pairs.length === 0) throw new Error('the Dockerfile has no ENV');
  return Object.fromEntries(pairs);
}

/**
 * Makes `dir` a directory like the image's /app: compiled code, launcher, and this checkout's node_modules. Returns the launcher's path.
 */
export async function buildApp(dir: string): Promise<string> {
  fs.mkdirSync(path.join(dir, 'src'), { recursive: true });
  await promisify(execFile)(process.execPath, [path.join(root, 'test/build.mjs'), '--out', path.join(dir, 'dist')]);
  const files = ['package.json', 'src/mailmill.mjs', 'src/compile-cache.mjs'];
  for (const file of files) fs.copyFileSync(path.join(root, file), path.join(dir, file));
  fs.rmSync(path.join(dir, 'node_modules'), { force: true });
  fs.symlinkSync(path.join(root, 'node_modules'), path.join(dir, 'node_modules'));
  await promisify(execFile)(process.execPath, [path.join(dir, 'src/compile-cache.mjs')]);
  return path.join(dir, 'src/mailmill.mjs');
}
