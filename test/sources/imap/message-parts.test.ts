import { afterEach, expect, test } from 'vitest';
import type { SourceSession } from '../../../src/sources/source.ts';
import { failure, never } from '../support.ts';
import { type Fault, ScriptedMailbox } from './scripted-mailbox.ts';

const raw = Buffer.from('Subject: parts\r\n\r\n0123456789)\r\n* 1 FETCH (UID 1)\r\n');
const receivedAt = new Date(1_700_000_000_000);
const closing: AsyncDisposable[] = [];
afterEach(async () => {
  for (const it of closing.splice(0).reverse()) await it[Symbol.asyncDispose]();
});

/** A session with one message open; `fault` answers FETCH commands. */
async function opened(fault?: Fault, capabilities?: string): Promise<{ box: ScriptedMailbox; session: SourceSession }> {
  const box = await new ScriptedMailbox(capabilities === undefined ? {} : { capabilities }).start();
  closing.push(box);
  box.deliver('INBOX', raw, receivedAt).flags = ['\\Seen', '\\Recent'];
  if (fault) box.faults.set('UID FETCH', fault);
  const session = await (await box.source({ limits: { messageSize: '1Mi' } }, { inactivity: 2_000 })).open(
    'ann',
    never,
  );
  closing.push(session);
  await session.select('INBOX', never);
  return { box, session };
}

const answer =
  (row: string): Fault =>
  (to) => {
    to.raw(Buffer.from(row, 'latin1'));
    to.send(`${to.tag} OK done`);
    return true;
  };

test('parts come with what the server says of the whole, and end with the message', async () => {
  const { box, session } = await opened(undefined, 'IMAP4rev1 ESEARCH OBJECTID');
  const whole = { size: raw.length, receivedAt, flags: ['\\Seen'], objectId: 'M1' };
  expect(await session.fetchPart?.(1, 0, 20, never)).toEqual({ ...whole, offset: 0, bytes: raw.subarray(0, 20) });
  expect(await session.fetchPart?.(1, 20, 99, never)).toEqual({ ...whole, offset: 20, bytes: raw.subarray(20) });
  expect(await session.fetchPart?.(1, 99, 9, never)).toMatchObject({ offset: 99, bytes: Buffer.alloc(0) });
  expect(await session.fetchPart?.(2, 0, 20, never)).toBeUndefined();
  expect(box.server.lines.filter((line) => line.includes('BODY'))[1]).toContain('BODY.PEEK[]<20.99>');
});

test('a server that knows no parts is seen to', async () => {
  const { session } = await opened(
    answer(`* 1 FETCH (UID 1 FLAGS () BODY[] {${raw.length}}\r\n${raw.toString()})\r\n`),
  );
  const part = await session.fetchPart?.(1, 0, 20, never);
  expect(part?.bytes).toEqual(raw);
  expect(part).not.toHaveProperty('offset');
});

test('more than a later part may be is counted, and not kept', async () => {
  const row = (bytes: number) => `* 1 FETCH (UID 1 BODY[]<10> {${bytes}}\r\n${'x'.repeat(bytes)})\r\n`;
  let bytes = 30_000;
  const { session } = await opened((to, honest) => answer(row(bytes))(to, honest));
  expect(await session.fetchPart?.(1, 10, 20, never)).toMatchObject({ bytes: Buffer.alloc(0), oversize: 30_000 });
  // The next command has its own limit.
  expect(await session.fetchPart?.(1, 0, 20, never)).toMatchObject({ bytes: { length: 30_000 } });
  bytes = 2 ** 20 + 1;
  expect(await session.fetchPart?.(1, 0, 20, never)).toMatchObject({ bytes: { length: 0 }, oversize: bytes });
});

test('rows of other messages, and without bytes, are no parts; of two the first counts', async () => {
  const rows = [
    '(UID 3 BODY[]<0> {1}\r\nx)',
    '(UID 1 FLAGS ())',
    '(UID 1 BODY[]<0> {1}\r\na)',
    '(UID 1 BODY[]<0> {1}\r\nb)',
  ];
  const { session } = await opened(answer(rows.map((row) => `* 1 FETCH ${row}\r\n`).join('')));
  expect((await session.fetchPart?.(1, 0, 1, never))?.bytes.toString()).toBe('a');
});

test('a part of another epoch is none', async () => {
  const { session } = await opened((to, honest) => {
    to.send('* OK [UIDVALIDITY 8] begins anew');
    to.raw(honest);
    return true;
  });
  const epochOver = { family: 'Transient', code: 'IMAP_SEARCH_FAILED' };
  expect(await failure(session.fetchPart!(1, 0, 20, never))).toMatchObject(epochOver);
});
