import path from 'node:path';
import { MailmillError, transient } from '../../telemetry/errors.ts';
import { abortable, throwIfAborted } from '../abort.ts';
import type { FolderSelection } from '../folder-patterns.ts';
import { hasMessageId } from '../message-id.ts';
import type { Findings, FolderInfo, FolderState, FoundMessage, Listed, RawMessage, SourceSession } from '../source.ts';
import { waitForFiles } from '../wait-for-files.ts';
import { fileGone, isMissing, isNotRegular, mboxError, noFiles } from './errors.ts';
import { MboxFileIndex } from './file-index.ts';
import { mboxFiles } from './find-files.ts';
import { openRegular, reader } from './open.ts';
import { type MboxFormat, scanMbox } from './scan.ts';

const headerBytes = 262_144;

export interface MboxSessionOptions {
  /** An mbox file, or a directory of them. */
  readonly root: string;
  readonly selection: FolderSelection;
  readonly format: MboxFormat;
  readonly assign: (folder: string, keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly clock: () => number;
  /** What is known of the files, by name; it outlives sessions, so that only the first one reads them as a whole. */
  readonly indexes: Map<string, { readonly path: string; readonly index: MboxFileIndex }>;
}

/** Files of mail in mbox format, each of them a folder; read only. */
export class MboxSession implements SourceSession {
  readonly capabilities: ReadonlySet<string> = new Set();
  readonly #options: MboxSessionOptions;
  #paths = new Map<string, string>();
  /** By folder, the next UID when it was last searched to its end: what lies above it is news. */
  readonly #searched = new Map<string, number>();
  #selected: { readonly name: string; readonly path: string; readonly index: MboxFileIndex } | undefined;

  constructor(options: MboxSessionOptions) {
    this.#options = options;
  }

