import type { Listed } from '../../sources/source.ts';
import type { Committer } from '../commits/committer.ts';
import { prepareMessages } from '../prepare.ts';
import { Backlog } from './backlog.ts';
import { amountOf, type PlannedBatch, planBatches } from './batch-plan.ts';
import { FetchPace } from './fetch-pace.ts';
import { type FolderWorkOptions, isLimited, type Share } from './folder-options.ts';
import type { Lane } from './lane.ts';
import { isLarge, LargeMessages, roomOf } from './large-messages.ts';
import { type BatchRead, fetchIncomplete, listSizes, readBatches, stillListed } from './read-batch.ts';
import { failureOf, Suspects } from './suspects.ts';
import { type Retry, tryAgain } from './try-again.ts';

/** Sizes are listed ahead in windows of this many messages. */
const windowMessages = 5_000;
/** When a server leaves out more of a batch than this, it is the answer that is broken, not these messages. */
const fewLeftOut = 16;

/** What is to be done of one folder, and the doing: batches are fetched while earlier ones commit. */
export class FolderWork {
  readonly #options: FolderWorkOptions;
  readonly #shares: Readonly<Record<Share, Backlog>>;
  readonly suspects: Suspects;
  readonly large: LargeMessages;
  readonly #retry: Retry;
  /** Batches that a lane has in hand, and those that are not committed yet. */
  #inHand = 0;
  #pushed = 0;
  readonly #pace = new FetchPace();
  /** When the oldest message arrived that is in hand; by the order of reading. */
  oldest: Date | undefined;

