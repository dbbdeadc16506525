import { afterEach, describe, expect, test } from 'vitest';
import type { ImapSession } from '../../../src/sources/imap/session.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { UidSet } from '../../../src/store/uid-set.ts';
import { never } from '../support.ts';
import { type Fault, ScriptedMailbox } from './scripted-mailbox.ts';

const offered = 'IMAP4rev1 IDLE ESEARCH ENABLE CONDSTORE QRESYNC';
const closing: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of closing.splice(0).reverse()) await it[Symbol.asyncDispose]();
});

type Session = SourceSession & Required<Pick<ImapSession, 'changes' | 'flags' | 'isGone'>>;

/** A folder of five messages, and a session that wants to know what vanishes. */
async function opened({ capabilities = offered, faults = {} as Readonly<Record<string, Fault>>, wants = true } = {}) {
  const box = await new ScriptedMailbox({ capabilities }).start();
  closing.push(box);
  for (let n = 1; n <= 5; n++) box.deliver('INBOX', `Subject: ${n}\r\n\r\n`);
  for (const [command, fault] of Object.entries(faults)) box.faults.set(command, fault);
  const source = await box.source({}, { inactivity: 2_000, answer: 2_000 });
  // The only kind of session that this source has.
  const session = (await source.open('ann', never, { vanished: wants })) as Session;
  closing.push(session);
  return { box, session, state: await session.select('INBOX', never) };
}

const commands = (box: ScriptedMailbox, word: string) => box.server.lines.filter((line) => line.includes(word));

describe('what has happened since a MODSEQ', () => {
  test('is told by one command: flags that changed, and UIDs that are gone', async () => {
    const { box, session, state } = await opened();
    box.flag('INBOX', 2, '\\Seen');
    box.expunge('INBOX', 1);
    box.expunge('INBOX', 4);
    const { modseq } = await session.select('INBOX', never);
    expect([state.modseq, modseq]).toEqual([15n, 18n]);
    expect(await session.changes(9, 15n, never)).toEqual({
      flagged: [{ uid: 2, flags: ['\\Seen'] }],
      vanished: UidSet.of([1, 1], [4, 4]),
    });
    expect(commands(box, 'CHANGEDSINCE')).toEqual(['UID FETCH 1:9 (UID FLAGS MODSEQ) (CHANGEDSINCE 15 VANISHED)']);
    expect(commands(box, 'ENABLE')).toEqual(['ENABLE QRESYNC']);
    // Answers belong to one question.
    expect(await session.changes(9, 18n, never)).toEqual({ flagged: [], vanished: UidSet.empty });
  });

  test('may name any number of messages, known or not', async () => {
    const uids = Array.from({ length: 10_000 }, (_, i) => 2 * i + 1);
    const { session } = await opened({
      faults: {
        'UID FETCH': (to) => {
          to.send(`* VANISHED (EARLIER) ${uids.join(',')}`, '* VANISHED (EARLIER) 70000:4294967295');
          to.send(`${to.tag} OK done`);
          return true;
        },
      },
    });
    const told = await session.changes(9, 3n, never);
    expect(told?.vanished.ranges.length).toBe(10_001);
    expect([told?.vanished.has(19_999), told?.vanished.has(20_000), told?.vanished.last]).toEqual([
      true,
      false,
      2 ** 32 - 1,
    ]);
  });

  test('also holds what vanishes while it is told', async () => {
    const { session } = await opened({
      faults: {
        'UID FETCH': (to) => {
          to.send('* VANISHED (EARLIER) 2', '* VANISHED 3:4', `${to.tag} OK done`);
          return true;
        },
      },
    });
    expect((await session.changes(9, 3n, never))?.vanished).toEqual(UidSet.of([2, 4]));
  });

  test.each([
    ['without QRESYNC', { capabilities: 'IMAP4rev1 ESEARCH ENABLE CONDSTORE' }, 3n],
    ['without ENABLE', { capabilities: 'IMAP4rev1 ESEARCH CONDSTORE QRESYNC' }, 3n],
    ['when nobody asked for it at the login', { wants: false }, 3n],
    ['since a number that the server has not reached', {}, 16n],
    ['since 0', {}, 0n],
  ])('is not told %s', async (_, options, since) => {
    const { box, session } = await opened(options);
    expect(await session.changes(9, since, never)).toBeUndefined();
    expect(commands(box, 'CHANGEDSINCE')).toEqual([]);
  });

  test.each<[string, string]>([
    ['NOMODSEQ', '[NOMODSEQ]'],
    ['HIGHESTMODSEQ 0', '[HIGHESTMODSEQ 0]'],
  ])('is not told of a folder with %s', async (_, code) => {
    const edit: Fault = (to, honest) => {
      to.raw(honest.toString().replace(/\[HIGHESTMODSEQ \d+\]/, code));
      return true;
    };
    const { box, session, state } = await opened({ faults: { EXAMINE: edit } });
    expect(state).not.toHaveProperty('modseq');
    expect(await session.changes(9, 3n, never)).toBeUndefined();
    expect(commands(box, 'CHANGEDSINCE')).toEqual([]);
  });

  test.each([
    ['refuses', (tag: string) => [`${tag} BAD unknown`]],
    ['enables something else', (tag: string) => ['* ENABLED CONDSTORE', `${tag} OK done`]],
    ['enables nothing', (tag: string) => [`${tag} OK done`]],
  ])('is not told by a server that %s', async (_, answer) => {
    const enable: Fault = (to) => {
      to.send(...answer(to.tag));
      return true;
    };
    const { session } = await opened({ faults: { ENABLE: enable } });
    expect(await session.changes(9, 3n, never)).toBeUndefined();
    expect((await session.search(1, undefined, never)).length).toBe(5);
  });

  test.each(['', ' x', ' 0', ' 1:', ' 4294967296', ' 1,,2', ' (EARLIER)'])(
    'is not told by VANISHED (EARLIER)%s',
    async (rest) => {
      const { session } = await opened({
        faults: {
          'UID FETCH': (to) => {
            to.send('* VANISHED (EARLIER) 2', `* VANISHED (EARLIER)${rest}`, `${to.tag} OK done`);
            return true;
          },
        },
      });
      expect(await session.changes(9, 3n, never)).toBeUndefined();
    },
  );

  test('flags alone can still be asked for, of some messages, too', async () => {
    const { box, session } = await opened();
    box.flag('INBOX', 2, 'a');
    expect(await session.flags(3, undefined, never)).toEqual(
      [1, 2, 3].map((uid) => ({ uid, flags: uid === 2 ? ['a'] : [] })),
    );
    expect((await session.flags([2, 4, 5], undefined, never)).map(({ uid }) => uid)).toEqual([2, 4, 5]);
    expect(await session.flags([], undefined, never)).toEqual([]);
  });
});

