import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSource } from '../../../src/sources/registry.ts';
import type { Source } from '../../../src/sources/source.ts';
import { collect, dependencies, failure, never, openSession } from '../support.ts';

let dir: string;
let source: Source;

beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-maildir-'));
  makeFolder();
  source = await open({});
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const open = (more: object) =>
  createSource({ name: 'local', maildir: { path: dir, folders: { include: ['**'] }, ...more } }, dependencies());

function makeFolder(folder = ''): void {
  for (const sub of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(dir, folder, sub), { recursive: true });
}

/** A message file; `seconds` is its time. */
function put(name: string, body: string | Buffer, seconds: number, where = 'new'): string {
  const file = path.join(dir, where, name);
  fs.writeFileSync(file, body);
  fs.utimesSync(file, seconds, seconds);
  return file;
}

async function selected(folder = 'INBOX') {
  const session = await openSession(source);
  await session.select(folder, never);
  return session;
}

describe('a Maildir', () => {
  it('is one account without a limit of connections', async () => {
    expect(await source.accounts(never)).toEqual(['maildir']);
    expect(source.connectionsPerAccount).toBeUndefined();
    expect(source.pollMs).toBe(5_000);
    expect(source.messageSize).toBe(64 * 2 ** 20);
  });

  it('numbers messages by time, then name, and keeps the numbers', async () => {
    put('b', 'two', 200);
    put('a', 'two as well', 200, 'cur');
    put('c', 'one', 100);
    const session = await selected();
    expect(await session.search(1, undefined, never)).toEqual([1, 2, 3]);
    const bodies = (await collect(session.fetch([1, 2, 3], never))).map((message) => message.raw.toString());
    expect(bodies).toEqual(['one', 'two as well', 'two']);
    put('0', 'older, but later', 50);
    const again = await selected();
    expect(await again.search(1, undefined, never)).toEqual([1, 2, 3, 4]);
    expect((await collect(again.fetch([4], never)))[0]!.raw.toString()).toBe('older, but later');
    expect(await again.search(2, 3, never)).toEqual([2, 3]);
  });

  it('tells sizes and times, and epoch 1', async () => {
    put('a', 'four', 1_000);
    const session = await selected();
    expect(await session.select('INBOX', never)).toEqual({ name: 'INBOX', epoch: 1n, uidNext: 2, exists: 1 });
    expect(await session.list([1, 2], never)).toEqual([{ uid: 1, size: 4, receivedAt: new Date(1_000_000) }]);
    expect(await session.status('INBOX', never)).toEqual({ uidNext: 2, exists: 1, epoch: 1n });
  });

  it('serves bytes as they are: bare LF, no line end, NUL', async () => {
    const bytes = Buffer.from('Subject: x\n\nbody\0\xff', 'latin1');
    put('a', bytes, 1);
    const session = await selected();
    expect((await collect(session.fetch([1], never)))[0]!.raw).toEqual(bytes);
  });

  it('reads names that are not UTF-8', async () => {
    const name = Buffer.from('odd\xff\xfe:2,S', 'latin1');
    fs.writeFileSync(Buffer.concat([Buffer.from(`${dir}/cur/`), name]), 'odd');
    const session = await selected();
    const [message] = await collect(session.fetch([1], never));
    expect(message!.raw.toString()).toBe('odd');
    expect(message!.flags).toEqual(['\\Seen']);
  });

  it('finds a message that was moved from new to cur, or got flags, after it was listed', async () => {
    const file = put('a', 'moved', 1);
    const session = await selected();
    expect(await session.list([1], never)).toHaveLength(1);
    fs.renameSync(file, path.join(dir, 'cur', 'a:2,RS'));
    const messages = await collect(session.fetch([1], never));
    expect(messages).toEqual([{ uid: 1, raw: Buffer.from('moved'), flags: ['\\Answered', '\\Seen'] }]);
    fs.renameSync(path.join(dir, 'cur', 'a:2,RS'), path.join(dir, 'cur', 'a:2,FRS'));
    expect(await session.fetchHeader(1, never)).toEqual(Buffer.from('moved'));
  });

  it('leaves out messages that are gone', async () => {
    put('a', 'stays', 1);
    const file = put('b', 'goes', 2);
    const session = await selected();
    fs.rmSync(file);
    expect((await collect(session.fetch([1, 2, 3], never))).map((message) => message.uid)).toEqual([1]);
    expect(await session.fetchHeader(2, never)).toBeUndefined();
    expect(await session.search(1, undefined, never)).toEqual([1]);
  });

  it('skips links, directories, pipes and dot files', async () => {
    const outside = path.join(dir, 'secret');
    fs.writeFileSync(outside, 'secret');
    fs.symlinkSync(outside, path.join(dir, 'cur', 'link'));
    fs.mkdirSync(path.join(dir, 'cur', 'directory'));
    execFileSync('mkfifo', [path.join(dir, 'cur', 'pipe')]);
    put('.hidden', 'x', 1);
    put('a', 'real', 1);
    const session = await selected();
    expect(await session.search(1, undefined, never)).toEqual([1]);
    fs.rmSync(path.join(dir, 'new', 'a'));
    fs.symlinkSync(outside, path.join(dir, 'cur', 'a'));
    expect(await collect(session.fetch([1], never))).toEqual([]);
  });

  it('fetches the header only, with either line end', async () => {
    put('a', `Subject: x\r\n\r\n${'y'.repeat(300_000)}`, 1);
    put('b', 'Subject: x\n\nbody\r\n\r\n', 2);
    const session = await selected();
    expect((await session.fetchHeader(1, never))?.toString()).toBe('Subject: x\r\n\r\n');
    expect((await session.fetchHeader(2, never))?.toString()).toBe('Subject: x\n\n');
  });

  it('has Maildir++ subfolders that patterns select', async () => {
    makeFolder('.Archive.2026');
    makeFolder('.Drafts');
    fs.mkdirSync(path.join(dir, '.notes'));
    put('a', 'archived', 1, '.Archive.2026/new');
    source = await open({ folders: { include: ['**'], exclude: ['Drafts'] } });
    const session = await openSession(source);
    expect((await session.folders(never)).map((folder) => folder.name)).toEqual(['Archive/2026', 'INBOX']);
    expect(await session.select('Archive/2026', never)).toMatchObject({ exists: 1 });
    expect(await failure(session.select('Other', never))).toMatchObject({ family: 'Transient', code: 'FOLDER_GONE' });
    fs.rmSync(path.join(dir, '.Archive.2026'), { recursive: true });
    expect(await failure(session.status('Archive/2026', never))).toMatchObject({ code: 'FOLDER_GONE' });
  });

  it('reads windows of large files in order', async () => {
    for (let i = 0; i < 40; i++) put(`${i}`.padStart(2, '0'), Buffer.alloc(1_000_000, i), i + 1);
    const session = await selected();
    const uids = await session.search(1, undefined, never);
    const seen: number[] = [];
    for await (const message of session.fetch(uids, never)) seen.push(message.raw[999_999]!);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, i) => i));
  });
});

