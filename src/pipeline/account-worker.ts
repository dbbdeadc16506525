import type { AccountStatus, Health } from '../api/worker-status.ts';
import type { Source, SourceSession } from '../sources/source.ts';
import { cursors, markChecked, retireMissingFolders } from '../store/epochs.ts';
import { holdsLease, type Lease, raiseToken, releaseLease, tryAcquireLease } from '../store/leases.ts';
import { refeed, registerSink, sinkBaseline } from '../store/refeed.ts';
import { asMailmillError, type MailmillError, stalled } from '../telemetry/errors.ts';
import { failpoint } from '../telemetry/failpoint.ts';
import { Backoff, sleep } from './backoff.ts';
import type { ConnectionBroker } from './connection-broker.ts';
import type { PipelineContext } from './context.ts';
import { FolderSync } from './folder-sync.ts';
import { Poke } from './poke.ts';

const leasePollMs = 1_000;
/** IDLE is renewed, and each folder checked, at least this often. */
const idleMs = 240_000;
const folderListMs = 300_000;
/** Idle connections are lent after at least this long, so that two pipelines do not log in all the time. */
const minimumHoldMs = 3_000;
const markMs = 60_000;

export interface AccountWorkerOptions {
  readonly context: PipelineContext;
  readonly source: Source;
  readonly account: string;
  readonly accountId: bigint;
  /** Position in the source's list. */
  readonly index: number;
  readonly broker: ConnectionBroker;
  readonly fresh: () => boolean;
  /** End when caught up, and throw what does not go away, instead of trying for ever. */
  readonly once: boolean;
  readonly onFetch: () => void;
  /** Told of an error that needs a person. */
  readonly onStalled: (error: MailmillError) => Promise<void>;
  /** Waits while this revision stands still until a person acts; with `once` it throws instead. */
  readonly whileStalled: (stop: AbortSignal) => Promise<void>;
  readonly onRecovered: () => void;
}

/** Works on one account for one pipeline: takes the lease, keeps a session, catches folders up, waits for more. */
export class AccountWorker {
  readonly #options: AccountWorkerOptions;
  readonly #backoff = new Backoff();
  readonly poke = new Poke();
  #lease: Lease | undefined;
  #folders = new Map<string, FolderSync>();
  #connection: Health;
  #markedAt = 0;

