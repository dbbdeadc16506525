import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src/api/worker-status.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import {
  message,
  type PodFiles,
  type PodOptions,
  podFiles,
  rowsReach,
  sql,
  type WorkerProcess,
} from '../support/worker.ts';

let dovecot: Dovecot;
let postgres: Postgres;
let users = 0;
const pods: PodFiles[] = [];
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot(), startPostgres()]);
});
afterEach(async () => {
  for (const worker of workers.splice(0)) {
    worker.kill('SIGKILL');
    await worker.exited;
  }
  for (const pod of pods.splice(0)) pod.remove();
});
afterAll(async () => {
  await dovecot?.stop();
  await postgres?.stop();
});

type Steps = NonNullable<PodOptions['pipeline']['steps']>;

/** A mailbox, and pipelines of one name over it that differ in their steps: revisions. */
async function setUp(options: { readonly shared?: boolean; readonly since?: string } = {}) {
  const user = `runs${++users}`;
  dovecot.makeFolder(user, 'INBOX');
  const store = await postgres.createDatabase();
  const sink = options.shared === false ? await postgres.createDatabase() : store;
  const revision = (steps: Steps = []): PodFiles => {
    const pod = podFiles({
      source: {
        imap: {
          host: dovecot.host,
          port: dovecot.port,
          tls: { mode: 'None' },
          auth: { secretRef: { name: 'imap' } },
          ...(options.since !== undefined && { since: options.since }),
        },
      },
      pipeline: {
        source: { name: 'inbox' },
        sinks: [
          {
            name: 'warehouse',
            postgres: { secretRef: { name: 'sink' }, table: 'emails', columns: ['messageId', 'subject', 'mark'] },
          },
        ],
        steps: [{ name: 'base', set: { mark: '"old"' } }, ...steps],
      },
      secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store }, sink: { uri: sink } },
    });
    pods.push(pod);
    return pod;
  };
  const rows = () =>
    sql<{ subject: string; mark: string; edition: number }>(
      sink,
      'SELECT subject, mark, _mailmill_edition AS edition FROM emails ORDER BY subject',
    );
  const deliver = (n: number | string, internalDate?: Date) =>
    dovecot.deliver(user, 'INBOX', message(n), internalDate ? { internalDate } : {});
  /** Takes a message out of the mailbox, by the name that `deliver` gave. */
  const expunge = (name: string) => {
    for (const sub of ['new', 'cur']) {
      const dir = path.join(dovecot.mailDir(user, 'INBOX'), sub);
      for (const file of fs.readdirSync(dir)) if (file.startsWith(name)) fs.rmSync(path.join(dir, file));
    }
  };
  return { user, store, sink, revision, rows, deliver, expunge };
}

/** Runs a run to its end; its result as the operator reads it. */
async function execute(
  pod: PodFiles,
  name: string,
  spec: object,
  env: Readonly<Record<string, string>> = {},
  more: readonly string[] = [],
) {
  const worker = await pod.start(
    ['--once', '--run', name, '--spec-hash', 'h', '--spec', JSON.stringify(spec), ...more],
    env,
  );
  workers.push(worker);
  const code = await worker.exited;
  const file = path.join(pod.dir, 'termination-log');
  const result = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as RunResult) : undefined;
  return { code, result, output: worker.output() };
}

