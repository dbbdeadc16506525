import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { MailboxSourceSpec } from '../../../src/api/mailbox-source.ts';
import { archiverFiles } from '../../support/archive.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { message, podFiles, rowCount, sql } from '../../support/worker.ts';

let dovecot: Dovecot;
let postgres: Postgres;

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot({ tls: false }), startPostgres()]);
});
afterAll(async () => {
  await dovecot?.stop();
  await postgres?.stop();
});

test('one collector reads the mailbox, two pipelines stream its archive while the mailbox is away', async ({
  onTestFinished,
}) => {
  const user = 'archived';
  for (let n = 0; n < 20; n++) dovecot.deliver(user, n % 2 === 0 ? 'INBOX' : 'Archive/2026', message(n));
  flag(dovecot.mailDir(user, 'Archive/2026'), 'Message 3', 'FS');
  const store = await postgres.createDatabase();
  const source: MailboxSourceSpec = {
    imap: {
      host: dovecot.host,
      port: dovecot.port,
      tls: { mode: 'None' },
      auth: { secretRef: { name: 'imap' } },
      folders: { include: ['**'] },
      pollInterval: '500ms',
    },
    archive: { postgres: {} },
  };
  const secrets = {
    'mailmill-store': { uri: store },
    sink: { uri: store },
    imap: { username: user, password: 'secret' },
  };
  const archiver = archiverFiles('support', source, secrets);
  onTestFinished(() => archiver.remove());
  const readers = ['one', 'two'].map((name) => {
    const pod = podFiles({
      source,
      pipeline: {
        name,
        source: { name: 'support' },
        sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: name } }],
      },
      // Without the login of the mailbox.
      secrets: { 'mailmill-store': { uri: store }, sink: { uri: store } },
    });
    onTestFinished(() => pod.remove());
    return pod;
  });
  const started = await Promise.all([archiver, ...readers].map((pod) => pod.start()));
  onTestFinished(async () => {
    for (const worker of started) {
      worker.kill('SIGKILL');
      await worker.exited;
    }
  });
  const both = (count: number) => Promise.all(['one', 'two'].map(async (name) => rowsReachOf(store, name, count)));
  await both(20);
  for (const name of ['one', 'two'])
    expect(await sql(store, `SELECT subject, flags FROM ${name} WHERE flags <> '{}' ORDER BY 1`)).toEqual([
      { subject: 'Message 3', flags: ['\\Flagged', '\\Seen'] },
    ]);
  dovecot.deliver(user, 'INBOX', message('live'));
  await both(21);
  await dovecot.down();
  // Nobody who reads the archive notices.
  const statuses = await Promise.all(started.slice(1).map((worker) => worker.status()));
  for (const { pipelines } of statuses)
    expect(pipelines[0]?.accounts.every(({ connection }) => connection.ok !== false)).toBe(true);
  await dovecot.start();
  dovecot.deliver(user, 'Archive/2026', message('back'));
  await both(22);
  for (const name of ['one', 'two'])
    expect(await sql(store, `SELECT account, folder, count(*)::int FROM ${name} GROUP BY 1, 2 ORDER BY 2`)).toEqual([
      { account: user, folder: 'Archive/2026', count: 11 },
      { account: user, folder: 'INBOX', count: 11 },
    ]);
});

/** Gives a message Maildir's flags. */
function flag(folder: string, subject: string, flags: string): void {
  for (const name of fs.readdirSync(path.join(folder, 'new'))) {
    const file = path.join(folder, 'new', name);
    if (fs.readFileSync(file, 'utf8').includes(`Subject: ${subject}\r\n`))
      fs.renameSync(file, path.join(folder, 'cur', `${name}:2,${flags}`));
  }
}

async function rowsReachOf(store: string, table: string, count: number): Promise<void> {
  await eventually(async () => (await rowCount(store, table)).rows >= count, 60_000);
  expect(await rowCount(store, table)).toEqual({ rows: count, distinct: count });
}
