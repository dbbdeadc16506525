import { beforeEach, describe, expect, test } from 'vitest';
import { planAlone } from '../../../src/pipeline/folders/batch-plan.ts';
import { LargeMessages } from '../../../src/pipeline/folders/large-messages.ts';
import { ByteBudget } from '../../../src/pipeline/worker/byte-budget.ts';
import type { Listed, MessagePart, SourceSession } from '../../../src/sources/source.ts';
import { FakeMailbox } from '../fakes.ts';

const { signal } = new AbortController();
const sizes = { most: 10, least: 2, overlap: 4 };
const raw = Buffer.from('From: ann\r\n\r\nabcdefghijklmnopqrstuvwxyz');
const listed: Listed = { uid: 7, size: raw.length, receivedAt: new Date(5) };
const go = () => false;
const stop = () => true;

type Answer = (part: MessagePart, offset: number, count: number) => MessagePart | undefined;

let asked: [offset: number, count: number][];
beforeEach(() => {
  asked = [];
});

/** A session that gives parts of one message, or what `answer` makes of them. */
async function session(answer: Answer = (part) => part, of = raw): Promise<SourceSession> {
  const fetchPart = async (_: number, offset: number, count: number) => {
    asked.push([offset, count]);
    const { size, receivedAt } = listed;
    return answer({ bytes: of.subarray(offset, offset + count), offset, size, receivedAt, flags: [] }, offset, count);
  };
  return { ...(await new FakeMailbox().source().open('ann', signal)), fetchPart };
}

const read = (large: LargeMessages, from: SourceSession, until = go, of = listed) =>
  large.read(from, of, signal, until);
const messages = (budget = new ByteBudget(2 ** 20), now = () => 0) => new LargeMessages(budget, sizes, now);
const all = { uid: 7, raw, flags: [] };

describe('a message that comes in parts', () => {
  test('is whole once they are as long as the server says, which the last one shows', async () => {
    expect(await read(messages(), await session())).toEqual(all);
    expect(asked).toEqual([
      [0, 10],
      [10, 10],
      [20, 10],
      [30, raw.length - 30 + 1],
    ]);
  });

  test('of just so many parts is asked for one byte behind its end', async () => {
    const of = { ...listed, size: 20 };
    const honest = await session((part) => ({ ...part, size: 20 }), raw.subarray(0, 20));
    expect(await read(messages(), honest, go, of)).toMatchObject({ raw: raw.subarray(0, 20) });
    expect(asked.at(-1)).toEqual([10, 11]);
    const longer = await session((part) => ({ ...part, size: 20 }), raw.subarray(0, 21));
    expect(await read(messages(), longer, go, of)).toBe('InOnePiece');
  });

  test('rests after any part and goes on where it was', async () => {
    const large = messages();
    const it = await session();
    expect(await read(large, it, stop)).toBe('Paused');
    expect(await read(large, it, stop)).toBe('Paused');
    expect(await read(large, it)).toEqual(all);
    expect(asked.map(([offset]) => offset)).toEqual([0, 10, 20, 30]);
  });

  test('is asked for in smaller parts where they take long, and in larger ones again', async () => {
    let now = 0;
    let ms = 2_000;
    const slow = await session((part) => {
      now += ms;
      if (now === 8_000) ms = 1;
      return part;
    });
    await read(
      messages(undefined, () => now),
      slow,
    );
    expect(asked.map(([, count]) => count)).toEqual([10, 5, 2, 2, 2, 4, 8, 7]);
  });
});

describe('on a new connection', () => {
  test('a message goes on a little before its end, and is not begun again', async () => {
    const large = messages();
    await read(large, await session(), stop);
    const lost = await session(() => {
      throw new Error('lost');
    });
    await expect(read(large, lost)).rejects.toThrow('lost');
    expect(large.advanced(7)).toBe(true);
    await expect(read(large, lost)).rejects.toThrow('lost');
    expect(large.advanced(7)).toBe(false);
    expect(await read(large, await session())).toEqual(all);
    expect(asked.map(([offset]) => offset)).toEqual([0, 6, 6, 6, 20, 30]);
  });

  test('bytes that are not the same as before make it one piece', async () => {
    const large = messages();
    await read(large, await session(), stop);
    const other = await session(undefined, Buffer.from(raw.toString().toUpperCase()));
    expect(await read(large, other)).toBe('InOnePiece');
    expect(large.has(planAlone(listed, 2 ** 30))).toBe(false);
  });

  test.each<[string, Partial<Listed>]>([
    ['size', { size: raw.length + 1 }],
    ['date', { receivedAt: new Date(6) }],
    ['object', { objectId: 'M1' }],
  ])('a message with another %s is begun anew', async (_, other) => {
    const large = messages();
    await read(large, await session(), stop);
    const it = await session((part) => ({ ...part, ...other }));
    await read(large, it, stop, { ...listed, ...other });
    expect(asked.map(([offset]) => offset)).toEqual([0, 0]);
  });
});

