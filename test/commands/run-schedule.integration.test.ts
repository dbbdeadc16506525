import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { loadProject } from '../../src/commands/run/project.ts';
import { Session } from '../../src/commands/run/session.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { rowCount, sql } from '../support/worker.ts';
import { maildir, pipeline, pipelineRun, type TestProject, testProject } from './run/standalone.ts';

let postgres: Postgres;
const projects: TestProject[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.stop());
afterEach(() => {
  for (const each of projects.splice(0)) each.remove();
});

/** A session whose clock stands at this time when it begins, and its end. */
async function session(of: TestProject, uri: string, begins: string) {
  const loaded = await loadProject([of.directory], AbortSignal.timeout(10_000));
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const offset = Date.parse(begins) - Date.now();
  const notes: string[] = [];
  const made = new Session({
    project: loaded,
    storeUri: uri,
    secret: async () => uri,
    log: silentLogger,
    note: (line) => void notes.push(line),
    clock: () => new Date(Date.now() + offset),
    listen: '127.0.0.1',
  });
  const stop = new AbortController();
  const ended = made.stream(stop.signal);
  return {
    made,
    notes,
    end: async () => {
      stop.abort();
      await ended;
    },
  };
}

const scheduled = (objects: readonly object[]) => {
  const made = testProject(objects);
  projects.push(made);
  return made;
};
const runs = (uri: string) =>
  sql(
    uri,
    'SELECT p.name AS pipeline, r.name, r.state FROM mailmill.run r JOIN mailmill.pipeline p ON p.id = r.pipeline_id',
  );

test('a scheduled pipeline runs at its time in its zone, once, and waits for the next', async () => {
  const uri = await postgres.createDatabase();
  const p = scheduled([maildir(), pipeline('mail', { schedule: '30 2 * * *', timeZone: 'Europe/Zurich' })]);
  p.deliver('a');
  const { made, notes, end } = await session(p, uri, '2026-11-20T01:29:57Z');
  await eventually(() => made.lines()[0]?.state === 'next Fri 02:30');
  expect(await rowCount(uri)).toEqual({ rows: 0, distinct: 0 });
  await eventually(() => made.lines()[0]?.state === 'next Sat 02:30', 30_000);
  expect(made.lines()).toMatchObject([{ name: 'mail', read: 1, delivered: 1 }]);
  await end();
  const minutes = Date.parse('2026-11-20T01:30:00Z') / 60_000;
  expect(notes).toEqual([`mail: run mail-${minutes} done: 1 read, 1 delivered, 0 dropped, 0 dead`]);
  expect(await rowCount(uri)).toEqual({ rows: 1, distinct: 1 });
  expect(await made.metrics()).toMatch(/^mailmill_messages_total\{.*outcome="processed"\} 1$/m);
});

test('the same time is not run again by another start', async () => {
  const uri = await postgres.createDatabase();
  const p = scheduled([maildir(), pipeline('mail', { schedule: '30 2 * * *' })]);
  for (const name of ['a', 'b']) {
    p.deliver(name);
    const { made, end } = await session(p, uri, '2026-11-20T02:29:59Z');
    await eventually(() => made.lines()[0]?.state === 'next Sat 02:30', 30_000);
    await end();
  }
  expect(await rowCount(uri)).toEqual({ rows: 1, distinct: 1 });
  expect(await runs(uri)).toHaveLength(1);
});

test('an EmailPipelineRun of a scheduled pipeline is done at the start, once for ever', async () => {
  const uri = await postgres.createDatabase();
  const p = scheduled([maildir(), pipeline('mail', { schedule: '0 0 1 1 *' }), pipelineRun('now')]);
  p.deliver('a');
  for (let start = 1; start <= 2; start++) {
    const { made, notes, end } = await session(p, uri, '2026-11-20T12:00:00Z');
    await eventually(() => made.lines()[0]?.state === 'next Fri 00:00', 30_000);
    await end();
    expect(notes).toEqual(['mail: run now done: 1 read, 1 delivered, 0 dropped, 0 dead']);
    p.deliver(`later-${start}`);
  }
  expect(await runs(uri)).toEqual([{ pipeline: 'mail', name: 'now', state: 'Succeeded' }]);
  expect(await rowCount(uri)).toEqual({ rows: 1, distinct: 1 });
});