describe.each([{ shared: true }, { shared: false }])('runs that re-read, sink in the store: $shared', ({ shared }) => {
  test('a full load writes everything again under a new edition, reads what is new, and takes out what is gone', async () => {
    const it = await setUp({ shared });
    const [, second] = [1, 2, 3].map((n) => it.deliver(n));
    const before = it.revision();
    expect((await before.once('first')).code).toBe(0);
    it.expunge(second!);
    it.deliver(4);
    const { code, result, output } = await execute(it.revision([{ name: 'new', set: { mark: '"new"' } }]), 'load', {
      load: 'Full',
    });
    expect(code, output).toBe(0);
    expect(result).toMatchObject({ state: 'Succeeded', edition: 2, removed: 1, dead: 0 });
    expect(await it.rows()).toEqual([
      { subject: 'Message 1', mark: 'new', edition: 2 },
      { subject: 'Message 3', mark: 'new', edition: 2 },
      { subject: 'Message 4', mark: 'new', edition: 2 },
    ]);
  });

  test('a replay of a time range replaces what was made of its messages, takes out what is dropped now, and leaves the others alone', async () => {
    const it = await setUp({ shared });
    for (const n of [1, 2]) it.deliver(n);
    expect((await it.revision().once('first')).code).toBe(0);
    const [{ now } = { now: '' }] = await sql<{ now: string }>(it.store, `SELECT clock_timestamp()::text AS now`);
    for (const n of [3, 4]) it.deliver(n);
    expect((await it.revision().once('second')).code).toBe(0);
    const since = new Date(now).toISOString();
    const next = it.revision([
      { name: 'wanted', filter: 'subject != "Message 4"' },
      { name: 'new', set: { mark: '"new"' } },
    ]);
    it.deliver(5);
    const { code, result, output } = await execute(next, 'again', { replay: { since } });
    expect(code, output).toBe(0);
    expect(result).toMatchObject({
      state: 'Succeeded',
      edition: 2,
      read: 2,
      delivered: 1,
      dropped: 1,
      done: 2,
      total: 2,
    });
    expect(await it.rows()).toEqual([
      { subject: 'Message 1', mark: 'old', edition: 1 },
      { subject: 'Message 2', mark: 'old', edition: 1 },
      { subject: 'Message 3', mark: 'new', edition: 2 },
    ]);
    // Once: the same run again shows what is recorded.
    const again = await execute(next, 'again', { replay: { since } });
    expect(again.result).toEqual(result);
    const ids = await sql<{ id: string }>(it.sink, `SELECT _mailmill_id AS id FROM emails WHERE subject = 'Message 1'`);
    const one = await execute(next, 'one', { replay: { ids: [ids[0]!.id] } });
    expect(one.result).toMatchObject({ edition: 3, read: 1, delivered: 1 });
    expect((await it.rows())[0]).toEqual({ subject: 'Message 1', mark: 'new', edition: 3 });
  });

  test('a replay of dead letters reads them again, from what was kept where the mailbox has them no more', async () => {
    const it = await setUp({ shared });
    const names = [1, 2, 3].map((n) => it.deliver(n));
    const strict = it.revision([{ name: 'strict', set: { n: 'int(subject)' } }]);
    expect((await strict.once('first')).code).toBe(0);
    expect(await it.rows()).toEqual([]);
    it.expunge(names[1]!);
    const { code, result, output } = await execute(it.revision(), 'mend', { replay: { only: 'Dead' } });
    expect(code, output).toBe(0);
    expect(result).toMatchObject({ state: 'Succeeded', edition: 2, read: 3, delivered: 3, dead: 0, missing: 0 });
    expect((await it.rows()).map(({ subject }) => subject)).toEqual(['Message 1', 'Message 2', 'Message 3']);
    const left = await sql(it.store, 'SELECT FROM mailmill.dead_letter WHERE resolved_at IS NULL');
    expect(left).toEqual([]);
    const leases = await sql(it.store, 'SELECT FROM mailmill.run_lease WHERE worker_id IS NOT NULL');
    expect(leases).toEqual([]);
  });

  test('a dry run tells what would change, in numbers and names, and whole in a file; nothing is written', async () => {
    const it = await setUp({ shared });
    for (const n of [1, 2, 3]) it.deliver(n);
    expect((await it.revision().once('first')).code).toBe(0);
    const before = await it.rows();
    it.deliver(4);
    const next = it.revision([
      { name: 'wanted', filter: 'subject != "Message 3"' },
      { name: 'new', set: { mark: 'subject == "Message 1" ? "old" : "secret"' } },
    ]);
    const file = path.join(next.dir, 'diff.jsonl');
    const { code, result, output } = await execute(next, 'dry', { load: 'Full', dryRun: true }, {}, ['--diff', file]);
    expect(code, output).toBe(0);
    expect(result?.diff).toMatchObject({ added: 1, changed: 1, unchanged: 1, removed: 1 });
    expect(result?.diff?.keys.map(({ columns }) => columns)).toEqual([['mark']]);
    expect(output).not.toContain('secret');
    const lines = fs
      .readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { change: string; after?: { mark: string } });
    expect(lines.map(({ change }) => change).sort()).toEqual(['Added', 'Changed', 'Removed']);
    expect(lines.find(({ change }) => change === 'Changed')?.after?.mark).toBe('secret');
    expect(await it.rows()).toEqual(before);
    const recorded = await sql(it.store, `SELECT DISTINCT edition FROM mailmill.message`);
    expect(recorded).toEqual([{ edition: 1 }]);
  });
});

