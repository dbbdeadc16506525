import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ScriptedMailbox } from '../../sources/imap/scripted-mailbox.ts';
import { imapSource } from '../../sources/support.ts';
import { type Cyrus, startCyrus } from '../../support/cyrus.ts';
import { imapClient } from '../../support/imap-client.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { message } from '../../support/worker.ts';
import { FakeSink, startAccount } from '../fakes.ts';
import { fill, startWork } from './fault-world.ts';

let postgres: Postgres;
let cyrus: Cyrus;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [postgres, cyrus] = await Promise.all([startPostgres(), startCyrus()]);
});
afterAll(async () => {
  await cyrus?.stop();
  await postgres?.stop();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

let users = 0;

/** A mailbox on Cyrus, and the work of a pipeline on it. */
async function onCyrus() {
  const user = `user${++users}`;
  await cyrus.makeUser(user, ['INBOX', 'Archive']);
  const client = await imapClient(cyrus, user);
  closing.push(() => client.logout());
  expect([...client.capabilities.keys()]).toContain('OBJECTID');
  const source = { ...(await imapSource(cyrus, { user, folders: { include: ['**'] } })), name: 'inbox', pollMs: 200 };
  const sink = new FakeSink('warehouse');
  const start = async () => {
    const it = await startAccount(postgres, { source: () => source }, [sink]);
    closing.push(() => it.end());
    return it;
  };
  return { client, sink, start };
}

describe('on a server with OBJECTID (Cyrus)', () => {
  test('a message that is moved, or copied, is the same one', async () => {
    const { client, sink, start } = await onCyrus();
    for (const n of [1, 2, 3]) await client.append('INBOX', message(n));
    await start();
    await eventually(() => sink.rows.size === 3, 30_000);
    const before = [...sink.rows.keys()].sort();
    await client.mailboxOpen('INBOX');
    await client.messageMove('1', 'Archive');
    await client.messageCopy('1', 'Archive');
    await client.append('INBOX', message('last'));
    await client.append('Archive', message('last there'));
    await eventually(() => sink.rows.size >= 5, 30_000);
    expect([...sink.rows.keys()].sort()).toEqual(expect.arrayContaining(before));
    expect(sink.subjects).toEqual(['Message 1', 'Message 2', 'Message 3', 'Message last', 'Message last there']);
  });

  test('a folder that is renamed, or deleted and filled again, brings no row twice', async () => {
    const { client, sink, start } = await onCyrus();
    for (const n of [1, 2, 3]) await client.append('Archive', message(n));
    await start();
    await eventually(() => sink.rows.size === 3, 30_000);
    await client.mailboxOpen('Archive');
    await client.messageCopy('1:2', 'INBOX');
    await client.mailboxClose();
    await client.mailboxDelete('Archive');
    await client.mailboxCreate('Archive');
    await client.mailboxOpen('INBOX');
    await client.messageMove('1:2', 'Archive');
    await client.append('INBOX', message('last'));
    await client.append('Archive', message('last there'));
    await eventually(() => sink.rows.size >= 5, 30_000);
    expect(sink.subjects).toEqual(['Message 1', 'Message 2', 'Message 3', 'Message last', 'Message last there']);
  });
});

test('a server that has OBJECTID from an upgrade on: what was read before it is the same message when it is moved', async () => {
  const box = await new ScriptedMailbox({ capabilities: 'IMAP4rev1 IDLE ESEARCH' }).start();
  closing.push(() => box[Symbol.asyncDispose]());
  const wanted = [...fill(box, 'INBOX', 4), ...fill(box, 'Archive', 2)];
  const it = await startWork(postgres, box);
  closing.push(() => it.end());
  await eventually(() => it.sink.rows.size === 6);
  box.capabilities = 'IMAP4rev1 IDLE ESEARCH OBJECTID';
  box.restart();
  const more = fill(box, 'INBOX', 1, 'after');
  await eventually(() => it.sink.rows.size === 7);
  await eventually(async () => {
    const rows = await it.database.query<{ n: number }>('SELECT count(*)::int AS n FROM mailmill.object');
    return rows[0]!.n === 7;
  });
  box.move('INBOX', 2, 'Archive');
  box.move('Archive', 1, 'INBOX');
  const last = [...fill(box, 'INBOX', 1, 'last'), ...fill(box, 'Archive', 1, 'last there')];
  await eventually(() => it.sink.rows.size >= 9);
  it.exact([...wanted, ...more, ...last]);
});
