import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { gmailView, type ListedFolder } from '../../../src/sources/imap/gmail.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { failure, never, openSession } from '../support.ts';
import { ScriptedMailbox } from './scripted-mailbox.ts';

const folder = (name: string, ...uses: string[]): ListedFolder => ({ name, uses: new Set(uses) });
const all = folder('[Gmail]/Alle Nachrichten', '\\all');
const spam = folder('[Gmail]/Spam', '\\junk');
const trash = folder('[Gmail]/Papierkorb', '\\trash');
const sent = folder('[Gmail]/Gesendet', '\\sent');
const listed = [folder('INBOX'), folder('Kunden/Groß'), all, sent, spam, trash];

describe('which folders are opened, and what is read of them', () => {
  const view = (include: string[], exclude: string[] = []) => {
    const { folders, reads } = gmailView(listed, { include, exclude });
    const labels = [['\\Inbox'], ['\\Sent'], ['Kunden/Groß', '\\Important'], ['hidden'], []];
    return { folders, read: labels.map((each) => (reads ? reads(all.name, each) : true)) };
  };

  test.each([
    ['INBOX', ['INBOX'], [], [true, false, false, false, false]],
    ['a label', ['Kunden/**'], [], [false, false, true, false, false]],
    ['a label that is not shown to IMAP', ['hidden'], [], [false, false, false, true, false]],
    ['a special use', ['\\Sent'], [], [false, true, false, false, false]],
    ['its folder', ['[[]Gmail]/*', '[Gmail]/Gesendet'], [], [false, true, false, false, false]],
    ['everything', ['\\All'], [], [true, true, true, true, true]],
    ['everything but a label', ['\\All'], ['Kunden/*', '\\Sent'], [true, false, false, true, true]],
  ])('%s', (_, include, exclude, read) => {
    expect(view(include, exclude)).toEqual({ folders: [all.name], read });
  });

  test('Spam and Trash are folders of their own, read where they are included', () => {
    expect(view(['\\Junk']).folders).toEqual([spam.name]);
    expect(view(['**'], ['\\Trash']).folders).toEqual([all.name, spam.name]);
    expect(view(['**']).folders).toEqual([all.name, trash.name, spam.name]);
    expect(gmailView(listed, { include: ['INBOX', '\\Junk'], exclude: [] }).reads?.(spam.name, [])).toBe(true);
  });

  test('All Mail that is hidden is an instruction', () => {
    const error = (() => {
      try {
        return gmailView([folder('INBOX'), spam], { include: ['INBOX'], exclude: [] });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toMatchObject({ family: 'Stalled', code: 'IMAP_ALL_MAIL_HIDDEN' });
    expect(String(error)).toContain('Show in IMAP');
  });
});

/** Speaks the extensions of Gmail: special uses, X-GM-MSGID and X-GM-LABELS, by UID of All Mail. */
function gmail(labels: Readonly<Record<number, string>>, hidden = false): ScriptedMailbox {
  const box = new ScriptedMailbox({ capabilities: 'IMAP4rev1 IDLE ESEARCH X-GM-EXT-1 SPECIAL-USE' });
  box.faults.set('LIST', (to) => {
    const allMail = '* LIST (\\HasNoChildren \\All) "/" "[Gmail]/All Mail"';
    to.send('* LIST (\\HasNoChildren) "/" INBOX', '* LIST (\\Noselect) "/" "[Gmail]"', ...(hidden ? [] : [allMail]));
    to.send('* LIST (\\HasNoChildren \\Junk) "/" "[Gmail]/Spam"', `${to.tag} OK Success`);
    return true;
  });
  box.faults.set('UID FETCH', (to, honest) => {
    if (!to.line.includes('X-GM-MSGID')) return false;
    const more = (_: string, uid: string) =>
      `UID ${uid} X-GM-MSGID 127877479280${uid}${to.line.includes('X-GM-LABELS') ? ` X-GM-LABELS (${labels[Number(uid)] ?? ''})` : ''}`;
    to.raw(Buffer.from(honest.toString('latin1').replace(/UID (\d+)(?= FLAGS| RFC822)/g, more), 'latin1'));
    return true;
  });
  return box;
}

describe('a server that speaks as Gmail', () => {
  let box: ScriptedMailbox;
  let session: SourceSession | undefined;
  beforeEach(async () => {
    box = gmail({ 1: '\\Inbox', 2: '"Kunden/Gro&AN8-" \\Sent', 3: '"\\\\Important"', 4: '' });
    for (let n = 1; n <= 4; n++) box.deliver('[Gmail]/All Mail', `Subject: ${n}\r\n\r\nx\r\n`);
    box.deliver('[Gmail]/Spam', 'Subject: spam\r\n\r\nx\r\n');
    box.deliver('INBOX', 'Subject: 1\r\n\r\nx\r\n');
    await box.start();
  });
  afterEach(async () => {
    await session?.[Symbol.asyncDispose]();
    session = undefined;
    await box[Symbol.asyncDispose]();
  });

  const open = async (include: string[], exclude: string[] = []) => {
    session = await openSession(await box.source({ preset: 'gmail', folders: { include, exclude } }));
    const folders = (await session.folders(never)).map(({ name }) => name);
    await session.select(folders[0]!, never);
    const rows = await session.list(await session.search(1, undefined, never), never);
    return { folders, read: rows.filter(({ excluded }) => !excluded).map(({ uid }) => uid), rows };
  };

  test('has each message once, with the id that Gmail gives it', async () => {
    const { folders, read, rows } = await open(['**']);
    expect(folders).toEqual(['[Gmail]/All Mail', '[Gmail]/Spam']);
    expect(read).toEqual([1, 2, 3, 4]);
    expect(rows[1]).toMatchObject({ objectId: '1278774792802' });
    expect(box.server.lines.filter((line) => line.includes('X-GM-LABELS'))).toEqual([]);
  });

  test('is read by labels, in whatever form they come', async () => {
    expect((await open(['Kunden/Groß', '\\Important'])).read).toEqual([2, 3]);
  });

  test('leaves out what has a label that is excluded', async () => {
    expect((await open(['\\All'], ['INBOX', '\\Sent'])).read).toEqual([3, 4]);
  });

  test('is not read when it hides All Mail', async () => {
    await box[Symbol.asyncDispose]();
    box = gmail({}, true);
    box.deliver('INBOX', 'Subject: 1\r\n\r\nx\r\n');
    await box.start();
    expect(await failure(open(['INBOX']))).toMatchObject({ code: 'IMAP_ALL_MAIL_HIDDEN' });
  });
});
