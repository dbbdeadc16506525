import fs from 'node:fs/promises';
import path from 'node:path';
import { MailmillError, transient } from '../../telemetry/errors.ts';
import { abortable, throwIfAborted } from '../abort.ts';
import { byName, type FolderSelection, isSelected } from '../folder-patterns.ts';
import type { Findings, FolderInfo, FolderState, FoundMessage, Listed, RawMessage, SourceSession } from '../source.ts';
import { waitForFiles } from '../wait-for-files.ts';
import { folderGone, isMissing, maildirError, maildirMissing } from './errors.ts';
import { filesWithMessageId } from './find.ts';
import { type Entry, FolderIndex } from './folder-index.ts';
import { flagsOf, folderOf } from './names.ts';
import { headerOf, readRegular } from './read.ts';

const headerBytes = 262_144;
/** Files read at the same time: at most so many, and so many bytes unless it is one. */
const aheadFiles = 16;
const aheadBytes = 8 * 2 ** 20;

export interface MaildirSessionOptions {
  readonly dir: string;
  readonly selection: FolderSelection;
  readonly assign: (folder: string, keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;
  readonly clock: () => number;
}

/** A Maildir, read only: nothing in it is moved, renamed or marked. */
export class MaildirSession implements SourceSession {
  readonly capabilities: ReadonlySet<string> = new Set();
  readonly #options: MaildirSessionOptions;
  #indexes = new Map<string, FolderIndex>();
  #directories = new Map<string, string>();
  /** By folder, the next UID when it was last searched to its end: what lies above it is news. */
  readonly #searched = new Map<string, number>();
  #selected: { readonly name: string; readonly dir: string; readonly index: FolderIndex } | undefined;

  constructor(options: MaildirSessionOptions) {
    this.#options = options;
  }

