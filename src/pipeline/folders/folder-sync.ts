import type { BackfillStatus, FolderStatus } from '../../api/worker-status.ts';
import { parseMessage } from '../../message/parse.ts';
import type { FolderState } from '../../sources/source.ts';
import { type Cursor, openCursor } from '../../store/epochs.ts';
import { transient } from '../../telemetry/errors.ts';
import { countFallback } from '../commits/commit-metrics.ts';
import type { ReadBatch } from '../commits/commit-record.ts';
import { Committer } from '../commits/committer.ts';
import { BackfillProgress } from './backfill-progress.ts';
import { listedIn } from './batch-plan.ts';
import { Drafter } from './drafter.ts';
import type { FolderOptions, Share } from './folder-options.ts';
import { FolderWork } from './folder-work.ts';
import type { Lane } from './lane.ts';
import { learnObjectIds } from './object-ids.ts';
import { MessageReader } from './read-message.ts';

/** What comes at once is read like old mail, so that other folders need not wait for it. */
const muchNew = 2_000;

/** Keeps one folder in step: what the server lists against what the cursor has finished. Several lanes may work on it, one on each share. */
export class FolderSync {
  readonly name: string;
  readonly #options: FolderOptions;
  readonly #reader: MessageReader;
  readonly #work: FolderWork;
  #committer: Committer | undefined;
  /** Everything up to this UID was listed; undefined: nothing was. */
  #listed: number | undefined;
  #lastSeen: { uidNext: number; exists: number; epoch: bigint } | undefined;
  /** The one in which single messages were being seen to. */
  #epoch: bigint | undefined;
  /** As it was when it was opened last. */
  #opened: FolderState | undefined;
  #lag = 0;
  #progress: BackfillProgress | undefined;
  #state: FolderStatus['state'] = 'Unchecked';
  #checkedAt: Date | undefined;
  /** A lane works on its backlog. */
  claimed = false;
  /** A lane of its own waits in it. */
  watched = false;
  /** One should, when a connection is free. */
  worthWatching = false;
  /** The server may have more than was listed. */
  stale = true;
  /** The next look opens it anew. */
  #reopen = false;

