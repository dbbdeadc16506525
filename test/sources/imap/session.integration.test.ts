import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MailmillError } from '../../../src/telemetry/errors.ts';
import { spamAssassin, writeMaildir } from '../../support/corpus.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { eventually } from '../../support/processes.ts';
import { collect, failure, imapSource, never, openSession, sha256 } from '../support.ts';

let dovecot: Dovecot;

beforeAll(async () => {
  dovecot = await startDovecot();
});
afterAll(async () => {
  await dovecot?.stop();
});

const mail = (subject: string) => `From: a@example.org\r\nSubject: ${subject}\r\n\r\nbody\r\n`;

async function sessionOf(user: string, more: Partial<Parameters<typeof imapSource>[1]> = {}) {
  dovecot.makeFolder(user, 'INBOX');
  return openSession(await imapSource(dovecot, { user, ...more }));
}

describe('connecting', () => {
  for (const mode of ['Implicit', 'StartTLS', 'None'] as const) {
    it(`logs in with tls.mode ${mode}`, async () => {
      await using session = await sessionOf('modes', { mode });
      expect(session.capabilities).toContain('IDLE');
      expect((await session.select('INBOX', never)).exists).toBe(0);
    });
  }

  it('stalls on a wrong password and uses a changed one at the next login', async () => {
    dovecot.makeFolder('changes', 'INBOX');
    const source = await imapSource(dovecot, { user: 'changes', password: 'wrong' });
    const error = await failure(openSession(source));
    expect(error).toMatchObject({ family: 'Stalled', code: 'IMAP_AUTH_REJECTED' });
    expect(String((error as Error).message)).not.toMatch(/wrong|changes/);
    await dovecot.setPassword('changes', 'wrong');
    await using session = await openSession(source);
    expect((await session.select('INBOX', never)).exists).toBe(0);
  });

  it('stalls on a certificate of an unknown authority, with TLS from the start and after STARTTLS', async () => {
    const other = await startDovecot();
    try {
      for (const mode of ['Implicit', 'StartTLS'] as const) {
        const source = await imapSource(dovecot, { user: 'tls', mode, ca: other.ca });
        expect(await failure(openSession(source))).toMatchObject({ family: 'Stalled', code: 'IMAP_TLS_FAILED' });
      }
    } finally {
      await other.stop();
    }
  });

  it('stalls when TLS is asked of a port or a server without it', async () => {
    const plain = await startDovecot({ tls: false });
    try {
      const target = { host: plain.host, port: plain.port, tlsPort: plain.port, ca: '' };
      for (const mode of ['Implicit', 'StartTLS'] as const) {
        const source = await imapSource(target, { user: 'tls', mode });
        expect(await failure(openSession(source))).toMatchObject({ family: 'Stalled', code: 'IMAP_TLS_FAILED' });
      }
    } finally {
      await plain.stop();
    }
  });

  it('is transient when nobody listens', async () => {
    const source = await imapSource({ ...dovecot, port: 1 }, { user: 'nobody' });
    const error = await failure(openSession(source));
    expect(error).toMatchObject({ family: 'Transient', code: 'IMAP_UNREACHABLE' });
    expect((error as Error).message).toContain('ECONNREFUSED');
  });

  it('waits when the server allows no more connections of the account', async () => {
    const small = await startDovecot({ maxUserIpConnections: 1 });
    try {
      small.makeFolder('busy', 'INBOX');
      const source = await imapSource(small, { user: 'busy' });
      await using first = await openSession(source);
      await first.select('INBOX', never);
      const error = await failure(openSession(source));
      expect(error).toMatchObject({ family: 'Waiting', code: 'IMAP_TOO_MANY_CONNECTIONS', retryAfterMs: 30_000 });
    } finally {
      await small.stop();
    }
  });

  it('leaves no connection behind after aborts at any point', async () => {
    for (let i = 0; i < 40; i++) dovecot.deliver('leaks', 'INBOX', mail(`${i}`));
    const source = await imapSource(dovecot, { user: 'leaks' });
    for (let round = 0; round < 50; round++) {
      const stop = new AbortController();
      const error = await failure(
        (async () => {
          // Not disposed of on purpose: an abort alone must close it.
          const session = await openSession(source, round % 5 === 0 ? abortAfter(stop, round % 4) : stop.signal);
          await session.select('INBOX', stop.signal);
          const uids = await session.search(1, undefined, stop.signal);
          let seen = 0;
          for await (const message of session.fetch(uids, stop.signal)) {
            expect(message.raw.length).toBeGreaterThan(0);
            if (seen++ === round % 40) stop.abort();
          }
        })(),
      );
      expect(error).toMatchObject({ code: 'ABORTED' });
    }
    await eventually(() => dovecot.connections() === 0, 5_000);
  });

  it('says that a connection is lost when the server ends, and logs in again when it is back', async () => {
    const source = await imapSource(dovecot, { user: 'restarts' });
    dovecot.deliver('restarts', 'INBOX', mail('kept'));
    const session = await openSession(source);
    await session.select('INBOX', never);
    await dovecot.restart();
    expect(await failure(session.search(1, undefined, never))).toMatchObject({
      family: 'Transient',
      code: 'IMAP_CONNECTION_LOST',
    });
    await session[Symbol.asyncDispose]();
    await using again = await openSession(source);
    expect((await again.select('INBOX', never)).exists).toBe(1);
  });
});

