import { setTimeout as sleep } from 'node:timers/promises';
import { MailmillError, stalled, transient } from '../../telemetry/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { headerBytes, headerOf } from '../header-block.ts';
import { hasMessageId } from '../message-id.ts';
import type { Findings, FolderInfo, FolderState, FoundMessage, Listed, RawMessage, SourceSession } from '../source.ts';
import type { Bucket } from './bucket.ts';
import { isFrozen } from './errors.ts';
import { looksLikeMail } from './mail-like.ts';
import type { ObjectEntry, ObjectIndex } from './object-index.ts';

/** Objects read at the same time: at most so many, and so many bytes unless it is one. */
const ahead = 16;
const aheadBytes = 8 * 2 ** 20;

/** What is known of a bucket; it outlives sessions. */
export interface BucketState {
  readonly bucket: Bucket;
  readonly index: ObjectIndex;
  /** Monotonic milliseconds of the last look; undefined: there was none. */
  lookedAt: number | undefined;
  /** The look that is under way. */
  looking: Promise<void> | undefined;
}

export interface S3SessionOptions {
  readonly state: BucketState;
  /** The one folder: the prefix. */
  readonly folder: string;
  /** 1: what objects hold now; 2: every version. */
  readonly epoch: bigint;
  readonly pollMs: number;
  /** Monotonic milliseconds. */
  readonly monotonic: () => number;
}

/** Objects under a prefix as the messages of one folder; read only. */
export class S3Session implements SourceSession {
  readonly capabilities: ReadonlySet<string> = new Set();
  readonly #options: S3SessionOptions;
  #selected = false;
  /** The next UID when it was last searched to its end: what lies above it is news. */
  #searched: number | undefined;

  constructor(options: S3SessionOptions) {
    this.#options = options;
  }

  /** Looks at the bucket when it is time for it. */
  async look(signal: AbortSignal): Promise<void> {
    const { state, pollMs, monotonic } = this.#options;
    throwIfAborted(signal);
    if (state.lookedAt !== undefined && monotonic() - state.lookedAt < pollMs) return;
    state.looking ??= state.index.refresh(signal).finally(() => {
      state.looking = undefined;
    });
    await state.looking;
    state.lookedAt = monotonic();
  }

