import type { Database } from '../../store/database.ts';
import {
  findKept,
  inlineRaw,
  type KeptContent,
  type KeptState,
  keptContents,
  keptFolders,
  listKept,
  searchKept,
} from '../../store/kept-read.ts';
import { MailmillError, stalled, transient } from '../../telemetry/errors.ts';
import { aborted, throwIfAborted } from '../abort.ts';
import { type FolderSelection, isSelected } from '../folder-patterns.ts';
import { headerBytes, headerOf } from '../header-block.ts';
import { messageIdAsRead } from '../message-id.ts';
import type { Findings, FolderCounts, FolderInfo, FolderState, Listed, RawMessage, SourceSession } from '../source.ts';
import type { KeptPoller } from './poller.ts';

/** Bytes of mail that one query brings, unless one message alone is larger. */
const windowBytes = 4 * 2 ** 20;

/** Reads messages whose bytes are in an archive. */
export interface FrameReader {
  /** The messages of these frames in the order given; one that the archive does not have any more is left out. */
  read(
    contents: readonly KeptContent[],
    signal: AbortSignal,
  ): AsyncIterable<{ readonly uid: number; readonly raw: Buffer }>;
}

export interface KeptSessionOptions {
  readonly database: Database;
  readonly namespace: string;
  readonly source: string;
  readonly account: string;
  readonly selection: FolderSelection;
  readonly poller: KeptPoller;
  /** For mail whose bytes are not in the database. */
  readonly frames?: FrameReader;
}

const folderGone = (): MailmillError =>
  transient('FOLDER_GONE', 'the folder does not exist any more; folders are listed again');

/** Mail that the store keeps itself, read as a mailbox is. */
export class KeptSession implements SourceSession {
  readonly capabilities: ReadonlySet<string> = new Set();
  readonly #options: KeptSessionOptions;
  /** By folder, the next position when it was last searched to its end: what comes at it or above is news. */
  readonly #searched = new Map<string, number>();
  #selected: { readonly name: string; readonly state: KeptState } | undefined;
  /** Sizes of what was listed, to fetch in windows. */
  #sizes = new Map<number, number>();

  constructor(options: KeptSessionOptions) {
    this.#options = options;
  }

  async #folders(signal: AbortSignal): Promise<ReadonlyMap<string, KeptState>> {
    throwIfAborted(signal);
    return keptFolders(this.#options.database, this.#options);
  }