  #do<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    return abortable(signal, action, (error) =>
      isMissing(error) || isNotRegular(error) ? fileGone(error) : mboxError(error),
    );
  }

  /** Checks that there is something to read. */
  async open(signal: AbortSignal): Promise<this> {
    await this.#list(signal);
    return this;
  }

  #list(signal: AbortSignal) {
    return this.#do(signal, async () => {
      const { root, selection, indexes } = this.#options;
      const files = await mboxFiles(root, selection, signal);
      this.#paths = new Map(files.map((file) => [file.name, file.path]));
      for (const name of indexes.keys()) if (!this.#paths.has(name)) indexes.delete(name);
      return files;
    });
  }

  async folders(signal: AbortSignal): Promise<readonly FolderInfo[]> {
    const files = await this.#list(signal);
    const selected = files.filter((file) => file.selected);
    if (selected.length === 0) throw noFiles();
    return selected.map(({ name }) => ({ name }));
  }

  async #index(folder: string, signal: AbortSignal): Promise<{ readonly path: string; readonly index: MboxFileIndex }> {
    if (!this.#paths.has(folder)) await this.#list(signal);
    const file = this.#paths.get(folder);
    if (file === undefined) throw fileGone();
    const { assign, clock, format, indexes } = this.#options;
    const known = indexes.get(folder) ?? {
      path: file,
      index: new MboxFileIndex({ file, format, clock, assign: (keys) => assign(folder, keys) }),
    };
    indexes.set(folder, known);
    await known.index.refresh(signal);
    return known;
  }

  async select(folder: string, signal: AbortSignal): Promise<FolderState> {
    this.#selected = undefined;
    const { path: file, index } = await this.#do(signal, () => this.#index(folder, signal));
    this.#selected = { name: folder, path: file, index };
    return { name: folder, epoch: index.epoch, uidNext: index.uidNext, exists: index.count };
  }

  /** The folder that is open, as long as its epoch lasts. */
  async #refreshed(signal: AbortSignal) {
    const open = this.#selected;
    if (!open) throw transient('FOLDER_NOT_OPEN', 'no folder is open; it is opened again');
    const { epoch } = open.index;
    await this.#do(signal, () => open.index.refresh(signal));
    if (open.index.epoch !== epoch) {
      this.#selected = undefined;
      throw transient('FOLDER_RENUMBERED', 'the mbox file begins with another message now; it is opened again');
    }
    return open;
  }

  async search(from: number, to: number | undefined, signal: AbortSignal): Promise<readonly number[]> {
    const { index, name } = await this.#refreshed(signal);
    if (to === undefined) this.#searched.set(name, index.uidNext);
    return index.uids(from, to);
  }

  async list(uids: readonly number[], signal: AbortSignal): Promise<readonly Listed[]> {
    throwIfAborted(signal);
    const index = this.#selected?.index;
    return uids.flatMap((uid) => {
      const entry = index?.get(uid);
      return entry ? [{ uid, size: entry.size, receivedAt: new Date(entry.time) }] : [];
    });
  }

  async *fetch(uids: readonly number[], signal: AbortSignal): AsyncGenerator<RawMessage, void, undefined> {
    for (const uid of uids) {
      const found = await this.#read(uid, signal, (index, entry) => index.read(entry, signal));
      if (found) yield { uid, ...found };
    }
  }

  fetchHeader(uid: number, signal: AbortSignal): Promise<Buffer | undefined> {
    return this.#read(uid, signal, async (index, entry) => {
      const header = await index.readHeader(entry, signal);
      return header?.subarray(0, headerBytes);
    });
  }

  /** Reads a message where it was; when it is not there any more, where it is now. */
  async #read<T>(
    uid: number,
    signal: AbortSignal,
    read: (index: MboxFileIndex, entry: NonNullable<ReturnType<MboxFileIndex['get']>>) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    for (let attempt = 0; attempt < 2; attempt++) {
      const { index } =
        attempt === 0 ? (this.#selected ?? (await this.#refreshed(signal))) : await this.#refreshed(signal);
      const entry = index.get(uid);
      const found = entry && (await this.#do(signal, () => read(index, entry)));
      if (found) return found;
    }
    return undefined;
  }

  async find(messageId: string, signal: AbortSignal): Promise<Findings> {
    const messages: FoundMessage[] = [];
    const denied: string[] = [];
    for (const { name, selected } of await this.#list(signal))
      try {
        for (const found of await this.#findIn(name, messageId, signal)) messages.push({ ...found, selected });
      } catch (error) {
        if (!(error instanceof MailmillError) || !['FOLDER_GONE', 'MBOX_DENIED'].includes(error.code)) throw error;
        denied.push(name);
      }
    return { messages, denied };
  }

  /** Reads the whole file: there is no index of Message-IDs. */
  #findIn(folder: string, messageId: string, signal: AbortSignal) {
    return this.#do(signal, async () => {
      const { index, path: file } = await this.#index(folder, signal);
      const byOffset = new Map(index.uids(1).flatMap((uid) => (index.get(uid) ? [[index.get(uid)!.offset, uid]] : [])));
      await using handle = await openRegular(file);
      const { size } = await handle.stat();
      const { format } = this.#options;
      const found: Omit<FoundMessage, 'selected'>[] = [];
      for await (const message of scanMbox({ read: reader(handle), from: 0, to: size, format, signal })) {
        const { bytes } = message.header;
        if (!bytes.includes(messageId) || !hasMessageId(bytes, messageId)) continue;
        const uid = byOffset.get(message.offset);
        const receivedAt = message.time ?? new Date(0);
        found.push({ folder, epoch: index.epoch, receivedAt, ...(uid !== undefined && { uid }) });
      }
      return found;
    });
  }

  async status(
    folder: string,
    signal: AbortSignal,
  ): Promise<{ readonly uidNext: number; readonly exists: number; readonly epoch: bigint }> {
    const { index } = await this.#do(signal, () => this.#index(folder, signal));
    return { uidNext: index.uidNext, exists: index.count, epoch: index.epoch };
  }

  async wait(ms: number, signal: AbortSignal): Promise<'changed' | 'timeout'> {
    const open = this.#selected;
    if (!open) throw transient('FOLDER_NOT_OPEN', 'no folder is open; it is opened again');
    // The directory: a file that is replaced is another file of the same name.
    const directory = { dir: path.dirname(open.path), name: path.basename(open.path) };
    return waitForFiles([directory], ms, signal, async () => {
      const { epoch } = open.index;
      const changed = await this.#do(signal, async () => (await open.index.hasChanged()) && open.index.refresh(signal));
      const seen = this.#searched.get(open.name) ?? open.index.uidNext;
      if (!changed && open.index.uidNext <= seen && open.index.epoch === epoch) return false;
      this.#searched.set(open.name, open.index.uidNext);
      return true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#selected = undefined;
  }
}
