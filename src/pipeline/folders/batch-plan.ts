import type { Listed } from '../../sources/source.ts';
import type { UidRange } from '../../store/uid-set.ts';

/** A batch is a UID range of at most this many raw bytes or messages, unless one message alone is larger. */
export const batchBytes = 8 * 2 ** 20;
export const batchMessages = 500;
/** What the header of a message that is too large may take. */
const headerBytes = 256 * 2 ** 10;

/** UIDs that belong together: what to fetch, and what is finished once they are recorded. */
export interface PlannedBatch {
  readonly range: UidRange;
  /** As SEARCH listed them, ascending. */
  readonly uids: readonly number[];
  /** To fetch, ascending. */
  readonly fetch: readonly Listed[];
  /** Larger than the source's limit: only their headers are read. */
  readonly tooLarge: readonly Listed[];
  readonly excluded: number;
  /** Listed by SEARCH, not any more by FETCH, and gone at a second look. */
  readonly vanished: readonly number[];
  /** What is read into memory, at most. */
  readonly bytes: number;
  /** It came after the folder was first seen, and waits among old mail. */
  readonly late?: true;
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
  /** Messages a batch; default and bound: `batchMessages`. */
  readonly most?: number;
  /** Bytes a batch; default and bound: `batchBytes`. */
  readonly mostBytes?: number;
}

/** UIDs that SEARCH listed in a batch. */
export const listedIn = (batch: PlannedBatch): number =>
  batch.fetch.length + batch.tooLarge.length + batch.excluded + batch.vanished.length;

/** What a batch takes of the server. */
export const amountOf = ({ bytes, fetch, tooLarge }: PlannedBatch) => ({
  bytes,
  messages: fetch.length + tooLarge.length,
});

/** What the header of a batch's one message takes of the server, at most. */
export const headerAmount = ({ bytes }: PlannedBatch) => ({ bytes: Math.min(bytes, headerBytes), messages: 1 });

/** A batch of one message. */
export function planAlone(listed: Listed, messageSize: number): PlannedBatch {
  const { uid, size } = listed;
  const alone = { range: [uid, uid], uids: [uid], excluded: 0, vanished: [] } as const;
  if (size > messageSize) return { ...alone, fetch: [], tooLarge: [listed], bytes: headerBytes };
  return { ...alone, fetch: [listed], tooLarge: [], bytes: size };
}

/**
 * Cuts a window of UIDs into batches in ascending order. The ranges are adjacent and cover `from` to the last UID that FETCH knows too:
 * numbers between listed UIDs can never be given again. A greater number that only SEARCH gave proves nothing about those below it.
 */
export function planBatches(input: PlanInput): readonly PlannedBatch[] {
  const byUid = new Map(input.listed.map((listed) => [listed.uid, listed]));
  const batches: PlannedBatch[] = [];
  let first = input.from;
  const most = Math.min(batchMessages, input.most ?? batchMessages);
  const mostBytes = Math.min(batchBytes, input.mostBytes ?? batchBytes);
  const none = () => ({
    uids: [] as number[],
    fetch: [] as Listed[],
    tooLarge: [] as Listed[],
    excluded: 0,
    vanished: [] as number[],
    bytes: 0,
  });
  let open = none();
  let last = input.from - 1;
  let gone: number[] = [];
  const close = () => {
    if (last < first) return;
    batches.push({ range: [first, last], ...open });
    first = last + 1;
    open = none();
  };
  for (const uid of input.uids) {
    const listed = byUid.get(uid);
    if (!listed) {
      gone.push(uid);
      continue;
    }
    if (listed.excluded || (input.since && uid < input.firstUidNext && listed.receivedAt < input.since))
      open.excluded += 1;
    else {
      const tooLarge = listed.size > input.messageSize;
      const bytes = tooLarge ? headerBytes : listed.size;
      const count = open.fetch.length + open.tooLarge.length;
      if (count > 0 && (open.bytes + bytes > mostBytes || count >= most)) close();
      (tooLarge ? open.tooLarge : open.fetch).push(listed);
      open.bytes += bytes;
    }
    open.vanished.push(...gone);
    open.uids.push(...gone, uid);
    gone = [];
    last = uid;
  }
  close();
  return batches;
}
