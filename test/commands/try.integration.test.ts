import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
let dovecot: Dovecot;
let ca: string;

beforeAll(async () => {
  dovecot = await startDovecot();
  ca = path.join(dovecot.dir, 'tls', 'ca.crt');
  const user = 'anna@example.org';
  for (let i = 1; i <= 12; i++) {
    const body =
      i === 12
        ? 'Content-Type: application/pdf; name="x.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n'
        : '\r\nhi\r\n';
    const raw = `From: Ann <ann@example.org>\r\nSubject: No ${i}\r\nDate: Thu, 22 Aug 2024 12:36:23 +0000\r\n${body}`;
    dovecot.deliver(user, 'INBOX', raw, { internalDate: new Date(1_700_000_000_000 + i * 1_000) });
  }
  dovecot.deliver(user, 'Archive/2026', 'Subject: old\r\n\r\nx\r\n');
});
afterAll(async () => {
  await dovecot?.stop();
});

/** Runs `mailmill try`; the password goes by the environment. */
function tryIt(args: readonly string[], password: string | undefined = 'secret') {
  const { MAILMILL_PASSWORD: _, ...rest } = process.env;
  const env = password === '' ? rest : { ...rest, MAILMILL_PASSWORD: password };
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(process.execPath, [main, 'try', ...args], { env }, (_error, out, err) =>
      resolve({ code: child.exitCode ?? -1, out, err }),
    );
    child.stdin?.end();
  });
}

/** Files of all folders with their flags. */
const files = () =>
  fs
    .readdirSync(dovecot.mailDir('anna@example.org'), { recursive: true })
    .map(String)
    .filter((name) => name.includes('.test'));

describe('mailmill try', () => {
  it('shows folders, capabilities and the ten newest documents, and changes nothing', async () => {
    const address = `imaps://anna%40example.org@${dovecot.host}:${dovecot.tlsPort}/`;
    expect((await tryIt([address, '--ca', ca])).code).toBe(0);
    const before = files();
    const { code, out, err } = await tryIt([address, '--ca', ca]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const shown = load(out) as Record<string, unknown>;
    expect(shown.encryption).toBe('TLS');
    expect(shown.capabilities).toContain('IDLE');
    expect(shown.folders).toEqual(
      expect.arrayContaining([
        { name: 'Archive/2026', messages: 1 },
        { name: 'INBOX', messages: 12 },
      ]),
    );
    const { folder, documents } = shown.newest as { folder: string; documents: Record<string, unknown>[] };
    expect(folder).toBe('INBOX');
    expect(documents.map((document) => document.subject)).toEqual(Array.from({ length: 10 }, (_, i) => `No ${12 - i}`));
    expect(documents[0]).toMatchObject({
      from: 'Ann <ann@example.org>',
      date: '2024-08-22T12:36:23.000Z',
      attachments: ['x.pdf (application/pdf, 3 bytes)'],
    });
    expect(files()).toEqual(before);
  });

  it('shows a folder by STARTTLS or in plain text', async () => {
    const address = `imap://anna@example.org@${dovecot.host}:${dovecot.port}/Archive/2026`;
    const encrypted = load((await tryIt([address, '--ca', ca])).out) as Record<string, unknown>;
    const plain = load((await tryIt([address, '--plaintext'])).out) as Record<string, unknown>;
    expect([encrypted.encryption, plain.encryption]).toEqual(['STARTTLS', 'none']);
    expect(plain.newest).toMatchObject({ folder: 'Archive/2026', documents: [{ subject: 'old' }] });
  });

  it('says what is wrong without showing the password', async () => {
    const address = `imaps://anna%40example.org@${dovecot.host}:${dovecot.tlsPort}/`;
    const rejected = await tryIt([address, '--ca', ca], 'wr0ng');
    expect(rejected).toMatchObject({ code: 78, out: '', err: expect.stringContaining('IMAP_AUTH_REJECTED') });
    expect(rejected.err).not.toContain('wr0ng');
    expect(await tryIt([address])).toMatchObject({ code: 78, err: expect.stringContaining('--ca FILE') });
    expect(await tryIt([address, '--ca', ca], '')).toMatchObject({
      code: 2,
      err: expect.stringContaining('MAILMILL_PASSWORD'),
    });
    expect(await tryIt(['imaps://anna:hunter2@localhost/'])).toMatchObject({
      code: 2,
      err: expect.not.stringContaining('hunter2'),
    });
    expect(await tryIt([])).toMatchObject({ code: 2 });
    expect(await tryIt([`${address}Nowhere`, '--ca', ca])).toMatchObject({
      code: 75,
      err: expect.stringContaining('no such folder'),
    });
  });
});