describe('a Maildir that cannot be read', () => {
  it('stalls when it is missing, naming only the end of the path', async () => {
    const missing = path.join(dir, 'private', 'mail');
    source = await createSource({ name: 'local', maildir: { path: missing } }, dependencies());
    const error = await failure(openSession(source));
    expect(error).toMatchObject({ family: 'Stalled', code: 'MAILDIR_MISSING' });
    expect((error as Error).message).toContain('…/mail');
    expect((error as Error).message).not.toContain('private');
  });

  it('stalls when it is some other directory, also while in use', async () => {
    const session = await selected();
    fs.rmSync(path.join(dir, 'cur'), { recursive: true });
    expect(await failure(openSession(source))).toMatchObject({ family: 'Stalled', code: 'MAILDIR_MISSING' });
    expect(await failure(session.search(1, undefined, never))).toMatchObject({ code: 'MAILDIR_MISSING' });
  });

  it('is where the caller says, whatever the path', async () => {
    put('a', 'x', 1);
    const spec = { name: 'local', maildir: { persistentVolumeClaim: { claimName: 'mail' } } };
    source = await createSource(spec, { ...dependencies(), maildirPath: () => dir });
    expect(await (await selected()).search(1, undefined, never)).toEqual([1]);
  });
});

describe('waiting', () => {
  it('returns when a message comes, and not for changed flags', async () => {
    const file = put('a', 'x', 1);
    const session = await selected();
    fs.renameSync(file, path.join(dir, 'cur', 'a:2,S'));
    expect(await session.wait(200, never)).toBe('timeout');
    const waiting = session.wait(20_000, never);
    setTimeout(() => put('b', 'y', 2), 50);
    const started = performance.now();
    expect(await waiting).toBe('changed');
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(await session.search(2, undefined, never)).toEqual([2]);
  });

  it('notices what came before it began', async () => {
    const session = await selected();
    expect(await session.search(1, undefined, never)).toEqual([]);
    put('a', 'x', 1);
    expect(await session.wait(20_000, never)).toBe('changed');
  });

  it('notices what came before the folder was opened again, but after it was searched', async () => {
    const session = await selected();
    await session.search(1, undefined, never);
    put('a', 'x', 1);
    await session.select('INBOX', never);
    expect(await session.wait(20_000, never)).toBe('changed');
    expect(await session.search(1, undefined, never)).toEqual([1]);
    await session.select('INBOX', never);
    expect(await session.wait(50, never)).toBe('timeout');
  });

  it('ends on an abort', async () => {
    const session = await selected();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect(await session.wait(60_000, stop.signal)).toBe('timeout');
    expect(await failure(session.search(1, undefined, stop.signal))).toMatchObject({ code: 'ABORTED' });
  });

  it('finds a Message-ID in every folder, by the whole of it, and says which folders are read', async () => {
    source = await open({ folders: { include: ['INBOX'] } });
    makeFolder('.Junk');
    put('a', 'Message-ID:\r\n <one@x>\r\n\r\nMessage-ID: <two@x>\r\n', 100);
    put('b:2,S', 'message-id: <one@x>\n\nbody', 200, '.Junk/cur');
    put('c', 'Message-ID: <one@xy>\r\n\r\n', 300);
    const session = await openSession(source);
    const { messages, denied } = await session.find('one@x', never);
    expect(denied).toEqual([]);
    expect(messages.map(({ folder, selected, receivedAt }) => [folder, selected, receivedAt.getTime()])).toEqual([
      ['INBOX', true, 100_000],
      ['Junk', false, 200_000],
    ]);
    expect((await session.find('two@x', never)).messages).toEqual([]);
  });
});
