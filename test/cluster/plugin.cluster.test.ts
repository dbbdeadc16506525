import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { imapSource, pipeline, secret } from './resources.ts';
import { finish } from './shell.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-plugin';
const password = 'pa55-of-the-desk';
const words = 'hello-from-the-desk';
const launcher = new URL('../../src/mailmill.mjs', import.meta.url).pathname;
let world: World;

beforeAll(async () => {
  world = await startWorld(tenant);
  const { cluster, dovecot } = world;
  await dovecot.setPassword('desk', password);
  for (const what of ['fine', 'dead'])
    dovecot.deliver(
      'desk',
      'INBOX',
      `From: a@example.org\r\nSubject: ${what}\r\nMessage-ID: <${what}@x>\r\n\r\n${words}\r\n`,
    );
  await cluster.apply(secret(tenant, 'desk-login', { username: 'desk', password }));
  await cluster.apply(
    imapSource(tenant, 'desk', dovecot),
    pipeline(tenant, 'mail', 'desk', 'desk', {
      steps: [{ name: 'number', set: { number: 'subject == "dead" ? int(subject) : 1' } }],
    }),
  );
  await world.ready('mail', 90);
  await eventually('the row', async () => expect(await world.count('desk')).toBe(1), { seconds: 30 });
});

afterAll(() => world?.close());

const plugin = (...args: string[]) =>
  finish(process.execPath, [launcher, 'kubectl', ...args, '-n', tenant], {
    env: { ...process.env, KUBECONFIG: world.cluster.kubeconfig },
  });
const tools = () => world.cluster.list(tenant, 'jobs', 'app.kubernetes.io/managed-by=kubectl-mailmill');

test('status, logs and runs', async () => {
  const status = await plugin('status');
  expect(status.stdout, status.stderr).toMatch(/^mail +desk +- +True +False/m);
  expect(status.code).toBe(0);
  expect((await plugin('logs', 'mail')).stdout).toContain('{');
  const run = await plugin('run', 'mail', '--name', 'now', '--wait');
  expect(run.stdout, run.stderr).toContain('now Succeeded');
  expect((await plugin('runs', 'mail')).stdout).toMatch(/^now +mail +Succeeded/m);
});

describe('verbs that need the store run in a restricted Job that is gone afterwards', () => {
  test('trace finds what was delivered, and reconcile agrees', async () => {
    const traced = await plugin('trace', 'mail', '--message-id', 'fine@x', '--json');
    expect(JSON.parse(traced.stdout), traced.stderr).toMatchObject({ state: 'Delivered' });
    expect(traced.code).toBe(0);
    const reconciled = await plugin('reconcile', 'mail');
    expect([reconciled.code, reconciled.stdout]).toEqual([0, expect.stringContaining('2 listed, 2 recorded')]);
    expect(await tools()).toEqual([]);
  });

  test('dead letters are listed, shown and resolved; the exit code is that of the command', async () => {
    const [, id = ''] = /^\S+ mail (\S+) /m.exec((await plugin('dead', 'mail')).stdout) ?? [];
    expect((await plugin('dead', 'mail', 'show', id)).stdout).toContain('step number');
    expect(await plugin('dead', 'mail', 'resolve', '--message', id)).toMatchObject({ code: 0 });
    expect(await plugin('dead', 'mail', 'resolve', '--message', id)).toMatchObject({ code: 1 });
    expect(await tools()).toEqual([]);
  });

  test('the pipeline does not take them for workers of its own', async () => {
    expect(await world.workers('mail')).toHaveLength(1);
    expect((await world.condition('emailpipeline/mail', 'Ready'))?.status).toBe('True');
  });
});

test('a reconcile by schedule is a Job beside the worker, and status and --last tell what it found', async () => {
  const { cluster } = world;
  const object = await cluster.get(tenant, 'emailpipeline/mail');
  const { namespace, name } = object.metadata;
  const spec = { ...object.spec, reconcile: { schedule: '* * * * *' } };
  await cluster.apply({ apiVersion: object.apiVersion, kind: object.kind, metadata: { namespace, name }, spec });
  const found = { accounts: 1, unread: 0, listed: 2, recorded: 2, dead: 0, excluded: 0, unfinished: 0, missing: 0 };
  await eventually(
    'the figures',
    async () => {
      const { status } = await cluster.get(tenant, 'emailpipeline/mail');
      expect(status.lastReconcile).toMatchObject({ state: 'Succeeded', ...found });
    },
    { seconds: 150 },
  );
  expect((await world.condition('emailpipeline/mail', 'Complete'))?.status).toBe('True');
  expect((await plugin('status', 'mail')).stdout).toMatch(/^ {2}lastReconcile mail-reconcile-\d+ Succeeded /m);
  const last = await plugin('reconcile', 'mail', '--last');
  expect([last.code, last.stdout]).toEqual([0, expect.stringMatching(/\(mail-reconcile-\d+\): 2 listed, 2 recorded/)]);
  expect(await world.workers('mail')).toHaveLength(1);
});

test('a report holds no password, no URI and nothing of the mail', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'mailmill-report-'));
  try {
    const bundle = join(directory, 'bundle.tar.gz');
    const made = await plugin('report', '-o', bundle);
    expect(made.code, made.stderr).toBe(0);
    execFileSync('tar', ['-xzf', bundle, '-C', directory]);
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.(json|log)$/.test(file),
    );
    const names = files.map((file) => file.slice(file.indexOf('/') + 1));
    expect(names).toEqual(
      expect.arrayContaining(['emailpipelines.json', 'configmaps.json', 'events.json', 'versions.json']),
    );
    expect(names.some((file) => /^logs\/mail-.*\.log$/.test(file))).toBe(true);
    const text = files.map((file) => readFileSync(join(directory, file), 'utf8')).join('\n');
    const uri = new URL(world.postgres.url('store'));
    for (const hidden of [password, `:${uri.password}@`, 'postgresql://', 'a@example.org', words])
      expect(text.includes(hidden), hidden).toBe(false);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
