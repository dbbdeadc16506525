import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { holdsWriteLock } from '../../../src/sources/mbox/locks.ts';
import { createSource, type SourceDependencies } from '../../../src/sources/registry.ts';
import type { Source, SourceSession } from '../../../src/sources/source.ts';
import { collect, dependencies, failure, never, openSession } from '../support.ts';

let dir: string;
let source: Source;
let shared: SourceDependencies;

beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-mbox-'));
  shared = dependencies();
  source = await open();
});
afterEach(() => fs.rmSync(dir, { recursive: true, force: true }));

const open = (more: object = {}, root = dir) => createSource({ name: 'local', mbox: { path: root, ...more } }, shared);
const fromLine = 'From ann@example.org Tue Mar 31 22:00:05 2015\n';
const entry = (name: string, body = `body of ${name}`, header = '') =>
  `${fromLine}Subject: ${name}\n${header}\n${body}\n\n`;
const file = (name = 'inbox') => path.join(dir, name);

/** Writes a file that nobody has touched for a minute. */
function write(text: string, name = 'inbox', secondsAgo = 60): void {
  fs.mkdirSync(path.dirname(file(name)), { recursive: true });
  fs.writeFileSync(file(name), text);
  age(name, secondsAgo);
}

function age(name = 'inbox', secondsAgo = 60): void {
  const at = Date.now() / 1000 - secondsAgo;
  fs.utimesSync(file(name), at, at);
}

function append(text: string, name = 'inbox', secondsAgo = 30): void {
  fs.appendFileSync(file(name), text);
  age(name, secondsAgo);
}

async function selected(folder = 'inbox'): Promise<SourceSession> {
  const session = await openSession(source);
  await session.select(folder, never);
  return session;
}

/** UID and subject of everything in the folder. */
async function contents(session: SourceSession, from = 1): Promise<string[]> {
  const uids = await session.search(from, undefined, never);
  const messages = await collect(session.fetch(uids, never));
  return messages.map(({ uid, raw }) => `${uid} ${/Subject: (.*)/.exec(raw.toString())?.[1]}`);
}

describe('mbox files', () => {
  it('are folders of one account without a limit of connections', async () => {
    expect(await source.accounts(never)).toEqual(['mbox']);
    expect(source.connectionsPerAccount).toBeUndefined();
    write(entry('a'), 'inbox');
    write(entry('b'), 'lists/node.mbox');
    write('', 'empty');
    write('From here on it is no mbox\n'.slice(5), 'notes.txt');
    write('# index', 'inbox.msf');
    fs.symlinkSync(file('inbox'), file('link'));
    const session = await openSession(source);
    expect(await session.folders(never)).toEqual([{ name: 'empty' }, { name: 'inbox' }, { name: 'lists/node.mbox' }]);
    source = await open({ files: { include: ['**'], exclude: ['lists/*'] } });
    expect(await (await openSession(source)).folders(never)).toEqual([{ name: 'empty' }, { name: 'inbox' }]);
  });

  it('one file alone is a folder of its name', async () => {
    write(entry('a'));
    source = await open({}, file());
    const session = await openSession(source);
    expect(await session.folders(never)).toEqual([{ name: 'inbox' }]);
    await session.select('inbox', never);
    expect(await contents(session)).toEqual(['1 a']);
  });

  it('tell sizes, times and flags', async () => {
    write(entry('a', 'four', 'Status: RO\n'));
    const session = await selected();
    const raw = Buffer.from('Subject: a\n\nfour\n');
    expect(await session.list([1, 2], never)).toEqual([
      { uid: 1, size: raw.length, receivedAt: new Date('2015-03-31T22:00:05Z') },
    ]);
    expect(await collect(session.fetch([1, 2], never))).toEqual([{ uid: 1, raw, flags: ['\\Seen'] }]);
    expect((await session.fetchHeader(1, never))?.toString()).toBe('Subject: a\n\n');
    expect(await session.fetchHeader(2, never)).toBeUndefined();
  });

  it('keep twins apart', async () => {
    write(entry('twin') + entry('other') + entry('twin'));
    expect(await contents(await selected())).toEqual(['1 twin', '2 other', '3 twin']);
  });

  it('finds a Message-ID, read or left out', async () => {
    source = await open({ files: { include: ['inbox'] } });
    write(entry('a', 'x', 'Message-ID: <one@x>\n') + entry('b', '<one@x>'));
    write(entry('c', 'x', 'Message-ID: <one@x>\n'), 'other');
    const { messages } = await (await openSession(source)).find('one@x', never);
    expect(messages.map(({ folder, uid, selected: read }) => [folder, uid, read])).toEqual([
      ['inbox', 1, true],
      ['other', 1, false],
    ]);
  });
});

