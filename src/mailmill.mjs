#!/usr/bin/env node
// The command line's launcher. In a checkout it runs src/main.ts, in the package and the image dist/main.js. Plain
// JavaScript, because the Node that starts it may be older than the one that runs TypeScript.
import fs from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// As a plugin of kubectl (`kubectl mailmill`) it is found under another name.
if (path.basename(process.argv[1] ?? '').startsWith('kubectl-mailmill')) process.argv.splice(2, 0, 'kubectl');

const source = new URL('main.ts', import.meta.url);
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const atLeast = (wantedMajor, wantedMinor) => major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);

// Of the image (compile-cache.mjs): a fifth of the work of loading code.
const compiled = fileURLToPath(new URL('../.compile-cache', import.meta.url));
if (fs.existsSync(compiled)) {
  process.env.NODE_COMPILE_CACHE ??= compiled; // for threads
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}

if (!fs.existsSync(source)) {
  if (atLeast(22, 19)) await import(new URL('../dist/main.js', import.meta.url).href);
  else {
    process.stderr.write(`mailmill: needs Node 22.19 or later, this is ${process.versions.node}\n`);
    process.exitCode = 2;
  }
} else if (atLeast(22, 19)) {
  await import(source.href);
} else {
  const { become, ownNode } = await import('./setup.mjs');
  if (fs.existsSync(ownNode)) become(ownNode, [fileURLToPath(source), ...process.argv.slice(2)]);
  else {
    process.stderr.write(`mailmill: this checkout has no Node 24 yet; run: npm ci\n`);
    process.exitCode = 2;
  }
}
