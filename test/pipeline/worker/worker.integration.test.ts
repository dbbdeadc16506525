import fs from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { RunResult } from '../../../src/api/worker-status.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import {
  message,
  type PodFiles,
  type PodOptions,
  podFiles,
  rowCount,
  rowsReach,
  sql,
  type WorkerProcess,
} from '../../support/worker.ts';

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

interface Setup {
  readonly imap?: Partial<NonNullable<PodOptions['source']['imap']>>;
  readonly pipeline?: Partial<PodOptions['pipeline']>;
  readonly user?: string;
  readonly store?: string;
  readonly sink?: string;
}

async function setUp(setup: Setup = {}) {
  const user = setup.user ?? `worker${++users}`;
  dovecot.makeFolder(user, 'INBOX');
  const store = setup.store ?? (await postgres.createDatabase());
  const sink = setup.sink ?? store;
  const pod = podFiles({
    source: {
      imap: {
        host: dovecot.host,
        port: dovecot.port,
        tls: { mode: 'None' },
        auth: { secretRef: { name: 'imap' } },
        ...setup.imap,
      },
    },
    pipeline: {
      source: { name: 'inbox' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
      ...setup.pipeline,
    },
    secrets: {
      imap: { username: user, password: 'secret' },
      'mailmill-store': { uri: store },
      sink: { uri: sink },
      ca: { 'ca.crt': dovecot.ca },
    },
  });
  pods.push(pod);
  const start = async (env?: Readonly<Record<string, string>>) => {
    const worker = await pod.start([], env);
    workers.push(worker);
    return worker;
  };
  return { user, store, sink, pod, start };
}

const ready = (worker: WorkerProcess) => eventually(async () => (await worker.get('/readyz')).code === 200, 30_000);
const pipeline = async (worker: WorkerProcess) => (await worker.status()).pipelines[0]!;

test('streams: new mail is a row within seconds, also in a folder that is only polled; ends in order on SIGTERM', async () => {
  const it = await setUp({ imap: { folders: { include: ['INBOX', 'Archive/*'] }, pollInterval: '1s' } });
  dovecot.deliver(it.user, 'INBOX', message('one'));
  dovecot.deliver(it.user, 'Archive/2026', message('two'));
  dovecot.deliver(it.user, 'Other', message('not wanted'));
  const worker = await it.start();
  await ready(worker);
  await rowsReach(it.sink, 2);
  await eventually(async () =>
    (await pipeline(worker)).accounts[0]?.folders.every((folder) => folder.lagMessages === 0 && folder.checkedAt),
  );
  dovecot.deliver(it.user, 'INBOX', message('live'));
  await rowsReach(it.sink, 3, 5_000);
  dovecot.deliver(it.user, 'Archive/2026', message('polled'));
  await rowsReach(it.sink, 4, 10_000);
  worker.kill('SIGTERM');
  expect(await worker.exited, worker.output()).toBe(0);
  const subjects = await sql<{ subject: string; folder: string }>(
    it.sink,
    'SELECT subject, folder FROM emails ORDER BY subject',
  );
  expect(subjects.map((row) => `${row.folder} ${row.subject}`)).toEqual([
    'INBOX Message live',
    'INBOX Message one',
    'Archive/2026 Message polled',
    'Archive/2026 Message two',
  ]);
  const left = await sql(it.store, 'SELECT FROM mailmill.worker');
  expect(left).toEqual([]);
});

test('tells about itself: metrics, status with a token only, readiness that latches', async () => {
  const it = await setUp({ pipeline: { steps: [{ name: 'strict', set: { n: 'int(subject.extract("([0-9]+)"))' } }] } });
  dovecot.deliver(it.user, 'INBOX', message(7));
  dovecot.deliver(it.user, 'INBOX', message('x'));
  const worker = await it.start();
  await ready(worker);
  await rowsReach(it.sink, 1);
  await eventually(async () => (await pipeline(worker)).counters.dead === 1);
  const metrics = (await worker.get('/metrics')).text;
  for (const line of [
    'mailmill_messages_total{namespace="test",pipeline="mail",source="inbox",outcome="processed"} 1',
    'mailmill_messages_total{namespace="test",pipeline="mail",source="inbox",outcome="dead"} 1',
    'mailmill_dead_letters_total{namespace="test",pipeline="mail",source="inbox",code="STEP_EVALUATION_FAILED"} 1',
    'mailmill_lag_messages{namespace="test",pipeline="mail",source="inbox"} 0',
    'mailmill_connections{namespace="test",pipeline="mail",source="inbox"} 1',
    'mailmill_deliveries_total{namespace="test",pipeline="mail",sink="warehouse",status="Acknowledged"} 1',
  ])
    expect(metrics).toContain(line);
  expect((await fetch(`http://127.0.0.1:${worker.port}/status`)).status).toBe(401);
  expect(
    (await fetch(`http://127.0.0.1:${worker.port}/status`, { headers: { authorization: 'Bearer wrong' } })).status,
  ).toBe(401);
  expect(JSON.stringify(await worker.status())).not.toContain(it.user);
  const dead = await sql<{ code: string; step: string; bytes: number }>(
    it.store,
    'SELECT code, step, length(raw) AS bytes FROM mailmill.dead_letter',
  );
  expect(dead).toEqual([{ code: 'STEP_EVALUATION_FAILED', step: 'strict', bytes: expect.any(Number) }]);
  dovecot.pause();
  try {
    expect((await worker.get('/readyz')).code).toBe(200);
  } finally {
    dovecot.resume();
  }
});

test('STARTTLS and implicit TLS work with a private authority', async () => {
  for (const [mode, port] of [
    ['StartTLS', dovecot.port],
    ['Implicit', dovecot.tlsPort],
  ] as const) {
    const it = await setUp({ imap: { port, tls: { mode, caSecretRef: { name: 'ca' } } } });
    dovecot.deliver(it.user, 'INBOX', message(mode));
    const result = await it.pod.once('run');
    expect(result.code, result.output).toBe(0);
    expect((await rowCount(it.sink)).rows).toBe(1);
  }
});

describe('a run that ends', () => {
  test('leaves its result in the store and in the termination message, and is not executed twice', async () => {
    const it = await setUp({ pipeline: { steps: [{ name: 'odd', filter: 'subject.contains("keep")' }] } });
    dovecot.deliver(it.user, 'INBOX', message('keep 1'));
    dovecot.deliver(it.user, 'INBOX', message('other'));
    expect((await it.pod.once('nightly')).code).toBe(0);
    const result = JSON.parse(fs.readFileSync(path.join(it.pod.dir, 'termination-log'), 'utf8')) as RunResult;
    expect(result).toMatchObject({ name: 'nightly', state: 'Succeeded', read: 2, delivered: 1, dropped: 1, dead: 0 });
    dovecot.deliver(it.user, 'INBOX', message('keep 2'));
    expect((await it.pod.once('nightly')).code).toBe(0);
    expect((await rowCount(it.sink)).rows).toBe(1);
    expect((await it.pod.once('next')).code).toBe(0);
    expect((await rowCount(it.sink)).rows).toBe(2);
  });

  test.each([
    ['password', { imap: { password: 'wrong' } }, 78, 'IMAP_AUTH_REJECTED'],
    ['database of the sink', { sink: { uri: 'nothing' } }, 78, 'SINK_DATABASE_MISSING'],
    ['login of the store', { 'mailmill-store': { uri: 'auth' } }, 78, 'STORE_AUTH_REJECTED'],
  ] as const)('says what is wrong with the %s', async (_, secrets, code, expected) => {
    const it = await setUp();
    for (const [name, keys] of Object.entries(secrets))
      for (const [key, value] of Object.entries(keys) as [string, string][]) {
        const uri = new URL(it.store);
        if (value === 'nothing') uri.pathname = '/nothing';
        if (value === 'auth') uri.password = 'nobody';
        it.pod.writeSecret(name, key, key === 'uri' ? uri.href : value);
      }
    const result = await it.pod.once('run');
    expect(result.code, result.output).toBe(code);
    const written = JSON.parse(fs.readFileSync(path.join(it.pod.dir, 'termination-log'), 'utf8')) as RunResult;
    expect(written).toMatchObject({ state: 'Failed', code: expected, family: 'Stalled' });
  });

  test('a table of another shape is refused with the exact difference', async () => {
    const it = await setUp();
    expect((await it.pod.once('first')).code).toBe(0);
    await sql(it.sink, 'ALTER TABLE emails ALTER COLUMN subject TYPE varchar(10), DROP COLUMN folder');
    const result = await it.pod.once('second');
    expect(result.code).toBe(78);
    for (const part of ['SINK_TABLE_MISMATCH', 'subject', 'folder', 'ALTER TABLE'])
      expect(result.output).toContain(part);
  });
});

test('with one connection to an account, a new worker borrows it to become ready', async () => {
  const it = await setUp({ imap: { limits: { connectionsPerAccount: 1 } } });
  dovecot.deliver(it.user, 'INBOX', message(1));
  const before = dovecot.connections();
  const first = await it.start();
  await ready(first);
  await rowsReach(it.sink, 1);
  const second = await it.start();
  await ready(second);
  dovecot.deliver(it.user, 'INBOX', message(2));
  await rowsReach(it.sink, 2, 15_000);
  expect((await pipeline(second)).accounts[0]!.role).toBe('Standby');
  expect(dovecot.connections() - before).toBeLessThanOrEqual(1);
});

test('two pipelines share one connection of one source, and both get everything', async () => {
  const imap = { limits: { connectionsPerAccount: 1 } };
  const one = await setUp({ imap });
  const other = await setUp({
    imap,
    user: one.user,
    store: one.store,
    pipeline: { name: 'other', sinks: [{ name: 'w', postgres: { secretRef: { name: 'sink' }, table: 'others' } }] },
  });
  for (let n = 0; n < 20; n++) dovecot.deliver(one.user, 'INBOX', message(n));
  await one.start();
  await other.start();
  await eventually(
    async () => (await rowCount(one.sink)).rows === 20 && (await rowCount(one.sink, 'others')).rows === 20,
    60_000,
  );
  dovecot.deliver(one.user, 'INBOX', message('late'));
  await eventually(
    async () => (await rowCount(one.sink)).rows === 21 && (await rowCount(one.sink, 'others')).rows === 21,
    60_000,
  );
  const ids = await sql(one.sink, 'SELECT FROM emails e JOIN others o ON o._mailmill_id = e._mailmill_id');
  expect(ids).toHaveLength(21);
});

test('the holder is killed and the standby takes over', async () => {
  const it = await setUp();
  dovecot.deliver(it.user, 'INBOX', message(1));
  const first = await it.start();
  await rowsReach(it.sink, 1);
  const second = await it.start();
  await ready(second);
  first.kill('SIGKILL');
  dovecot.deliver(it.user, 'INBOX', message(2));
  await rowsReach(it.sink, 2, 40_000);
  await eventually(async () => (await pipeline(second)).accounts[0]!.role === 'Holder', 2_000);
});

test('run now, on a streaming pipeline: completes once each folder was checked after its start', async () => {
  const it = await setUp();
  dovecot.deliver(it.user, 'INBOX', message(1));
  const worker = await it.start();
  await rowsReach(it.sink, 1);
  expect(await worker.post('/runs', { name: 'now', specHash: 'abc' })).toBe(202);
  expect(await worker.post('/runs', { name: '' })).toBe(400);
  await eventually(
    async () => (await pipeline(worker)).runs.find((run) => run.name === 'now')?.state === 'Succeeded',
    20_000,
  );
  const rows = await sql<{ checked: boolean }>(
    it.store,
    `SELECT bool_and(c.checked_at > r.started_at) AS checked FROM mailmill.cursor c, mailmill.run r WHERE r.name = 'now'`,
  );
  expect(rows[0]!.checked).toBe(true);
  // A day later somebody recreates it: the old result, and nothing runs.
  await sql(
    it.store,
    `UPDATE mailmill.run SET started_at = started_at - interval '1 day', finished_at = finished_at - interval '1 day'`,
  );
  await eventually(async () => !(await pipeline(worker)).runs.some((run) => run.name === 'now'), 20_000);
  expect(await worker.post('/runs', { name: 'now', specHash: 'abc' })).toBe(202);
  await eventually(
    async () => (await pipeline(worker)).runs.find((run) => run.name === 'now')?.state === 'Succeeded',
    20_000,
  );
});

test('a message over the limit is a dead letter with its header, and since leaves older mail alone', async () => {
  const it = await setUp({ imap: { limits: { messageSize: '2Ki' }, since: '30d' } });
  dovecot.deliver(it.user, 'INBOX', message('large', 'x'.repeat(5_000)));
  dovecot.deliver(it.user, 'INBOX', message('old'), { internalDate: new Date('2020-01-01') });
  dovecot.deliver(it.user, 'INBOX', message('new'));
  expect((await it.pod.once('first')).code).toBe(0);
  dovecot.deliver(it.user, 'INBOX', message('late but old'), { internalDate: new Date('2020-01-01') });
  expect((await it.pod.once('second')).code).toBe(0);
  const rows = await sql<{ subject: string }>(it.sink, 'SELECT subject FROM emails ORDER BY subject');
  expect(rows.map((row) => row.subject)).toEqual(['Message late but old', 'Message new']);
  const dead = await sql<{ code: string; header: string }>(
    it.store,
    `SELECT code, convert_from(header, 'UTF8') AS header FROM mailmill.dead_letter`,
  );
  expect(dead).toEqual([{ code: 'MESSAGE_TOO_LARGE', header: expect.stringContaining('Subject: Message large') }]);
  expect(await it.pod.reconcile()).toMatchObject({
    agrees: true,
    folders: [{ listed: 4, recorded: 3, excluded: 1, missing: 0 }],
  });
});

test('too many dead letters stop the cursor until a person accepts them', async () => {
  const it = await setUp({ pipeline: { steps: [{ name: 'wrong', set: { n: 'int(subject)' } }] } });
  for (let n = 0; n < 60; n++) dovecot.deliver(it.user, 'INBOX', message(n));
  const stopped = await it.pod.once('first');
  expect(stopped.code).toBe(78);
  expect(stopped.output).toContain('DEAD_RATE_EXCEEDED');
  expect(await sql(it.store, 'SELECT FROM mailmill.dead_letter')).toEqual([]);
  expect((await it.pod.once('second')).output).toContain('DEAD_RATE_EXCEEDED');
  await sql(it.store, 'UPDATE mailmill.stall SET accepted_at = now()');
  const accepted = await it.pod.once('third');
  expect(accepted.code, accepted.output).toBe(0);
  expect(await sql(it.store, 'SELECT FROM mailmill.dead_letter')).toHaveLength(60);
});

test('a row that the table refuses is a dead letter with the SQLSTATE; the others are loaded', async () => {
  const it = await setUp();
  expect((await it.pod.once('empty')).code).toBe(0);
  await sql(it.sink, `ALTER TABLE emails ADD CHECK (subject <> 'Message 3')`);
  for (let n = 0; n < 6; n++) dovecot.deliver(it.user, 'INBOX', message(n));
  expect((await it.pod.once('run')).code).toBe(0);
  expect((await rowCount(it.sink)).rows).toBe(5);
  const dead = await sql(it.store, 'SELECT code, sink, detail FROM mailmill.dead_letter');
  expect(dead).toEqual([{ code: 'SINK_ROW_REFUSED', sink: 'warehouse', detail: expect.stringContaining('23514') }]);
});

test('a renamed folder keeps its mail', async () => {
  const it = await setUp({ imap: { folders: { include: ['**'] } } });
  for (let n = 0; n < 5; n++) dovecot.deliver(it.user, 'Projects', message(n));
  expect((await it.pod.once('first')).code).toBe(0);
  fs.renameSync(dovecot.mailDir(it.user, 'Projects'), dovecot.mailDir(it.user, 'Done'));
  const result = await it.pod.once('second');
  expect(result.code, result.output).toBe(0);
  expect(await rowCount(it.sink)).toEqual({ rows: 5, distinct: 5 });
});

test('a revision that cannot log in never becomes ready and says why', async () => {
  const it = await setUp();
  it.pod.writeSecret('imap', 'password', 'wrong');
  const worker = await it.start();
  await eventually(async () => (await pipeline(worker)).accounts[0]?.connection.code === 'IMAP_AUTH_REJECTED', 20_000);
  const status = await pipeline(worker);
  expect(status).toMatchObject({ ready: false, store: { ok: true }, sinks: [{ name: 'warehouse', ok: true }] });
  expect((await worker.get('/readyz')).code).toBe(503);
  expect((await worker.get('/healthz')).code).toBe(200);
});
