import type { FolderStatus } from '../api/worker-status.ts';
import type { FolderState, Listed, Source, SourceSession } from '../sources/source.ts';
import { type Cursor, openCursor } from '../store/epochs.ts';
import type { Lease } from '../store/leases.ts';
import { transient } from '../telemetry/errors.ts';
import { listedIn, type PlannedBatch, planBatches } from './batch-plan.ts';
import { countFallback } from './commit-metrics.ts';
import { Committer } from './committer.ts';
import type { PipelineContext } from './context.ts';
import { prepareMessages } from './prepare.ts';
import { type ReadMessage, tooLargeMessage } from './processed.ts';
import { MessageReader } from './read-message.ts';

/** Sizes are listed ahead in windows of this many messages. */
const windowMessages = 5_000;

export interface FolderSyncOptions {
  readonly context: PipelineContext;
  readonly source: Source;
  readonly account: string;
  /** The lease as it is held now. */
  readonly lease: () => Lease;
  readonly fresh: () => boolean;
  /** Time of the first FETCH, for benchmarks. */
  readonly onFetch: () => void;
  /** Something was committed. */
  readonly onProgress: () => void;
}

/** Keeps one folder in step: what the server lists against what the cursor has finished. */
export class FolderSync {
  readonly name: string;
  readonly #options: FolderSyncOptions;
  readonly #reader: MessageReader;
  #committer: Committer | undefined;
  /** Every UID below is finished; later looks begin here. */
  #next = 1;
  #lastSeen: { uidNext: number; exists: number; epoch: bigint } | undefined;
  #lag = 0;
  #oldest: Date | undefined;
  #state: FolderStatus['state'] = 'Unchecked';
  #checkedAt: Date | undefined;

