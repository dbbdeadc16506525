import { MailmillError, transient } from '../telemetry/errors.ts';
import { failpoint } from '../telemetry/failpoint.ts';
import type { Database } from './database.ts';
import {
  type Appended,
  type AppendLimits,
  type KeptFolder,
  type KeptPlace,
  type NewKept,
  openKeptFolder,
} from './kept.ts';
import { appendKept } from './kept-append.ts';

/** A transaction takes what has queued up behind the one before it, up to so many messages and bytes. */
const groupMessages = 200;
const groupBytes = 16 * 2 ** 20;

interface Entry {
  readonly items: readonly NewKept[];
  readonly done: PromiseWithResolvers<readonly Appended[]>;
}

export interface KeptWriterOptions {
  readonly database: Database;
  readonly place: KeptPlace;
  readonly limits: AppendLimits;
  /** Told of each transaction: seconds from its begin to the end of its commit. */
  readonly onCommitted?: (seconds: number) => void;
}

/** Adds messages to one folder, one transaction after the other; those that come meanwhile share the next one. */
export class KeptWriter {
  readonly #options: KeptWriterOptions;
  #folder: KeptFolder | undefined;
  readonly #queue: Entry[] = [];
  #running: Promise<void> | undefined;

  constructor(options: KeptWriterOptions) {
    this.#options = options;
  }

  /** Finds or makes the folder. Throws what keeps the store from answering. */
  async open(): Promise<KeptFolder> {
    this.#folder ??= await openKeptFolder(this.#options.database, this.#options.place);
    return this.#folder;
  }

  /**
   * Adds the copies of one message. The answers, in their order, come after the commit. Throws what keeps the store from it; then
   * nothing may have been kept or all of it, and adding it again tells.
   */
  append(items: readonly NewKept[]): Promise<readonly Appended[]> {
    const done = Promise.withResolvers<readonly Appended[]>();
    this.#queue.push({ items, done });
    this.#running ??= this.#run();
    return done.promise;
  }

  /** Until everything that was added is answered. */
  async drain(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) await this.#commit(this.#nextGroup());
    this.#running = undefined;
  }

  #nextGroup(): readonly Entry[] {
    let messages = 0;
    let bytes = 0;
    let end = 0;
    for (const { items } of this.#queue) {
      const buffers = new Set(items.map(({ content }) => ('zstd' in content ? content.zstd : undefined)));
      messages += items.length;
      for (const buffer of buffers) bytes += buffer?.length ?? 0;
      if (end > 0 && (messages > groupMessages || bytes > groupBytes)) break;
      end += 1;
    }
    return this.#queue.splice(0, end);
  }

  async #commit(group: readonly Entry[]): Promise<void> {
    try {
      const answers = await this.#append(group.flatMap(({ items }) => items));
      let at = 0;
      for (const { items, done } of group) {
        done.resolve(answers.slice(at, at + items.length));
        at += items.length;
      }
    } catch (error) {
      for (const { done } of group) done.reject(error);
    }
  }

  async #append(items: readonly NewKept[]): Promise<readonly Appended[]> {
    const { database, limits, onCommitted } = this.#options;
    for (let attempt = 0; attempt < 2; attempt++) {
      const folder = await this.open();
      const started = performance.now();
      try {
        const answers = await database.transaction(
          (client) => appendKept(client, folder, items, limits),
          () => failpoint('before-kept-commit'),
        );
        failpoint('after-kept-commit');
        onCommitted?.((performance.now() - started) / 1000);
        return answers;
      } catch (error) {
        if (!(error instanceof MailmillError) || error.code !== 'STORE_KEPT_GONE') throw error;
        this.#folder = undefined;
      }
    }
    throw transient('STORE_KEPT_GONE', "the source's kept mail is being purged; it is tried again");
  }
}
