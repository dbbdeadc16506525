import type { Listed, MessagePart, RawMessage, SourceSession } from '../../sources/source.ts';
import { transient } from '../../telemetry/errors.ts';
import type { ByteBudget } from '../worker/byte-budget.ts';
import { batchBytes, type PlannedBatch } from './batch-plan.ts';

/** In bytes. */
export interface PartSizes {
  /** What one command asks for; less where that takes long, because new mail may wait for its end. */
  readonly most: number;
  readonly least: number;
  /** On a new connection a message is read from so far before what is missing: these bytes must be the same. */
  readonly overlap: number;
}

const usualSizes: PartSizes = { most: 4 * 2 ** 20, least: 256 * 2 ** 10, overlap: 4_096 };
/** Milliseconds. */
const quickMs = 250;
const slowMs = 1_000;
/** After so many messages whose parts were not what the server says of the whole, the others are fetched in one piece at once. */
const mostDisagreements = 3;
/** The part of a budget that one message can take; the rest is for mail beside it. */
const share = 7 / 8;

/** What came of a message: all of it, nothing, a part for now, or answers that do not agree, so that it must be fetched in one piece. */
export type LargeRead = RawMessage | 'Gone' | 'Paused' | 'InOnePiece';

/** A message of which something has come. */
interface Begun {
  readonly listed: Listed;
  bytes: Buffer | undefined;
  filled: number;
  session: SourceSession;
  /** More has come since somebody last asked. */
  advanced: boolean;
  /** While it rests: takes its room in the budget back; false when it was given to others. */
  wake?: (() => boolean) | undefined;
}

/** Whether a batch is one message that may come in parts. */
export const isLarge = ({ fetch }: PlannedBatch): boolean => fetch.length === 1 && fetch[0]!.size > batchBytes;

const roomOfMessage = (size: number, { total }: ByteBudget): number => Math.min(size, Math.floor(total * share));

/** What a batch takes of a budget. */
export const roomOf = (plan: PlannedBatch, budget: ByteBudget): number =>
  isLarge(plan) ? roomOfMessage(plan.fetch[0]!.size, budget) : plan.bytes;

/**
 * Messages of one epoch that are read in parts: between two of them other mail is read, and a lost connection costs one part. What has come stays in
 * memory, with its room in the budget, until others need that; then the message is read once more, without a rest.
 */
export class LargeMessages {
  readonly #budget: ByteBudget;
  readonly #now: () => number;
  readonly #begun = new Map<number, Begun>();
  /** Their room was given to others. */
  readonly #restless = new Set<number>();
  readonly #sizes: PartSizes;
  #count: number;
  /** Changes when everything is forgotten. */
  #life = 0;
  /** Messages whose parts were not what the server says of the whole. */
  #disagreed = 0;

  constructor(budget: ByteBudget, sizes = usualSizes, now: () => number = () => performance.now()) {
    this.#budget = budget;
    this.#sizes = sizes;
    this.#count = sizes.most;
    this.#now = now;
  }

