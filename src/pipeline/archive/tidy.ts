import type { OpenArchive } from '../../sources/archive/open.ts';
import { encodeSegment } from '../../sources/archive/segment.ts';
import { beginSegment } from '../../store/archive.ts';
import {
  type CarrySegment,
  disownSegments,
  dropSegment,
  expiredSegments,
  forgetSegment,
  framesToCarry,
  orphanSegments,
} from '../../store/archive-retention.ts';
import type { Database } from '../../store/database.ts';
import { forgetChanges } from '../../store/kept-changes.ts';
import { asMailmillError, stalled } from '../../telemetry/errors.ts';
import type { Logger } from '../../telemetry/log.ts';
import { sleep } from '../backoff.ts';
import { type Keeper, segmentName } from './keeper.ts';

/** A segment that was begun so long ago is nobody's: every write gives up in less. */
const writingMs = 900_000;
const tidyMs = 600_000;
const retryMs = 60_000;

export interface TidyOptions {
  readonly archive: OpenArchive;
  readonly retentionMs: number | undefined;
  readonly database: Database;
  readonly clock: () => Date;
}

export interface Tidied {
  /** Segments whose bytes were removed. */
  readonly segments: number;
  /** Messages that retention let go. */
  readonly messages: number;
}

/** Lets go what is older than the retention, and removes the bytes of segments that nobody refers to. */
export async function tidyArchive(options: TidyOptions, signal: AbortSignal): Promise<Tidied> {
  const { archive, database, retentionMs } = options;
  await disownSegments(database, archive.id, writingMs);
  const messages = retentionMs === undefined ? 0 : await expire(options, retentionMs, signal);
  if (retentionMs !== undefined) await forgetChanges(database, archive.id, retentionMs);
  let segments = 0;
  for (let more = true; more; ) {
    const orphans = await orphanSegments(database, archive.id);
    for (const { id, name } of orphans) {
      await archive.storage.remove(name, signal);
      await forgetSegment(database, id);
      segments += 1;
    }
    more = orphans.length > 0;
  }
  return { segments, messages };
}

async function expire(options: TidyOptions, retentionMs: number, signal: AbortSignal): Promise<number> {
  const { archive, database } = options;
  let messages = 0;
  for (let after = 0n; ; ) {
    const expired = await expiredSegments(database, archive.id, retentionMs, after);
    for (const segment of expired) {
      const carried = await carry(options, segment, retentionMs, signal);
      messages += (await dropSegment(database, segment, retentionMs, carried)) ?? 0;
      after = segment;
    }
    if (expired.length === 0) return messages;
  }
}

/** Writes what must stay of a segment into another one. */
async function carry(
  { archive, database, clock }: TidyOptions,
  segment: bigint,
  retentionMs: number,
  signal: AbortSignal,
): Promise<CarrySegment | undefined> {
  const staying = await framesToCarry(database, segment, retentionMs);
  const [first] = staying;
  if (!first) return undefined;
  const bytes = await archive.storage.readAll(first.segment, signal);
  if (!bytes)
    throw stalled(
      'ARCHIVE_SEGMENT_MISSING',
      'a segment with messages on hold is not where it was written; restore it, and run `mailmill archive verify`',
    );
  const copy = encodeSegment(staying.map(({ position, length }) => bytes.subarray(position, position + length)));
  const name = segmentName(clock());
  const id = await beginSegment(database, archive.id, name);
  await archive.storage.write(name, copy.bytes, signal);
  return { id, bytes: copy.bytes.length, frames: copy.frames };
}

export interface TidyEnvironment {
  readonly database: Database;
  readonly clock: () => Date;
  readonly log: Logger;
  /** Tidies once, before the work, instead of again and again beside it. */
  readonly once: boolean;
  /** Ends everything at once. */
  readonly hardStop: AbortSignal;
}

/** Does the work of a collector, and keeps its archive tidy meanwhile. */
export async function whileTidying<T>(
  keeper: Keeper,
  environment: TidyEnvironment,
  stop: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const ended = new AbortController();
  const tidying = keepTidy(keeper, environment, AbortSignal.any([stop, ended.signal]));
  if (environment.once) await tidying;
  try {
    return await work();
  } finally {
    ended.abort();
    await tidying;
  }
}

async function keepTidy(keeper: Keeper, environment: TidyEnvironment, stop: AbortSignal): Promise<void> {
  const { once, log, hardStop } = environment;
  const { archive, retentionMs } = keeper;
  while (!stop.aborted) {
    let wait = tidyMs;
    try {
      const { segments, messages } = await tidyArchive({ ...environment, archive, retentionMs }, hardStop);
      if (segments > 0) log.info('removed segments of the archive', { segments, messages });
    } catch (thrown) {
      // It is done at the next occasion; mail is archived meanwhile.
      const error = asMailmillError(thrown);
      log.warn(error.message, { code: error.code, family: error.family });
      wait = retryMs;
    }
    if (once) return;
    await sleep(wait, stop);
  }
}