test('runs that read again are executed beside a pipeline that streams, one after the other, once for ever', async () => {
  const uri = await postgres.createDatabase();
  const p = scheduled([
    maildir(),
    pipeline('mail', {}),
    pipelineRun('everything', 'mail', { load: 'Full' }),
    pipelineRun('what-if', 'mail', { load: 'Full', dryRun: true }),
  ]);
  for (const name of ['a', 'b']) p.deliver(name);
  for (let start = 1; start <= 2; start++) {
    const { made, notes, end } = await session(p, uri, '2026-11-20T12:00:00Z');
    await eventually(() => notes.length === 2, 60_000);
    await eventually(() => made.caughtUp(), 30_000);
    await end();
    expect(notes[0]).toMatch(/^mail: run everything done: \d read, \d delivered, 0 dropped, 0 dead$/);
    expect(notes[1]).toMatch(
      /^mail: run what-if done: 2 read; nothing was written: 0 rows would be added, 0 changed, 0 removed$/,
    );
  }
  const editions = await sql(uri, 'SELECT DISTINCT edition FROM mailmill.run ORDER BY edition');
  expect(editions).toEqual([{ edition: 2 }, { edition: null }]);
  expect(await rowCount(uri)).toEqual({ rows: 2, distinct: 2 });
});

test('a run that fails is told, and the pipeline waits for its next time', async () => {
  const uri = await postgres.createDatabase();
  const p = scheduled([maildir('box', path.join('not', 'there')), pipeline('mail', { schedule: '30 2 * * *' })]);
  const { made, notes, end } = await session(p, uri, '2026-11-20T02:29:59Z');
  await eventually(() => made.lines()[0]?.state === 'next Sat 02:30', 30_000);
  await end();
  expect(notes).toEqual([expect.stringMatching(/^! mail: run mail-\d+ failed: no Maildir .* \[MAILDIR_MISSING\]$/)]);
});

test('mailboxes are compared with the store at their times, beside a pipeline that streams; a restart remembers', async () => {
  const uri = await postgres.createDatabase();
  const reconcile = { schedule: '30 2 * * *', timeZone: 'Europe/Zurich' };
  const p = scheduled([maildir(), pipeline('mail', { reconcile })]);
  for (const name of ['a', 'b']) p.deliver(name);
  const { made, notes, end } = await session(p, uri, '2026-11-20T01:29:50Z');
  await eventually(async () => (await rowCount(uri)).rows === 2);
  await sql(uri, 'DELETE FROM mailmill.occurrence WHERE uid = 1');
  const told =
    '! mail: reconcile: 2 listed, 1 recorded, 0 not finished, 1 missing; mailmill reconcile --last names them';
  await eventually(() => notes.includes(told), 30_000);
  expect(made.ready()).toBe(true);
  expect(made.lines()).toMatchObject([{ name: 'mail', read: 2 }]);
  const metrics = async (of: typeof made) =>
    [...(await of.metrics()).matchAll(/^mailmill_reconcile_(missing_messages|overdue\w+)\{.*\} (.*)$/gm)].map(
      (match) => [match[1], Number(match[2])],
    );
  const overdue = Date.parse('2026-11-22T01:30:00Z') / 1000;
  const expected = [
    ['missing_messages', 1],
    ['overdue_timestamp_seconds', overdue],
  ];
  expect(await metrics(made)).toEqual(expected);
  await end();
  const again = await session(p, uri, '2026-11-20T10:00:00Z');
  await eventually(async () => (await metrics(again.made)).length === 2);
  expect(await metrics(again.made)).toEqual(expected);
  await again.end();
});
