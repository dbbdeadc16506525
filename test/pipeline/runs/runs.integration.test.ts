import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { describe, expect, onTestFinished, test } from 'vitest';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { startReceiver } from '../../support/webhook-receiver.ts';
import { rowCount, rowsReach, sql } from '../../support/worker.ts';
import { type RunWorldOptions, runWorld } from './run-world.ts';

const servers = mailToStore({ tls: true });

const setUp = (options: RunWorldOptions = {}) => runWorld(servers, onTestFinished, options);

describe.each([{ shared: true }, { shared: false }])('runs that re-read, sink in the store: $shared', ({ shared }) => {
  test('a full load writes everything again under a new edition, reads what is new, and takes out what is gone', async () => {
    const it = await setUp({ shared });
    const [, second] = [1, 2, 3].map((n) => it.deliver(n));
    const before = it.revision();
    expect((await before.once('first')).code).toBe(0);
    it.expunge(second!);
    it.deliver(4);
    const { code, result, output } = await it.execute(it.revision([{ name: 'new', set: { mark: '"new"' } }]), 'load', {
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
    const { code, result, output } = await it.execute(next, 'again', { replay: { since } });
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
    const again = await it.execute(next, 'again', { replay: { since } });
    expect(again.result).toEqual(result);
    const ids = await sql<{ id: string }>(it.sink, `SELECT _mailmill_id AS id FROM emails WHERE subject = 'Message 1'`);
    const one = await it.execute(next, 'one', { replay: { ids: [ids[0]!.id] } });
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
    const { code, result, output } = await it.execute(it.revision(), 'mend', { replay: { only: 'Dead' } });
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
    const { code, result, output } = await it.execute(next, 'dry', { load: 'Full', dryRun: true }, {}, [
      '--diff',
      file,
    ]);
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

test('a dry run of a sink that nobody can look into compares with what the revision made that delivered', async () => {
  const receiver = await startReceiver();
  onTestFinished(() => receiver.stop());
  const it = await setUp({ hook: receiver.url });
  for (const n of [1, 2, 3]) it.deliver(n);
  expect((await it.revision().once('first')).code).toBe(0);
  expect(receiver.received).toHaveLength(3);
  it.deliver(4);
  const next = it.revision([{ name: 'new', set: { mark: 'subject == "Message 1" ? "new" : "old"' } }]);
  const file = path.join(next.dir, 'diff.jsonl');
  const { code, result, output } = await it.execute(next, 'dry', { load: 'Full', dryRun: true }, {}, ['--diff', file]);
  expect(code, output).toBe(0);
  // The table and the webhook, each: one added, one changed, two as they were.
  expect(result?.diff).toMatchObject({ added: 2, changed: 2, unchanged: 4, removed: 0 });
  const lines = fs.readFileSync(file, 'utf8').trim().split('\n');
  const changed = lines.map((line) => JSON.parse(line)).filter(({ change }) => change === 'Changed');
  expect(changed.map(({ sink, columns }) => [sink, columns])).toEqual([
    ['warehouse', ['mark']],
    ['hook', ['mark']],
  ]);
  expect(receiver.received).toHaveLength(3);
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
  const { code, result, output } = await it.execute(pod, 'back', { backfill: { since: '2024-01-01' } });
  expect(code, output).toBe(0);
  expect(result).toMatchObject({ state: 'Succeeded', read: 1, delivered: 1, done: 1, total: 1 });
  expect(await subjects()).toEqual(['Message new 1', 'Message old 1']);
  expect((await it.execute(pod, 'further', { backfill: { since: '2020-01-01' } })).result).toMatchObject({ read: 1 });
  expect((await pod.once('next')).code).toBe(0);
  expect(await subjects()).toEqual(['Message new 1', 'Message old 1', 'Message older 1']);
});

test.each([1, 2])(
  'a backfill with %i connections to the account lets new mail go before it',
  async (connections) => {
    const it = await setUp({ since: '2024-06-01', connections });
    for (let n = 1; n <= 6_000; n++) it.deliver(n, new Date('2024-01-01T00:00:00Z'));
    const worker = await it.start(it.revision());
    const live = async () => (await worker.status()).pipelines[0]?.accounts[0]?.folders[0]?.state === 'Live';
    await eventually(live, 30_000);
    // The server is far away from the run.
    const far = await startTcpProxy(servers.dovecot, 500);
    onTestFinished(() => far.stop());
    const pod = it.revision([], undefined, far.port);
    const spec = JSON.stringify({ backfill: { since: '2023-01-01' } });
    const run = await it.start(pod, ['--once', '--run', 'back', '--spec-hash', 'h', '--spec', spec]);
    await rowsReach(it.sink, 500);
    it.deliver('live', new Date('2024-07-01T00:00:00Z'));
    const there = async () => (await it.rows()).some(({ subject }) => subject === 'Message live');
    await eventually(there, 60_000);
    expect(run.child.exitCode).toBe(null);
    expect((await it.rows()).length).toBeLessThan(6_001);
    expect(await run.exited, run.output()).toBe(0);
    expect(await rowCount(it.sink)).toEqual({ rows: 6_001, distinct: 6_001 });
    const [{ read, total } = {}] = await sql<{ read: number; total: number }>(
      it.store,
      'SELECT read::int, total::int FROM mailmill.run',
    );
    expect([read, total]).toEqual([6_000, 6_000]);
  },
  180_000,
);

test('a run beside a worker that streams: both do their part', async () => {
  const it = await setUp();
  for (const n of [1, 2]) it.deliver(n);
  const pod = it.revision();
  await it.start(pod);
  await rowsReach(it.sink, 2);
  const { code, result, output } = await it.execute(it.revision([{ name: 'new', set: { mark: '"new"' } }]), 'load', {
    load: 'Full',
  });
  expect(code, output).toBe(0);
  expect(result).toMatchObject({ state: 'Succeeded', delivered: 2, removed: 0 });
  it.deliver(3);
  await rowsReach(it.sink, 3);
  expect((await it.rows()).map(({ mark, edition }) => `${mark} ${edition}`)).toEqual(['new 2', 'new 2', 'old 1']);
});

test('a run that is told to end is cancelled between two batches, and goes on when it is started again', async () => {
  const it = await setUp();
  const messages = 600;
  for (let n = 0; n < messages; n++) it.deliver(n);
  expect((await it.revision().once('first')).code).toBe(0);
  const next = it.revision([{ name: 'new', set: { mark: '"new"' } }]);
  // Its first batch waits for somebody who holds the table.
  const holder = new pg.Client({ connectionString: it.sink });
  await holder.connect();
  await holder.query('BEGIN; LOCK TABLE emails IN SHARE MODE');
  const worker = await it.start(next, ['--once', '--run', 'load', '--spec-hash', 'h', '--spec', '{"load":"Full"}']);
  await eventually(async () => (await worker.status()).pipelines[0]?.runs[0]?.state === 'Running');
  worker.kill('SIGTERM');
  await holder.query('ROLLBACK');
  await holder.end();
  expect(await worker.exited, worker.output()).toBe(75);
  const states = await sql(it.store, `SELECT state, done < ${messages} AS part FROM mailmill.run WHERE name = 'load'`);
  expect(states).toEqual([{ state: 'Cancelled', part: true }]);
  expect(await sql(it.store, 'SELECT FROM mailmill.run_lease WHERE worker_id IS NOT NULL')).toEqual([]);
  const { result } = await it.execute(next, 'load', { load: 'Full' });
  expect(result).toMatchObject({
    state: 'Succeeded',
    edition: 2,
    delivered: messages,
    done: messages,
    total: messages,
  });
  expect((await it.rows()).every(({ edition }) => edition === 2)).toBe(true);
});

test('a spec that is none is refused with what is wrong', async () => {
  const it = await setUp();
  const { code, output } = await it.execute(it.revision(), 'wrong', { replay: { until: '2026-01-01' } });
  expect(code).not.toBe(0);
  expect(output).toContain('say which messages');
});