  constructor(options: AccountWorkerOptions) {
    this.#options = options;
    this.#connection = {
      ok: false,
      code: 'NOT_YET_CONNECTED',
      message: 'no login yet',
      since: options.context.clock().toISOString(),
    };
  }

  status(): AccountStatus {
    return {
      source: this.#options.source.name,
      account: this.#options.index,
      role: this.#lease ? 'Holder' : 'Standby',
      connection: this.#connection,
      folders: [...this.#folders.values()].map((folder) => folder.status()),
    };
  }

  /** Number of the account in the store. */
  get id(): bigint {
    return this.#options.accountId;
  }

  get holding(): boolean {
    return this.#lease !== undefined;
  }

  lag(): { readonly messages: number; readonly seconds: number } {
    const folders = [...this.#folders.values()];
    return {
      messages: folders.reduce((sum, folder) => sum + folder.lagMessages, 0),
      seconds: folders.reduce((most, folder) => Math.max(most, folder.lagSeconds), 0),
    };
  }

  /** Records whether the source can be reached; a login elsewhere (readiness) counts too. */
  connected(error?: MailmillError): void {
    const ok = error === undefined;
    if (ok && this.#connection.ok) return;
    if (!ok && this.#connection.code === error.code) return;
    this.#connection = {
      ok,
      ...(error && { code: error.code, message: error.message }),
      since: this.#options.context.clock().toISOString(),
    };
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
    if (stop.aborted && error.code === 'INTERNAL') return;
    context.metrics.errors.inc({
      namespace: context.revision.namespace,
      pipeline: context.revision.pipeline,
      code: error.code,
      family: error.family,
    });
    context.log.warn(error.message, {
      code: error.code,
      family: error.family,
      source: this.#options.source.name,
      ...(error.code === 'INTERNAL' && error.cause instanceof Error && { stack: error.cause.stack }),
    });
    if (error.code.startsWith('IMAP_') || error.code.startsWith('MAILDIR_') || error.code.startsWith('SOURCE_'))
      this.connected(error);
    if (error.code === 'STORE_FENCED') this.#lease = undefined;
    this.#forget();
    if (error.family === 'Stalled') await this.#options.onStalled(error);
    if (once && (error.family === 'Stalled' || this.#backoff.failures >= 8)) {
      await this.#release();
      throw error;
    }
    await sleep(this.#backoff.next(error), stop);
  }

  async #acquire(stop: AbortSignal): Promise<Lease | undefined> {
    const { context, accountId } = this.#options;
    if (this.#lease) {
      if (this.#options.fresh() && (await holdsLease(context.database, this.#lease))) return this.#lease;
      this.#lease = undefined;
      this.#forget();
    }
    while (!stop.aborted) {
      if (this.#options.fresh()) {
        this.#lease = await tryAcquireLease(context.database, context.pipelineId, accountId, context.workerId);
        if (this.#lease) {
          context.log.info('took the lease', { source: this.#options.source.name, token: this.#lease.token });
          failpoint('after-lease');
          return this.#lease;
        }
      }
      await sleep(leasePollMs * (0.8 + 0.4 * Math.random()), stop);
    }
    return undefined;
  }

  #forget(): void {
    for (const folder of this.#folders.values()) folder.reset();
  }

  async #release(): Promise<void> {
    const lease = this.#lease;
    this.#lease = undefined;
    if (lease) await releaseLease(this.#options.context.database, lease);
  }

  /** One session's life. True: caught up, and `once`. */
  async #hold(lease: Lease, stop: AbortSignal): Promise<boolean> {
    const { context, source, broker, accountId } = this.#options;
    await this.#options.whileStalled(stop);
    if (stop.aborted) return false;
    const current = await this.#settleSinks(lease);
    this.#lease = current;
    const connection = await broker.acquire(accountId, source.connectionsPerAccount, false, stop);
    if (!connection) return false;
    const labels = { namespace: context.revision.namespace, pipeline: context.revision.pipeline, source: source.name };
    try {
      await using session = await source.open(this.#options.account, context.hardStop);
      context.metrics.connections.inc(labels);
      try {
        this.connected();
        return await this.#work(session, current, connection, stop);
      } finally {
        context.metrics.connections.dec(labels);
      }
    } finally {
      await connection.release();
    }
  }

  /** Compares each sink's progress with the cursors: a sink that was restored to an earlier day is fed again from there. */
  async #settleSinks(start: Lease): Promise<Lease> {
    const { context, source, account, accountId } = this.#options;
    let lease = start;
    for (const sink of context.sinks) {
      const fresh = await registerSink(context.database, lease, sink.name);
      const all = await cursors(context.database, context.pipelineId, accountId);
      const keys = all.map((cursor) => ({
        namespace: context.revision.namespace,
        pipeline: context.revision.pipeline,
        sink: sink.name,
        source: source.name,
        account,
        folder: cursor.folder,
        epoch: cursor.uidvalidity,
      }));
      const progress = await sink.progress(keys, context.hardStop);
      const seen = progress.reduce((most, p) => (p && p.token > most ? p.token : most), 0n);
      if (seen > lease.token) {
        lease = await raiseToken(context.database, lease, seen);
        this.#forget();
      }
      let again = 0;
      if (!fresh)
        for (const [index, cursor] of all.entries()) {
          const baseline = await sinkBaseline(context.database, context.pipelineId, sink.name, cursor.epochId);
          const known = progress[index]?.version ?? 0n;
          const from = known > baseline ? known : baseline;
          if (from < cursor.version) again += await refeed(context.database, lease, cursor.epochId, from);
        }
      failpoint('after-refeed');
      if (again > 0) this.#forget();
      if (again > 0)
        context.log.warn('the sink was restored to an earlier state; it is fed again from there', {
          sink: sink.name,
          uids: again,
        });
      const now = await cursors(context.database, context.pipelineId, accountId);
      await sink.fence(
        now.map((cursor, index) => ({ key: keys[index]!, version: cursor.version, token: lease.token })),
        context.hardStop,
      );
    }
    return lease;
  }

  async #work(
    session: SourceSession,
    lease: Lease,
    connection: { wanted(): boolean; readonly changed: Poke },
    stop: AbortSignal,
  ): Promise<boolean> {
    const { context, source } = this.#options;
    const heldSince = Date.now();
    const lend = () => connection.wanted() && Date.now() - heldSince >= minimumHoldMs;
    const leave = () => stop.aborted || !this.#options.fresh() || lend();
    for (let listedAt = 0; ; ) {
      if (Date.now() - listedAt > folderListMs || listedAt === 0) {
        await this.#listFolders(session, lease);
        listedAt = Date.now();
      }
      for (const folder of this.#folders.values())
        if (!(await folder.catchUp(session, leave, context.hardStop))) return false;
      this.#backoff.reset();
      this.#options.onRecovered();
      await this.#markChecked(lease);
      if (this.#options.once) {
        await this.#release();
        return true;
      }
      const more = await this.#waitForMore(session, lease, connection, stop, lend);
      if (!more) return false;
      if (source.connectionsPerAccount === undefined) listedAt = 0; // local files: listing folders costs nothing
    }
  }

  async #listFolders(session: SourceSession, lease: Lease): Promise<void> {
    const { context } = this.#options;
    const listed = await session.folders(context.hardStop);
    if (listed.length === 0)
      throw stalled(
        'SOURCE_NO_FOLDERS',
        'no folder of the account matches folders.include; correct the patterns, `mailmill try` lists the folders',
      );
    await retireMissingFolders(
      context.database,
      lease,
      listed.map((folder) => folder.name),
    );
    const folders = new Map<string, FolderSync>();
    for (const { name } of listed)
      folders.set(
        name,
        this.#folders.get(name) ??
          new FolderSync(name, {
            context,
            source: this.#options.source,
            account: this.#options.account,
            lease: () => this.#lease ?? lease,
            fresh: this.#options.fresh,
            onFetch: this.#options.onFetch,
          }),
      );
    this.#folders = folders;
  }

  /** Waits in one folder and polls the others, until one may have changed. False: give the session up, in order. */
  async #waitForMore(
    session: SourceSession,
    lease: Lease,
    connection: { wanted(): boolean; readonly changed: Poke },
    stop: AbortSignal,
    lend: () => boolean,
  ): Promise<boolean> {
    const { context, source } = this.#options;
    const names = [...this.#folders.keys()];
    const watched = this.#folders.get('INBOX') ?? this.#folders.get(names[0]!)!;
    const others = [...this.#folders.values()].filter((folder) => folder !== watched);
    await session.select(watched.name, context.hardStop);
    for (let refresh = Date.now() + folderListMs; Date.now() < refresh; ) {
      const ms =
        others.length > 0
          ? Math.min(source.pollMs, idleMs)
          : source.connectionsPerAccount === undefined
            ? source.pollMs
            : idleMs;
      const interrupt = AbortSignal.any([stop, this.poke.signal(), connection.changed.signal()]);
      const result = await session.wait(ms, interrupt);
      if (stop.aborted || !this.#options.fresh()) return false;
      if (lend()) return false;
      if (connection.wanted()) await sleep(minimumHoldMs, stop);
      watched.touch(true);
      if (result === 'changed' || this.poke.take()) return true;
      let changed = false;
      for (const folder of others) {
        const seen = await session.status(folder.name, context.hardStop);
        if (folder.changed(seen)) changed = true;
        else folder.touch(false);
      }
      if (changed) return true;
      await this.#markChecked(lease);
      if (source.connectionsPerAccount === undefined) return true;
    }
    return true;
  }

  /** At most once a minute, unless a run waits for it. */
  async #markChecked(lease: Lease): Promise<void> {
    if (Date.now() - this.#markedAt < markMs && !this.poke.pending) return;
    this.#markedAt = Date.now();
    const epochs = [...this.#folders.values()].flatMap((folder) => folder.epochId ?? []);
    await markChecked(this.#options.context.database, lease, epochs);
    this.poke.done();
  }
}
