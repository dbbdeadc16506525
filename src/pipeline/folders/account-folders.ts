import type { BackfillStatus, FolderStatus } from '../../api/worker-status.ts';
import type { SourceSession } from '../../sources/source.ts';
import { retireMissingFolders } from '../../store/epochs.ts';
import type { Lease } from '../../store/leases.ts';
import { asMailmillError, type MailmillError, stalled } from '../../telemetry/errors.ts';
import { together } from './backfill-progress.ts';
import type { FolderOptions } from './folder-options.ts';
import { FolderSync } from './folder-sync.ts';
import type { Lane } from './lane.ts';

/** Codes of errors that leave the connection, and other folders, as they are. */
const ofOneFolder = [
  'FOLDER_GONE',
  'IMAP_COMMAND_FAILED',
  'IMAP_FOLDER_DENIED',
  'SOURCE_FETCH_INCOMPLETE',
  'SOURCE_LISTING_INCOMPLETE',
];

/** The folders of an account that a pipeline keeps in step. */
export class AccountFolders {
  readonly #options: FolderOptions;
  #folders = new Map<string, FolderSync>();
  /** Where work ended last: it comes last next time, so that one bad folder does not stop the others. */
  #last: string | undefined;
  /** What is wrong with a folder, while the others go on. */
  #trouble: MailmillError | undefined;

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  get all(): readonly FolderSync[] {
    return [...this.#folders.values()];
  }

  status(): readonly FolderStatus[] {
    return this.all.map((folder) => folder.status());
  }

  lag(): { readonly messages: number; readonly seconds: number } {
    return {
      messages: this.all.reduce((sum, folder) => sum + folder.lagMessages, 0),
      seconds: this.all.reduce((most, folder) => Math.max(most, folder.lagSeconds), 0),
    };
  }

  get backfill(): BackfillStatus | undefined {
    return together(this.all.flatMap((folder) => folder.backfill ?? []));
  }

  /** Seconds since the folder was checked whose check is the oldest; those in which old mail is being read are at work. */
  checkedAgo(now: Date): number {
    const times = this.status().flatMap(({ state, checkedAt }) =>
      state === 'CatchingUp' || checkedAt === undefined ? [] : Date.parse(checkedAt),
    );
    return times.reduce((most, time) => Math.max(most, (now.getTime() - time) / 1000), 0);
  }

  get epochIds(): readonly bigint[] {
    return this.all.flatMap((folder) => folder.epochId ?? []);
  }

  /** Nothing is left to do in any folder. */
  get caughtUp(): boolean {
    return this.all.every((folder) => folder.caughtUp);
  }

  /** Messages that the server lists and did not deliver so far are all settled, one way or the other. */
  get settled(): boolean {
    return this.all.every((folder) => folder.retryAt === undefined);
  }

  /** When the next of them is asked for again, by `performance.now()`. */
  get retryAt(): number {
    return this.all.reduce((least, folder) => Math.min(least, folder.retryAt ?? least), Number.POSITIVE_INFINITY);
  }

  /** Messages of old mail that nobody has begun. */
  get backlog(): number {
    return this.all.reduce((sum, folder) => sum + folder.backlog, 0);
  }

  /** What is derived from the store is read again. */
  forget(): void {
    this.#trouble = undefined;
    for (const folder of this.all) folder.reset();
  }

  /** Somebody else has the account: what is known of its folders is not ours to tell any more. */
  clear(): void {
    for (const folder of this.all) folder.drop();
    this.#folders = new Map();
  }

  /** Asks the server which folders there are; those that are new are to be looked at, or each of them. Throws Stalled `SOURCE_NO_FOLDERS`. */
  async list(session: SourceSession, lease: Lease, each: boolean): Promise<void> {
    const { context } = this.#options;
    const listed = await session.folders(context.hardStop);
    if (listed.length === 0)
      throw stalled(
        'SOURCE_NO_FOLDERS',
        'no folder of the account matches folders.include; correct the patterns, `mailmill try` lists the folders',
      );
    const names = listed.map((folder) => folder.name);
    if (!each && names.length === this.#folders.size && names.every((name) => this.#folders.has(name))) return;
    await retireMissingFolders(context.database, lease, names);
    const order = names.filter((name) => name !== this.#last);
    if (order.length < names.length) order.push(this.#last!);
    for (const folder of this.all) if (!names.includes(folder.name)) folder.drop();
    this.#folders = new Map(
      order.map((name) => [name, this.#folders.get(name) ?? new FolderSync(name, this.#options)]),
    );
    for (const { name, watch = false } of listed) this.#folders.get(name)!.worthWatching = watch;
    if (each) this.doubt();
  }

  /** Every folder may have more than was listed. */
  doubt(): void {
    for (const folder of this.all) folder.doubt();
  }

  /**
   * Looks at the folders that may have something new, and works on what is new in them, or little; folders in which another lane waits are its
   * own business. False: `stop` said to end before.
   */
  async refresh(lane: Lane, stop: () => boolean): Promise<boolean> {
    // Ends the epochs that are over before anything is read: what was in them may be in another folder now.
    if (this.#options.source.opensAllFirst) for (const folder of this.all) if (folder.stale) await folder.look(lane);
    for (const folder of this.all) {
      if (folder.watched) continue;
      if (stop()) return false;
      this.#last = folder.name;
      try {
        if (folder.stale) await folder.look(lane);
        if (!(await folder.work(lane, 'New', stop))) return false;
      } catch (thrown) {
        const error = asMailmillError(thrown);
        if (!ofOneFolder.includes(error.code)) throw error;
        if (!this.#trouble) this.#options.context.log.info(error.message, { code: error.code, family: error.family });
        this.#trouble ??= error;
        folder.stale = false; // until the next poll
      }
    }
    if (!this.#trouble) this.#last = undefined;
    return true;
  }

  /** Throws what is wrong with a folder, now that nothing in the others waits. */
  throwTrouble(): void {
    const trouble = this.#trouble;
    this.#trouble = undefined;
    if (trouble) throw trouble;
  }

  /** A folder with old mail that no lane works on; it is the caller's until `claimed` is false again. */
  claim(): FolderSync | undefined {
    const folder = this.all.find((each) => !each.claimed && each.backlog > 0);
    if (folder) folder.claimed = true;
    return folder;
  }

  /** Asks for the state of all folders but those in which a lane waits, and the one in `except`. */
  async poll(session: SourceSession, except: FolderSync | undefined): Promise<void> {
    const { hardStop } = this.#options.context;
    const polled = this.all.filter((folder) => !folder.watched && folder !== except);
    if (polled.length === 0) return;
    const names = polled.map((folder) => folder.name);
    const seen = session.statuses
      ? await session.statuses(names, hardStop)
      : new Map(await statusOfEach(session, names, hardStop));
    for (const folder of polled) {
      const status = seen.get(folder.name);
      if (!status || folder.changed(status)) folder.stale = true;
      else folder.touch(false);
    }
  }

  /** Waits for commits that are under way. */
  async drain(): Promise<void> {
    for (const folder of this.all) await folder.drain();
  }

  /** The folder to wait in; the others are polled. */
  get watched(): FolderSync | undefined {
    return this.#folders.get('INBOX') ?? this.all.find((folder) => !folder.watched);
  }
}

async function statusOfEach(session: SourceSession, names: readonly string[], signal: AbortSignal) {
  const seen: [string, Awaited<ReturnType<SourceSession['status']>>][] = [];
  for (const name of names) seen.push([name, await session.status(name, signal)]);
  return seen;
}