describe('a file that changes', () => {
  it('is read on from where it ended', async () => {
    write(entry('a') + entry('b'));
    const session = await selected();
    expect(await contents(session)).toEqual(['1 a', '2 b']);
    append(entry('c'));
    expect(await contents(session, 3)).toEqual(['3 c']);
    expect(await contents(await selected())).toEqual(['1 a', '2 b', '3 c']);
  });

  it('keeps its numbers over a restart', async () => {
    write(entry('a') + entry('b') + entry('a'));
    expect(await contents(await selected())).toEqual(['1 a', '2 b', '3 a']);
    source = await open();
    expect(await contents(await selected())).toEqual(['1 a', '2 b', '3 a']);
  });

  it('does not give a message before it is whole', async () => {
    write(entry('a'));
    const session = await selected();
    append(`${fromLine}Subject: b\n\nhalf`, 'inbox', 5);
    expect(await contents(session)).toEqual(['1 a']);
    append(' and half\n\n', 'inbox', 5);
    const [, second] = await collect(session.fetch(await session.search(1, undefined, never), never));
    expect(second).toMatchObject({ uid: 2, raw: Buffer.from('Subject: b\n\nhalf and half\n') });
  });

  it('gives a message without a blank line after half a minute of silence, the same as when another follows', async () => {
    write(`${entry('a')}${fromLine}Subject: b\n\nno end`, 'inbox', 31);
    expect(await contents(await selected())).toEqual(['1 a', '2 b']);
    append(`\n\n${entry('c')}`);
    expect(await contents(await selected())).toEqual(['1 a', '2 b', '3 c']);
  });

  it('that was rewritten without some messages gives the others again under their numbers', async () => {
    write(entry('a') + entry('b') + entry('c') + entry('b'));
    const session = await selected();
    expect(await contents(session)).toEqual(['1 a', '2 b', '3 c', '4 b']);
    write(entry('a') + entry('c', undefined, 'Status: RO\n') + entry('b') + entry('d'), 'inbox', 40);
    expect(await contents(session)).toEqual(['1 a', '2 b', '3 c', '5 d']);
  });

  it('in place and with the same length is noticed when a message is read', async () => {
    write(entry('a') + entry('b') + entry('c'));
    const session = await selected();
    expect(await session.search(1, undefined, never)).toEqual([1, 2, 3]);
    const { mtime } = fs.statSync(file());
    fs.writeFileSync(file(), entry('a') + entry('B') + entry('c'));
    fs.utimesSync(file(), mtime, mtime);
    expect((await collect(session.fetch([1, 2, 3], never))).map(({ uid }) => uid)).toEqual([1, 3]);
    expect(await contents(session)).toEqual(['1 a', '3 c', '4 B'].sort());
  });

  it('has another epoch when it begins with another message, and the same one when it does not', async () => {
    write(entry('a') + entry('b'));
    const session = await openSession(source);
    const { epoch } = await session.select('inbox', never);
    append(entry('c'));
    expect((await session.select('inbox', never)).epoch).toBe(epoch);
    fs.renameSync(file('inbox'), file('inbox.1'));
    write(entry('d'));
    const rotated = await session.select('inbox', never);
    expect(rotated.epoch).not.toBe(epoch);
    expect(rotated.exists).toBe(1);
    expect((await session.select('inbox.1', never)).epoch).toBe(epoch);
    fs.truncateSync(file('inbox'));
    expect(await session.select('inbox', never)).toMatchObject({ epoch: 1n, exists: 0 });
  });

  it('under an open folder: the folder must be opened again when the epoch is another', async () => {
    write(entry('a'));
    const session = await selected();
    write(entry('b'));
    expect(await failure(session.search(1, undefined, never))).toMatchObject({ code: 'FOLDER_RENUMBERED' });
    expect(await failure(session.search(1, undefined, never))).toMatchObject({ code: 'FOLDER_NOT_OPEN' });
    await session.select('inbox', never);
    expect(await contents(session)).toEqual(['2 b']);
  });

  it('that is gone says so', async () => {
    write(entry('a'));
    write(entry('b'), 'other');
    const session = await selected();
    fs.rmSync(file());
    expect(await failure(session.search(1, undefined, never))).toMatchObject({ code: 'FOLDER_GONE' });
    expect(await session.folders(never)).toEqual([{ name: 'other' }]);
  });
});

