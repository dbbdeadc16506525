import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { attachments, spamAssassin, writeMaildir } from '../support/corpus.ts';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { imapClient } from '../support/imap-client.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { buildApp } from './startup-app.ts';

/** Names of corpora, as in the output; each is the INBOX of a user of that name. */
export const corpora = ['spamassassin', 'attachments'] as const;
export type Corpus = (typeof corpora)[number];

/** The servers of a benchmark, and how many messages each user's INBOX has. */
export interface Bench extends AsyncDisposable {
  /** Mailmill as the image has it: compiled. */
  readonly program: string;
  readonly dovecot: Dovecot;
  readonly postgres: Postgres;
  readonly messages: ReadonlyMap<string, number>;
}

/** Dovecot without TLS and PostgreSQL with its defaults, on loopback. */
export async function startBench(wanted: readonly Corpus[]): Promise<Bench> {
  const app = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-app-'));
  const program = await buildApp(app);
  const [dovecot, postgres] = await Promise.all([startDovecot({ tls: false }), startPostgres()]);
  const messages = new Map<string, number>();
  for (const corpus of wanted) {
    const source = corpus === 'spamassassin' ? spamAssassin() : attachments();
    messages.set(corpus, writeMaildir(dovecot.mailDir(corpus), source).count);
    await dovecot.adopt(corpus);
    await index(dovecot, corpus, ['INBOX']);
  }
  return {
    program,
    dovecot,
    postgres,
    messages,
    async [Symbol.asyncDispose]() {
      await Promise.all([dovecot.stop(), postgres.stop()]);
      fs.rmSync(app, { recursive: true });
    },
  };
}

/** A user whose INBOX and other folders, `times` in all, each have all mail of another user's INBOX. Returns the number of messages. */
export async function multiply(bench: Bench, from: string, user: string, times: number): Promise<number> {
  const { dovecot } = bench;
  const source = path.join(dovecot.mailDir(from), 'cur');
  const folders = Array.from({ length: times }, (_, i) => (i === 0 ? 'INBOX' : `Copy${i}`));
  const names = fs.readdirSync(source);
  for (const folder of folders) {
    const target = path.join(dovecot.makeFolder(user, folder), 'cur');
    for (const name of names) fs.linkSync(path.join(source, name), path.join(target, name));
  }
  await dovecot.adopt(user);
  await index(dovecot, user, folders);
  return names.length * folders.length;
}

/** Lets Dovecot index the mail before anybody is measured. */
async function index(dovecot: Dovecot, user: string, folders: readonly string[]): Promise<void> {
  const client = await imapClient(dovecot, user);
  for (const folder of folders) {
    await client.mailboxOpen(folder);
    for await (const _ of client.fetch('1:*', { size: true, internalDate: true })) {
      // The answers are of no interest.
    }
  }
  await client.logout();
}
