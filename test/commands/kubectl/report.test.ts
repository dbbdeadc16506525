import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { redact } from '../../../src/commands/kubectl/redact.ts';
import { report } from '../../../src/commands/kubectl/report.ts';
import { tarEnd, tarFile } from '../../../src/commands/kubectl/tar.ts';
import { deployment, items, meta, pluginOf, type Routes } from './cluster.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

function temporary(): string {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-report-'));
  ends.push(() => fs.rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Files by name, as the program `tar` finds them. */
function unpacked(archive: Buffer): ReadonlyMap<string, string> {
  const directory = temporary();
  execFileSync('tar', ['-xzf', '-', '-C', directory], { input: archive });
  const files = fs.readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return new Map(
    files
      .map((name) => [name, path.join(directory, name)] as const)
      .filter(([, file]) => fs.statSync(file).isFile())
      .map(([name, file]) => [name, fs.readFileSync(file, 'utf8')]),
  );
}

const ours = '/apis/mailmill.io/v1alpha1/namespaces/shop';
const long = `orders-${'x'.repeat(120)}`;
const hidden = {
  password: 'pa55word',
  key: 'T0KEN',
  address: 'ann@example.com',
  other: 'bob%40example.org',
  subject: 'Your order is on its way',
};
const uri = `postgresql://app:${hidden.password}@db.shop.svc:5432/mail?sslmode=require`;

const pod = (name: string, restartCount = 0) => ({
  ...{ metadata: meta(name), spec: deployment.spec.template.spec },
  status: {
    phase: 'Running',
    containerStatuses: [{ name: 'worker', restartCount, imageID: 'r/mailmill@sha256:abc' }],
  },
});
const source = {
  metadata: meta('support', {
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': hidden.subject },
  }),
  spec: { imap: { host: 'imap.example.com', note: hidden.address } },
};
const hook = { name: 'hook', webhook: { url: `https://hooks.example.com/services/${hidden.key}` } };
const log = (name: string): Routes => ({
  [`GET /api/v1/namespaces/shop/pods/${name}/log`]: ({ bytes, end, asked }) => {
    bytes(`previous ${asked.query.get('previous')} ${hidden.address} ${hidden.other} at ${uri}\n`);
    end();
  },
});
const routes: Routes = {
  'GET /version': ({ json }) => json(200, { gitVersion: 'v1.36.0' }),
  [`GET ${ours}/mailboxsources`]: ({ json }) => json(200, items(source)),
  [`GET ${ours}/emailpipelines`]: ({ json }) =>
    json(200, items({ metadata: meta('orders'), spec: { source: { name: 'support' }, sinks: [hook] } })),
  'GET /api/v1/namespaces/shop/pods': ({ json }) => json(200, items(pod('orders-1', 1), pod(long))),
  'GET /api/v1/namespaces/shop/configmaps': ({ json }) =>
    json(403, { kind: 'Status', code: 403, reason: 'Forbidden', message: 'no' }),
  ...log('orders-1'),
  ...log(long),
};
const root = 'mailmill-report-shop-2026-11-21T12-00-00-000Z';

async function plugin(more: Routes = {}) {
  const made = await pluginOf({ ...routes, ...more });
  ends.push(made.close);
  return made;
}

describe('report', () => {
  test('is a tar.gz of files by kind, in which there is no password, URI, address or copy of anything', async () => {
    const file = path.join(temporary(), 'bundle.tar.gz');
    const it = await plugin();
    expect(await report(it.context, ['--output', file])).toBe(0);
    expect(it.stdout()).toBe(`${file}\n`);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const files = unpacked(fs.readFileSync(file));
    const read = (name: string) => files.get(`${root}/${name}`);
    expect([...files.keys()].sort()).toEqual(
      [
        ...['emailpipelines.json', 'errors.txt', 'mailboxsources.json', 'pods.json', 'versions.json'],
        ...['logs/orders-1.log', 'logs/orders-1.previous.log', `logs/${long}.log`],
      ]
        .map((name) => `${root}/${name}`)
        .sort(),
    );
    expect(read('versions.json')).toContain('v1.36.0');
    expect(read('logs/orders-1.log')).toBe('previous false <address> <address> at postgresql://db.shop.svc:5432/…\n');
    expect(read('logs/orders-1.previous.log')).toContain('previous true');
    expect(read('errors.txt')).toMatch(/^configmaps: .*403/m);
    expect(it.stderr()).toMatch(/^left out: configmaps: .*403/m);
    expect(read('pods.json')).toContain('r/mailmill@sha256:abc');
    expect(read('mailboxsources.json')).toContain('imap.example.com');
    expect(read('emailpipelines.json')).toContain('https://hooks.example.com/…');
    const all = [...files.values()].join('');
    for (const secret of [...Object.values(hidden), uri, 'f00']) expect(all).not.toContain(secret);
    expect(it.asked().join()).not.toContain('secrets');
  });

  test('goes to standard output for -', async () => {
    const it = await plugin();
    expect(await report(it.context, ['-o', '-'])).toBe(0);
    expect([...unpacked(it.stdoutBytes()).keys()]).toContain(`${root}/versions.json`);
    // It stays open for who called.
    expect(it.context.io.stdout.writable).toBe(true);
  });

  test('is named after namespace and time', async () => {
    const before = process.cwd();
    process.chdir(temporary());
    ends.unshift(() => process.chdir(before));
    const it = await plugin();
    expect(await report(it.context, [])).toBe(0);
    expect(fs.readdirSync('.')).toEqual([`${root}.tar.gz`]);
  });

  test('that cannot be written says so and leaves nothing behind', async () => {
    const directory = temporary();
    const it = await plugin();
    const file = path.join(directory, 'nowhere', 'x.tar.gz');
    await expect(report(it.context, ['-o', file])).rejects.toMatchObject({ code: 'REPORT_NOT_WRITTEN' });
    expect(fs.readdirSync(directory)).toEqual([]);
  });
});

test('a tar of ours is what tar reads: any length of content, any length of a name', () => {
  const contents = ['', 'x', 'y'.repeat(512), 'ü'.repeat(5_000)];
  const names = ['a', 'b/c', `d/${'n'.repeat(98)}`, `e/${'ö'.repeat(90)}`];
  const files = contents.map((text, at) =>
    tarFile({ name: names[at]!, content: Buffer.from(text), modifiedAt: 1_700_000_000.9 }),
  );
  const found = unpacked(gzipSync(Buffer.concat([...files, tarEnd()])));
  expect(names.map((name) => found.get(name))).toEqual(contents);
});

describe('of what is shown', () => {
  test.each([
    ['you%40example.com, ä@ö.de and x@y', '<address>, <address> and <address>'],
    ['postgresql://u:p@db/x', 'postgresql://db/…'],
    ['postgresql://u:p/a@ss@db:5432', 'postgresql://db:5432'],
    ['see https://example.com/a?token=1#x, please', 'see https://example.com/… please'],
    ['{"url":"https://u:p@example.com/"}', '{"url":"https://example.com/"}'],
    ['r/mailmill@sha256:abc', 'r/mailmill@sha256:abc'],
  ])('%s becomes %s', (text, shown) => {
    expect(redact(text)).toBe(shown);
  });

  test('long words do not take long', () => {
    const start = performance.now();
    redact(`${'a'.repeat(2 ** 20)}\n${'a'.repeat(2 ** 16)} @\n${'a'.repeat(2 ** 18)}://${'@/'.repeat(2 ** 18)}`);
    expect(performance.now() - start).toBeLessThan(5_000);
  });
});
