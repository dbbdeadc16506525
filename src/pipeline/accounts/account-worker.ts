import type { AccountStatus, BackfillStatus, Health } from '../../api/worker-status.ts';
import type { Source } from '../../sources/source.ts';
import { markChecked } from '../../store/epochs.ts';
import { fenced, holdsLease, type Lease, releaseLease } from '../../store/leases.ts';
import { asMailmillError, type MailmillError } from '../../telemetry/errors.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import { Backoff, sleep } from '../backoff.ts';
import { settleSinks } from '../commits/settle-sinks.ts';
import type { PipelineContext } from '../context.ts';
import { AccountFolders } from '../folders/account-folders.ts';
import type { Patience } from '../folders/suspects.ts';
import { Poke } from '../poke.ts';
import { nextHealth, notYet } from '../worker/health.ts';
import { AccountNews } from './account-news.ts';
import { AccountSession } from './account-session.ts';
import { Allowance } from './allowance.ts';
import { tellsChanges } from './changes-watch.ts';
import type { ConnectionBroker } from './connection-broker.ts';
import type { AccountLeases } from './lease-board.ts';

const markMs = 60_000;

export interface AccountWorkerOptions {
  readonly context: PipelineContext;
  readonly source: Source;
  readonly account: string;
  readonly accountId: bigint;
  /** Position in the source's list. */
  readonly index: number;
  readonly broker: ConnectionBroker;
  readonly leases: AccountLeases;
  readonly fresh: () => boolean;
  /** End when caught up, and throw what does not go away, instead of trying for ever. */
  readonly once: boolean;
  readonly onFetch: () => void;
  /** Told of an error that needs a person. */
  readonly onStalled: (error: MailmillError) => Promise<void>;
  /** Waits while this revision stands still until a person acts; with `once` it throws instead. */
  readonly whileStalled: (stop: AbortSignal) => Promise<void>;
  readonly onRecovered: () => void;
  /** With messages that the server lists and does not deliver. */
  readonly patience?: Patience;
}

/** Works on one account for one pipeline: takes the lease, keeps a session, catches folders up, waits for more. */
export class AccountWorker {
  readonly #options: AccountWorkerOptions;
  readonly #backoff = new Backoff();
  readonly #folders: AccountFolders;
  readonly #allowance: Allowance;
  readonly poke = new Poke();
  #lease: Lease | undefined;
  /** The lease under which the sinks were last compared with the cursors, when nothing has failed since. */
  #settled: Lease | undefined;
  #connection: Health;
  /** Why it waits, and until when. */
  #wait: AccountStatus['waiting'];
  #markedAt = 0;
  readonly #news: AccountNews;

