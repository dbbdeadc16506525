import type { Listed, Source, SourceSession } from '../../sources/source.ts';
import { transient } from '../../telemetry/errors.ts';
import { type ReadMessage, tooLargeMessage } from '../processed.ts';
import type { PlannedBatch } from './batch-plan.ts';
import type { LargeMessages, LargeRead } from './large-messages.ts';
import type { MessageReader } from './read-message.ts';

/** A batch has this long, and a second more for each of so many bytes: a server that trickles for ever is left. */
const batchMs = 180_000;
const slowestBytesPerSecond = 16 * 2 ** 10;

/** What came of a batch, ascending, and what did not come. */
export interface BatchRead {
  readonly plan: PlannedBatch;
  readonly messages: readonly ReadMessage[];
  readonly missing: readonly Listed[];
  /** It is to be read on later: it rests between two parts of a large message. */
  readonly paused?: true;
}

/** How large messages are read; absent: each in one piece. */
export interface LargeReading {
  readonly messages: LargeMessages;
  readonly stop: () => boolean;
}

export interface BatchReading {
  readonly session: SourceSession;
  readonly reader: MessageReader;
  readonly source: Source;
  readonly signal: AbortSignal;
  readonly large?: LargeReading;
}

/** Fetches and parses a batch; see `readBatches`. */
export async function readBatch(reading: BatchReading, plan: PlannedBatch): Promise<BatchRead> {
  let only: BatchRead = { plan, messages: [], missing: plan.fetch };
  // To its end: the connection is free then.
  for await (const read of readBatches(reading, [plan])) only = read;
  return only;
}

/**
 * Fetches and parses batches with one command; the folder is open. A batch comes as soon as it is whole, those of which something is missing when
 * the command has ended. Throws Transient `SOURCE_TOO_SLOW` when it takes far too long.
 */
export async function* readBatches(
  reading: BatchReading,
  plans: readonly PlannedBatch[],
): AsyncGenerator<BatchRead, void, undefined> {
  const { signal } = reading;
  const bytes = plans.reduce((sum, plan) => sum + plan.bytes, 0);
  const limit = AbortSignal.timeout(batchMs + Math.ceil((bytes / slowestBytesPerSecond) * 1000));
  const until = AbortSignal.any([signal, limit]);
  try {
    yield* read({ ...reading, signal: until }, plans);
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

/** A batch on its way. */
class Part {
  readonly plan: PlannedBatch;
  readonly messages: ReadMessage[] = [];
  readonly missing: Map<number, Listed>;
  readonly tooLarge: Listed[];

  constructor(plan: PlannedBatch) {
    this.plan = plan;
    this.missing = new Map(plan.fetch.map((listed) => [listed.uid, listed]));
    this.tooLarge = [...plan.tooLarge];
  }

  get whole(): boolean {
    return this.missing.size === 0 && this.tooLarge.length === 0;
  }

  result(): BatchRead {
    this.messages.sort((a, b) => a.uid - b.uid);
    return { plan: this.plan, messages: this.messages, missing: [...this.missing.values()] };
  }
}

async function* read(
  { session, reader, source, signal, large }: BatchReading,
  plans: readonly PlannedBatch[],
): AsyncGenerator<BatchRead, void, undefined> {
  const open = new Set(plans.map((plan) => new Part(plan)));
  const uids = plans.flatMap((plan) => plan.fetch.map(({ uid }) => uid)).sort((a, b) => a - b);
  const came = plans.length === 1 ? await readLarge({ session, signal, large }, plans[0]!) : 'InOnePiece';
  if (came === 'Paused') {
    for (const part of open) yield { ...part.result(), paused: true };
    return;
  }
  const rows = came === 'InOnePiece' ? session.fetch(uids, signal) : came === 'Gone' ? [] : [came];
  if (uids.length > 0) {
    for await (const fetched of rows) {
      const part = partOf(open, fetched.uid);
      const listed = part?.missing.get(fetched.uid);
      if (!part || !listed) continue; // not asked for, or given twice
      if (fetched.oversize !== undefined) {
        part.missing.delete(fetched.uid);
        part.tooLarge.push({ ...listed, size: fetched.oversize });
        continue;
      }
      // NIL, or nothing, is what servers give of a message that is gone (RFC 2180 §4.1.3).
      if (fetched.raw.length === 0 && listed.size > 0) continue;
      part.missing.delete(fetched.uid);
      const message = reader.read(fetched, listed);
      part.messages.push(message instanceof Promise ? await message : message);
      if (!part.whole) continue;
      open.delete(part);
      yield part.result();
    }
  }
  for (const part of open) {
    for (const listed of part.tooLarge) {
      const header = await session.fetchHeader(listed.uid, signal);
      if (header) part.messages.push(tooLargeMessage(listed, header, source.messageSize));
      else part.missing.set(listed.uid, listed);
    }
    yield part.result();
  }
}

/** The message of a batch that comes in parts; of any other, that it does not. */
async function readLarge(
  { session, signal, large }: Pick<BatchReading, 'session' | 'signal' | 'large'>,
  plan: PlannedBatch,
): Promise<LargeRead> {
  if (!large?.messages.takes(session, plan)) return 'InOnePiece';
  return large.messages.read(session, plan.fetch[0]!, signal, large.stop);
}

function partOf(parts: Iterable<Part>, uid: number): Part | undefined {
  for (const part of parts) if (part.missing.has(uid)) return part;
  return undefined;
}

export const fetchIncomplete = () =>
  transient('SOURCE_FETCH_INCOMPLETE', 'the server left out messages that it still lists; they are fetched again');

/** Those of `uids` that the server still lists in the open folder. */
export async function stillListed(
  session: SourceSession,
  uids: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlySet<number>> {
  const open = uids.filter((uid) => !session.isGone?.(uid));
  if (open.length === 0) return new Set();
  const [first, last] = [open.reduce((a, b) => Math.min(a, b)), open.reduce((a, b) => Math.max(a, b))];
  const listed = new Set(await session.search(first, last, signal));
  return new Set(open.filter((uid) => listed.has(uid)));
}

/** Metadata of these UIDs (ascending), those that are gone left out. Throws `SOURCE_FETCH_INCOMPLETE` where others are left out. */
export async function listSizes(
  session: SourceSession,
  uids: readonly number[],
  signal: AbortSignal,
): Promise<readonly Listed[]> {
  const listed = await session.list(uids, signal);
  const known = new Set(listed.map(({ uid }) => uid));
  const unknown = uids.filter((uid) => !known.has(uid));
  if ((await stillListed(session, unknown, signal)).size > 0) throw fetchIncomplete();
  return listed;
}
