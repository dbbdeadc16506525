import { sealedSegments, segmentNames } from '../../store/archive.ts';
import type { Database } from '../../store/database.ts';
import type { OpenArchive } from './open.ts';
import { decodeFrame, readIndex, SegmentError } from './segment.ts';

/** What is wrong with a segment, and how many of its messages that concerns. */
export interface SegmentProblem {
  readonly segment: string;
  readonly what: string;
  readonly messages: number;
}

export interface Verification {
  readonly segments: number;
  /** Messages that were read back and have the bytes that were archived. */
  readonly messages: number;
  readonly problems: readonly SegmentProblem[];
  /** Segments that are there and that the store does not know: what a crash or another store left. */
  readonly unknown: readonly string[];
}

const segmentsAtOnce = 20;

/** Reads every segment of an archive back and compares it with what the store says. Changes nothing. */
export async function verifyArchive(
  database: Database,
  { id, storage }: OpenArchive,
  signal: AbortSignal,
): Promise<Verification> {
  const problems: SegmentProblem[] = [];
  let segments = 0;
  let messages = 0;
  for (let after = 0n; ; ) {
    const page = await sealedSegments(database, id, after, segmentsAtOnce);
    for (const { name, frames } of page) {
      const bytes = await storage.readAll(name, signal);
      segments += 1;
      if (!bytes) {
        problems.push({ segment: name, what: 'is not there', messages: frames.length });
        continue;
      }
      const wrong = new Map<string, number>();
      const note = (what: string) => wrong.set(what, (wrong.get(what) ?? 0) + 1);
      const places = indexOf(bytes, note);
      for (const { sha256, position, length } of frames) {
        if (places && places.get(sha256) !== `${position} ${length}`)
          note('its index does not have a message where the store has it');
        try {
          await decodeFrame(bytes.subarray(position, position + length), sha256);
          messages += 1;
        } catch (error) {
          if (!(error instanceof SegmentError)) throw error;
          note(error.message);
        }
      }
      for (const [what, count] of wrong) problems.push({ segment: name, what, messages: count });
    }
    const last = page.at(-1);
    if (!last) break;
    after = last.id;
  }
  // In this order, so that what is written meanwhile is known.
  const there: string[] = [];
  for await (const name of storage.list(signal)) there.push(name);
  const known = await segmentNames(database, id);
  return { segments, messages, problems, unknown: there.filter((name) => !known.has(name)) };
}

function indexOf(bytes: Buffer, note: (what: string) => void): ReadonlyMap<string, string> | undefined {
  try {
    return new Map(readIndex(bytes).map(({ sha256, position, length }) => [sha256, `${position} ${length}`]));
  } catch (error) {
    if (!(error instanceof SegmentError)) throw error;
    note(error.message);
    return undefined;
  }
}