describe('a server that', () => {
  const lies: readonly (readonly [string, Answer])[] = [
    ['sends less than a part', (part) => ({ ...part, bytes: part.bytes.subarray(0, 9) })],
    ['sends more than a part', (part) => ({ ...part, bytes: Buffer.concat([part.bytes, Buffer.from('x')]) })],
    ['sends a part of another place', (part, offset) => ({ ...part, offset: offset + 1 })],
    [
      'sends nothing from some place on',
      (part, at) => (at < 20 ? part : { ...part, bytes: part.bytes.subarray(0, 0) }),
    ],
    ['sends all of it instead of a later part', ({ offset, ...part }, at) => (at < 20 ? { ...part, offset } : part)],
    ['sends too much to keep instead of a later part', (part, at) => (at < 20 ? part : { ...part, oversize: 99 })],
    ['says another size', (part, at) => ({ ...part, size: at < 20 ? part.size : part.size + 1 })],
    ['says another size than it listed', (part) => ({ ...part, size: part.size - 1 })],
    ['says another date', (part, at) => ({ ...part, receivedAt: new Date(at < 20 ? 5 : 6) })],
    ['says another object', (part, at) => ({ ...part, ...(at >= 20 && { objectId: 'M2' }) })],
  ];
  test.each(lies)('%s is asked for the message in one piece', async (_, answer) => {
    expect(await read(messages(), await session(answer))).toBe('InOnePiece');
  });

  test('sends all of it whatever is asked for is believed', async () => {
    const it = await session(({ offset: _, ...part }) => ({ ...part, bytes: raw }));
    expect(await read(messages(), it)).toEqual(all);
    expect(asked.length).toBe(1);
  });

  test('sends more than may be kept has sent a message that is too large', async () => {
    const it = await session(({ offset: _, ...part }) => ({ ...part, bytes: Buffer.alloc(0), oversize: 99 }));
    expect(await read(messages(), it)).toMatchObject({ uid: 7, oversize: 99 });
  });

  test.each<[string, Answer]>([
    ['knows nothing of it', () => undefined],
    ['has only NIL', ({ offset: _, ...part }) => ({ ...part, bytes: Buffer.alloc(0) })],
  ])('%s any more has no message', async (_, answer) => {
    expect(await read(messages(), await session(answer))).toBe('Gone');
  });

  test('contradicts itself about several messages is asked for parts no more', async () => {
    const large = messages();
    const it = await session((part) => ({ ...part, size: 1 }));
    const plan = planAlone({ ...listed, size: 9 * 2 ** 20 }, 2 ** 30);
    for (let n = 0; n < 3; n++) {
      expect(large.takes(it, plan)).toBe(true);
      expect(await read(large, it, go, { ...listed, uid: n })).toBe('InOnePiece');
    }
    expect(large.takes(it, plan)).toBe(false);
    large.clear();
    expect(large.takes(it, plan)).toBe(true);
  });
});

describe('the room in the budget', () => {
  const MiB = 2 ** 20;
  const body = Buffer.alloc(20 * MiB, 'x');
  const big: Listed = { uid: 7, size: body.length, receivedAt: new Date(5) };
  const plan = planAlone(big, 2 ** 30);
  const usual = { most: 4 * MiB, least: MiB, overlap: 4 };
  const honest = () => session((part) => ({ ...part, size: body.length }), body);

  test('stays taken while a message rests, and is given to others who need it; then it does not rest again', async () => {
    const budget = new ByteBudget(32 * MiB);
    const large = new LargeMessages(budget, usual, () => 0);
    const it = await honest();
    await large.acquire(plan, signal);
    expect(await read(large, it, stop, big)).toBe('Paused');
    large.release(plan);
    expect(budget.used).toBe(20 * MiB);
    await budget.acquire(12 * MiB, signal);
    expect(large.has(plan)).toBe(true);
    await budget.acquire(MiB, signal);
    expect([large.has(plan), budget.used]).toEqual([false, 13 * MiB]);
    budget.release(13 * MiB);
    await large.acquire(plan, signal);
    asked = [];
    expect(await read(large, it, stop, big)).toMatchObject({ uid: 7 });
    expect(asked.map(([offset]) => offset / MiB)).toEqual([0, 4, 8, 12, 16]);
    large.release(plan);
    expect(budget.used).toBe(0);
  });

  test('is taken once, however often a message rests', async () => {
    const budget = new ByteBudget(32 * MiB);
    const large = new LargeMessages(budget, usual, () => 0);
    const it = await honest();
    for (let n = 0; n < 3; n++) {
      await large.acquire(plan, signal);
      expect(await read(large, it, stop, big)).toBe('Paused');
      expect(budget.used).toBe(20 * MiB);
      large.release(plan);
      expect(budget.used).toBe(20 * MiB);
    }
    large.clear();
    expect([large.has(plan), budget.used]).toEqual([false, 0]);
  });

  test('leaves some to mail beside a message that is larger than all of it', async () => {
    const budget = new ByteBudget(16 * MiB);
    const large = new LargeMessages(budget, usual, () => 0);
    await large.acquire(plan, signal);
    expect(budget.used).toBe(14 * MiB);
    expect(budget.tryAcquire(2 * MiB)).toBe(true);
    large.release(plan);
    expect(budget.used).toBe(2 * MiB);
  });

  test('of a message in an epoch that ends is free once nobody reads it', async () => {
    const budget = new ByteBudget(32 * MiB);
    const large = new LargeMessages(budget, usual, () => 0);
    await large.acquire(plan, signal);
    const it = await session((part, at) => {
      if (at > 0) large.clear();
      return { ...part, size: body.length };
    }, body);
    await expect(read(large, it, go, big)).rejects.toMatchObject({ code: 'SOURCE_FETCH_INCOMPLETE' });
    large.release(plan);
    expect([large.has(plan), budget.used]).toEqual([false, 0]);
  });
});
