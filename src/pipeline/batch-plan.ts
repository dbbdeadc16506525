import type { Listed } from '../sources/source.ts';
import { type UidRange, UidSet } from '../store/uid-set.ts';

/** A batch is a UID range of at most this many raw bytes or messages, unless one message alone is larger. */
export const batchBytes = 8 * 2 ** 20;
export const batchMessages = 500;

/** UIDs that belong together: what to fetch, and what is finished once they are recorded. */
export interface PlannedBatch {
  readonly range: UidRange;
  /** To fetch, ascending. */
  readonly fetch: readonly Listed[];
  /** Larger than the source's limit: only their headers are read. */
  readonly tooLarge: readonly Listed[];
  readonly excluded: number;
  /** Listed by SEARCH, not any more by FETCH. */
  readonly vanished: readonly number[];
  /** Sum of the sizes to fetch. */
  readonly bytes: number;
}

export interface PlanInput {
  /** First UID that the plan may finish; everything below is finished. */
  readonly from: number;
  /** UIDs to do, ascending, as SEARCH listed them. */
  readonly uids: readonly number[];
  readonly listed: readonly Listed[];
  readonly since: Date | undefined;
  readonly firstUidNext: number;
  readonly messageSize: number;
}

/**
 * Cuts a window of UIDs into batches in ascending order. The ranges are adjacent and cover `from` to the last UID: numbers
 * between listed UIDs can never be given again.
 */
export function planBatches(input: PlanInput): readonly PlannedBatch[] {
  const byUid = new Map(input.listed.map((listed) => [listed.uid, listed]));
  const batches: PlannedBatch[] = [];
  let first = input.from;
  let open = { fetch: [] as Listed[], tooLarge: [] as Listed[], excluded: 0, vanished: [] as number[], bytes: 0 };
  let last = input.from - 1;
  const close = () => {
    if (last < first) return;
    batches.push({ range: [first, last], ...open });
    first = last + 1;
    open = { fetch: [], tooLarge: [], excluded: 0, vanished: [], bytes: 0 };
  };
  for (const uid of input.uids) {
    const listed = byUid.get(uid);
    if (!listed) open.vanished.push(uid);
    else if (input.since && uid < input.firstUidNext && listed.receivedAt < input.since) open.excluded += 1;
    else if (listed.size > input.messageSize) open.tooLarge.push(listed);
    else {
      if (open.fetch.length > 0 && (open.bytes + listed.size > batchBytes || open.fetch.length >= batchMessages))
        close();
      open.fetch.push(listed);
      open.bytes += listed.size;
    }
    last = uid;
  }
  close();
  return batches;
}

/** The set that a batch finishes. */
export const finishedBy = (batch: PlannedBatch): UidSet => UidSet.of(batch.range);