  constructor(name: string, options: FolderSyncOptions) {
    this.name = name;
    this.#options = options;
    const { context, source, account } = options;
    this.#reader = new MessageReader({
      origin: { source: source.name, account, folder: name },
      fields: context.fields,
      onFallback: (reason, error) => countFallback(context, source.name, reason, error),
    });
  }

  get epochId(): bigint | undefined {
    return this.#committer?.cursor.epochId;
  }

  get lagMessages(): number {
    return this.#lag;
  }

  /** Seconds since the oldest unfinished message arrived. */
  get lagSeconds(): number {
    if (this.#lag === 0 || !this.#oldest) return 0;
    return Math.max(0, (this.#options.context.clock().getTime() - this.#oldest.getTime()) / 1000);
  }

  status(): FolderStatus {
    return {
      name: this.name,
      state: this.#state,
      ...(this.#checkedAt && { checkedAt: this.#checkedAt.toISOString() }),
      lagMessages: this.#lag,
      lagSeconds: Math.round(this.lagSeconds),
    };
  }

  /** Forgets what is derived from the store, after an error or under a new lease; what is shown of the lag stays. */
  reset(): void {
    this.#committer = undefined;
    this.#next = 1;
    this.#lastSeen = undefined;
    this.#state = 'Unchecked';
  }

  /** The server has just proven that nothing is new. */
  touch(live: boolean): void {
    this.#checkedAt = this.#options.context.clock();
    this.#state = live ? 'Live' : 'Polled';
  }

  /** Whether a STATUS answer differs from what was last seen. */
  changed(seen: { uidNext: number; exists: number; epoch: bigint }): boolean {
    const last = this.#lastSeen;
    if (!last || last.epoch !== seen.epoch || last.exists < seen.exists) return true;
    // 0: the server does not tell.
    return seen.uidNext === 0 || last.uidNext < seen.uidNext;
  }

  /** Selects the folder, to wait in it. True: something came since it was caught up, which no IDLE would tell any more. */
  async enter(session: SourceSession, signal: AbortSignal): Promise<boolean> {
    return this.changed(await session.select(this.name, signal));
  }

  /**
   * Selects the folder and works until nothing is left that the server lists and the cursor has not finished. Returns early, in order, when
   * `stop` says so: false then.
   */
  async catchUp(session: SourceSession, stop: () => boolean, signal: AbortSignal): Promise<boolean> {
    const state = await session.select(this.name, signal);
    const committer = await this.#open(state);
    const from = this.#next;
    const uids = ascending(await session.search(from, undefined, signal));
    // A UID that is left out would be passed over with the range around it.
    if (from === 1 && uids.length < state.exists)
      throw transient(
        'SOURCE_LISTING_INCOMPLETE',
        'the server lists fewer messages than it says there are; it is asked again',
      );
    const todo = committer.cursor.finished.missing(uids);
    const later = uids.filter((uid) => uid >= state.uidNext).length;
    this.#lastSeen = {
      uidNext: Math.max(state.uidNext, (uids.at(-1) ?? 0) + 1),
      exists: state.exists + later,
      epoch: state.epoch,
    };
    this.#lag = todo.length;
    if (todo.length > 0) {
      this.#state = 'CatchingUp';
      const done = await this.#work(session, committer, todo, stop, signal);
      if (!done) return false;
    }
    this.#next = Math.max(this.#next, committer.cursor.finished.last + 1);
    this.#lag = 0;
    this.#oldest = undefined;
    this.touch(true);
    return true;
  }

  async #open(state: FolderState): Promise<Committer> {
    if (this.#committer?.cursor.uidvalidity === state.epoch) return this.#committer;
    const { context, source } = this.#options;
    const lease = this.#options.lease();
    const cursor: Cursor = await openCursor(
      context.database,
      lease,
      { name: this.name, uidvalidity: state.epoch, uidNext: state.uidNext },
      (now) => source.cutoff(now),
    );
    this.#next = 1;
    this.#committer = new Committer(cursor, {
      context,
      lease,
      sourceName: source.name,
      account: this.#options.account,
      fresh: this.#options.fresh,
      onCommitted: (batches) => {
        const finished = batches.reduce((sum, batch) => sum + listedIn(batch.plan), 0);
        this.#lag = Math.max(0, this.#lag - finished);
        this.#options.onProgress();
      },
    });
    return this.#committer;
  }

  /** Fetches window by window while earlier batches commit. */
  async #work(
    session: SourceSession,
    committer: Committer,
    todo: readonly number[],
    stop: () => boolean,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { source } = this.#options;
    let from = this.#next;
    try {
      for (let at = 0; at < todo.length; at += windowMessages) {
        const uids = todo.slice(at, at + windowMessages);
        const listed = await session.list(uids, signal);
        const known = new Set(listed.map((each) => each.uid));
        await this.#confirmGone(
          session,
          uids.filter((uid) => !known.has(uid)),
          signal,
        );
        this.#oldest ??= listed[0]?.receivedAt;
        const plans = planBatches({
          from,
          uids,
          listed,
          since: committer.cursor.since,
          firstUidNext: committer.cursor.firstUidNext,
          messageSize: source.messageSize,
        });
        for (const [index, plan] of plans.entries()) {
          if (stop()) return false;
          const more = index < plans.length - 1 || at + windowMessages < todo.length;
          await this.#fetch(session, committer, plan, more, signal);
          this.#oldest = plan.fetch.at(-1)?.receivedAt ?? this.#oldest;
        }
        from = (plans.at(-1)?.range[1] ?? from - 1) + 1;
      }
      return true;
    } finally {
      await committer.drain();
    }
  }

  async #fetch(
    session: SourceSession,
    committer: Committer,
    plan: PlannedBatch,
    more: boolean,
    signal: AbortSignal,
  ): Promise<void> {
    const { context, source } = this.#options;
    await context.budget.acquire(plan.bytes, signal);
    let handed = false;
    try {
      const messages: ReadMessage[] = [];
      const byUid = new Map<number, Listed>(plan.fetch.map((listed) => [listed.uid, listed]));
      if (plan.fetch.length > 0) {
        this.#options.onFetch();
        for await (const fetched of session.fetch(
          plan.fetch.map((listed) => listed.uid),
          signal,
        )) {
          const listed = byUid.get(fetched.uid);
          if (!listed) continue; // not asked for, or given twice
          byUid.delete(fetched.uid);
          const read = this.#reader.read(fetched, listed);
          messages.push(read instanceof Promise ? await read : read);
        }
      }
      for (const listed of plan.tooLarge) {
        const header = await session.fetchHeader(listed.uid, signal);
        if (header) messages.push(tooLargeMessage(listed, header, source.messageSize));
        else byUid.set(listed.uid, listed);
      }
      await this.#confirmGone(session, [...byUid.keys()], signal);
      messages.sort((a, b) => a.uid - b.uid);
      const prepared = await prepareMessages(messages, context.steps, signal);
      handed = true;
      await committer.push({ plan, messages: prepared, vanished: byUid.size, budgetBytes: plan.bytes, more });
    } finally {
      if (!handed) context.budget.release(plan.bytes);
    }
  }

  /** Those that FETCH left out must be gone at a second look, else the answer was cut short. */
  async #confirmGone(session: SourceSession, missing: readonly number[], signal: AbortSignal): Promise<void> {
    if (missing.length === 0) return;
    const [first, last] = [missing.reduce((a, b) => Math.min(a, b)), missing.reduce((a, b) => Math.max(a, b))];
    const still = new Set(await session.search(first, last, signal));
    if (missing.some((uid) => still.has(uid)))
      throw transient(
        'SOURCE_FETCH_INCOMPLETE',
        'the server left out messages that it still lists; they are fetched again',
      );
  }
}

/** What a search should give anyway: each UID once, in order. */
const ascending = (uids: readonly number[]): readonly number[] =>
  uids.every((uid, i) => i === 0 || uid > uids[i - 1]!) ? uids : [...new Set(uids)].sort((a, b) => a - b);
