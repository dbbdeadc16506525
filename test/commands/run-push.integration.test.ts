import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../support/free-port.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { send } from '../support/smtp-client.ts';
import { message, rowsReach, sql } from '../support/worker.ts';
import { pipeline, type Standalone, secret, startRun, type TestProject, testProject } from './run/standalone.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
let postgres: Postgres;
const running: Standalone[] = [];
const projects: TestProject[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const each of running.splice(0)) {
    each.kill('SIGKILL');
    await each.exited;
  }
  for (const each of projects.splice(0)) each.remove();
});
afterAll(async () => {
  await postgres?.stop();
});

const source = (name: string, spec: object) => ({
  apiVersion: 'mailmill.io/v1alpha1',
  kind: 'MailboxSource',
  metadata: { name },
  spec,
});

/** What `mailmill …` says, as JSON lines. */
const mailmill = async (...args: readonly string[]) => {
  const child = spawn(process.execPath, [main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = (await text(child.stdout)).trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};

test('mail that was pushed becomes rows; trace and reconcile know it', async () => {
  const [smtpPort, httpPort, metricsPort] = await freePorts(3);
  const [store, warehouse] = [await postgres.createDatabase(), await postgres.createDatabase()];
  const sink = (table: string) => ({
    sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse', key: 'uri' }, table } }],
  });
  const p = testProject([
    source('desk', { smtp: { port: smtpPort, hostname: 'mx.example.org', recipients: ['*@desk.example.org'] } }),
    source('inbound', { http: { port: httpPort, auth: { secretRef: { name: 'push' } } } }),
    pipeline('mail', { source: { name: 'desk' } }),
    pipeline('posts', { source: { name: 'inbound' }, ...sink('posts') }),
    secret('warehouse', { uri: warehouse }),
    secret('push', { token: 'a-token' }),
  ]);
  projects.push(p);
  const mill = startRun([p.directory, '--store', store, '--port', String(metricsPort)]);
  running.push(mill);
  await eventually(() => /desk: takes mail by SMTP at 127\.0\.0\.1:/.test(mill.stderr()), 30_000);
  await eventually(() => /inbound: takes mail by HTTP at/.test(mill.stderr()), 30_000);
  const [reply] = await send(smtpPort!, message(1), ['a@desk.example.org', 'b@desk.example.org']);
  expect(reply).toMatch(/^250/);
  const post = async (n: number) => {
    const response = await fetch(`http://127.0.0.1:${httpPort}/messages`, {
      method: 'POST',
      body: new Uint8Array(message(n)),
      headers: { authorization: 'Bearer a-token', 'content-type': 'message/rfc822' },
    });
    return (await response.json()) as { readonly id: string };
  };
  const { id } = await post(2);
  await rowsReach(warehouse, 2);
  expect(
    await sql(
      warehouse,
      `SELECT account, folder, headers->'delivered-to' AS "to", headers->'return-path' AS "from" FROM emails ORDER BY 3`,
    ),
  ).toEqual(
    ['a', 'b'].map((name) => ({
      account: 'smtp',
      folder: 'INBOX',
      to: [`${name}@desk.example.org`],
      from: ['<ann@example.org>'],
    })),
  );
  const posted = await eventually(async () => {
    const rows = await sql<{ id: string }>(warehouse, 'SELECT _mailmill_id AS id FROM posts').catch(() => []);
    return rows.length === 1 && rows[0];
  });
  expect(posted.id).toBe(id);
  const metrics = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  expect(metrics).toMatch(/^mailmill_collector_accepted_total\{namespace="default",source="desk"\} 2$/m);
  expect((await fetch(`http://127.0.0.1:${metricsPort}/readyz`)).status).toBe(200);

  const traced = await mailmill('trace', '--message-id', 'm-1@example.org', '--json', p.directory, '--store', store);
  expect(traced).toMatchObject([
    { pipeline: 'mail', state: 'Delivered' },
    { pipeline: 'mail', state: 'Delivered' },
    { pipeline: 'posts', state: 'NeverSeen' },
  ]);
  const reconciled = await mailmill('reconcile', '--json', p.directory, '--store', store);
  expect(reconciled).toMatchObject([
    { source: 'desk', folder: 'INBOX', listed: 2, recorded: 2, missing: 0, unfinished: 0 },
    { source: 'inbound', listed: 1, recorded: 1, missing: 0, unfinished: 0 },
  ]);

  mill.interrupt();
  expect(await mill.exited).toBe(0);
  await expect(send(smtpPort!, message(3), ['a@desk.example.org'])).rejects.toThrow();
});
