import { afterAll, expect, test } from 'vitest';
import { LargeMessages } from '../../../src/pipeline/folders/large-messages.ts';
import { ByteBudget } from '../../../src/pipeline/worker/byte-budget.ts';
import type { Listed, Source } from '../../../src/sources/source.ts';
import { ScriptedMailbox } from '../../sources/imap/scripted-mailbox.ts';
import { failure } from '../../sources/support.ts';

const { signal } = new AbortController();
const raw = Buffer.from(`Subject: parts\r\n\r\n${'0123456789)\r\n'.repeat(4)}`);
const overlap = 4;
const part = 16;

let cut: number | undefined;
const boxes: ScriptedMailbox[] = [];
afterAll(async () => {
  for (const box of boxes) await box[Symbol.asyncDispose]();
});

async function started() {
  const box = await new ScriptedMailbox({ cut: () => cut }).start();
  boxes.push(box);
  box.deliver('INBOX', raw);
  return { box, source: await box.source() };
}

/** Where the parts began that were asked for. */
const asked: number[] = [];

/** One connection's attempt. */
async function attempt(source: Source, large: LargeMessages) {
  asked.length = 0;
  await using session = await source.open('ann', signal);
  const fetchPart = session.fetchPart!.bind(session);
  session.fetchPart = (uid, offset, ...rest) => {
    asked.push(offset);
    return fetchPart(uid, offset, ...rest);
  };
  await session.select('INBOX', signal);
  const [listed] = await session.list([1], signal);
  return await large.read(session, listed as Listed, signal, () => false);
}

test('a connection that ends after any byte costs one part, and no byte is another', async () => {
  const { source } = await started();
  const resumed = new Set<number>();
  for (let bytes = 300, done = false; !done; bytes++) {
    const large = new LargeMessages(new ByteBudget(2 ** 20), { most: part, least: part, overlap });
    cut = bytes;
    const error = await failure(attempt(source, large)).catch(() => undefined);
    done = error === undefined;
    if (!done) expect(error, `after ${bytes} bytes`).toMatchObject({ family: 'Transient' });
    const lost = asked.at(-1) ?? 0;
    cut = undefined;
    expect(await attempt(source, large), `after ${bytes} bytes`).toEqual({ uid: 1, raw, flags: [] });
    if (done) continue;
    // The last part that was asked for is asked for again, and what came of it is dropped.
    expect(asked[0], `after ${bytes} bytes`).toBe(Math.max(0, lost - overlap));
    resumed.add(asked[0]!);
  }
  expect([...resumed]).toEqual([0, 12, 28, 44, 60]);
}, 120_000);

test('a connection that ends after each part gets on with every one', async () => {
  const { box, source } = await started();
  const large = new LargeMessages(new ByteBudget(2 ** 20), { most: part, least: part, overlap });
  const ended: unknown[] = [];
  let fetches = 0;
  box.faults.set('UID FETCH', (to, honest) => {
    if (!to.line.includes('BODY')) return false;
    fetches += 1;
    if (fetches % 2 === 0) to.raw(honest.subarray(0, 30));
    else to.raw(honest);
    if (fetches % 2 === 0) to.end();
    return true;
  });
  for (let tries = 0; tries < 20; tries++) {
    const result = await attempt(source, large).catch((error: unknown) => ended.push(error));
    if (typeof result === 'object') {
      expect(result).toEqual({ uid: 1, raw, flags: [] });
      expect(ended.length).toBe(4);
      return;
    }
    expect(large.advanced(1)).toBe(true);
  }
  expect.unreachable();
});