describe('what vanishes while a folder is open', () => {
  /** A server that says these lines before it answers to NOOP. */
  const says = (...lines: readonly string[]): Readonly<Record<string, Fault>> => ({
    NOOP: (to) => {
      to.send(...lines);
      return false;
    },
  });

  test('is known to be gone until the folder is opened again', async () => {
    const { session } = await opened({ faults: says('* VANISHED 2,4:5') });
    await session.wait(1, never);
    expect([1, 2, 3, 4, 5].filter((uid) => session.isGone(uid))).toEqual([2, 4, 5]);
    await session.select('INBOX', never);
    expect([1, 2, 3, 4, 5].filter((uid) => session.isGone(uid))).toEqual([]);
  });

  // imapflow itself does not count it: what comes next would be no news.
  test.each([
    ['one for another', ['* VANISHED 2', '* 5 EXISTS'], 'changed'],
    ['and nothing comes', ['* VANISHED 2'], 'timeout'],
    ['before what was told', ['* 6 EXISTS', '* VANISHED 2', '* 6 EXISTS'], 'changed'],
    ['more than there were', ['* VANISHED 1:100', '* 1 EXISTS'], 'changed'],
    ['nobody knows what', ['* VANISHED 0,x', '* 5 EXISTS'], 'changed'],
  ])('is counted: %s', async (_, lines, result) => {
    const { session } = await opened({ faults: says(...lines) });
    await session.search(1, undefined, never);
    expect(await session.wait(1, never)).toBe(result);
  });

  test('leaves a folder in which nothing is found', async () => {
    const { box, session } = await opened({ faults: says('* VANISHED 1:5') });
    for (let uid = 1; uid <= 5; uid++) box.expunge('INBOX', uid);
    await session.wait(1, never);
    expect(await session.search(1, undefined, never)).toEqual([]);
  });
});
