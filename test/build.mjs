// usage: node test/build.mjs [--out DIR]        compile src/ to DIR (default: dist/)
//        node test/build.mjs --context DIR      make DIR the context of the Dockerfile
// The compiled form is what the npm package and the image ship; files that are not TypeScript (migrations) go beside the
// code that reads them.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const source = path.join(root, 'src');

function must(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `exit code ${status}`}`);
}

const filesOf = (directory) =>
  fs
    .readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));

function compile(out) {
  fs.rmSync(out, { recursive: true, force: true });
  const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
  must(process.execPath, [tsc, '-p', path.join(root, 'test/tsconfig.build.json'), '--outDir', out]);
  for (const file of filesOf(source)) {
    if (/\.(ts|mjs)$/.test(file)) continue;
    const target = path.join(out, path.relative(source, file));
    fs.mkdirSync(path.dirname(target), { recursive: true });
    fs.copyFileSync(file, target);
  }
  // tsc rewrites the extension in imports, not in the URL of a worker thread.
  const url = /new URL\((['"])(\.{1,2}\/[^'"]+)\.ts\1, import\.meta\.url\)/g;
  for (const file of filesOf(out)) {
    if (!file.endsWith('.js')) continue;
    const code = fs.readFileSync(file, 'utf8');
    const rewritten = code.replace(url, "new URL('$2.js', import.meta.url)");
    if (rewritten !== code) fs.writeFileSync(file, rewritten);
  }
}

/** Production dependencies only, without the PostgreSQL that `mailmill run` embeds. */
function context(directory) {
  fs.rmSync(directory, { recursive: true, force: true });
  fs.mkdirSync(path.join(directory, 'src'), { recursive: true });
  for (const file of [
    'package.json',
    'package-lock.json',
    '.npmrc',
    'LICENSE',
    'src/mailmill.mjs',
    'src/compile-cache.mjs',
  ])
    fs.copyFileSync(path.join(root, file), path.join(directory, file));
  fs.cpSync(path.join(root, 'crds'), path.join(directory, 'crds'), { recursive: true });
  compile(path.join(directory, 'dist'));
  must('npm', ['ci', '--omit=dev', '--omit=optional', '--ignore-scripts', '--no-audit', '--no-fund'], directory);
  for (const file of ['package-lock.json', '.npmrc']) fs.rmSync(path.join(directory, file));
}

const { values } = parseArgs({ options: { out: { type: 'string' }, context: { type: 'string' } } });
if (values.context) context(path.resolve(values.context));
else compile(path.resolve(values.out ?? path.join(root, 'dist')));
