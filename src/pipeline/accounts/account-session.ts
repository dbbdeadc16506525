import type { Source, SourceSession } from '../../sources/source.ts';
import type { Lease } from '../../store/leases.ts';
import { sleep } from '../backoff.ts';
import type { PipelineContext } from '../context.ts';
import type { AccountFolders } from '../folders/account-folders.ts';
import type { FolderSync } from '../folders/folder-sync.ts';
import { Lane } from '../folders/lane.ts';
import type { Poke } from '../poke.ts';
import type { Allowance } from './allowance.ts';
import { type ChangesLook, ChangesWatch, tellsChanges } from './changes-watch.ts';
import type { Connection, ConnectionBroker } from './connection-broker.ts';
import { KeptChangesWatch } from './kept-changes-watch.ts';
import { SpareLanes, type SpareWork } from './spare-lanes.ts';
import { folderListMs, idleMs, listEveryMs, minimumHoldMs, waitForMore } from './wait-for-more.ts';

/** While the only connection reads old mail, it looks for new mail this often; milliseconds. */
const sliceMs = 1_000;
/** Less old mail than this is not worth a login of its own. */
const worthALogin = 2_000;
/** Lanes that read old mail, at most. */
const mostBackfilling = 3;
/** A lane that was just opened waits so long for the folder that the main one still has in hand. */
const handOverMs = 20;

export interface AccountSessionOptions {
  readonly context: PipelineContext;
  readonly source: Source;
  readonly account: string;
  readonly accountId: bigint;
  readonly broker: ConnectionBroker;
  readonly session: SourceSession;
  readonly connection: Connection;
  readonly folders: AccountFolders;
  readonly lease: Lease;
  readonly fresh: () => boolean;
  readonly once: boolean;
  readonly allowance: Allowance;
  /** Asks for a look at every folder. */
  readonly poke: Poke;
  /** Nothing is left to do; told again after each look that shows so. */
  readonly onCaughtUp: () => Promise<void>;
}

/**
 * One session's life: the main lane lists folders, waits for new mail and delivers it; old mail is read by spare lanes where a connection is free,
 * and in slices between looks for new mail where none is.
 */
export class AccountSession {
  readonly #options: AccountSessionOptions;
  readonly #lane: Lane;
  readonly #spare: SpareLanes;
  readonly #changes: ChangesLook | undefined;
  readonly #stop: AbortSignal;
  readonly #heldSince = performance.now();
  /** Lanes for old mail: those that were asked for, and those that are logged in. */
  #backfilling = 0;
  #reading = 0;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** When each folder was last to be searched, whatever the server says of it. */
  #searchedAt = Number.NEGATIVE_INFINITY;
  #polledAt = performance.now();
  /** The main lane has read old mail for a while. */
  #sliced = false;

  constructor(options: AccountSessionOptions, stop: AbortSignal) {
    this.#options = options;
    this.#stop = stop;
    this.#lane = new Lane(options.session, options.context.hardStop);
    this.#spare = new SpareLanes({ ...options, stop });
    const { context, source } = options;
    const Watch = source.keepsChanges ? KeptChangesWatch : ChangesWatch;
    if (tellsChanges(context)) this.#changes = new Watch({ ...options, sinks: context.changes ?? [] });
  }

  /** True: caught up, and `once`. False: the session is given up, in order. */
  async run(): Promise<boolean> {
    let done: boolean;
    try {
      done = await this.#run();
      await this.#spare.end();
      this.#spare.throwIfFailed();
      await this.#options.folders.drain();
    } catch (error) {
      await this.#spare.cut();
      // Nothing is committed any more when this one starts again; why a commit failed as well was told to its lane.
      await this.#options.folders.drain().catch(() => undefined);
      throw error;
    }
    return done;
  }