  constructor(options: AccountWorkerOptions) {
    this.#options = options;
    const { context, source, account, fresh, onFetch } = options;
    this.#news = new AccountNews(context, source.name, source.relist && options.index);
    this.#allowance = new Allowance(context.database, options.accountId, { ...source.perDay, allForOld: options.once });
    this.#folders = new AccountFolders({
      context,
      source,
      account,
      lease: () => {
        if (!this.#lease) throw fenced();
        return this.#lease;
      },
      fresh,
      onFetch,
      onProgress: () => this.#recovered(),
      allowance: this.#allowance,
      patience: options.patience,
    });
    this.#connection = notYet('NOT_YET_CONNECTED', 'no login yet', context.clock());
  }

  get source(): string {
    return this.#options.source.name;
  }

  /** Position in the source's list. */
  get index(): number {
    return this.#options.index;
  }

  status(): AccountStatus {
    return {
      source: this.#options.source.name,
      account: this.#options.index,
      role: this.#lease ? 'Holder' : 'Standby',
      connection: this.#connection,
      folders: this.#folders.status(),
      ...this.#waiting(),
    };
  }

  /** Until when nothing is read, or no old mail. */
  #waiting(): Pick<AccountStatus, 'waiting'> {
    const paused = this.#allowance.paused(this.#options.context.clock());
    if (this.#wait) return { waiting: this.#wait };
    return paused && this.#lease && this.#folders.backlog > 0 ? { waiting: paused } : {};
  }

  /** Number of the account in the store. */
  get id(): bigint {
    return this.#options.accountId;
  }

  get holding(): boolean {
    return this.#lease !== undefined;
  }

  lag(): { readonly messages: number; readonly seconds: number } {
    return this.#folders.lag();
  }

  get backfill(): BackfillStatus | undefined {
    return this.#folders.backfill;
  }

  /** Seconds since the folder was checked whose check is the oldest. */
  checkedAgo(): number {
    return this.#lease ? this.#folders.checkedAgo(this.#options.context.clock()) : 0;
  }

  /** What an error says about the source; nothing: it can be reached. */
  #connected(error?: MailmillError): void {
    if (error === undefined) this.#wait = undefined;
    if (error?.code === 'SOURCE_BUDGET_SPENT') return;
    if (error && !/^(IMAP|OAUTH|PROXY|ENCRYPTION|MAILDIR|MBOX|S3|SOURCE|SECRET)_/.test(error.code)) return;
    this.#connection = nextHealth(this.#connection, error, this.#options.context.clock());
  }

  /** A first login, whoever has the lease. False: stopped before. Throws what keeps it from being possible. */
  async logIn(stop: AbortSignal): Promise<boolean> {
    const { source, account, broker, accountId } = this.#options;
    const connection = await broker.acquire(accountId, source.connectionsPerAccount, true, stop);
    if (!connection) return false;
    try {
      await using session = await source.open(account, stop);
      await session.folders(stop);
      this.#connected();
      return true;
    } catch (error) {
      this.#connected(asMailmillError(error));
      throw error;
    } finally {
      await connection.release();
    }
  }

  /** Runs until `stop`, or with `once` until everything is caught up. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        const lease = await this.#acquire(stop);
        if (!lease) return;
        const done = await this.#hold(lease, stop);
        if (done) return;
      } catch (thrown) {
        await this.#failed(asMailmillError(thrown), stop);
      }
    }
    await this.#release();
  }

  async #failed(error: MailmillError, stop: AbortSignal): Promise<void> {
    const { context, once } = this.#options;
    if (stop.aborted && (error.code === 'INTERNAL' || error.code === 'ABORTED')) return;
    this.#news.failed(error);
    this.#connected(error);
    const pause = this.#backoff.next(error);
    const until = new Date(context.clock().getTime() + (error.retryAfterMs ?? pause)).toISOString();
    this.#wait = error.family === 'Waiting' ? { code: error.code, message: error.message, until } : undefined;
    if (error.code === 'STORE_FENCED') this.#lose();
    // Another pipeline's worker that died may hold what this one waits for in a table that they share.
    else if (this.#lease && error.code.startsWith('SINK_')) this.#lease = { ...this.#lease, orphaned: true };
    this.#forget();
    if (error.family === 'Stalled') await this.#options.onStalled(error);
    // A run does not wait for another day: the next one goes on.
    const over = error.family === 'Stalled' || error.code === 'SOURCE_BUDGET_SPENT' || this.#backoff.failures > 8;
    if (once && over) {
      await this.#release();
      throw error;
    }
    await sleep(pause, stop);
  }

  async #acquire(stop: AbortSignal): Promise<Lease | undefined> {
    const { context, accountId } = this.#options;
    if (this.#lease) {
      if (this.#options.fresh() && (await holdsLease(context.database, this.#lease))) return this.#lease;
      this.#lose();
    }
    this.#lease = await this.#options.leases.acquire(accountId, stop);
    if (!this.#lease) return undefined;
    context.phases.reach('lease');
    context.log.info('took the lease', { source: this.#options.source.name, token: this.#lease.token });
    failpoint('after-lease');
    return this.#lease;
  }

  #forget(): void {
    this.#settled = undefined;
    this.#folders.forget();
  }

  /** Somebody else has the account, or may have. */
  #lose(): void {
    if (this.#lease) this.#options.leases.ended(this.#lease.accountId);
    this.#lease = undefined;
    this.#settled = undefined;
    this.#folders.clear();
  }

  async #release(): Promise<void> {
    const { context, source } = this.#options;
    const lease = this.#lease;
    this.#lease = undefined;
    this.#settled = undefined;
    for (const folder of this.#folders.all) folder.drop();
    if (!lease) return;
    try {
      await releaseLease(context.database, lease);
    } catch (error) {
      // It ends with this worker's sign-off or with its last heartbeat.
      context.log.warn('could not give the lease back', { source: source.name, code: asMailmillError(error).code });
    }
    this.#options.leases.ended(lease.accountId);
  }

  /** One session's life. True: caught up, and `once`. */
  async #hold(lease: Lease, stop: AbortSignal): Promise<boolean> {
    const { context, source, account, broker, accountId } = this.#options;
    await this.#options.whileStalled(stop);
    if (stop.aborted) return false;
    if (this.#settled !== lease) {
      const settled = await settleSinks(context, { source, account, accountId }, lease);
      if (settled.moved) this.#forget();
      this.#lease = settled.lease;
      this.#settled = settled.lease;
      context.phases.reach('settled');
    }
    const current = this.#settled;
    const connection = await broker.acquire(accountId, source.connectionsPerAccount, false, stop);
    if (!connection) return false;
    const labels = { namespace: context.revision.namespace, pipeline: context.revision.pipeline, source: source.name };
    try {
      await using session = await source.open(account, stop, { vanished: tellsChanges(context) });
      context.phases.reach('login');
      context.metrics.connections.inc(labels);
      try {
        this.#connected();
        const onCaughtUp = () => this.#caughtUp(current);
        const held = { session, connection, lease: current, poke: this.poke, onCaughtUp };
        const kept = { folders: this.#folders, allowance: this.#allowance };
        const done = await new AccountSession({ ...this.#options, ...held, ...kept }, stop).run();
        await this.#allowance.giveBack();
        if (done) await this.#release();
        return done;
      } finally {
        context.metrics.connections.dec(labels);
      }
    } finally {
      await connection.release();
    }
  }

  /** Something was delivered, or nothing is left that could be: no pause goes on. */
  #recovered(): void {
    this.#backoff.reset();
    this.#options.onRecovered();
    this.#news.backfill(() => this.#folders.backfill);
  }

  async #caughtUp(lease: Lease): Promise<void> {
    const { context } = this.#options;
    this.#recovered();
    for (const sink of context.sinks) context.health.sink(sink.name); // nothing is left that one of them did not take
    this.#news.caughtUp();
    await this.#markChecked(lease);
  }

  /** At most once a minute, unless a run waits for it. */
  async #markChecked(lease: Lease): Promise<void> {
    if (Date.now() - this.#markedAt < markMs && !this.poke.pending) return;
    this.#markedAt = Date.now();
    await markChecked(this.#options.context.database, lease, this.#folders.epochIds);
    this.poke.done();
  }
}