  constructor(options: FolderWorkOptions) {
    this.#options = options;
    this.#shares = {
      New: new Backlog('OldestFirst'),
      Backlog: new Backlog(options.source.backfillOrder ?? 'OldestFirst'),
    };
    this.suspects = new Suspects(options.patience);
    this.large = new LargeMessages(options.context.budget);
    const onPush = () => {
      this.#pushed += 1;
    };
    const read: Retry['read'] = (lane, plans) => this.#read(lane, plans);
    this.#retry = { ...options, suspects: this.suspects, large: this.large, read, onPush };
  }

  /** Nothing is left but what the server did not give. */
  get done(): boolean {
    return this.#inHand === 0 && this.#pushed === 0 && this.#shares.New.isEmpty && this.#shares.Backlog.isEmpty;
  }

  /** Messages of a share that nobody has begun. */
  left(share: Share): number {
    return this.#shares[share].size;
  }

  /** Adds UIDs that no suspect is among; see `Backlog.add`. */
  add(share: Share, uids: readonly number[], from: number): void {
    this.#shares[share].add(uids, from, this.suspects.uids);
  }

  /** Forgets what is to be done. No lane works on it now. */
  clear(): void {
    this.#inHand = 0;
    this.#pushed = 0;
    this.#shares.New.clear();
    this.#shares.Backlog.clear();
  }

  /** Batches of these were committed. */
  committed(batches: number): void {
    this.#pushed = Math.max(0, this.#pushed - batches);
  }

  /** Whether a share has something to do now. */
  has(share: Share): boolean {
    return !this.#shares[share].isEmpty || (share === 'New' && this.suspects.due(performance.now()) !== undefined);
  }

  /** Hands batches to the committer until nothing of a share is left. False: `stop` said to end before. */
  async run(lane: Lane, committer: Committer, share: Share, stop: () => boolean): Promise<boolean> {
    for (;;) {
      if (stop()) return false;
      const plan = await this.#next(lane, committer, share);
      if (!plan) break;
      if (share === 'New' && this.#mayRest(lane, plan)) {
        this.#shares.Backlog.putBack({ ...plan, late: true });
        continue;
      }
      const taken = this.large.has(plan) || (await this.#options.allowance.take(amountOf(plan), share === 'Backlog'));
      if (taken && (await this.#do(lane, committer, plan, share, stop))) continue;
      this.#shares[share].putBack(plan);
      return false;
    }
    while (share === 'New' && !stop()) {
      const suspect = this.suspects.due(performance.now());
      if (!suspect) break;
      await tryAgain(this.#retry, lane, committer, suspect);
    }
    return true;
  }

  /** A large message among new mail is read like old mail, so that what comes meanwhile need not wait for it; a day's limit has another part for old mail. */
  #mayRest({ session }: Lane, plan: PlannedBatch): boolean {
    return this.large.takes(session, plan) && !isLimited(this.#options.source);
  }

  async #next(lane: Lane, committer: Committer, share: Share): Promise<PlannedBatch | undefined> {
    const todo = this.#shares[share];
    const { source } = this.#options;
    for (;;) {
      const planned = todo.next();
      if (planned) return planned;
      const window = todo.window(windowMessages);
      if (!window) return undefined;
      this.#inHand += 1;
      try {
        await lane.open(this.#options.folder);
        const listed = await listSizes(lane.session, window.uids, lane.signal);
        const { since, firstUidNext } = committer.cursor;
        const { messageSize } = source;
        const { messages, bytes: mostBytes } = this.#options.allowance.batch;
        const most = Math.min(this.#pace.most, messages);
        todo.plan(planBatches({ ...window, listed, since, firstUidNext, messageSize, most, mostBytes }));
        this.oldest ??= listed[0]?.receivedAt;
      } finally {
        this.#inHand -= 1;
      }
    }
  }

  /**
   * Fetches a batch, and those behind it as the pace has it; while the next one comes, one is handed on. False: `stop` said to end in the middle of a
   * large message.
   */
  async #do(
    lane: Lane,
    committer: Committer,
    first: PlannedBatch,
    share: Share,
    stop: () => boolean,
  ): Promise<boolean> {
    await this.large.acquire(first, lane.signal);
    const plans = [first, ...this.#following(first, share)];
    /** Those whose bytes are not the committer's yet. */
    const held = new Set(plans);
    let handing = Promise.resolve();
    this.#inHand += 1;
    try {
      await lane.open(this.#options.folder);
      if (plans.some(({ fetch }) => fetch.length > 0)) this.#options.onFetch();
      const began = performance.now();
      for await (const read of this.#read(lane, plans, stop)) {
        if (read.paused) return false;
        const { plan, missing } = read;
        const uids = missing.map(({ uid }) => uid);
        const lost = await stillListed(lane.session, uids, lane.signal);
        if (lost.size > 0) {
          this.#leftOut(
            plan,
            missing.filter(({ uid }) => lost.has(uid)),
            share,
          );
          continue;
        }
        this.#pace.came(plan.uids);
        handing = handing.then(() => this.#hand(lane, committer, read, share, held));
        // It is awaited below; another batch may fail before.
        handing.catch(() => undefined);
      }
      const bytes = plans.reduce((sum, plan) => sum + plan.bytes, 0);
      this.#pace.took(bytes, performance.now() - began);
      await handing;
      return true;
    } finally {
      // Nothing may be handed on once this has ended, whatever it ended with.
      await handing.catch(() => undefined);
      this.#inHand -= 1;
      for (const plan of held) this.large.release(plan);
    }
  }

  /** Batches behind one that the same FETCH may be for. Where a day has a limit, each is asked for alone. */
  #following(first: PlannedBatch, share: Share): readonly PlannedBatch[] {
    const todo = this.#shares[share];
    const plans: PlannedBatch[] = [];
    if (isLimited(this.#options.source) || isLarge(first)) return plans;
    for (let plan = todo.next(); plan; plan = todo.next()) {
      if (!this.#pace.fits([first, ...plans], plan) || !this.#options.context.budget.tryAcquire(plan.bytes)) {
        todo.putBack(plan);
        break;
      }
      plans.push(plan);
    }
    return plans;
  }

  async #hand(
    lane: Lane,
    committer: Committer,
    { plan, messages, missing }: BatchRead,
    share: Share,
    held: Set<PlannedBatch>,
  ): Promise<void> {
    const prepared = await prepareMessages(messages, this.#options.context.steps, lane.signal);
    held.delete(plan);
    const more = held.size > 0 || !this.#shares[share].isEmpty;
    const budgetBytes = roomOf(plan, this.#options.context.budget);
    const batch = { plan, messages: prepared, vanished: missing.length, budgetBytes, more };
    this.#pushed += 1;
    await committer.push({ ...batch, old: share === 'Backlog' && !plan.late });
    this.oldest = plan.fetch.at(-1)?.receivedAt ?? this.oldest;
  }

  /** What fails is cut smaller the next time, until it is known which message it fails on. */
  async *#read(
    { session, signal }: Lane,
    plans: readonly PlannedBatch[],
    stop = () => false,
  ): AsyncGenerator<BatchRead, void, undefined> {
    const { source, reader } = this.#options;
    const left = new Set(plans);
    const large = { messages: this.large, stop };
    try {
      for await (const read of readBatches({ session, reader, source, signal, large }, plans)) {
        left.delete(read.plan);
        yield read;
      }
    } catch (thrown) {
      const failure = failureOf(thrown);
      const [only, ...others] = [...left].flatMap(({ fetch, tooLarge }) => [...fetch, ...tooLarge]);
      if (failure === 'Broke' && only && this.large.advanced(only.uid)) {
        // It comes, a part each time: that is no reason to give it up, or to wait.
        this.suspects.settle(only.uid);
        this.#options.onProgress();
      } else if (failure && only && others.length === 0) {
        this.suspects.note(only, failure, performance.now());
        this.#pace.came([only.uid]);
      } else if (failure && only) this.#pace.failed([...left]);
      throw thrown;
    }
  }

  /** The server answered without messages that it still lists. The others of the batch are read again, these later, one by one. */
  #leftOut(plan: PlannedBatch, missing: readonly Listed[], share: Share): void {
    if (missing.length > fewLeftOut) {
      this.#pace.failed([plan]);
      throw fetchIncomplete();
    }
    for (const listed of missing) this.suspects.note(listed, 'LeftOut', performance.now());
    const apart = this.suspects.uids;
    this.add(
      share,
      plan.uids.filter((uid) => !apart.has(uid)),
      plan.range[0],
    );
  }
}
