import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { defaultTimeouts, ImapConnection } from '../../../src/sources/imap/connection.ts';
import { ImapSession } from '../../../src/sources/imap/session.ts';
import { eventually } from '../../support/processes.ts';
import { collect, failure, imapSource, never, openSession } from '../support.ts';
import { ScriptedMailbox } from './scripted-mailbox.ts';
import { row, type Script, type ScriptOptions, startScripted } from './scripted-server.ts';

async function start(script: Script, options?: ScriptOptions) {
  const server = await startScripted(script, options);
  const source = await imapSource(server, { user: 'user', password: 'pa55word' });
  return { server, source };
}

/** A server and a session with INBOX open. */
async function selected(script: Script, options?: ScriptOptions) {
  const { server, source } = await start(script, options);
  const session = await openSession(source);
  await session.select('INBOX', never);
  return {
    server,
    session,
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe('a login', () => {
  for (const answer of ['NIL NIL NIL', 'NIL (("~" "/")) NIL', '() () ()', '(("INBOX." NIL)) NIL', ''])
    it(`after which a server tells namespaces as "${answer}" opens folders all the same`, async () => {
      const namespace = answer === '' ? [] : [`* NAMESPACE ${answer}`];
      const { server, source } = await start(
        { NAMESPACE: (to) => to.send(...namespace, `${to.tag} OK done`) },
        { capabilities: 'IMAP4rev1 IDLE ESEARCH NAMESPACE' },
      );
      await using _ = server;
      await using session = await openSession(source);
      expect(await session.folders(never)).toEqual([{ name: 'INBOX' }]);
      expect((await session.select('INBOX', never)).exists).toBe(3);
      expect(server.lines.filter((line) => line === 'NAMESPACE')).toHaveLength(1);
    });
});

describe('a login that is refused', () => {
  const cases = [
    ['NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)', 'Stalled', 'IMAP_AUTH_REJECTED', undefined],
    ['NO LOGIN failed.', 'Stalled', 'IMAP_AUTH_REJECTED', undefined],
    ['NO [AUTHENTICATIONFAILED] Login failed, please try again later', 'Stalled', 'IMAP_AUTH_REJECTED', undefined],
    ['NO [AUTHENTICATIONFAILED] Too many failed logins', 'Waiting', 'IMAP_THROTTLED', 60_000],
    ['NO [LIMIT] LOGIN Rate limit hit', 'Waiting', 'IMAP_THROTTLED', 60_000],
    ['NO [ALERT] Too many simultaneous connections. (Failure)', 'Waiting', 'IMAP_TOO_MANY_CONNECTIONS', 30_000],
    ['NO [UNAVAILABLE] Temporary authentication failure.', 'Transient', 'IMAP_UNAVAILABLE', undefined],
    ['NO Server error - please try again later', 'Waiting', 'IMAP_THROTTLED', 60_000],
    ['BAD User is authenticated but not connected.', 'Transient', 'IMAP_UNAVAILABLE', undefined],
    ['NO [PRIVACYREQUIRED] no clear text', 'Stalled', 'IMAP_LOGIN_DISABLED', undefined],
  ] as const;
  for (const [answer, family, code, retryAfterMs] of cases) {
    it(`${answer} is ${family} ${code}`, async () => {
      const { server, source } = await start({ LOGIN: (to) => to.send(`${to.tag} ${answer}`) });
      await using _ = server;
      const error = await failure(openSession(source));
      expect(error).toMatchObject({ family, code, retryAfterMs });
      expect(`${(error as Error).message}`).not.toContain('pa55word');
      await eventually(() => server.open() === 0);
    });
  }

  it('with a pause that Exchange suggests waits for so long, and closes at once', async () => {
    const text = 'Request is throttled. Suggested Backoff Time: 92415 milliseconds';
    const { server, source } = await start({ LOGIN: (to) => to.send(`${to.tag} BAD ${text}`) });
    await using _ = server;
    const error = await failure(openSession(source));
    expect(error).toMatchObject({ family: 'Waiting', code: 'IMAP_THROTTLED', retryAfterMs: 92_415 });
    await eventually(() => server.open() === 0);
  });

  it('because Exchange has no mailbox behind it is transient', async () => {
    const { server, source } = await start(
      {
        NAMESPACE: (to) => to.send(`${to.tag} BAD User is authenticated but not connected.`),
      },
      { capabilities: 'IMAP4rev1 NAMESPACE' },
    );
    await using _ = server;
    expect(await failure(openSession(source))).toMatchObject({ family: 'Transient', code: 'IMAP_UNAVAILABLE' });
  });

  it('because the server takes no passwords in the clear stalls without sending it', async () => {
    const { server, source } = await start({}, { capabilities: 'IMAP4rev1 LOGINDISABLED' });
    await using _ = server;
    expect(await failure(openSession(source))).toMatchObject({ family: 'Stalled', code: 'IMAP_LOGIN_DISABLED' });
    expect(server.lines.join('\n')).not.toContain('pa55word');
  });
});

describe('connecting', () => {
  it('waits when the greeting is a goodbye for too many connections', async () => {
    const { server, source } = await start({}, { greeting: '* BYE Too many connections from your address' });
    await using _ = server;
    expect(await failure(openSession(source))).toMatchObject({ family: 'Waiting', code: 'IMAP_TOO_MANY_CONNECTIONS' });
  });

  it('never talks STARTTLS with tls.mode None, and never logs in without it with StartTLS', async () => {
    const { server, source } = await start({}, { capabilities: 'IMAP4rev1 STARTTLS' });
    await using _ = server;
    await using session = await openSession(source);
    await session.select('INBOX', never);
    expect(server.lines).not.toContain('STARTTLS');
    await using refusing = await startScripted(
      { STARTTLS: (to) => to.send(`${to.tag} NO not now`) },
      { capabilities: 'IMAP4rev1 STARTTLS' },
    );
    const secure = await imapSource(refusing, { user: 'user', password: 'pa55word', mode: 'StartTLS' });
    expect(await failure(openSession(secure))).toMatchObject({ family: 'Stalled', code: 'IMAP_TLS_FAILED' });
    expect(refusing.lines.join('\n')).not.toContain('pa55word');
  });

  it('gives up on a server that says nothing', async () => {
    const { host, port, ...server } = await startScripted({ LOGIN: () => undefined });
    await using _ = server;
    const timeouts = { ...defaultTimeouts, login: 200 };
    const settings = { host, port, mode: 'None', user: 'user', password: 'x', timeouts } as const;
    expect(await failure(ImapConnection.open(settings, never))).toMatchObject({
      family: 'Transient',
      code: 'IMAP_UNREACHABLE',
    });
    await eventually(() => server.open() === 0);
  });
});

describe('a search', () => {
  const answers: readonly (readonly [string, (tag: string) => string[]])[] = [
    ['that is refused', (tag) => [`${tag} NO cannot`]],
    ['that finds nothing in a folder that is not empty', (tag) => [`* ESEARCH (TAG "${tag}") UID`, `${tag} OK`]],
    ['whose answer is missing', (tag) => [`${tag} OK done`]],
    ['with fewer UIDs than counted', (tag) => [`* ESEARCH (TAG "${tag}") UID COUNT 3 ALL 1:2`, `${tag} OK`]],
    [
      'that claims four billion messages',
      (tag) => [`* ESEARCH (TAG "${tag}") UID COUNT 4294967295 ALL 1:4294967295`, `${tag} OK`],
    ],
  ];
  for (const [what, answer] of answers) {
    it(`${what} fails`, async () => {
      await using it = await selected({ 'UID SEARCH': (to) => to.send(...answer(to.tag)) });
      const error = await failure(it.session.search(1, undefined, never));
      expect(error).toMatchObject({
        family: 'Transient',
        code: expect.stringMatching(/^IMAP_(SEARCH|COMMAND)_FAILED$/),
      });
    });
  }

  it('without ESEARCH that comes back empty fails for a range in the middle too', async () => {
    const empty: Script = { 'UID SEARCH': (to) => to.send('* SEARCH', `${to.tag} OK done`) };
    await using it = await selected(empty, { capabilities: 'IMAP4rev1' });
    expect(await failure(it.session.search(1, 2, never))).toMatchObject({ code: 'IMAP_SEARCH_FAILED' });
  });

  it('without ESEARCH ignores the last message where n:* was past the end', async () => {
    const last: Script = { 'UID SEARCH': (to) => to.send('* SEARCH 3', `${to.tag} OK done`) };
    await using it = await selected(last, { capabilities: 'IMAP4rev1' });
    expect(await it.session.search(4, undefined, never)).toEqual([]);
    expect(await it.session.search(3, 3, never)).toEqual([3]);
  });

  it('that is throttled waits as long as the server says, and the connection is closed', async () => {
    const text = 'BAD Request is throttled. Suggested Backoff Time: 1500 milliseconds';
    await using it = await selected({ 'UID SEARCH': (to) => to.send(`${to.tag} ${text}`) });
    const error = await failure(it.session.search(1, undefined, never));
    expect(error).toMatchObject({ family: 'Waiting', code: 'IMAP_THROTTLED', retryAfterMs: 1_500 });
    await eventually(() => it.server.open() === 0);
  });
});

describe('a fetch', () => {
  it('gives each message once when the server repeats rows, and ignores rows that nobody asked for', async () => {
    const body = 'Subject: x\r\n\r\nbody';
    await using it = await selected({
      'UID FETCH': (to) => {
        to.raw(row(1, 1, body) + row(2, 2, body) + row(1, 1, body));
        to.send('* 3 FETCH (UID 3 FLAGS (\\Seen))', '* 2 FETCH (FLAGS (\\Seen))');
        to.raw(row(3, 9, body));
        to.send(`${to.tag} OK done`);
      },
    });
    const messages = await collect(it.session.fetch([1, 2, 3], never));
    expect(messages.map((message) => message.uid)).toEqual([1, 2]);
    expect(messages[0]!.raw.toString()).toBe(body);
  });

  it('gives a message without bytes where the server sends NIL', async () => {
    await using it = await selected({
      'UID FETCH': (to) => to.send('* 1 FETCH (UID 1 FLAGS () BODY[] NIL)', `${to.tag} OK done`),
    });
    expect(await collect(it.session.fetch([1], never))).toEqual([{ uid: 1, raw: Buffer.alloc(0), flags: [] }]);
  });

  it('that breaks off in the middle of a message fails after the whole ones', async () => {
    await using it = await selected({
      'UID FETCH': (to) => {
        to.raw(`${row(1, 1, 'whole')}* 2 FETCH (UID 2 FLAGS () BODY[] {1000}\r\nhalf`);
        setTimeout(() => to.drop(), 20);
      },
    });
    const seen: number[] = [];
    const error = await failure(
      (async () => {
        for await (const message of it.session.fetch([1, 2, 3], never)) seen.push(message.uid);
      })(),
    );
    expect(seen).toEqual([1]);
    expect(error).toMatchObject({ family: 'Transient', code: 'IMAP_CONNECTION_LOST' });
  });

  it('that ends with a goodbye for used-up bandwidth waits', async () => {
    await using it = await selected({
      'UID FETCH': (to) => {
        to.send('* BYE [OVERQUOTA] Account exceeded command or bandwidth limits.');
        to.drop();
      },
    });
    expect(await failure(collect(it.session.fetch([1], never)))).toMatchObject({
      family: 'Waiting',
      code: 'IMAP_THROTTLED',
    });
  });

  it('counts as done when some messages no longer exist', async () => {
    await using it = await selected({
      'UID FETCH': (to) => {
        to.raw(row(1, 1, 'one'));
        to.send(`${to.tag} NO Some of the requested messages no longer exist.`);
      },
    });
    expect((await collect(it.session.fetch([1, 2], never))).map((message) => message.uid)).toEqual([1]);
  });

  it('is held back by a consumer that takes its time', async () => {
    const body = 'x'.repeat(100_000);
    await using it = await selected({
      'UID FETCH': (to) => {
        for (let uid = 1; uid <= 300; uid++) to.raw(row(uid, uid, body));
        to.send(`${to.tag} OK done`);
      },
    });
    const uids = Array.from({ length: 300 }, (_, i) => i + 1);
    let taken = 0;
    let before = 0;
    for await (const message of it.session.fetch(uids, never)) {
      expect(message.raw.length).toBe(100_000);
      if (++taken !== 3) continue;
      await eventually(async () => {
        before = it.server.pending();
        await sleep(200);
        return it.server.pending() === before;
      });
      // Most of the 30 MB stay with the server; the rest is in the kernel's buffers.
      expect(before).toBeGreaterThan(10_000_000);
    }
    expect(taken).toBe(300);
  });

  it('ends when the server falls silent', async () => {
    const { host, port, ...server } = await startScripted({ 'UID FETCH': (to) => to.raw(row(1, 1, 'one')) });
    await using _ = server;
    const timeouts = { ...defaultTimeouts, inactivity: 200 };
    const settings = { host, port, mode: 'None', user: 'user', password: 'x', timeouts } as const;
    await using session = new ImapSession(await ImapConnection.open(settings, never), {
      include: ['INBOX'],
      exclude: [],
    });
    await session.select('INBOX', never);
    const error = await failure(collect(session.fetch([1, 2], never)));
    expect(error).toMatchObject({ family: 'Transient', code: 'IMAP_CONNECTION_LOST' });
    await eventually(() => server.open() === 0);
  });
});

describe('a list', () => {
  const rows = (item: (uid: number) => string): Script => ({
    'UID FETCH': (to) => {
      for (const uid of [3, 1, 1]) {
        const date = uid === 3 ? 'long ago' : '01-Feb-2026 10:00:00 +0100';
        to.send(`* ${uid} FETCH (UID ${uid} RFC822.SIZE 5 INTERNALDATE "${date}" ${item(uid)})`);
      }
      to.send('* 2 FETCH (UID 2 FLAGS (\\Seen))', `${to.tag} OK done`);
    },
  });

  for (const [capability, item] of [
    ['OBJECTID', (uid: number) => `EMAILID (M${uid})`],
    ['X-GM-EXT-1', (uid: number) => `X-GM-MSGID M${uid}`],
  ] as const) {
    it(`has object ids where the server has ${capability}`, async () => {
      await using it = await selected(rows(item), { capabilities: `IMAP4rev1 ESEARCH ${capability}` });
      expect(await it.session.list([1, 2, 3], never)).toEqual([
        { uid: 1, size: 5, receivedAt: new Date('2026-02-01T09:00:00Z'), objectId: 'M1' },
        // A date that cannot be read is the same for ever.
        { uid: 3, size: 5, receivedAt: new Date(0), objectId: 'M3' },
      ]);
    });
  }
});

describe('waiting', () => {
  it('polls a server without IDLE', async () => {
    let noops = 0;
    await using it = await selected(
      { NOOP: (to) => to.send(...(++noops === 1 ? ['* 4 EXISTS'] : []), `${to.tag} OK done`) },
      { capabilities: 'IMAP4rev1' },
    );
    expect(await it.session.wait(100, never)).toBe('changed');
    expect(await it.session.wait(50, never)).toBe('timeout');
    expect(noops).toBeGreaterThanOrEqual(2);
  });

  it('does not spin when the server ends every IDLE at once', async () => {
    await using it = await selected({ IDLE: (to) => to.send('+ idling', `${to.tag} OK not for long`) });
    expect(await it.session.wait(300, never)).toBe('timeout');
    expect(it.server.lines.filter((line) => line === 'IDLE').length).toBeLessThan(5);
  });

  it('fails when the server does not answer any more', async () => {
    const { host, port, ...server } = await startScripted({
      IDLE: (to) => to.send('+ idling'),
      DONE: () => undefined,
    });
    await using _ = server;
    const timeouts = { ...defaultTimeouts, inactivity: 200 };
    const settings = { host, port, mode: 'None', user: 'user', password: 'x', timeouts } as const;
    await using session = new ImapSession(await ImapConnection.open(settings, never), {
      include: ['INBOX'],
      exclude: [],
    });
    await session.select('INBOX', never);
    expect(await failure(session.wait(50, never))).toMatchObject({ family: 'Transient', code: 'IMAP_CONNECTION_LOST' });
  });

  it('keeps a quiet connection alive between commands', async () => {
    const { host, port, ...server } = await startScripted({});
    await using _ = server;
    const timeouts = { ...defaultTimeouts, inactivity: 100 };
    const settings = { host, port, mode: 'None', user: 'user', password: 'x', timeouts } as const;
    await using session = new ImapSession(await ImapConnection.open(settings, never), {
      include: ['INBOX'],
      exclude: [],
    });
    await session.select('INBOX', never);
    await eventually(() => server.lines.filter((line) => line === 'NOOP').length >= 2);
    expect(await session.search(1, undefined, never)).toEqual([1, 2, 3]);
  });
});

describe('a folder', () => {
  it('without UIDVALIDITY and UIDNEXT has epoch 0 and the UID after the last', async () => {
    await using it = await selected({
      EXAMINE: (to) => to.send('* 2 EXISTS', `${to.tag} OK done`),
      FETCH: (to) => to.send('* 2 FETCH (UID 41)', `${to.tag} OK done`),
    });
    expect(await it.session.select('INBOX', never)).toMatchObject({ epoch: 0n, uidNext: 42, exists: 2 });
  });

  it('with UIDVALIDITY 0 has epoch 0', async () => {
    await using it = await selected({
      EXAMINE: (to) => to.send('* 0 EXISTS', '* OK [UIDVALIDITY 0] ok', '* OK [UIDNEXT 1] ok', `${to.tag} OK done`),
    });
    expect(await it.session.select('INBOX', never)).toMatchObject({ epoch: 0n, uidNext: 1, exists: 0 });
  });

  it('is not shown when it cannot be opened, and is found below a separator that is none of ours', async () => {
    await using it = await selected({
      LIST: (to) =>
        to.send(
          '* LIST (\\HasNoChildren) "\\\\" inbox',
          '* LIST (\\Noselect) "\\\\" Archive',
          '* LIST () "\\\\" "Archive\\\\2026/Q1"',
          `${to.tag} OK done`,
        ),
    });
    const { server } = it;
    const all = await imapSource(server, { user: 'user', folders: { include: ['**'] } });
    await using session = await openSession(all);
    expect((await session.folders(never)).map((folder) => folder.name)).toEqual(['Archive/2026%2FQ1', 'INBOX']);
    await session.select('Archive/2026%2FQ1', never);
    expect(server.lines.at(-1)).toContain('2026/Q1');
  });

  const names = [
    ['&AOk-', 'é'],
    ['A&-B', 'A&B'],
    ['Tom&Jerry', 'Tom&Jerry'],
    ['a&b&c-', 'a&b&c-'],
    ['wei&AGkAZgA-t', 'wei&AGkAZgA-t'],
    ['&2D0-', '&2D0-'],
    ['Caf\xe9', 'Caf%E9'],
    ['Caf\xc3\xa9', 'Café'],
    ['\xff\xfe', '%FF%FE'],
  ] as const;
  for (const [wire, name] of names)
    it(`that the server calls ${JSON.stringify(wire)} is ${name}, and is opened under the server's name`, async () => {
      await using box = await new ScriptedMailbox().start();
      box.deliver(wire, 'Subject: x\r\n\r\nbody');
      await using session = await openSession(await box.source());
      expect(await session.folders(never)).toEqual([{ name }]);
      expect(await session.select(name, never)).toMatchObject({ exists: 1 });
      expect(await session.status(name, never)).toMatchObject({ exists: 1 });
    });

  it('keeps its name apart from another that would be called alike', async () => {
    await using box = await new ScriptedMailbox().start();
    for (const wire of ['\xc3\xa9', '&AOk-', '&AOk-']) box.deliver(wire, 'x');
    await using session = await openSession(await box.source());
    expect((await session.folders(never)).map((folder) => folder.name)).toEqual(['%C3%A9', 'é']);
    expect(await session.select('é', never)).toMatchObject({ exists: 2 });
    expect(await session.select('%C3%A9', never)).toMatchObject({ exists: 1 });
  });
});
