import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ImapSession } from '../../../src/sources/imap/session.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { type Cyrus, startCyrus } from '../../support/cyrus.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { imapClient } from '../../support/imap-client.ts';
import { message } from '../../support/worker.ts';
import { imapSource, never } from '../support.ts';

let dovecot: Dovecot;
let cyrus: Cyrus;
beforeAll(async () => {
  [dovecot, cyrus] = await Promise.all([startDovecot({ tls: false }), startCyrus()]);
});
afterAll(async () => {
  await dovecot?.stop();
  await cyrus?.stop();
});

type Session = SourceSession & Required<Pick<ImapSession, 'changes' | 'isGone'>>;

/** Twelve messages, somebody who changes them, and a session that wants to know. */
async function opened(server: 'Dovecot' | 'Cyrus', user: string) {
  if (server === 'Dovecot') dovecot.makeFolder(user, 'INBOX');
  else await cyrus.makeUser(user, ['INBOX']);
  const { host, port } = server === 'Dovecot' ? dovecot : cyrus;
  const target = { host, port, tlsPort: port, ca: '' };
  const other = await imapClient({ host, port }, user);
  for (let n = 1; n <= 12; n++) await other.append('INBOX', message(n));
  await other.mailboxOpen('INBOX');
  const source = await imapSource(target, { user });
  const session = (await source.open(user, never, { vanished: true })) as Session;
  const end = async () => {
    await session[Symbol.asyncDispose]();
    await other.logout();
  };
  return { other, session, state: await session.select('INBOX', never), [Symbol.asyncDispose]: end };
}

describe.each(['Dovecot', 'Cyrus'] as const)('%s', (server) => {
  test('tells by UID what is gone since a number, and whose flags changed', async () => {
    await using it = await opened(server, 'gone');
    const since = it.state.modseq!;
    await it.other.messageDelete('2,5:6', { uid: true });
    await it.other.messageFlagsAdd('4', ['\\Flagged'], { uid: true });
    await it.session.select('INBOX', never);
    const told = await it.session.changes(12, since, never);
    expect(told?.flagged).toEqual([{ uid: 4, flags: ['\\Flagged'] }]);
    expect([1, 2, 3, 4, 5, 6, 7, 12].filter((uid) => told?.vanished.has(uid))).toEqual([2, 5, 6]);
    // Of a time that it may have forgotten it tells too much rather than too little.
    const all = await it.session.changes(12, 1n, never);
    expect([2, 5, 6].every((uid) => all?.vanished.has(uid))).toBe(true);
    expect([1, 3, 4, 7, 8, 9, 10, 11, 12].some((uid) => all?.vanished.has(uid))).toBe(false);
    const { modseq } = await it.session.select('INBOX', never);
    expect(await it.session.changes(12, modseq!, never)).toMatchObject({ flagged: [], vanished: { ranges: [] } });
  });

  test('names what vanishes while a folder is open, and new mail after that is news', async () => {
    await using it = await opened(server, 'open');
    await it.session.search(1, undefined, never);
    await it.other.messageDelete('3', { uid: true });
    const waiting = it.session.wait(3_000, never);
    await it.other.append('INBOX', message(13));
    expect(await waiting).toBe('changed');
    expect(await it.session.search(12, undefined, never)).toEqual([12, 13]);
    await it.session.wait(1, never);
    expect([2, 3, 4].filter((uid) => it.session.isGone(uid))).toEqual([3]);
  });
});
