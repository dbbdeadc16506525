import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { message, sql } from '../support/worker.ts';
import { mailmill } from './mailmill.ts';

let postgres: Postgres;
let dir: string;

beforeAll(async () => {
  postgres = await startPostgres();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-reconcile-'));
  for (const sub of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(dir, 'mail', sub), { recursive: true });
  for (let n = 0; n < 3; n++) fs.writeFileSync(path.join(dir, 'mail', 'cur', `${n}.test:2,S`), message(n));
  const uri = await postgres.createDatabase();
  fs.writeFileSync(
    path.join(dir, 'resources.yaml'),
    `apiVersion: mailmill.io/v1alpha1
kind: MailboxSource
metadata: {name: inbox}
spec: {maildir: {path: mail}}
---
apiVersion: mailmill.io/v1alpha1
kind: EmailPipeline
metadata: {name: all}
spec:
  source: {name: inbox}
  sinks: [{name: warehouse, postgres: {secretRef: {name: mailmill-store}, table: emails}}]
---
apiVersion: v1
kind: Secret
metadata: {name: mailmill-store}
stringData: {uri: '${uri}'}
`,
  );
});
afterAll(async () => {
  fs.rmSync(dir, { recursive: true, force: true });
  await postgres?.stop();
});

test('agrees after a run, sees lag, and sees a message that is finished and not recorded', async () => {
  expect((await mailmill(['run', dir, '--once'])).code).toBe(0);
  const agreed = await mailmill(['reconcile', dir, '--json']);
  expect(agreed.code, agreed.stderr).toBe(0);
  expect(JSON.parse(agreed.stdout)).toMatchObject({
    pipeline: 'all',
    listed: 3,
    recorded: 3,
    missing: 0,
    unfinished: 0,
  });

  fs.writeFileSync(path.join(dir, 'mail', 'new', '9.test'), message(9));
  const behind = await mailmill(['reconcile', dir]);
  expect(behind.code).toBe(1);
  expect(behind.stdout).toContain('4 listed, 3 recorded, 0 excluded by since, 1 not finished, 0 missing');

  const uri = /uri: '(.*)'/.exec(fs.readFileSync(path.join(dir, 'resources.yaml'), 'utf8'))![1]!;
  await sql(uri, 'DELETE FROM mailmill.occurrence WHERE uid = 2');
  const lost = await mailmill(['reconcile', dir]);
  expect(lost.code).toBe(1);
  expect(lost.stdout).toContain('1 missing (UIDs 2)');

  const told = await mailmill(['reconcile', dir, '--last']);
  expect(told.code).toBe(1);
  expect(told.stdout).toMatch(/^all: .*4 listed, 2 recorded, 0 excluded by since, 1 not finished, 1 missing/);
  expect(told.stdout).toContain('  inbox INBOX: 4 listed');
  const last = JSON.parse((await mailmill(['reconcile', dir, '--last', '--json'])).stdout);
  expect(last).toMatchObject({ pipeline: 'all', found: { accounts: 1, unread: 0, folders: 1, missing: 1 } });
  expect(last.folders).toMatchObject([{ source: 'inbox', folder: 'INBOX', missing: 1, missingUids: [2] }]);
  expect(await sql(uri, 'SELECT count(*)::int AS kept FROM mailmill.reconcile')).toEqual([{ kept: 3 }]);
});

test('--last says so where nothing was compared yet', async () => {
  const uri = /uri: '(.*)'/.exec(fs.readFileSync(path.join(dir, 'resources.yaml'), 'utf8'))![1]!;
  await sql(uri, 'DELETE FROM mailmill.reconcile');
  const { code, stdout } = await mailmill(['reconcile', dir, '--last']);
  expect(code).toBe(1);
  expect(stdout).toContain('all: was not compared yet');
});

test('an option that nobody knows is answered with the usage', async () => {
  for (const args of [['reconcile', '--bogus'], ['dead', '--bogus'], ['migrate', '--bogus'], ['reconcile']]) {
    const { code, stderr } = await mailmill(args);
    expect(code).toBe(2);
    expect(stderr).toContain(`usage: mailmill ${args[0]}`);
  }
});