function abortAfter(stop: AbortController, ticks: number): AbortSignal {
  const tick = (left: number) => (left <= 0 ? stop.abort() : setImmediate(() => tick(left - 1)));
  tick(ticks * 3);
  return stop.signal;
}

describe('folders', () => {
  it('lists what the patterns select, with / between levels and INBOX in capitals', async () => {
    for (const folder of ['Archive/2025', 'Archive/2026/Q1', 'Drafts', 'Entwürfe & mehr']) {
      dovecot.deliver('folders', folder, mail(folder));
    }
    await using session = await sessionOf('folders', {
      folders: { include: ['inbox', 'Archive/**', 'Entw*'], exclude: ['**/Q1'] },
    });
    const names = (await session.folders(never)).map((folder) => folder.name);
    expect(names).toEqual(
      ['Archive/2025', 'Archive/2026', 'Entwürfe & mehr', 'INBOX'].filter((n) => names.includes(n)),
    );
    expect(names).toEqual(expect.arrayContaining(['Archive/2025', 'Entwürfe & mehr', 'INBOX']));
    expect((await session.select('Entwürfe & mehr', never)).exists).toBe(1);
  });

  it('maps another separator of the server', async () => {
    const dotted = await startDovecot({ separator: '.', tls: false });
    try {
      dotted.deliver('dots', 'Archive/2026', mail('dots'));
      await using session = await openSession(
        await imapSource(dotted, { user: 'dots', folders: { include: ['Archive/*'] } }),
      );
      expect((await session.folders(never)).map((folder) => folder.name)).toEqual(['Archive/2026']);
      expect(await session.select('Archive/2026', never)).toMatchObject({ name: 'Archive/2026', exists: 1 });
      expect(await session.status('Archive/2026', never)).toMatchObject({ exists: 1, uidNext: 2 });
    } finally {
      await dotted.stop();
    }
  });

  it('says that a folder is gone', async () => {
    await using session = await sessionOf('gone');
    expect(await failure(session.select('Nowhere', never))).toMatchObject({ family: 'Transient', code: 'FOLDER_GONE' });
    expect(await failure(session.status('Nowhere', never))).toMatchObject({ code: 'FOLDER_GONE' });
    expect((await session.select('INBOX', never)).exists).toBe(0);
  });

  it('answers nothing for an empty folder and past its end', async () => {
    await using session = await sessionOf('empty');
    await session.select('INBOX', never);
    expect(await session.search(1, undefined, never)).toEqual([]);
    expect(await session.search(1, 100, never)).toEqual([]);
    dovecot.deliver('empty', 'INBOX', mail('one'));
    await session.select('INBOX', never);
    expect(await session.search(1, undefined, never)).toEqual([1]);
    expect(await session.search(2, undefined, never)).toEqual([]);
    expect(await session.search(2, 9, never)).toEqual([]);
    expect(await session.list([2, 3], never)).toEqual([]);
    expect(await collect(session.fetch([2, 3], never))).toEqual([]);
    expect(await session.fetchHeader(2, never)).toBeUndefined();
  });
});