  #do<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    return abortable(signal, action, async (error) => {
      if (error instanceof MailmillError || !isMissing(error)) return maildirError(error);
      await this.#check();
      return folderGone(error);
    });
  }

  /** Throws Stalled `MAILDIR_MISSING` when the whole Maildir is not there. */
  async #check(): Promise<void> {
    const { dir } = this.#options;
    for (const sub of ['new', 'cur']) {
      const stat = await fs.stat(path.join(dir, sub)).catch((error: unknown) => {
        throw isMissing(error) ? maildirMissing(dir, error) : maildirError(error);
      });
      if (!stat.isDirectory()) throw maildirMissing(dir);
    }
  }

  /** Checks that the Maildir is there and may be read. */
  async open(signal: AbortSignal): Promise<this> {
    await this.#do(signal, async () => {
      await this.#check();
      await fs.readdir(this.#options.dir);
    });
    return this;
  }

  async #list(): Promise<string[]> {
    const { dir } = this.#options;
    const directories = new Map([['INBOX', dir]]);
    for (const entry of await fs.readdir(dir, { withFileTypes: true })) {
      const name = entry.isDirectory() ? folderOf(Buffer.from(entry.name)) : undefined;
      if (name === undefined || directories.has(name)) continue;
      const cur = await fs.stat(path.join(dir, entry.name, 'cur')).catch(() => undefined);
      if (cur?.isDirectory()) directories.set(name, path.join(dir, entry.name));
    }
    this.#directories = directories;
    return [...directories.keys()];
  }

  async folders(signal: AbortSignal): Promise<readonly FolderInfo[]> {
    const names = await this.#do(signal, () => this.#list());
    return names
      .filter((name) => isSelected(name, this.#options.selection))
      .map((name) => ({ name }))
      .sort(byName);
  }

  async #index(folder: string, signal: AbortSignal): Promise<{ readonly dir: string; readonly index: FolderIndex }> {
    if (!this.#directories.has(folder)) await this.#list();
    const dir = this.#directories.get(folder);
    if (dir === undefined) throw folderGone();
    const { assign, clock } = this.#options;
    const index = this.#indexes.get(folder) ?? new FolderIndex(dir, (keys) => assign(folder, keys), clock);
    await index.refresh(signal);
    this.#indexes.set(folder, index);
    return { dir, index };
  }

  async select(folder: string, signal: AbortSignal): Promise<FolderState> {
    this.#selected = undefined;
    const { dir, index } = await this.#do(signal, () => this.#index(folder, signal));
    this.#selected = { name: folder, dir, index };
    return { name: folder, epoch: 1n, uidNext: index.uidNext, exists: index.uids.length };
  }

  #open() {
    if (!this.#selected) throw transient('FOLDER_NOT_OPEN', 'no folder is open; it is opened again');
    return this.#selected;
  }

  async search(from: number, to: number | undefined, signal: AbortSignal): Promise<readonly number[]> {
    const { index, name } = this.#open();
    await this.#do(signal, () => index.refresh(signal));
    if (to === undefined) this.#searched.set(name, index.uidNext);
    return index.uids.filter((uid) => uid >= from && (to === undefined || uid <= to));
  }

  async list(uids: readonly number[], signal: AbortSignal): Promise<readonly Listed[]> {
    const { index } = this.#open();
    throwIfAborted(signal);
    return uids.flatMap((uid) => {
      const entry = index.get(uid);
      return entry ? [{ uid, size: entry.size, receivedAt: entry.time }] : [];
    });
  }

  async *fetch(uids: readonly number[], signal: AbortSignal): AsyncGenerator<RawMessage, void, undefined> {
    const { index } = this.#open();
    for (let at = 0; at < uids.length; ) {
      const window: Entry[] = [];
      for (let bytes = 0; at < uids.length && window.length < aheadFiles; at++) {
        const entry = index.get(uids[at]!);
        if (!entry) continue;
        bytes += entry.size;
        if (window.length > 0 && bytes > aheadBytes) break;
        window.push(entry);
      }
      const messages = await this.#do(signal, () =>
        Promise.all(window.map((entry) => this.#read(index, entry, signal))),
      );
      for (const message of messages) {
        throwIfAborted(signal);
        if (message) yield message;
      }
    }
  }

  async #read(index: FolderIndex, entry: Entry, signal: AbortSignal): Promise<RawMessage | undefined> {
    const { uid } = entry;
    const raw = await readRegular(entry.file);
    if (raw) return { uid, raw, flags: flagsOf(entry.name) };
    // A client moved it from new to cur, or changed its flags, after we saw it.
    await index.refresh(signal);
    const moved = index.get(uid);
    const again = moved && (await readRegular(moved.file));
    return again && { uid, raw: again, flags: flagsOf(moved.name) };
  }

  async fetchHeader(uid: number, signal: AbortSignal): Promise<Buffer | undefined> {
    const { index } = this.#open();
    return this.#do(signal, async () => {
      for (let attempt = 0; attempt < 2; attempt++) {
        const entry = index.get(uid);
        const bytes = entry && (await readRegular(entry.file, headerBytes));
        if (bytes) return headerOf(bytes);
        await index.refresh(signal);
      }
      return undefined;
    });
  }

  async find(messageId: string, signal: AbortSignal): Promise<Findings> {
    const names = await this.#do(signal, () => this.#list());
    const messages: FoundMessage[] = [];
    const denied: string[] = [];
    for (const folder of names.sort()) {
      try {
        const selected = isSelected(folder, this.#options.selection);
        for (const { time, uid } of await this.#findIn(folder, messageId, signal))
          messages.push({ folder, selected, epoch: 1n, ...(uid !== undefined && { uid }), receivedAt: time });
      } catch (error) {
        if (!(error instanceof MailmillError) || !['FOLDER_GONE', 'MAILDIR_DENIED'].includes(error.code)) throw error;
        denied.push(folder);
      }
    }
    return { messages, denied };
  }

  async #findIn(folder: string, messageId: string, signal: AbortSignal) {
    const dir = this.#directories.get(folder);
    if (dir === undefined) throw folderGone();
    const files = await this.#do(signal, () => filesWithMessageId(dir, messageId, headerBytes, signal));
    const uids = await this.#options.assign(
      folder,
      files.map(({ key }) => key),
    );
    return files.map(({ key, time }) => ({ time, uid: uids.get(key) }));
  }

  async status(
    folder: string,
    signal: AbortSignal,
  ): Promise<{ readonly uidNext: number; readonly exists: number; readonly epoch: bigint }> {
    const { index } = await this.#do(signal, () => this.#index(folder, signal));
    return { uidNext: index.uidNext, exists: index.uids.length, epoch: 1n };
  }

  async wait(ms: number, signal: AbortSignal): Promise<'changed' | 'timeout'> {
    const { dir, index, name } = this.#open();
    const directories = ['new', 'cur'].map((sub) => ({ dir: path.join(dir, sub) }));
    return waitForFiles(directories, ms, signal, async () => {
      const changed = await this.#do(signal, async () => (await index.hasChanged()) && index.refresh(signal));
      if (!changed && index.uidNext <= (this.#searched.get(name) ?? index.uidNext)) return false;
      this.#searched.set(name, index.uidNext);
      return true;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#indexes = new Map();
    this.#selected = undefined;
  }
}
