import type { Source, SourceSession } from '../../sources/source.ts';
import type { Allowance } from '../accounts/allowance.ts';
import type { PipelineContext } from '../context.ts';
import { amountOf, planBatches } from '../folders/batch-plan.ts';
import { LargeMessages } from '../folders/large-messages.ts';
import { fetchIncomplete, readBatch, stillListed } from '../folders/read-batch.ts';
import type { MessageReader } from '../folders/read-message.ts';
import { prepareMessages } from '../prepare.ts';
import type { ReadMessage } from '../processed.ts';

/** Sizes are listed ahead in windows of this many messages. */
export const windowMessages = 5_000;

/** What was read of some UIDs: the messages, and those that are gone. */
export interface ReadPart {
  readonly messages: readonly ReadMessage[];
  readonly gone: readonly number[];
}

export interface UidReading {
  readonly context: Pick<PipelineContext, 'hardStop' | 'budget' | 'steps'>;
  readonly source: Source;
  readonly session: SourceSession;
  readonly reader: MessageReader;
  /** What the account may be made to give; absent: these were taken out of it before. */
  readonly allowance?: Allowance;
  /** Ascending. */
  readonly uids: readonly number[];
  /** Takes each part, in order. */
  readonly take: (part: ReadPart) => Promise<void>;
}

/** Reads messages of the open folder in batches. False: `stop` was aborted before the end. Throws Waiting `SOURCE_BUDGET_SPENT`. */
export async function readUids(reading: UidReading, stop: AbortSignal): Promise<boolean> {
  const { context, source, session, allowance, uids, take } = reading;
  const signal = context.hardStop;
  const large = { messages: new LargeMessages(context.budget), stop: () => false };
  for (let at = 0; at < uids.length; at += windowMessages) {
    const window = uids.slice(at, at + windowMessages);
    const listed = await session.list(window, signal);
    const known = new Set(listed.map(({ uid }) => uid));
    const gone = window.filter((uid) => !known.has(uid));
    await confirmGone(session, gone, signal);
    if (gone.length > 0) await take({ messages: [], gone });
    const plans = planBatches({
      from: window[0]!,
      uids: listed.map(({ uid }) => uid),
      listed,
      since: undefined,
      firstUidNext: 0,
      messageSize: source.messageSize,
      ...(allowance && { most: allowance.batch.messages, mostBytes: allowance.batch.bytes }),
    });
    for (const plan of plans) {
      if (stop.aborted) return false;
      await allowance?.takeOld(amountOf(plan));
      await context.budget.acquire(plan.bytes, signal);
      try {
        const { messages, missing } = await readBatch({ session, reader: reading.reader, source, signal, large }, plan);
        const lost = missing.map(({ uid }) => uid);
        await confirmGone(session, lost, signal);
        await take({ messages: await prepareMessages(messages, context.steps, signal), gone: lost });
      } finally {
        context.budget.release(plan.bytes);
      }
    }
  }
  return true;
}

async function confirmGone(session: SourceSession, uids: readonly number[], signal: AbortSignal): Promise<void> {
  if ((await stillListed(session, uids, signal)).size > 0) throw fetchIncomplete();
}
