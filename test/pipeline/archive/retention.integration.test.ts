import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveCommand } from '../../support/archive.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type PodFiles, rowCount, sql } from '../../support/worker.ts';
import { type ArchiveWorld, archiveWorld } from './world.ts';

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const done = async (run: Promise<{ readonly code: number | string; readonly output: string }>) => {
  const { code, output } = await run;
  expect(code, output).toBe(0);
};

/** `mailmill archive …` in the collector's pod. */
const archive = (pod: PodFiles, ...args: readonly string[]) =>
  archiveCommand([...args, '--revision', path.join(pod.dir, 'revision.json')], {
    MAILMILL_SECRETS: path.join(pod.dir, 'secrets'),
  });

/** Lets everything that is archived be older by so many days. */
async function age(it: ArchiveWorld, days: number): Promise<void> {
  await sql(it.store, `UPDATE mailmill.archive_segment SET created_at = created_at - $1 * interval '1 day'`, [days]);
  await sql(it.store, `UPDATE mailmill.kept_message SET kept_at = kept_at - $1 * interval '1 day'`, [days]);
}

const subjects = async (it: ArchiveWorld, name: string) => {
  const pipeline = it.pipeline(name);
  await done(pipeline.once('read'));
  const rows = await sql<{ subject: string }>(it.store, `SELECT subject FROM ${name} ORDER BY subject`);
  return rows.map(({ subject }) => subject.replace('Message ', ''));
};

test('retention lets whole segments go, but not what is on hold', async ({ onTestFinished }) => {
  const it = await archiveWorld(postgres, onTestFinished, { postgres: {}, retention: '30d' });
  for (const name of ['a', 'b', 'c']) it.deliver(name);
  await done(it.archiver.once('old'));
  expect(await archive(it.archiver, 'hold', '--message-id', '<m-b@example.org>')).toEqual({
    code: 0,
    out: 'inbox: 1 on hold\n',
  });
  expect(await archive(it.archiver, 'hold', '--message-id', 'nobody@x')).toMatchObject({ code: 1 });
  await age(it, 31);
  it.deliver('d');
  await done(it.archiver.once('new'));
  expect(await it.segments()).toEqual([
    { state: 'Sealed', frames: 1 },
    { state: 'Sealed', frames: 1 },
  ]);
  expect(await subjects(it, 'first')).toEqual(['b', 'd']);
  const names = await sql(it.store, 'SELECT name FROM mailmill.archive_bytes');
  expect(names).toHaveLength(2);
  expect(await archive(it.archiver, 'verify')).toMatchObject({ code: 0 });
  // Carried over once, not at each look.
  const [carried] = await sql<{ id: string }>(it.store, 'SELECT max(id) AS id FROM mailmill.archive_segment');
  await done(it.archiver.once('again'));
  expect(await sql(it.store, 'SELECT max(id) AS id FROM mailmill.archive_segment')).toEqual([carried]);

  const ids = await sql<{ message_id: string }>(
    it.store,
    `SELECT _mailmill_id AS message_id FROM first WHERE subject = 'Message b'`,
  );
  expect((await archive(it.archiver, 'release', '--id', ids[0]!.message_id)).code).toBe(0);
  await age(it, 31);
  await done(it.archiver.once('released'));
  expect(await it.segments()).toEqual([]);
  expect(await subjects(it, 'second')).toEqual([]);
  expect(await sql(it.store, 'SELECT name FROM mailmill.archive_bytes')).toEqual([]);
  // What the pipeline has is its own; what went does not come back.
  expect(await rowCount(it.store, 'first')).toEqual({ rows: 2, distinct: 2 });
});

test('a message that came again is kept as long as its last coming asks for', async ({ onTestFinished }) => {
  const it = await archiveWorld(postgres, onTestFinished, { postgres: {}, retention: '30d' });
  it.deliver('a');
  it.deliver('b');
  await done(it.archiver.once('old'));
  await age(it, 31);
  const [raw] = fs
    .readdirSync(path.join(it.archiver.dir, 'maildir', 'inbox', 'new'))
    .filter((name) => name === 'a')
    .map((name) => fs.readFileSync(path.join(it.archiver.dir, 'maildir', 'inbox', 'new', name)));
  // Before retention is looked at: the store knows the bytes, and refers to them once more.
  await sql(it.store, `UPDATE mailmill.archive_segment SET created_at = now()`);
  it.deliver('a-again', raw);
  await done(it.archiver.once('again'));
  await sql(it.store, `UPDATE mailmill.archive_segment SET created_at = now() - interval '31 days'`);
  await done(it.archiver.once('later'));
  expect(await it.segments()).toEqual([{ state: 'Sealed', frames: 1 }]);
  expect(await subjects(it, 'emails')).toContain('a');
  expect((await archive(it.archiver, 'verify')).code).toBe(0);
});

test('verify names what is damaged, missing or not known', async ({ onTestFinished }) => {
  const it = await archiveWorld(postgres, onTestFinished);
  it.deliver('a');
  await done(it.archiver.once('one'));
  it.deliver('b');
  await done(it.archiver.once('two'));
  expect((await archive(it.archiver, 'verify')).out).toBe(
    'inbox: 2 segments, 2 messages read back; every message is as it was archived\n',
  );
  const root = it.volume;
  const files = it.files().map((name) => fs.globSync(`**/${name}`, { cwd: root })[0]!);
  const [first, second] = (
    await sql<{ name: string }>(it.store, 'SELECT name FROM mailmill.archive_segment ORDER BY id')
  ).map(({ name }) => name);
  expect([...files].sort()).toEqual([first, second].sort());
  const bytes = fs.readFileSync(path.join(root, first!));
  bytes[100]! ^= 1;
  fs.writeFileSync(path.join(root, first!), bytes);
  fs.renameSync(path.join(root, second!), path.join(root, 'elsewhere.mms'));
  const { code, out } = await archive(it.archiver, 'verify', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    source: 'inbox',
    segments: 2,
    messages: 0,
    problems: [{ segment: first }, { segment: second, what: 'is not there' }],
    unknown: ['elsewhere.mms'],
  });
});
