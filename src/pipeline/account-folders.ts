import type { FolderStatus } from '../api/worker-status.ts';
import type { Source, SourceSession } from '../sources/source.ts';
import { openCursor, retireMissingFolders } from '../store/epochs.ts';
import type { Lease } from '../store/leases.ts';
import { stalled } from '../telemetry/errors.ts';
import type { PipelineContext } from './context.ts';
import { FolderSync } from './folder-sync.ts';

export interface AccountFoldersOptions {
  readonly context: PipelineContext;
  readonly source: Source;
  readonly account: string;
  readonly lease: () => Lease;
  readonly fresh: () => boolean;
  readonly onFetch: () => void;
  readonly onProgress: () => void;
}

/** The folders of an account that a pipeline keeps in step. */
export class AccountFolders {
  readonly #options: AccountFoldersOptions;
  #folders = new Map<string, FolderSync>();
  /** Where work ended last: it comes last next time, so that one bad folder does not stop the others. */
  #last: string | undefined;
  /** Epochs whose cursors were opened before any folder was read. */
  #opened = new Map<string, bigint>();

  constructor(options: AccountFoldersOptions) {
    this.#options = options;
  }

  status(): readonly FolderStatus[] {
    return [...this.#folders.values()].map((folder) => folder.status());
  }

  lag(): { readonly messages: number; readonly seconds: number } {
    const folders = [...this.#folders.values()];
    return {
      messages: folders.reduce((sum, folder) => sum + folder.lagMessages, 0),
      seconds: folders.reduce((most, folder) => Math.max(most, folder.lagSeconds), 0),
    };
  }

  get epochIds(): readonly bigint[] {
    return [...this.#folders.values()].flatMap((folder) => folder.epochId ?? []);
  }

  /** What is derived from the store is read again. */
  forget(): void {
    for (const folder of this.#folders.values()) folder.reset();
  }

  /** Somebody else has the account: what is known of its folders is not ours to tell any more. */
  clear(): void {
    this.#folders = new Map();
    this.#opened = new Map();
  }

  /** Asks the server which folders there are. Throws Stalled `SOURCE_NO_FOLDERS`. */
  async list(session: SourceSession, lease: Lease): Promise<void> {
    const { context } = this.#options;
    const listed = await session.folders(context.hardStop);
    if (listed.length === 0)
      throw stalled(
        'SOURCE_NO_FOLDERS',
        'no folder of the account matches folders.include; correct the patterns, `mailmill try` lists the folders',
      );
    const names = listed.map((folder) => folder.name);
    await retireMissingFolders(context.database, lease, names);
    if (this.#options.source.opensAllFirst) await this.#openAll(session, lease, names);
    const order = names.filter((name) => name !== this.#last);
    if (order.length < names.length) order.push(this.#last!);
    this.#folders = new Map(
      order.map((name) => [name, this.#folders.get(name) ?? new FolderSync(name, this.#options)]),
    );
  }

  /** Ends the epochs that are over before anything is read: what was in them may be in another folder now. */
  async #openAll(session: SourceSession, lease: Lease, names: readonly string[]): Promise<void> {
    const { context, source } = this.#options;
    const opened = new Map<string, bigint>();
    for (const name of names) {
      const { epoch, uidNext } = await session.select(name, context.hardStop);
      if (this.#opened.get(name) !== epoch)
        await openCursor(context.database, lease, { name, uidvalidity: epoch, uidNext }, (now) => source.cutoff(now));
      opened.set(name, epoch);
    }
    this.#opened = opened;
  }

  /** Catches every folder up, one after the other. False: `stop` said to end before. */
  async catchUp(session: SourceSession, stop: () => boolean): Promise<boolean> {
    for (const folder of this.#folders.values()) {
      if (stop()) return false;
      this.#last = folder.name;
      if (!(await folder.catchUp(session, stop, this.#options.context.hardStop))) return false;
    }
    this.#last = undefined;
    return true;
  }

  /** The folder to wait in; the others are polled. */
  get watched(): FolderSync | undefined {
    return this.#folders.get('INBOX') ?? this.#folders.values().next().value;
  }

  get polled(): readonly FolderSync[] {
    const { watched } = this;
    return [...this.#folders.values()].filter((folder) => folder !== watched);
  }
}