  async folders(signal: AbortSignal): Promise<readonly FolderInfo[]> {
    const found = await this.#folders(signal);
    return [...found].flatMap(([name, { messages }]) =>
      isSelected(name, this.#options.selection) ? [{ name, messages }] : [],
    );
  }

  async #state(folder: string, signal: AbortSignal): Promise<KeptState> {
    const state = (await this.#folders(signal)).get(folder);
    if (!state) throw folderGone();
    return state;
  }

  async select(folder: string, signal: AbortSignal): Promise<FolderState> {
    this.#selected = undefined;
    const state = await this.#state(folder, signal);
    this.#selected = { name: folder, state };
    this.#sizes = new Map();
    return { name: folder, epoch: state.epoch, uidNext: state.nextUid, exists: state.messages };
  }

  #open() {
    if (!this.#selected) throw transient('FOLDER_NOT_OPEN', 'no folder is open; it is opened again');
    return this.#selected;
  }

  async search(from: number, to: number | undefined, signal: AbortSignal): Promise<readonly number[]> {
    const { name, state } = this.#open();
    throwIfAborted(signal);
    const uids = await searchKept(this.#options.database, state.folderId, from, to);
    if (to === undefined) this.#searched.set(name, Math.max(state.nextUid, (uids.at(-1) ?? 0) + 1));
    return uids;
  }

  async list(uids: readonly number[], signal: AbortSignal): Promise<readonly Listed[]> {
    const { state } = this.#open();
    throwIfAborted(signal);
    const listed = await listKept(this.#options.database, state.folderId, uids);
    this.#sizes = new Map(listed.map(({ uid, size }) => [uid, size]));
    return listed.map(({ objectId, ...rest }) => ({ ...rest, ...(objectId !== undefined && { objectId }) }));
  }

  async *fetch(uids: readonly number[], signal: AbortSignal): AsyncGenerator<RawMessage, void, undefined> {
    const { state } = this.#open();
    for (let at = 0; at < uids.length; ) {
      const window: number[] = [];
      for (let bytes = 0; at < uids.length; at++) {
        bytes += this.#sizes.get(uids[at]!) ?? windowBytes;
        if (window.length > 0 && bytes > windowBytes) break;
        window.push(uids[at]!);
      }
      throwIfAborted(signal);
      const contents = await keptContents(this.#options.database, state.folderId, window);
      const flags = new Map(contents.map((content) => [content.uid, content.flags]));
      for await (const { uid, raw } of this.#read(contents, signal)) {
        throwIfAborted(signal);
        yield { uid, raw, flags: flags.get(uid) ?? [] };
      }
    }
  }

  /** Ascending, as the contents are. */
  async *#read(
    contents: readonly KeptContent[],
    signal: AbortSignal,
  ): AsyncGenerator<{ readonly uid: number; readonly raw: Buffer }, void, undefined> {
    const { frames } = this.#options;
    for (let at = 0; at < contents.length; ) {
      const first = contents[at]!;
      if (first.zstd) {
        yield { uid: first.uid, raw: await inline(first) };
        at += 1;
        continue;
      }
      let end = at;
      while (end < contents.length && !contents[end]!.zstd) end += 1;
      if (!frames)
        throw stalled(
          'SOURCE_ARCHIVE_UNKNOWN',
          'some of the mail is in an archive that this source does not name any more; put `archive` back',
        );
      yield* frames.read(contents.slice(at, end), signal);
      at = end;
    }
  }

  async fetchHeader(uid: number, signal: AbortSignal): Promise<Buffer | undefined> {
    for await (const { raw } of this.fetch([uid], signal)) return headerOf(raw).subarray(0, headerBytes);
    return undefined;
  }

  async find(messageId: string, signal: AbortSignal): Promise<Findings> {
    throwIfAborted(signal);
    const found = await findKept(this.#options.database, this.#options, messageIdAsRead(messageId));
    const { selection } = this.#options;
    return {
      messages: found.map((each) => ({ ...each, selected: isSelected(each.folder, selection) })),
      denied: [],
    };
  }

  async status(
    folder: string,
    signal: AbortSignal,
  ): Promise<{ readonly uidNext: number; readonly exists: number; readonly epoch: bigint }> {
    const { epoch, nextUid, messages } = await this.#state(folder, signal);
    return { uidNext: nextUid, exists: messages, epoch };
  }

  async statuses(folders: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, FolderCounts>> {
    const found = await this.#folders(signal);
    return new Map(
      folders.flatMap((name) => {
        const state = found.get(name);
        return state ? [[name, { uidNext: state.nextUid, exists: state.messages, epoch: state.epoch }]] : [];
      }),
    );
  }

  async wait(ms: number, signal: AbortSignal): Promise<'changed' | 'timeout'> {
    const { name, state } = this.#open();
    const seen = this.#searched.get(name) ?? state.nextUid;
    try {
      return await this.#options.poller.wait(state.folderId, seen, ms, signal);
    } catch (error) {
      if (signal.aborted) throw aborted(signal);
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#selected = undefined;
  }
}

async function inline(content: KeptContent): Promise<Buffer> {
  try {
    return (await inlineRaw(content)) ?? Buffer.alloc(0);
  } catch (error) {
    if (error instanceof MailmillError) throw error;
    throw stalled(
      'STORE_KEPT_UNREADABLE',
      "a message in mailmill.kept_bytes does not decompress: the store's data is damaged; restore it, or remove the row",
      { cause: error },
    );
  }
}
