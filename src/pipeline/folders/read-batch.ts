import type { Listed, Source, SourceSession } from '../../sources/source.ts';
import { transient } from '../../telemetry/errors.ts';
import { type ReadMessage, tooLargeMessage } from '../processed.ts';
import type { PlannedBatch } from './batch-plan.ts';
import type { MessageReader } from './read-message.ts';

/** A batch has this long, and a second more for each of so many bytes: a server that trickles for ever is left. */
const batchMs = 180_000;
const slowestBytesPerSecond = 16 * 2 ** 10;

/** What came of a batch, ascending, and what did not come. */
export interface BatchRead {
  readonly messages: ReadMessage[];
  readonly missing: readonly Listed[];
}

export interface BatchReading {
  readonly session: SourceSession;
  readonly plan: PlannedBatch;
  readonly reader: MessageReader;
  readonly source: Source;
  readonly signal: AbortSignal;
}

/** Fetches and parses a batch; the folder is open. Throws Transient `SOURCE_TOO_SLOW` when it takes far too long. */
export async function readBatch({ session, plan, reader, source, signal }: BatchReading): Promise<BatchRead> {
  const limit = AbortSignal.timeout(batchMs + Math.ceil((plan.bytes / slowestBytesPerSecond) * 1000));
  const until = AbortSignal.any([signal, limit]);
  try {
    return await read({ session, plan, reader, source, signal: until });
  } catch (error) {
    if (limit.aborted && !signal.aborted)
      throw transient(
        'SOURCE_TOO_SLOW',
        'the server sent too little for minutes; it is asked again on a new connection',
        {
          cause: error,
        },
      );
    throw error;
  }
}

async function read({ session, plan, reader, source, signal }: BatchReading): Promise<BatchRead> {
  const messages: ReadMessage[] = [];
  const missing = new Map<number, Listed>(plan.fetch.map((listed) => [listed.uid, listed]));
  const tooLarge = [...plan.tooLarge];
  if (plan.fetch.length > 0) {
    for await (const fetched of session.fetch(
      plan.fetch.map((listed) => listed.uid),
      signal,
    )) {
      const listed = missing.get(fetched.uid);
      if (!listed) continue; // not asked for, or given twice
      if (fetched.oversize !== undefined) {
        missing.delete(fetched.uid);
        tooLarge.push({ ...listed, size: fetched.oversize });
        continue;
      }
      // NIL, or nothing, is what servers give of a message that is gone (RFC 2180 §4.1.3).
      if (fetched.raw.length === 0 && listed.size > 0) continue;
      missing.delete(fetched.uid);
      const message = reader.read(fetched, listed);
      messages.push(message instanceof Promise ? await message : message);
    }
  }
  for (const listed of tooLarge) {
    const header = await session.fetchHeader(listed.uid, signal);
    if (header) messages.push(tooLargeMessage(listed, header, source.messageSize));
    else missing.set(listed.uid, listed);
  }
  messages.sort((a, b) => a.uid - b.uid);
  return { messages, missing: [...missing.values()] };
}

/** Those of `uids` that the server still lists in the open folder. */
export async function stillListed(
  session: SourceSession,
  uids: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  if (uids.length === 0) return new Set();
  const [first, last] = [uids.reduce((a, b) => Math.min(a, b)), uids.reduce((a, b) => Math.max(a, b))];
  const listed = new Set(await session.search(first, last, signal));
  return new Set(uids.filter((uid) => listed.has(uid)));
}
