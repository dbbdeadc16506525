import { describe, expect, it } from 'vitest';
import { ImapConnection } from '../../../src/sources/imap/connection.ts';
import { ImapSession } from '../../../src/sources/imap/session.ts';
import type { RawMessage } from '../../../src/sources/source.ts';
import { failure, never } from '../support.ts';
import { row, type Script, startScripted } from './scripted-server.ts';

/** A server, and sessions with INBOX open. */
async function start(fetch: Script[string]) {
  const server = await startScripted({ 'UID FETCH': fetch });
  const { host, port } = server;
  const open = async (inactivity = 2_000) => {
    const timeouts = { inactivity };
    const settings = { host, port, mode: 'None', user: 'user', password: 'x', timeouts } as const;
    const session = new ImapSession(await ImapConnection.open(settings, never), { include: ['INBOX'], exclude: [] });
    await session.select('INBOX', never);
    return session;
  };
  return { server, open, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** What came, and the error that ended it. */
async function fetched(session: ImapSession, uids: readonly number[]) {
  const messages: RawMessage[] = [];
  const take = async () => {
    for await (const { memory, ...message } of session.fetch(uids, never)) {
      expect(memory, 'all are literals').toBeDefined();
      messages.push(message);
    }
  };
  const error = await take().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { messages, error };
}

const lost = { family: 'Transient', code: 'IMAP_CONNECTION_LOST' };
const bodies = ['Subject: one\r\n\r\n)\r\n', '', 'three'];
const rows = bodies.map((body, i) => row(i + 1, i + 1, body));
const all = bodies.map((body, i) => ({ uid: i + 1, raw: Buffer.from(body), flags: [] }));

describe('a FETCH', () => {
  it('whose connection ends after any byte gives the whole messages before it and fails', async () => {
    const text = rows.join('');
    let cut = 0;
    await using it = await start((to) => {
      to.raw(text.slice(0, cut));
      to.end();
    });
    const ends = rows.map((_, i) => rows.slice(0, i + 1).join('').length);
    for (cut = 0; cut <= text.length; cut++) {
      await using session = await it.open();
      const { messages, error } = await fetched(session, [1, 2, 3]);
      expect(error, `cut after ${cut}`).toMatchObject(lost);
      expect(messages, `cut after ${cut}`).toEqual(all.filter((_, i) => ends[i]! <= cut));
      expect(await failure(session.search(1, undefined, never))).toMatchObject(lost);
    }
  });

  it('may come in any two pieces', async () => {
    let cut = 0;
    await using it = await start((to) => {
      const text = `${rows.join('')}* 4 EXISTS\r\n${to.tag} OK done\r\n`;
      to.raw(text.slice(0, cut));
      setTimeout(() => to.raw(text.slice(cut)), 1);
    });
    await using session = await it.open();
    for (cut = 1; cut < rows.join('').length + 24; cut++) {
      const { messages, error } = await fetched(session, [1, 2, 3]);
      expect(error, `cut after ${cut}`).toBeUndefined();
      expect(messages, `cut after ${cut}`).toEqual(all);
    }
    expect(await session.wait(1_000, never)).toBe('changed');
  });

  it('gives rows in the order in which they come, each once', async () => {
    await using it = await start((to) => {
      to.raw([rows[2], rows[0], rows[2], '* 1 FETCH (FLAGS (\\Seen))\r\n', rows[1], rows[0]].join(''));
      to.send(`${to.tag} OK done`);
    });
    await using session = await it.open();
    const { messages, error } = await fetched(session, [1, 2, 3]);
    expect(error).toBeUndefined();
    expect(messages.map((message) => message.uid)).toEqual([3, 1, 2]);
  });

  it('with a literal shorter than announced waits for the rest and fails', async () => {
    await using it = await start((to) => {
      to.raw(rows[0]!);
      to.raw('* 2 FETCH (UID 2 FLAGS () BODY[] {5000}\r\nshort)\r\n');
      to.send(`${to.tag} OK done`);
    });
    await using session = await it.open(200);
    const { messages, error } = await fetched(session, [1, 2]);
    expect(messages).toEqual(all.slice(0, 1));
    expect(error).toMatchObject(lost);
  });

  it('with a literal longer than announced leaves that message out', async () => {
    await using it = await start((to) => {
      to.raw('* 1 FETCH (UID 1 FLAGS () BODY[] {3}\r\nlonger)\r\n');
      to.raw(rows[2]!);
      to.send(`${to.tag} OK done`);
    });
    await using session = await it.open();
    expect(await fetched(session, [1, 3])).toEqual({ messages: all.slice(2), error: undefined });
  });

  it('that announces a literal of a terabyte fails at once', async () => {
    await using it = await start((to) => to.raw('* 1 FETCH (UID 1 FLAGS () BODY[] {1000000000000}\r\nx'));
    await using session = await it.open(10_000);
    expect((await fetched(session, [1])).error).toMatchObject(lost);
  });

  it('that is garbage from here on fails without a message that was not sent', async () => {
    await using it = await start((to) => {
      to.raw(
        Buffer.concat([Buffer.from(rows[0]!), Buffer.from('\xff\xfe* 2 FETCH (((((\r\n\0\0{\r\n)\r\n', 'latin1')]),
      );
      to.end();
    });
    await using session = await it.open();
    const { messages, error } = await fetched(session, [1, 2]);
    expect(messages).toEqual(all.slice(0, 1));
    expect(error).toMatchObject(lost);
  });

  it('whose pause the server asks for waits as long as it says', async () => {
    await using it = await start((to) => {
      to.raw(rows[0]!);
      to.send(`${to.tag} BAD Request is throttled. Suggested Backoff Time: 1500 milliseconds`);
    });
    await using session = await it.open();
    const { messages, error } = await fetched(session, [1, 2]);
    expect(messages).toEqual(all.slice(0, 1));
    expect(error).toMatchObject({ family: 'Waiting', code: 'IMAP_THROTTLED', retryAfterMs: 1_500 });
  });

  it('that is left early is read to its end before the next one begins', async () => {
    let commands = 0;
    await using it = await start((to) => {
      commands += 1;
      const mine = commands;
      to.raw(rows[0]!);
      // Rows of the first command that come late must not become rows of the second.
      setTimeout(() => {
        to.raw(row(2, 2, `of command ${mine}`));
        to.send(`${to.tag} OK done`);
      }, 20);
    });
    await using session = await it.open();
    for await (const message of session.fetch([1, 2], never)) {
      expect(message.uid).toBe(1);
      break;
    }
    const { messages } = await fetched(session, [1, 2]);
    expect(messages.map((message) => message.raw.toString())).toEqual([bodies[0], 'of command 2']);
    expect(commands).toBe(2);
  });

  it('that an abort ends between two messages closes the connection', async () => {
    await using it = await start((to) => {
      to.raw(rows.join(''));
      to.send(`${to.tag} OK done`);
    });
    const stop = new AbortController();
    await using session = await it.open();
    const seen: number[] = [];
    const take = async () => {
      for await (const message of session.fetch([1, 2, 3], stop.signal)) {
        seen.push(message.uid);
        stop.abort();
      }
    };
    expect(await failure(take())).toMatchObject({ code: 'ABORTED' });
    expect(seen).toEqual([1]);
    expect(await failure(session.search(1, undefined, never))).toMatchObject(lost);
  });
});