  readonly #leave = (): boolean => {
    const { connection, fresh } = this.#options;
    const lend = connection.wanted() && this.#spare.size === 0 && performance.now() - this.#heldSince >= minimumHoldMs;
    return this.#stop.aborted || !fresh() || lend;
  };

  async #run(): Promise<boolean> {
    const { folders, once, allowance } = this.#options;
    for (;;) {
      this.#spare.throwIfFailed();
      await this.#list();
      if (!(await folders.refresh(this.#lane, this.#leave))) return false;
      this.#watch();
      if (folders.backlog > 0 && allowance.pausedMs === 0) {
        this.#backfill();
        if (this.#mine) {
          if (!(await this.#slice())) return false;
          continue;
        }
      }
      if (folders.backlog === 0 || allowance.pausedMs > 0) folders.throwTrouble();
      // Commits may be under way of what the last slice has read, and nobody would tell when they end.
      if (folders.backlog === 0 && this.#reading === 0) await folders.drain();
      if (folders.caughtUp) {
        await this.#options.onCaughtUp();
        await this.#changes?.look(this.#lane, folders.all, once);
        if (once && folders.settled) return true;
      }
      if (!(await this.#wait())) return false;
    }
  }

  async #list(): Promise<void> {
    const { folders, session, source, lease } = this.#options;
    const now = performance.now();
    if (now - this.#listedAt < listEveryMs(source)) return;
    const each = source.connectionsPerAccount === undefined || now - this.#searchedAt >= folderListMs;
    await folders.list(session, lease, each);
    this.#listedAt = performance.now();
    if (each) this.#searchedAt = this.#listedAt;
  }

  /** Whether the main lane has to read old mail itself. */
  get #mine(): boolean {
    const { folders, once } = this.#options;
    if (once) return folders.all.some((folder) => !folder.claimed && folder.backlog > 0);
    return this.#reading === 0;
  }

  /** Reads old mail for a while; then looks for new mail. */
  async #slice(): Promise<boolean> {
    const { folders, source, once } = this.#options;
    const folder = folders.claim();
    if (!folder) return this.#wait();
    const every = source.connectionsPerAccount === undefined ? source.pollMs : sliceMs;
    const end = performance.now() + every;
    try {
      const stop = () => this.#leave() || performance.now() >= end || (!once && !this.#mine);
      await folder.work(this.#lane, 'Backlog', stop);
    } finally {
      folder.claimed = false;
    }
    this.#sliced ||= performance.now() >= end;
    if (this.#leave()) return false;
    await this.#glance(folder);
    return true;
  }

  /** Whether something new has come meanwhile. */
  async #glance(open: FolderSync): Promise<void> {
    const { folders, session, context } = this.#options;
    open.stale = true;
    const { watched } = folders;
    if (watched && watched !== open && watched.changed(await session.status(watched.name, context.hardStop)))
      watched.stale = true;
    await this.#poll(open);
  }

  async #poll(except: FolderSync | undefined): Promise<void> {
    const { folders, session, source } = this.#options;
    if (performance.now() - this.#polledAt < source.pollMs) return;
    await folders.poll(session, except);
    this.#polledAt = performance.now();
  }

  async #wait(): Promise<boolean> {
    const { folders, poke, source, connection, allowance } = this.#options;
    const folder = folders.watched;
    if (!folder) return true;
    await this.#poll(folder);
    if (folders.all.some((each) => each.stale && !each.watched)) return !this.#leave();
    const polls = folders.all.length > 1 ? this.#polledAt + source.pollMs - performance.now() : idleMs;
    const paused = allowance.pausedMs || Number.POSITIVE_INFINITY;
    const changes = this.#changes?.dueIn ?? Number.POSITIVE_INFINITY;
    const ms = Math.min(polls, paused, changes, this.#listedAt + listEveryMs(source) - performance.now());
    const [lane, stop, leave, spare] = [this.#lane, this.#stop, this.#leave, this.#spare.changed];
    return waitForMore({ folders, folder, lane, source, connection, poke, spare, leave, stop, ms });
  }

  /** Opens lanes for old mail, when there is much of it and the main lane has begun. */
  #backfill(): void {
    const { folders, once } = this.#options;
    if (!this.#sliced || folders.backlog < worthALogin) return;
    const waiting = folders.all.filter((folder) => folder.backlog > 0).length - (once ? 1 : 0);
    while (this.#spare.mayStart && this.#backfilling < Math.min(waiting, mostBackfilling)) {
      this.#backfilling += 1;
      void this.#spare.start(this.#readBacklog).then(() => {
        this.#backfilling -= 1;
      });
      if (this.#reading === 0) break; // the first one shows whether the server lets it in
    }
  }

  readonly #readBacklog: SpareWork = async (lane, leave) => {
    const { folders, allowance } = this.#options;
    this.#reading += 1;
    try {
      while (!leave() && allowance.pausedMs === 0) {
        const folder = folders.claim();
        if (folder) {
          try {
            if (await folder.work(lane, 'Backlog', leave)) this.#spare.changed.poke();
          } finally {
            folder.claimed = false;
          }
        } else if (folders.backlog > 0 || folders.all.some((each) => each.claimed)) await sleep(handOverMs, this.#stop);
        else return;
      }
    } finally {
      this.#reading -= 1;
    }
  };

  /** Waits in further folders that are worth it. */
  #watch(): void {
    const { folders, once } = this.#options;
    if (once) return;
    for (const folder of folders.all) {
      // One is left for old mail.
      if (!this.#spare.mayStart || this.#spare.size >= this.#spare.most - 1) return;
      if (folder === folders.watched || folder.watched || !folder.worthWatching) continue;
      folder.watched = true;
      const ended = () => {
        folder.watched = false;
        folder.doubt();
      };
      void this.#spare.start((lane, leave, changed) => this.#waitIn(folder, lane, leave, changed)).then(ended);
    }
  }

  async #waitIn(folder: FolderSync, lane: Lane, leave: () => boolean, changed: AbortSignal): Promise<void> {
    for (let lookedAt = Number.NEGATIVE_INFINITY; !leave(); ) {
      const again = performance.now() - lookedAt > folderListMs;
      if (again) lookedAt = performance.now();
      if (again || folder.stale || (await folder.enter(lane))) await folder.look(lane, again);
      if (!(await folder.work(lane, 'New', leave))) return;
      // What is too much, or too large, for this lane is the main one's, which may be waiting.
      if (folder.backlog > 0) this.#spare.changed.poke();
      if ((await lane.session.wait(idleMs, changed)) === 'changed') folder.stale = true;
      folder.touch(true);
    }
  }
}