describe('waiting', () => {
  it('ends when something is appended and whole', async () => {
    write(entry('a'));
    const session = await selected();
    await session.search(1, undefined, never);
    expect(await session.wait(100, never)).toBe('timeout');
    setTimeout(() => fs.appendFileSync(file(), entry('b')), 50);
    expect(await session.wait(20_000, never)).toBe('changed');
    expect(await contents(session, 2)).toEqual(['2 b']);
  });

  it('ends on an abort', async () => {
    write(entry('a'));
    const session = await selected();
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 50);
    expect(await session.wait(60_000, stop.signal)).toBe('timeout');
  });
});

describe('locks', () => {
  it('of other programs are waited for: lock files', async () => {
    write(entry('a'));
    fs.writeFileSync(file('inbox.lock'), '');
    const session = await openSession(source);
    const opened = session.select('inbox', never);
    setTimeout(() => fs.rmSync(file('inbox.lock')), 300);
    const started = performance.now();
    expect((await opened).exists).toBe(1);
    expect(performance.now() - started).toBeGreaterThan(250);
    fs.writeFileSync(file('inbox.lock'), '');
    age('inbox.lock', 400);
    append(entry('b'));
    expect((await session.select('inbox', never)).exists).toBe(2); // it was left behind
  });

  it.runIf(fs.existsSync('/proc/locks'))('of other programs are waited for: flock', async () => {
    write(entry('a'));
    const session = await openSession(source);
    const holder: ChildProcess = spawn('flock', [file(), 'sh', '-c', 'echo locked; sleep 0.5'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(holder, 'exit');
    await once(holder.stdout!, 'data');
    const started = performance.now();
    expect((await session.select('inbox', never)).exists).toBe(1);
    expect(performance.now() - started).toBeGreaterThan(300);
    await ended;
  });

  it('are read from /proc/locks by device and inode', () => {
    const id = { dev: (8n << 8n) | 1n, ino: 1234n };
    expect(holdsWriteLock('1: POSIX  ADVISORY  WRITE 77 08:01:1234 0 EOF', id)).toBe(true);
    expect(holdsWriteLock('2: FLOCK  ADVISORY  READ 77 08:01:1234 0 EOF', id)).toBe(false);
    expect(holdsWriteLock('1: -> FLOCK  ADVISORY  WRITE 77 08:01:1234 0 EOF', id)).toBe(false);
    expect(holdsWriteLock('3: FLOCK  ADVISORY  WRITE 77 08:02:1234 0 EOF', id)).toBe(false);
  });
});

describe('mbox files that cannot be read', () => {
  it('stall when they are missing, something else, or none, naming only the end of the path', async () => {
    source = await open({}, path.join(dir, 'private', 'mail'));
    const missing = await failure(openSession(source));
    expect(missing).toMatchObject({ family: 'Stalled', code: 'MBOX_MISSING' });
    expect((missing as Error).message).not.toContain('private');
    fs.writeFileSync(file('photo'), Buffer.from([0x89, 0x50]));
    source = await open({}, file('photo'));
    expect(await failure(openSession(source))).toMatchObject({ family: 'Stalled', code: 'MBOX_NOT_MBOX' });
    source = await open();
    const session = await openSession(source);
    expect(await failure(session.folders(never))).toMatchObject({ family: 'Stalled', code: 'MBOX_NO_FILES' });
  });
});
