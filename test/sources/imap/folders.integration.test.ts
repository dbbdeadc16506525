import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { imapSource, never, openSession } from '../support.ts';

let dovecot: Dovecot;
beforeAll(async () => {
  dovecot = await startDovecot();
  for (const folder of ['INBOX', 'Sent', 'Papierkorb', 'Entwürfe/50% *fertig*']) {
    dovecot.deliver('ann', folder, 'Subject: 1\r\n\r\nx\r\n');
    dovecot.deliver('ann', folder, 'Subject: 2\r\n\r\nx\r\n');
  }
});
afterAll(async () => {
  await dovecot?.stop();
});

const session = async (include: string[], exclude: string[] = [], watch: string[] = []) =>
  openSession(await imapSource(dovecot, { user: 'ann', folders: { include, exclude, watch } }));

describe('patterns by special use', () => {
  test('select what the server marks, whatever it is called', async () => {
    await using one = await session(['\\Trash', '\\Sent']);
    expect((await one.folders(never)).map(({ name }) => name)).toEqual(['Papierkorb', 'Sent']);
    await using other = await session(['**'], ['\\Trash'], ['\\Sent']);
    expect(await other.folders(never)).toEqual([
      { name: 'Entwürfe/50% *fertig*' },
      { name: 'INBOX' },
      { name: 'Sent', watch: true },
    ]);
  });
});

describe('the state of several folders', () => {
  test('is that of each, in one round trip; a folder that is gone is left out', async () => {
    await using it = await session(['**']);
    expect(it.capabilities).toContain('LIST-STATUS');
    const names = (await it.folders(never)).map(({ name }) => name);
    const all = await it.statuses!(names, never);
    expect([...all.keys()].sort()).toEqual([...names].sort());
    for (const name of names) expect([name, all.get(name)]).toEqual([name, await it.status(name, never)]);
    expect(all.get('Sent')).toMatchObject({ uidNext: 3, exists: 2 });
  });
});