  constructor(name: string, options: FolderOptions) {
    this.name = name;
    this.#options = options;
    const { context, source, account } = options;
    this.#reader = new MessageReader({
      origin: { source: source.name, account, folder: name },
      fields: context.fields,
      onFallback: (reason, error) => countFallback(context, source.name, reason, error),
      // An archive takes mail as it is, whatever a parser would say.
      ...(context.keeper && { parse: () => unread, headerIds: false as const }),
    });
    this.#work = new FolderWork({ ...options, folder: name, reader: this.#reader });
  }

  get epochId(): bigint | undefined {
    return this.#committer?.cursor.epochId;
  }

  /** UIDVALIDITY of what is known of it. */
  get epoch(): bigint | undefined {
    return this.#committer?.cursor.uidvalidity;
  }

  get lagMessages(): number {
    return this.#lag;
  }

  /** Messages of the backlog that nobody has begun. */
  get backlog(): number {
    return this.#work.left('Backlog');
  }

  /** Nothing is left to do but to ask again for what the server did not give. */
  get caughtUp(): boolean {
    return !this.stale && this.#work.done;
  }

  /** When a message that the server did not give is asked for again, by `performance.now()`. */
  get retryAt(): number | undefined {
    return this.#work.suspects.nextAt;
  }

  /** Seconds since the oldest unfinished message arrived. */
  get lagSeconds(): number {
    if (this.#lag === 0 || !this.#work.oldest) return 0;
    return Math.max(0, (this.#options.context.clock().getTime() - this.#work.oldest.getTime()) / 1000);
  }

  /** Of old mail, while some is left. */
  get backfill(): BackfillStatus | undefined {
    return this.#progress?.estimate(performance.now());
  }

  status(): FolderStatus {
    const { backfill } = this;
    return {
      name: this.name,
      state: this.#state,
      ...(this.#checkedAt && { checkedAt: this.#checkedAt.toISOString() }),
      lagMessages: this.#lag,
      lagSeconds: Math.round(this.lagSeconds),
      ...(backfill && { backfill }),
    };
  }

  /** Forgets what is derived from the store, after an error or under a new lease; what is shown of the lag stays. */
  reset(): void {
    this.#committer = undefined;
    this.#restart();
    this.#lastSeen = undefined;
    this.#state = 'Unchecked';
    this.#progress?.pause(performance.now());
    this.claimed = false;
    this.watched = false;
    this.stale = true;
  }

  /** Forgets single messages that were being seen to: they are of another epoch, or somebody else's now. */
  drop(): void {
    this.#work.suspects.clear();
    this.#work.large.clear();
  }

  #restart(): void {
    this.#listed = undefined;
    this.#work.clear();
  }

  /** The server has just proven that nothing is new. */
  touch(live: boolean): void {
    this.#checkedAt = this.#options.context.clock();
    if (this.#work.done) this.#state = live ? 'Live' : 'Polled';
  }

  /** Anything may have changed. */
  doubt(): void {
    this.stale = true;
    this.#reopen = true;
  }

  /** Whether a STATUS answer differs from what was last seen. */
  changed(seen: { uidNext: number; exists: number; epoch: bigint }): boolean {
    const last = this.#lastSeen;
    if (!last || last.epoch !== seen.epoch || last.exists < seen.exists) return true;
    // 0: the server does not tell.
    return seen.uidNext === 0 || last.uidNext < seen.uidNext;
  }

  /** Opens the folder, to wait in it. True: something came since it was looked at, which no IDLE would tell any more. */
  async enter(lane: Lane): Promise<boolean> {
    if (lane.isIn(this.name)) return false;
    return this.changed(await lane.open(this.name));
  }

  /** Asks the server what is in the folder that was not listed yet; `again` opens it anew. */
  async look(lane: Lane, again = false): Promise<void> {
    const state = await lane.open(this.name, again || this.#reopen || !this.#listed);
    this.#reopen = false;
    const before = this.#committer;
    const committer = await this.#open(state);
    if (committer !== before) {
      const { epochId } = committer.cursor;
      await learnObjectIds(this.#options.context.database, this.#options.lease(), lane.session, epochId, lane.signal);
    }
    const first = this.#listed === undefined;
    const listed = this.#listed ?? 0;
    const uids = ascending(await lane.session.search(listed + 1, undefined, lane.signal));
    // A UID that is left out would be passed over with the range around it.
    if (listed === 0 && uids.length < state.exists)
      throw transient(
        'SOURCE_LISTING_INCOMPLETE',
        'the server lists fewer messages than it says there are; it is asked again',
      );
    this.stale = false;
    this.#saw(state, uids);
    const { finished, firstUidNext } = committer.cursor;
    const apart = this.#work.suspects.uids;
    const todo = finished.missing(uids).filter((uid) => !apart.has(uid));
    if (first) this.#begin(uids, todo, firstUidNext);
    else this.#work.add(todo.length > muchNew ? 'Backlog' : 'New', todo, listed + 1);
    this.#listed = Math.max(listed, uids.at(-1) ?? 0);
    this.#lag = (first ? 0 : this.#lag) + todo.length + (first ? this.#work.suspects.size : 0);
    if (todo.length > 0) this.#state = 'CatchingUp';
    else {
      this.#settle();
      this.touch(true);
    }
    // What was begun of a message that is gone by now.
    if (this.#work.done && this.#work.suspects.size === 0) this.#work.large.clear();
  }

  /** What is left at the first look, mail first that arrived after the folder was first seen. */
  #begin(uids: readonly number[], todo: readonly number[], firstUidNext: number): void {
    const at = todo.findIndex((uid) => uid >= firstUidNext);
    const old = at < 0 ? todo : todo.slice(0, at);
    const late = at < 0 ? [] : todo.slice(at);
    this.#work.add('Backlog', late, (old.at(-1) ?? 0) + 1);
    this.#work.add('Backlog', old, 1);
    if (this.#progress?.total !== uids.length) this.#progress = undefined;
    if (todo.length > 0)
      this.#progress ??= new BackfillProgress(uids.length, uids.length - todo.length, performance.now());
  }

  #saw(state: FolderState, uids: readonly number[]): void {
    const before = this.#opened === state ? this.#lastSeen : undefined;
    this.#opened = state;
    this.#lastSeen = {
      uidNext: Math.max(before?.uidNext ?? state.uidNext, (uids.at(-1) ?? 0) + 1),
      exists: before ? before.exists + uids.length : state.exists + uids.filter((uid) => uid >= state.uidNext).length,
      epoch: state.epoch,
    };
  }

  async #open(state: FolderState): Promise<Committer> {
    if (this.#committer?.cursor.uidvalidity === state.epoch) return this.#committer;
    const { context, source } = this.#options;
    const lease = this.#options.lease();
    await context.keeper?.open({ source: source.name, account: this.#options.account, folder: this.name });
    const cursor: Cursor = await openCursor(
      context.database,
      lease,
      { name: this.name, uidvalidity: state.epoch, uidNext: state.uidNext },
      (now) => source.cutoff(now),
    );
    if (this.#epoch !== state.epoch) this.drop();
    this.#epoch = state.epoch;
    this.#restart();
    const { namespace } = context.revision;
    const place = { namespace, source: source.name, account: this.#options.account, folder: this.name };
    this.#reader.drafter = Drafter.of(context, { ...place, uidvalidity: cursor.uidvalidity });
    this.#committer = new Committer(cursor, {
      context,
      lease,
      sourceName: source.name,
      account: this.#options.account,
      fresh: this.#options.fresh,
      onCommitted: (batches) => this.#committed(batches),
    });
    return this.#committer;
  }

  #committed(batches: readonly ReadBatch[]): void {
    const finished = batches.reduce((sum, batch) => sum + listedIn(batch.plan), 0);
    this.#lag = Math.max(0, this.#lag - finished);
    this.#work.committed(batches.length);
    const old = batches.filter((batch) => batch.old).reduce((sum, batch) => sum + listedIn(batch.plan), 0);
    this.#progress?.advance(old, performance.now());
    this.#options.onProgress();
  }

  /** Works until nothing of this share is left, and waits for its commits. Returns early when `stop` says so, without waiting: false then. */
  async work(lane: Lane, share: Share, stop: () => boolean): Promise<boolean> {
    const committer = this.#committer;
    if (!committer || !this.#work.has(share)) return true;
    if (!(await this.#work.run(lane, committer, share, stop))) return false;
    await this.drain();
    // What was listed long ago is looked at once more.
    if (share === 'Backlog') this.stale = true;
    return true;
  }

  /** Waits for the commits that are under way. */
  async drain(): Promise<void> {
    await this.#committer?.drain();
    this.#settle();
  }

  /** When nothing is left, later looks begin behind what is finished: a number that no message has may have been listed. */
  #settle(): void {
    const { finished } = this.#committer?.cursor ?? {};
    if (!finished || !this.#work.done) return;
    this.#listed = Math.max(finished.last, ...this.#work.suspects.uids);
    this.#lag = this.#work.suspects.size;
    this.#work.oldest = undefined;
    this.#progress = undefined;
    // Messages came until now. Otherwise the server has said nothing: this is also how a session ends that was lost.
    if (this.#state === 'CatchingUp') this.touch(true);
  }
}

/** Stands for messages whose fields nobody asks for. */
const unread = parseMessage(Buffer.from('\r\n'));

/** What a search should give anyway: each UID once, in order. */
const ascending = (uids: readonly number[]): readonly number[] =>
  uids.every((uid, i) => i === 0 || uid > uids[i - 1]!) ? uids : [...new Set(uids)].sort((a, b) => a - b);
