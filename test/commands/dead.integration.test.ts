import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { message, type PodFiles, podFiles, sql } from '../support/worker.ts';
import { mailmill } from './mailmill.ts';

let postgres: Postgres;
let pod: PodFiles;
let store: string;
const removed: (() => void)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
beforeEach(async () => {
  store = await postgres.createDatabase();
  pod = podFiles({
    source: { maildir: { path: 'mail' } },
    pipeline: {
      source: { name: 'inbox' },
      steps: [{ name: 'number', set: { number: 'subject.startsWith("Message dead") ? int(subject) : 1' } }],
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'mailmill-store' }, table: 'emails' } }],
    },
    secrets: { 'mailmill-store': { uri: store } },
  });
  removed.push(pod.remove);
  const mail = path.join(pod.dir, 'maildir', 'inbox');
  for (const sub of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(mail, sub), { recursive: true });
  for (const what of ['fine', 'dead 1', 'dead 2']) fs.writeFileSync(path.join(mail, 'new', what), message(what));
  expect(await pod.once('first')).toMatchObject({ code: 0 });
});
afterAll(async () => {
  for (const remove of removed) remove();
  await postgres?.stop();
});

const run = (...args: string[]) => mailmill([...args, '--namespace', 'test'], { MAILMILL_STORE_URI: store });
const deadIds = async () => {
  const { stdout } = await run('dead', 'list', 'mail');
  return [...stdout.matchAll(/^\S+ mail (\S+) /gm)].map((match) => match[1]!);
};

test('a dead letter is shown with step, error and its bytes, and resolved', async () => {
  const ids = await deadIds();
  expect(ids).toHaveLength(2);
  const [id = ''] = ids;
  const shown = await run('dead', 'show', id);
  expect(shown.code, shown.stderr).toBe(0);
  expect(shown.stdout).toMatch(/^where {5}step number$/m);
  expect(shown.stdout).toMatch(/^error {5}[A-Z_]+: /m);
  expect(shown.stdout).toMatch(/^seen at {3}inbox INBOX UID \d$/m);
  expect(shown.stdout).not.toContain('Message dead');

  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-dead-'));
  removed.push(() => fs.rmSync(directory, { recursive: true, force: true }));
  const file = path.join(directory, 'raw.eml');
  expect((await run('dead', 'show', id.toUpperCase(), '--raw', file)).code).toBe(0);
  const originals = [message('dead 1'), message('dead 2')];
  expect(originals.some((original) => original.equals(fs.readFileSync(file)))).toBe(true);
  expect(fs.statSync(file).mode & 0o077).toBe(0);
  const piped = await run('dead', 'show', id, '--raw', '-');
  expect(piped.stdout).toBe(fs.readFileSync(file, 'utf8'));

  const one = await run('dead', 'resolve', 'mail', '--message', id);
  expect([one.code, one.stdout]).toEqual([0, '1 dead letters of mail are resolved\n']);
  expect(await deadIds()).toEqual(ids.slice(1));
  const gone = await run('dead', 'show', id, '--raw', file);
  expect([gone.code, gone.stderr]).toEqual([1, 'mailmill dead: nothing of the message is kept any more\n']);
  expect((await run('dead', 'resolve', 'mail', '--message', id)).code).toBe(1);
  const rest = await run('dead', 'resolve', 'mail');
  expect([rest.code, rest.stdout]).toEqual([0, '1 dead letters of mail are resolved\n']);
  expect(await deadIds()).toEqual([]);
});

test('a verb without what it needs is answered with the usage', async () => {
  for (const args of [['show'], ['show', 'x'], ['resolve'], ['accept'], ['bury', 'mail'], ['list', '--raw', 'x']]) {
    const { code, stderr } = await run('dead', ...args);
    expect([args, code, stderr.startsWith('usage: mailmill dead')]).toEqual([args, 2, true]);
  }
});

test('purge counts first, erases with --yes, and what is recreated begins from the start', async () => {
  const rows = () =>
    sql<{ id: string; at: Date }>(store, 'SELECT _mailmill_id AS id, _mailmill_committed_at AS at FROM emails');
  const [before] = await rows();
  const counted = await run('purge', 'mail');
  expect(counted.code, counted.stderr).toBe(0);
  expect(counted.stdout).toMatch(/^ +2 {2}dead_letter$/m);
  expect(counted.stderr).toContain('nothing was erased');
  expect(await deadIds()).toHaveLength(2);

  expect((await run('purge', 'mail', '--yes')).code).toBe(0);
  expect(await deadIds()).toEqual([]);
  expect(await run('purge', 'mail', '--yes')).toMatchObject({ code: 1 });
  expect(await run('purge')).toMatchObject({ code: 2 });

  expect(await pod.once('first')).toMatchObject({ code: 0 });
  expect(await deadIds()).toHaveLength(2);
  const [after, ...more] = await rows();
  expect([after?.id, more]).toEqual([before?.id, []]);
  expect(after!.at.getTime()).toBeGreaterThan(before!.at.getTime());
});

test('purge refuses while a worker is at it', async () => {
  await sql(
    store,
    `INSERT INTO mailmill.worker VALUES ('00000000-0000-0000-0000-000000000001', 'mail-abc', now(), now() + interval '1 minute')`,
  );
  await sql(store, `UPDATE mailmill.lease SET worker_id = '00000000-0000-0000-0000-000000000001'`);
  const { code, stderr } = await run('purge', '--source', 'inbox', '--yes');
  expect([code, stderr]).toEqual([78, expect.stringContaining('worker mail-abc holds the lease of pipeline mail')]);
});
