import fs from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { message, podFiles, rowCount, sql } from '../../support/worker.ts';

const MiB = 2 ** 20;
let dovecot: Dovecot;
let postgres: Postgres;

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot({ tls: false }), startPostgres()]);
});
afterAll(async () => {
  await dovecot?.stop();
  await postgres?.stop();
});

const header = (subject: string, type: string) =>
  `From: Ann <ann@example.org>\r\nTo: team@example.net\r\nSubject: ${subject}\r\nDate: Thu, 22 Aug 2024 12:36:23 +0000\r\nMIME-Version: 1.0\r\nContent-Type: ${type}\r\n`;

/** A message of about so many bytes, nearly all of them an attachment. */
function withAttachment(subject: string, bytes: number): Buffer {
  const start = `${header(subject, 'multipart/mixed; boundary=b')}\r\n--b\r\n\r\nhello\r\n--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
  const line = `${'QUJD'.repeat(19)}\r\n`;
  const content = Buffer.alloc(Math.floor(bytes / line.length) * line.length, line);
  return Buffer.concat([Buffer.from(start), content, Buffer.from('--b--\r\n')]);
}

test('a message of 200 MiB takes little more memory than its bytes; one over the limit is a dead letter with its envelope', async () => {
  dovecot.deliver('large', 'INBOX', withAttachment('attached', 200 * MiB));
  const text = Buffer.alloc(100 * MiB, 'All work and no play makes Jack a dull boy.\r\n');
  dovecot.deliver('large', 'INBOX', Buffer.concat([Buffer.from(`${header('text', 'text/html')}\r\n`), text]));
  dovecot.deliver('large', 'INBOX', withAttachment('too large', 230 * MiB));
  dovecot.deliver('large', 'INBOX', message('small'));
  const [store, sink] = [await postgres.createDatabase(), await postgres.createDatabase()];
  const { host, port } = dovecot;
  const imap = { host, port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } } } as const;
  const pod = podFiles({
    source: { imap: { ...imap, limits: { messageSize: '220Mi' } } },
    pipeline: {
      source: { name: 'inbox' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
    },
    secrets: { imap: { username: 'large', password: 'secret' }, 'mailmill-store': { uri: store }, sink: { uri: sink } },
  });
  const worker = await pod.start();
  try {
    await eventually(async () => (await rowCount(sink)).rows === 3, 150_000);
    const peak = /VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${worker.child.pid}/status`, 'utf8'))?.[1];
    // 542 MiB were measured, of which 100 are the process without mail.
    expect(Number(peak) / 1024).toBeLessThan(700);
    const rows = await sql(sink, 'SELECT subject, size::int AS size FROM emails ORDER BY size DESC');
    expect(rows.map(({ subject }) => subject)).toEqual(['attached', 'text', 'Message small']);
    const [dead, ...others] = await sql<{ code: string; size: string; header: Buffer; raw: Buffer | null }>(
      store,
      'SELECT code, size, header, raw FROM mailmill.dead_letter',
    );
    expect(others).toEqual([]);
    expect(dead).toMatchObject({ code: 'MESSAGE_TOO_LARGE', raw: null });
    expect(Number(dead!.size)).toBeGreaterThan(220 * MiB);
    expect(dead!.header.toString()).toContain('Subject: too large\r\nDate: Thu, 22 Aug 2024 12:36:23 +0000');
    expect(dead!.header.toString()).toContain('From: Ann <ann@example.org>\r\nTo: team@example.net');
  } finally {
    worker.kill('SIGKILL');
    await worker.exited;
    pod.remove();
  }
}, 240_000);