describe('reading', () => {
  it('gives all 6,046 messages of the corpus byte for byte, with their sizes and dates', async () => {
    const expected = [...spamAssassin()];
    writeMaildir(dovecot.mailDir('corpus'), expected);
    await dovecot.adopt('corpus');
    await using session = await sessionOf('corpus');
    const state = await session.select('INBOX', never);
    expect(state).toMatchObject({ exists: 6046, uidNext: 6047 });
    const uids = await session.search(1, undefined, never);
    expect(uids).toHaveLength(6046);
    const listed = await session.list(uids, never);
    expect(listed.map((m) => m.size)).toEqual(expected.map((m) => m.length));
    expect(listed[0]!.receivedAt).toEqual(new Date(1_000_000_000_000));
    expect(listed[6045]!.receivedAt).toEqual(new Date(1_000_006_045_000));
    const hashes: string[] = [];
    for await (const message of session.fetch(uids, never)) {
      expect(message.flags).toEqual(['\\Seen']);
      hashes.push(sha256(message.raw));
    }
    expect(hashes).toEqual(expected.map(sha256));
  });

  it('reads a set of UIDs too long for one command as one stream', async () => {
    await using session = await sessionOf('corpus');
    await session.select('INBOX', never);
    const odd = Array.from({ length: 3023 }, (_, i) => 2 * i + 1);
    expect((await session.list(odd, never)).map((m) => m.uid)).toEqual(odd);
    expect((await collect(session.fetch(odd, never))).map((m) => m.uid)).toEqual(odd);
  });

  it('leaves messages unread', async () => {
    dovecot.deliver('unread', 'INBOX', mail('unread'));
    await using session = await sessionOf('unread');
    await session.select('INBOX', never);
    expect((await collect(session.fetch([1], never)))[0]!.flags).not.toContain('\\Seen');
    expect(await session.fetchHeader(1, never)).toEqual(Buffer.from('From: a@example.org\r\nSubject: unread\r\n\r\n'));
    await session.select('INBOX', never);
    expect((await collect(session.fetch([1], never)))[0]!.flags).not.toContain('\\Seen');
  });

  it('goes on when the consumer stops early', async () => {
    await using session = await sessionOf('corpus');
    await session.select('INBOX', never);
    for await (const message of session.fetch([1, 2, 3, 4, 5], never)) if (message.uid === 2) break;
    expect((await collect(session.fetch([7], never))).map((m) => m.uid)).toEqual([7]);
  });

  it('leaves out what was expunged before or while it is fetched', async () => {
    const files = Array.from({ length: 30 }, (_, i) => dovecot.deliver('expunge', 'INBOX', mail(`${i}`.repeat(5_000))));
    await using reader = await sessionOf('expunge');
    await reader.select('INBOX', never);
    const uids = await reader.search(1, undefined, never);
    expect(uids).toHaveLength(30);
    const remove = (name: string) => {
      for (const sub of ['new', 'cur']) {
        const dir = path.join(dovecot.mailDir('expunge'), sub);
        for (const file of fs.readdirSync(dir)) if (file.startsWith(name)) fs.rmSync(path.join(dir, file));
      }
    };
    remove(files[4]!);
    await using other = await sessionOf('expunge');
    await other.select('INBOX', never);
    expect(await other.search(1, undefined, never)).toHaveLength(29);
    const got: number[] = [];
    for await (const message of other.fetch(uids, never)) {
      if (message.uid === 1) remove(files[29]!);
      got.push(message.uid);
    }
    expect(new Set(got).size).toBe(got.length);
    expect(got).not.toContain(5);
    expect(got.length).toBeGreaterThanOrEqual(28);
  });

  it('sees a new epoch with its mail kept', async () => {
    for (let i = 0; i < 3; i++) dovecot.deliver('epoch', 'INBOX', mail(`${i}`));
    await using session = await sessionOf('epoch');
    const before = await session.select('INBOX', never);
    const epoch = await dovecot.newEpoch('epoch');
    await using later = await sessionOf('epoch');
    const after = await later.select('INBOX', never);
    expect(after.epoch).toBe(epoch);
    expect(after.epoch).not.toBe(before.epoch);
    expect(await later.search(1, undefined, never)).toEqual([1, 2, 3]);
  });
});