  get #trusted(): boolean {
    return this.#disagreed < mostDisagreements;
  }

  /** Whether a batch is read by `read`. */
  takes(session: SourceSession, plan: PlannedBatch): boolean {
    return isLarge(plan) && session.fetchPart !== undefined && this.#trusted;
  }

  /** Whether some of a batch has come. */
  has(plan: PlannedBatch): boolean {
    return isLarge(plan) && this.#begun.has(plan.fetch[0]!.uid);
  }

  /** Whether more of a message has come since this was last asked. */
  advanced(uid: number): boolean {
    const begun = this.#begun.get(uid);
    const { advanced = false } = begun ?? {};
    if (begun) begun.advanced = false;
    return advanced;
  }

  /** Takes the room for a batch; throws what the budget throws. */
  async acquire(plan: PlannedBatch, signal: AbortSignal): Promise<void> {
    const begun = isLarge(plan) ? this.#begun.get(plan.fetch[0]!.uid) : undefined;
    const wake = begun?.wake;
    if (begun) begun.wake = undefined;
    if (!wake?.()) await this.#budget.acquire(roomOf(plan, this.#budget), signal);
  }

  /** Nobody works on a batch now. What has come of a large message stays, as long as nobody needs its room. */
  release(plan: PlannedBatch): void {
    const room = roomOf(plan, this.#budget);
    const begun = isLarge(plan) ? this.#begun.get(plan.fetch[0]!.uid) : undefined;
    if (!begun) {
      this.#budget.release(room);
      return;
    }
    const { uid } = begun.listed;
    begun.wake = this.#budget.keep(room, () => {
      this.#begun.delete(uid);
      this.#restless.add(uid);
    });
  }

  /** Forgets everything: of another epoch, or somebody else's. */
  clear(): void {
    this.#life += 1;
    this.#forgetBegun();
    this.#restless.clear();
    this.#disagreed = 0;
  }

  #forgetBegun(): void {
    for (const { listed, wake } of this.#begun.values())
      if (wake?.()) this.#budget.release(roomOfMessage(listed.size, this.#budget));
    this.#begun.clear();
  }

  /** Reads a message of the open folder, at least one part of it, until `stop`. Its room is taken. Throws what the session throws. */
  async read(session: SourceSession, listed: Listed, signal: AbortSignal, stop: () => boolean): Promise<LargeRead> {
    if (!session.fetchPart) return 'InOnePiece';
    const { uid } = listed;
    const begun = this.#open(listed, session);
    const life = this.#life;
    do {
      const { filled } = begun;
      const from = begun.session === session ? filled : Math.max(0, filled - this.#sizes.overlap);
      const left = listed.size - from;
      // One byte more than there should be shows the end.
      const count = left <= this.#count ? left + 1 : filled - from + this.#count;
      const asked = this.#now();
      const part = await session.fetchPart(uid, from, count, signal);
      if (life !== this.#life) throw epochOver();
      this.#took(this.#now() - asked);
      const end = take(begun, part, from, count);
      begun.session = session;
      if (end === undefined) this.#begun.set(uid, begun);
      else {
        this.#begun.delete(uid);
        this.#restless.delete(uid);
        if (end === 'InOnePiece') this.#disagreed += 1;
        if (!this.#trusted) this.#forgetBegun();
        return end;
      }
    } while (this.#restless.has(uid) || !stop());
    return 'Paused';
  }

  #open(listed: Listed, session: SourceSession): Begun {
    const begun = this.#begun.get(listed.uid);
    if (begun && isSame(begun.listed, listed)) return begun;
    return { listed, bytes: undefined, filled: 0, session, advanced: false };
  }

  #took(ms: number): void {
    if (ms > slowMs) this.#count = Math.max(this.#sizes.least, Math.floor(this.#count / 2));
    else if (ms < quickMs) this.#count = Math.min(this.#sizes.most, this.#count * 2);
  }
}

const epochOver = () =>
  transient('SOURCE_FETCH_INCOMPLETE', 'the folder began anew while a message of it was read; it is listed again');

type Identity = Pick<Listed, 'size' | 'receivedAt' | 'objectId'>;

const isSame = (a: Identity, b: Identity): boolean =>
  a.size === b.size && a.receivedAt.getTime() === b.receivedAt.getTime() && a.objectId === b.objectId;

/** Adds a part that was asked for; undefined: there is more to come. Only parts that are, together, as long as the server says of the whole are taken. */
function take(begun: Begun, part: MessagePart | undefined, from: number, count: number): LargeRead | undefined {
  const { listed, filled } = begun;
  const { uid, size } = listed;
  if (!part) return 'Gone';
  const { bytes, offset, flags, oversize } = part;
  if (oversize !== undefined) return from === 0 ? { uid, raw: bytes, flags, oversize } : 'InOnePiece';
  // NIL, or nothing, is what servers give of a message that is gone (RFC 2180 §4.1.3).
  if (from === 0 && bytes.length === 0) return 'Gone';
  if (from === 0 && offset === undefined) return { uid, raw: bytes, flags };
  if (offset !== from || !isSame(listed, part) || bytes.length !== Math.min(count, size - from)) return 'InOnePiece';
  // Memory is taken as it is filled.
  begun.bytes ??= Buffer.allocUnsafeSlow(size);
  const known = Math.min(filled - from, bytes.length);
  if (begun.bytes.compare(bytes, 0, known, from, from + known) !== 0) return 'InOnePiece';
  bytes.copy(begun.bytes, filled, known);
  begun.advanced ||= bytes.length > known;
  begun.filled = Math.max(filled, from + bytes.length);
  return begun.filled < size ? undefined : { uid, raw: begun.bytes, flags };
}
