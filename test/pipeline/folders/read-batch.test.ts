import { expect, test } from 'vitest';
import { type PlannedBatch, planBatches } from '../../../src/pipeline/folders/batch-plan.ts';
import { type BatchRead, readBatch, readBatches } from '../../../src/pipeline/folders/read-batch.ts';
import { MessageReader } from '../../../src/pipeline/folders/read-message.ts';
import type { RawMessage } from '../../../src/sources/source.ts';
import { message } from '../../support/worker.ts';
import { FakeMailbox } from '../fakes.ts';

const origin = { source: 'inbox', account: 'ann', folder: 'INBOX' };
const reader = new MessageReader({ origin, fields: [], onFallback: () => undefined });
const { signal } = new AbortController();

/** A mailbox of six messages in batches of two, and a session that gives what `answer` makes of them, in its order. */
async function opened(answer: (rows: readonly RawMessage[]) => readonly RawMessage[], messageSize = 2 ** 20) {
  const box = new FakeMailbox();
  for (let n = 1; n <= 6; n++) box.deliver('INBOX', n);
  const source = box.source();
  const session = await source.open('ann', signal);
  await session.select('INBOX', signal);
  const uids = await session.search(1, undefined, signal);
  const listed = await session.list(uids, signal);
  const plans = planBatches({ from: 1, uids, listed, since: undefined, firstUidNext: 0, messageSize, most: 2 });
  const asked: (readonly number[])[] = [];
  let ended = 0;
  const rowsOf = (of: readonly number[]) => of.map((uid) => ({ uid, raw: message(uid), flags: [] }));
  const fetch = async function* (of: readonly number[]) {
    asked.push(of);
    yield* answer(rowsOf(of));
    ended += 1;
  };
  const fetchHeader = async (uid: number) => {
    if (asked.length > ended) throw new Error('a command while a FETCH is in flight');
    return message(uid);
  };
  return {
    reading: { session: { ...session, fetch, fetchHeader }, reader, source, signal },
    plans,
    asked,
    ended: () => ended,
  };
}

async function all(reads: AsyncIterable<BatchRead>, at = (): unknown => undefined) {
  const found: unknown[] = [];
  for await (const { plan, messages, missing } of reads)
    found.push(
      [plan.range, messages.map(({ uid }) => uid), missing.map(({ uid }) => uid), at()].slice(
        0,
        at() === undefined ? 3 : 4,
      ),
    );
  return found;
}

test('one FETCH is for several batches, and each comes when it is whole', async () => {
  const { reading, plans, asked, ended } = await opened((rows) => rows);
  expect(await all(readBatches(reading, plans), ended)).toEqual([
    [[1, 2], [1, 2], [], 0],
    [[3, 4], [3, 4], [], 0],
    [[5, 6], [5, 6], [], 0],
  ]);
  expect(asked).toEqual([[1, 2, 3, 4, 5, 6]]);
});

test('UIDs are asked for in order, whatever the order of the batches', async () => {
  const { reading, plans, asked } = await opened((rows) => rows);
  const newestFirst: readonly PlannedBatch[] = plans.toReversed();
  expect((await all(readBatches(reading, newestFirst))).length).toBe(3);
  expect(asked).toEqual([[1, 2, 3, 4, 5, 6]]);
});

test('rows that come in any order, twice, or unasked stand where they belong', async () => {
  const stranger = { uid: 99, raw: message(99), flags: [] };
  const { reading, plans } = await opened((rows) => [rows[5]!, stranger, rows[5]!, rows[0]!, rows[4]!, ...rows]);
  expect(await all(readBatches(reading, plans))).toEqual([
    [[5, 6], [5, 6], []],
    [[1, 2], [1, 2], []],
    [[3, 4], [3, 4], []],
  ]);
});

test('a batch of which something is missing comes when the command has ended', async () => {
  const { reading, plans, ended } = await opened((rows) => rows.filter(({ uid }) => uid !== 2));
  expect(await all(readBatches(reading, plans), ended)).toEqual([
    [[3, 4], [3, 4], [], 0],
    [[5, 6], [5, 6], [], 0],
    [[1, 2], [1], [2], 1],
  ]);
});

test('headers of messages that are too large are fetched when the command has ended', async () => {
  const large = { raw: Buffer.alloc(0), flags: [], oversize: 2 ** 21 };
  const { reading, plans } = await opened((rows) => rows.map((row) => (row.uid === 1 ? { ...large, uid: 1 } : row)));
  expect(await all(readBatches(reading, plans))).toEqual([
    [[3, 4], [3, 4], []],
    [[5, 6], [5, 6], []],
    [[1, 2], [1, 2], []],
  ]);
  const small = await opened((rows) => rows, 1);
  expect((await readBatch(small.reading, small.plans[0]!)).messages.map(({ headerOnly }) => headerOnly)).toEqual([
    true,
    true,
  ]);
  expect(small.asked).toEqual([]);
});