test('a backfill reads mail that is older than since, and nothing twice', async () => {
  const it = await setUp({ since: '2024-06-01' });
  it.deliver('new', new Date('2024-07-01T00:00:00Z'));
  it.deliver('old', new Date('2024-05-01T00:00:00Z'));
  it.deliver('older', new Date('2023-05-01T00:00:00Z'));
  const pod = it.revision();
  expect((await pod.once('first')).code).toBe(0);
  const subjects = async () => (await it.rows()).map(({ subject, edition }) => `${subject} ${edition}`);
  expect(await subjects()).toEqual(['Message new 1']);
  const { code, result, output } = await execute(pod, 'back', { backfill: { since: '2024-01-01' } });
  expect(code, output).toBe(0);
  expect(result).toMatchObject({ state: 'Succeeded', read: 1, delivered: 1, done: 1, total: 1 });
  expect(await subjects()).toEqual(['Message new 1', 'Message old 1']);
  expect((await execute(pod, 'further', { backfill: { since: '2020-01-01' } })).result).toMatchObject({ read: 1 });
  expect((await pod.once('next')).code).toBe(0);
  expect(await subjects()).toEqual(['Message new 1', 'Message old 1', 'Message older 1']);
});

test('a run beside a worker that streams: both do their part', async () => {
  const it = await setUp();
  for (const n of [1, 2]) it.deliver(n);
  const pod = it.revision();
  const streaming = await pod.start();
  workers.push(streaming);
  await rowsReach(it.sink, 2);
  const { code, result, output } = await execute(it.revision([{ name: 'new', set: { mark: '"new"' } }]), 'load', {
    load: 'Full',
  });
  expect(code, output).toBe(0);
  expect(result).toMatchObject({ state: 'Succeeded', delivered: 2, removed: 0 });
  it.deliver(3);
  await rowsReach(it.sink, 3);
  expect((await it.rows()).map(({ mark, edition }) => `${mark} ${edition}`)).toEqual(['new 2', 'new 2', 'old 1']);
});

test('a run that is told to end is cancelled, gives its lease back, and goes on when it is started again', async () => {
  const it = await setUp();
  for (let n = 0; n < 30; n++) it.deliver(n);
  expect((await it.revision().once('first')).code).toBe(0);
  const next = it.revision([{ name: 'new', set: { mark: '"new"' } }]);
  // It waits for the right to execute, which somebody has who does not give it back.
  await sql(
    it.store,
    `INSERT INTO mailmill.worker VALUES ('00000000-0000-4000-8000-000000000001', 'x', now(), now() + interval '1 day')`,
  );
  await sql(
    it.store,
    `INSERT INTO mailmill.run_lease (pipeline_id, worker_id) SELECT id, '00000000-0000-4000-8000-000000000001' FROM mailmill.pipeline`,
  );
  const worker = await next.start(['--once', '--run', 'load', '--spec-hash', 'h', '--spec', '{"load":"Full"}']);
  workers.push(worker);
  await eventually(async () => (await worker.status()).pipelines[0]?.store.ok);
  worker.kill('SIGTERM');
  expect(await worker.exited, worker.output()).toBe(75);
  const [run] = await sql<{ state: string }>(it.store, `SELECT state FROM mailmill.run WHERE name = 'load'`);
  expect(run?.state).toBe('Cancelled');
  await sql(it.store, `DELETE FROM mailmill.worker WHERE name = 'x'`);
  const { result } = await execute(next, 'load', { load: 'Full' });
  expect(result).toMatchObject({ state: 'Succeeded', delivered: 30 });
});

test('a spec that is none is refused with what is wrong', async () => {
  const it = await setUp();
  const { code, output } = await execute(it.revision(), 'wrong', { replay: { until: '2026-01-01' } });
  expect(code).not.toBe(0);
  expect(output).toContain('say which messages');
});
