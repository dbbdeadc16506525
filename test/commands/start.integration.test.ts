import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedDatabase, startEmbeddedPostgres } from '../../src/commands/run/embedded-postgres.ts';
import { sql } from '../support/worker.ts';
import { run } from './run/standalone.ts';

// What `npm start -- --once --json` runs (see package.json).
const root = new URL('../..', import.meta.url).pathname;
const demo = path.join(root, 'manifests/samples/demo');
let state: string;
let done: Awaited<ReturnType<typeof run>>;
let server: EmbeddedDatabase;
let warehouse: string;
let store: string;

beforeAll(async () => {
  state = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-start-'));
  done = await run([demo, '--demo', '--once', '--json', '--state', state]);
  server = await startEmbeddedPostgres(state, () => undefined, new AbortController().signal);
  warehouse = await server.uri('warehouse');
  store = await server.uri('mailmill');
});
afterAll(async () => {
  await server.stop();
  fs.rmSync(state, { recursive: true, force: true });
});

const emails = (columns: string, where: string) =>
  sql<Record<string, unknown>>(warehouse, `SELECT ${columns} FROM emails WHERE ${where} ORDER BY message_id`);

test('package.json starts this', () => {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  expect(scripts.start).toBe('node src/setup.mjs node src/main.ts run manifests/samples/demo --demo');
});

test('it ends with 0 and one JSON line on stdout', async () => {
  expect(done.code).toBe(0);
  expect(done.stdout.endsWith('\n')).toBe(true);
  const summary = JSON.parse(done.stdout) as Record<string, number>;
  expect(Object.keys(summary)).toEqual(['messages', 'rows', 'dead', 'seconds']);
  const rows = await sql<{ n: number }>(
    warehouse,
    'SELECT ((SELECT count(*) FROM emails) + (SELECT count(*) FROM orders))::int AS n',
  );
  expect(summary).toEqual({ messages: 82, rows: rows[0]?.n, dead: 3, seconds: expect.any(Number) });
});

test('it says how to see what is dead, in words that work in a checkout', () => {
  expect(done.stderr).toContain(`npm run mailmill -- dead list --state ${state}\n`);
});

test('it ends with what to look at next, and each statement there works', async () => {
  const text = done.stderr.slice(done.stderr.indexOf('What to look at next'));
  expect(text).toContain('npm run mailmill -- try imaps://');
  const statements = [...text.matchAll(/psql '(?<uri>[^']+)'|(?<statement>SELECT [^;]+;)/g)];
  let uri = '';
  let count = 0;
  for (const { groups } of statements)
    if (groups?.uri) uri = groups.uri.replace(/:\d+\//, `:${new URL(store).port}/`);
    else {
      expect(await sql(uri, groups?.statement ?? ''), groups?.statement).not.toEqual([]);
      count++;
    }
  expect(count).toBe(5);
});

describe('mail that breaks databases', () => {
  test('U+0000 is replaced and said', async () => {
    const rows = await emails('message_id, subject, text, defects', `message_id LIKE 'nul-%'`);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatchObject({ defects: ['NUL_REPLACED'] });
    expect(rows[0]).toMatchObject({
      subject: 'NUL in the \ufffd subject',
      text: expect.stringContaining('one more: \ufffd.'),
    });
  });

  test('lone surrogates are replaced and said', async () => {
    const rows = await emails('subject, text, defects', `message_id LIKE 'surrogate-%'`);
    expect(rows).toHaveLength(2);
    for (const { subject, text, defects } of rows) {
      expect(defects).toContain('CHARSET_INVALID_BYTES');
      expect(String(text)).toContain('\ufffd');
      expect(`${subject}${text}`.isWellFormed()).toBe(true);
    }
  });

  test('impossible dates are absent and said; the time of arrival stays', async () => {
    const rows = await emails('date, defects, received_at', `message_id ~ '^date-[0-3]@'`);
    expect(rows).toHaveLength(4);
    for (const row of rows) {
      expect(row.date).toBeNull();
      expect(row.defects).toContain('DATE_UNREADABLE');
      expect(row.received_at).toBeInstanceOf(Date);
    }
  });

  test('mail without headers, without anything, and with CR alone are rows too', async () => {
    const rows = await sql<{ defect: string }>(warehouse, 'SELECT DISTINCT unnest(defects) AS defect FROM emails');
    expect(rows.map((row) => row.defect)).toEqual(
      expect.arrayContaining(['EMPTY', 'HEADER_MISSING', 'CR_LINES', 'BOUNDARY_END_MISSING', 'CHARSET_UNKNOWN']),
    );
  });

  test('two mails that are the same byte for byte are two rows, and a copy in another folder is a third', async () => {
    const rows = await emails('folder, _mailmill_id', `message_id = 'toner@office-supplies.example.com'`);
    expect(rows.map((row) => row.folder).sort()).toEqual(['Archive', 'INBOX', 'INBOX']);
    expect(new Set(rows.map((row) => row._mailmill_id)).size).toBe(3);
  });
});

test('orders have typed columns, and what could not be read is dead with the reason, not lost', async () => {
  const [order] = await sql(warehouse, 'SELECT * FROM orders WHERE order_number = 871');
  expect(order).toMatchObject({
    amount: 98,
    currency: 'EUR',
    customer: 'bakery.example.net',
    is_reply: false,
    items: '8',
    item_price: 12.25,
    month: '2023-04',
    sent_at: new Date('2023-04-11T09:30:00Z'),
  });
  const dead = await sql(store, 'SELECT code, step, detail, raw IS NOT NULL AS kept FROM mailmill.dead_letter');
  expect(dead).toHaveLength(3);
  for (const letter of dead)
    expect(letter).toEqual({
      code: 'STEP_EVALUATION_FAILED',
      step: 'read',
      detail: expect.stringMatching(/^step "read": (amount|items|orderNumber): /),
      kept: true,
    });
});
