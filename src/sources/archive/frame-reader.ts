import { type StoredFrame, storedFrames } from '../../store/archive.ts';
import type { Database } from '../../store/database.ts';
import type { KeptContent } from '../../store/kept-read.ts';
import { stalled } from '../../telemetry/errors.ts';
import type { FrameReader } from '../kept/session.ts';
import { decodeFrame, SegmentError } from './segment.ts';
import type { SegmentStorage } from './storage.ts';

/** Bytes between two frames that are read along rather than asked for again. */
const gapBytes = 64 * 2 ** 10;
const rangesAtOnce = 8;

interface Range {
  readonly segment: string;
  readonly position: number;
  length: number;
}

/** Neighbouring frames of a segment are read with one request. */
function rangesOf(frames: readonly StoredFrame[]): readonly Range[] {
  const sorted = [...frames].sort((a, b) =>
    a.segment === b.segment ? a.position - b.position : a.segment < b.segment ? -1 : 1,
  );
  const ranges: Range[] = [];
  for (const { segment, position, length } of sorted) {
    const last = ranges.at(-1);
    if (last?.segment === segment && position - (last.position + last.length) <= gapBytes)
      last.length = Math.max(last.length, position + length - last.position);
    else ranges.push({ segment, position, length });
  }
  return ranges;
}

export interface ArchiveReaderOptions {
  readonly database: Database;
  readonly storage: () => Promise<SegmentStorage>;
}

/** Reads archived messages by their frames. */
export class ArchiveReader implements FrameReader {
  readonly #options: ArchiveReaderOptions;

  constructor(options: ArchiveReaderOptions) {
    this.#options = options;
  }

  async *read(
    contents: readonly KeptContent[],
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly uid: number; readonly raw: Buffer }, void, undefined> {
    const storage = await this.#options.storage();
    let bytes = await this.#bytes(storage, contents, signal);
    // A segment that is not there may have been rewritten since: then its frames are elsewhere by now.
    if (!bytes) bytes = await this.#bytes(storage, contents, signal);
    if (!bytes)
      throw stalled(
        'ARCHIVE_SEGMENT_MISSING',
        'a segment of the archive is not where it was written; check what spec.archive names, restore it, and run `mailmill archive verify`',
      );
    for (const { uid, frame } of contents) {
      const found = frame === undefined ? undefined : bytes.get(frame);
      if (found) yield { uid, raw: await decoded(found.bytes, found.sha256) };
    }
  }

  /** The frames' bytes; undefined when a segment was not there. */
  async #bytes(storage: SegmentStorage, contents: readonly KeptContent[], signal: AbortSignal) {
    const ids = contents.flatMap(({ frame }) => frame ?? []);
    const frames = await storedFrames(this.#options.database, ids);
    const ranges = rangesOf([...frames.values()]);
    const read = new Map<Range, Buffer>();
    for (let at = 0; at < ranges.length; at += rangesAtOnce)
      for (const [range, bytes] of await Promise.all(
        ranges
          .slice(at, at + rangesAtOnce)
          .map(
            async (range) => [range, await storage.read(range.segment, range.position, range.length, signal)] as const,
          ),
      )) {
        if (!bytes) return undefined;
        read.set(range, bytes);
      }
    const found = new Map<bigint, { readonly bytes: Buffer; readonly sha256: string }>();
    for (const { id, segment, position, length, sha256 } of frames.values())
      for (const [range, bytes] of read) {
        const from = position - range.position;
        if (range.segment !== segment || from < 0 || from + length > range.length) continue;
        found.set(id, { bytes: bytes.subarray(from, from + length), sha256 });
      }
    return found;
  }
}

async function decoded(frame: Buffer, sha256: string): Promise<Buffer> {
  try {
    return await decodeFrame(frame, sha256);
  } catch (error) {
    if (!(error instanceof SegmentError)) throw error;
    throw stalled(
      'ARCHIVE_DAMAGED',
      `a message of the archive cannot be read (${error.message}); \`mailmill archive verify\` names the segment, restore it`,
      { cause: error },
    );
  }
}