describe('waiting', () => {
  it('returns within a second of new mail', async () => {
    await using session = await sessionOf('idle');
    await session.select('INBOX', never);
    const waiting = session.wait(20_000, never);
    await eventually(() => fs.existsSync(path.join(dovecot.mailDir('idle'), 'dovecot-uidlist')));
    setTimeout(() => dovecot.deliver('idle', 'INBOX', mail('new')), 200);
    const started = performance.now();
    expect(await waiting).toBe('changed');
    expect(performance.now() - started).toBeLessThan(3_000);
    expect(await session.search(1, undefined, never)).toEqual([1]);
  });

  it('notices mail that came between the search and the wait', async () => {
    await using session = await sessionOf('between');
    await session.select('INBOX', never);
    expect(await session.search(1, undefined, never)).toEqual([]);
    dovecot.deliver('between', 'INBOX', mail('new'));
    expect(await session.wait(20_000, never)).toBe('changed');
  });

  it('notices mail that came before the folder was opened again, but after it was searched', async () => {
    await using session = await sessionOf('reopened', { folders: { include: ['**'] } });
    dovecot.deliver('reopened', 'Other', mail('other'));
    await session.select('INBOX', never);
    await session.search(1, undefined, never);
    await session.select('Other', never);
    expect(await session.search(1, undefined, never)).toEqual([1]);
    dovecot.deliver('reopened', 'INBOX', mail('new'));
    await session.select('INBOX', never);
    expect(await session.wait(20_000, never)).toBe('changed');
    expect(await session.search(1, undefined, never)).toEqual([1]);
    await session.select('INBOX', never);
    expect(await session.wait(50, never)).toBe('timeout');
  });

  it('ends after its time, on an abort, and can be used again', async () => {
    await using session = await sessionOf('idle-time');
    await session.select('INBOX', never);
    expect(await session.wait(300, never)).toBe('timeout');
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 100);
    const started = performance.now();
    expect(await session.wait(60_000, stop.signal)).toBe('timeout');
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await session.search(1, undefined, never)).toEqual([]);
  });

  it('fails when the connection dies while waiting', async () => {
    const own = await startDovecot({ tls: false });
    try {
      own.makeFolder('dies', 'INBOX');
      const session = await openSession(await imapSource(own, { user: 'dies' }));
      await session.select('INBOX', never);
      const waiting = failure(session.wait(60_000, never));
      await own.down();
      expect(await waiting).toMatchObject({ family: 'Transient', code: 'IMAP_CONNECTION_LOST' });
      await session[Symbol.asyncDispose]();
    } finally {
      await own.stop();
    }
  });

  it('works in two sessions of one account at the same time', async () => {
    await using one = await sessionOf('pair');
    await using two = await sessionOf('pair');
    await Promise.all([one.select('INBOX', never), two.select('INBOX', never)]);
    const waits = Promise.all([one.wait(20_000, never), two.wait(20_000, never)]);
    setTimeout(() => dovecot.deliver('pair', 'INBOX', mail('new')), 100);
    expect(await waits).toEqual(['changed', 'changed']);
    const both = await Promise.all([one, two].map((session) => collect(session.fetch([1], never))));
    expect(both.map((messages) => messages[0]!.raw.toString())).toEqual([mail('new'), mail('new')]);
  });

  it('throws nothing but MailmillErrors', async () => {
    const session = await sessionOf('closed');
    await session[Symbol.asyncDispose]();
    for (const use of [
      session.folders(never),
      session.select('INBOX', never),
      session.search(1, undefined, never),
      session.list([1], never),
      collect(session.fetch([1], never)),
      session.fetchHeader(1, never),
      session.status('INBOX', never),
      session.wait(1_000, never),
    ]) {
      expect(await failure(use)).toBeInstanceOf(MailmillError);
    }
  });
});