  async folders(signal: AbortSignal): Promise<readonly FolderInfo[]> {
    await this.look(signal);
    return [{ name: this.#options.folder }];
  }

  async select(folder: string, signal: AbortSignal): Promise<FolderState> {
    if (folder !== this.#options.folder) throw transient('FOLDER_GONE', 'the prefix is another one now');
    await this.look(signal);
    this.#selected = true;
    return { name: folder, epoch: this.#options.epoch, ...this.#counts() };
  }

  #counts() {
    const { index } = this.#options.state;
    return { uidNext: index.uidNext, exists: index.uids.length };
  }

  #index(): ObjectIndex {
    if (!this.#selected) throw transient('FOLDER_NOT_OPEN', 'no folder is open; it is opened again');
    return this.#options.state.index;
  }

  async search(from: number, to: number | undefined, signal: AbortSignal): Promise<readonly number[]> {
    const index = this.#index();
    throwIfAborted(signal);
    if (to === undefined) this.#searched = index.uidNext;
    return index.uids.filter((uid) => uid >= from && (to === undefined || uid <= to));
  }

  async list(uids: readonly number[], signal: AbortSignal): Promise<readonly Listed[]> {
    const index = this.#index();
    throwIfAborted(signal);
    return uids.flatMap((uid) => {
      const object = index.get(uid)?.object;
      return object ? [{ uid, size: object.size, receivedAt: object.modifiedAt }] : [];
    });
  }

  async *fetch(uids: readonly number[], signal: AbortSignal): AsyncGenerator<RawMessage, void, undefined> {
    const index = this.#index();
    for (let at = 0; at < uids.length; ) {
      const window: ObjectEntry[] = [];
      for (let bytes = 0; at < uids.length && window.length < ahead; at++) {
        const entry = index.get(uids[at]!);
        if (!entry) continue;
        bytes += entry.object.size;
        if (window.length > 0 && bytes > aheadBytes) break;
        window.push(entry);
      }
      const bodies = await Promise.all(window.map((entry) => this.#get(entry, undefined, signal)));
      for (const [i, raw] of bodies.entries()) if (raw) yield message(window[i]!.uid, raw);
    }
  }

  /** What is gone, or was overwritten, is forgotten: it is not listed any more. */
  async #get(
    { uid, object }: ObjectEntry,
    limit: number | undefined,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const { bucket, index } = this.#options.state;
    try {
      // Nothing has no first byte to ask for.
      const raw = await bucket.get(object, object.size === 0 ? undefined : limit, signal);
      if (!raw) index.remove(uid);
      return raw;
    } catch (error) {
      if (!(error instanceof MailmillError) || !isFrozen(error.cause)) throw error;
      throw stalled(
        'S3_OBJECT_FROZEN',
        'an object is in cold storage and must be restored before it can be read; restore it, or leave it out by s3.keys.exclude',
        { cause: error.cause },
      );
    }
  }

  async fetchHeader(uid: number, signal: AbortSignal): Promise<Buffer | undefined> {
    const entry = this.#index().get(uid);
    const bytes = entry && (await this.#get(entry, headerBytes, signal));
    return bytes && headerOf(bytes).subarray(0, headerBytes);
  }

  /** Reads the head of every object: there is no index of Message-IDs. */
  async find(messageId: string, signal: AbortSignal): Promise<Findings> {
    await this.look(signal);
    const { folder, epoch, state } = this.#options;
    const messages: FoundMessage[] = [];
    const { uids } = state.index;
    for (let at = 0; at < uids.length; at += ahead)
      await Promise.all(
        uids.slice(at, at + ahead).map(async (uid) => {
          const entry = state.index.get(uid);
          const bytes = entry && (await this.#get(entry, 65_536, signal));
          if (!bytes?.includes(messageId) || !hasMessageId(headerOf(bytes), messageId)) return;
          messages.push({ folder, selected: true, epoch, uid, receivedAt: entry!.object.modifiedAt });
        }),
      );
    return { messages: messages.sort((a, b) => (a.uid ?? 0) - (b.uid ?? 0)), denied: [] };
  }

  async status(
    _folder: string,
    signal: AbortSignal,
  ): Promise<{ readonly uidNext: number; readonly exists: number; readonly epoch: bigint }> {
    await this.look(signal);
    return { epoch: this.#options.epoch, ...this.#counts() };
  }

  async wait(ms: number, signal: AbortSignal): Promise<'changed' | 'timeout'> {
    const index = this.#index();
    const { state, pollMs, monotonic } = this.#options;
    const end = monotonic() + ms;
    for (;;) {
      if (signal.aborted) return 'timeout';
      try {
        await this.look(signal);
      } catch (error) {
        if (signal.aborted) return 'timeout';
        throw error;
      }
      if (index.uidNext > (this.#searched ?? index.uidNext)) {
        this.#searched = index.uidNext;
        return 'changed';
      }
      const left = end - monotonic();
      if (left <= 0) return 'timeout';
      const due = (state.lookedAt ?? 0) + pollMs - monotonic();
      await sleep(Math.max(1, Math.min(left, due)), undefined, { signal }).catch(() => undefined);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#selected = false;
  }
}

function message(uid: number, raw: Buffer): RawMessage {
  if (looksLikeMail(raw)) return { uid, raw, flags: [] };
  const detail = 'the object does not begin with a header field, so it is no mail; leave such objects out by s3.keys';
  return { uid, raw, flags: [], refused: { code: 'MESSAGE_NOT_MAIL', detail } };
}
