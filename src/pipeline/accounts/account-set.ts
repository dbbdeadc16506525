import type { AccountList, ListedAccount, Source } from '../../sources/source.ts';
import { accountIds } from '../../store/names.ts';
import { asMailmillError, type MailmillError, stalled } from '../../telemetry/errors.ts';
import { sleep } from '../backoff.ts';
import type { PipelineContext } from '../context.ts';
import type { AccountWorker } from './account-worker.ts';
import { LeaseBoard } from './lease-board.ts';
import { inTurns } from './turns.ts';

/** Milliseconds between two looks at a list of accounts. */
const relistMs = 10_000;
/** Entries that are no account, of those that the log tells at a time. */
const toldBroken = 20;
/** Accounts of a run that are worked on at the same time, where there is a list. */
const atOnce = 32;

export interface NewAccount {
  readonly source: Source;
  readonly account: string;
  readonly accountId: bigint;
  /** What the status calls it. */
  readonly index: number;
  readonly leases: LeaseBoard;
}

export interface AccountSetOptions {
  readonly context: PipelineContext;
  readonly sources: readonly Source[];
  readonly fresh: () => boolean;
  readonly random: () => number;
  readonly once: boolean;
  readonly create: (account: NewAccount) => AccountWorker;
  /** An account is not there any more. */
  readonly onRemoved: (worker: AccountWorker) => void;
}

/** An account and its life here. */
interface Member {
  readonly worker: AccountWorker;
  readonly version: string;
  /** Ends its work: it is not on the list any more, or logs in with something else. */
  readonly removed: AbortController;
  /** Ends its work for now: somebody else has too few. */
  turn: AbortController;
  done: Promise<void> | undefined;
}

interface Listed {
  readonly source: Source;
  readonly members: Map<string, Member>;
  broken: readonly MailmillError[];
  /** Why the list could not be read the last time. */
  error: MailmillError | undefined;
}

/** The accounts of a pipeline: as many as its sources list, each with a life of its own. */
export class AccountSet {
  readonly #options: AccountSetOptions;
  readonly #board: LeaseBoard;
  #sources: readonly Listed[] = [];

  constructor(options: AccountSetOptions) {
    const { context, fresh, random, once } = options;
    this.#options = options;
    this.#board = new LeaseBoard({
      database: context.database,
      pipelineId: context.pipelineId,
      workerId: context.workerId,
      fresh,
      random,
      onHandOver: (ids) => this.#handOver(new Set(ids)),
      onStore: (error) => {
        // Who watches the runs of a stream tells of the store; a run must end with it.
        if (error !== undefined && once) throw error;
      },
    });
  }

  get workers(): readonly AccountWorker[] {
    return this.#sources.flatMap(({ members }) => [...members.values()].map(({ worker }) => worker));
  }

  /** Every account, by its name. */
  get accounts(): readonly { readonly source: Source; readonly account: string; readonly accountId: bigint }[] {
    return this.#sources.flatMap(({ source, members }) =>
      [...members].map(([account, { worker }]) => ({ source, account, accountId: worker.id })),
    );
  }

  /** Sources as they stand; the errors are of entries that are no account, and of the list. */
  get sources(): readonly {
    readonly source: Source;
    readonly workers: readonly AccountWorker[];
    readonly broken: readonly MailmillError[];
    readonly error: MailmillError | undefined;
  }[] {
    return this.#sources.map(({ source, members, broken, error }) => ({
      source,
      workers: [...members.values()].map(({ worker }) => worker),
      broken,
      error,
    }));
  }

  /** Reads every list for the first time. Throws when one cannot be read, or has no account: Stalled `SOURCE_NO_ACCOUNTS`. */
  async open(signal: AbortSignal): Promise<void> {
    const opened: Listed[] = [];
    for (const source of this.#options.sources) {
      const listed: Listed = { source, members: new Map(), broken: [], error: undefined };
      const list = await readList(source, signal);
      if (list.accounts.length === 0) throw list.broken[0] ?? noAccounts();
      this.#tellBroken(listed, list.broken);
      await this.#add(listed, list.accounts);
      opened.push(listed);
    }
    this.#sources = opened;
  }

  /** Works on every account until `stop`; when one fails for good, the others end as well, and its error is thrown. */
  async stream(stop: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const until = AbortSignal.any([stop, failed.signal]);
    const fail = (error: unknown) => failed.abort(error);
    for (const member of this.#members()) this.#start(member, until, fail);
    const board = this.#board.run(until);
    await Promise.all(this.#sources.map((listed) => this.#follow(listed, until, fail)));
    if (!until.aborted) await new Promise((resolve) => until.addEventListener('abort', resolve, { once: true }));
    await Promise.all([...this.#members()].map(({ done }) => done));
    await board;
    if (failed.signal.aborted && !stop.aborted) throw failed.signal.reason;
  }

  /** Works on every account, or on these, until it is caught up; some at a time where there is a list. */
  async once(
    stop: AbortSignal,
    these: (accountId: bigint) => boolean = () => true,
  ): Promise<readonly PromiseSettledResult<void>[]> {
    const ended = new AbortController();
    const board = this.#board.run(AbortSignal.any([stop, ended.signal]));
    const workers = this.workers.filter(({ id }) => these(id));
    const limit = this.#sources.some(({ source }) => source.relist) ? atOnce : workers.length;
    const results = await inTurns(workers, limit, (worker) => worker.run(stop));
    ended.abort();
    await board;
    return results;
  }

  *#members(): Generator<Member> {
    for (const { members } of this.#sources) yield* members.values();
  }

  #handOver(ids: ReadonlySet<bigint>): void {
    for (const { worker, turn } of this.#members()) if (ids.has(worker.id)) turn.abort();
  }

  #start(member: Member, until: AbortSignal, fail: (error: unknown) => void): void {
    member.done = this.#live(member, until).catch(fail);
  }

  /** One turn after the other: it waits for its lease again after it was handed over. */
  async #live(member: Member, until: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([until, member.removed.signal]);
    while (!ended.aborted) {
      member.turn = new AbortController();
      await member.worker.run(AbortSignal.any([ended, member.turn.signal]));
    }
  }

  /** Keeps in step with the list of a source until `stop`. */
  async #follow(listed: Listed, stop: AbortSignal, fail: (error: unknown) => void): Promise<void> {
    const { context, random } = this.#options;
    if (!listed.source.relist) return;
    while (!stop.aborted) {
      await sleep(relistMs * (0.9 + 0.2 * random()), stop);
      if (stop.aborted) return;
      try {
        const list = await readList(listed.source, stop);
        await this.#apply(listed, list, stop, fail);
        listed.error = list.accounts.length === 0 ? noAccounts() : undefined;
      } catch (thrown) {
        if (stop.aborted) return;
        const error = asMailmillError(thrown);
        if (listed.error?.code !== error.code)
          context.log.warn(error.message, { code: error.code, family: error.family, source: listed.source.name });
        listed.error = error;
      }
    }
  }

  async #apply(listed: Listed, list: AccountList, stop: AbortSignal, fail: (error: unknown) => void): Promise<void> {
    const { members, source } = listed;
    const versions = new Map(list.accounts.map(({ name, version }) => [name, version]));
    const gone = [...members].filter(([name, { version }]) => versions.get(name) !== version);
    const removed = gone.filter(([name]) => !versions.has(name)).length;
    for (const [, member] of gone) member.removed.abort();
    // They give their leases back before somebody else, or what comes next, takes them.
    await Promise.all(gone.map(([, { done }]) => done));
    for (const [name, { worker }] of gone) {
      members.delete(name);
      this.#options.onRemoved(worker);
    }
    const fresh = list.accounts.filter(({ name }) => !members.has(name));
    await this.#add(listed, fresh);
    for (const { name } of fresh) {
      const member = members.get(name);
      if (member && !stop.aborted) this.#start(member, stop, fail);
    }
    this.#tellBroken(listed, list.broken);
    if (gone.length + fresh.length === 0) return;
    const changed = gone.length - removed;
    const counts = { added: fresh.length - changed, removed, changed };
    this.#options.context.log.info('the list of accounts has changed', { source: source.name, ...counts });
  }

  /** Entries that are no account: each is logged once for as long as it is on the list. */
  #tellBroken(listed: Listed, broken: readonly MailmillError[]): void {
    const before = new Set(listed.broken.map(({ message }) => message));
    for (const { message, code, family } of broken.filter((error) => !before.has(error.message)).slice(0, toldBroken))
      this.#options.context.log.warn(message, { code, family, source: listed.source.name });
    listed.broken = broken;
  }

  async #add(listed: Listed, accounts: readonly ListedAccount[]): Promise<void> {
    const { context, create } = this.#options;
    const { source, members } = listed;
    const names = accounts.map(({ name }) => name);
    const ids = await accountIds(context.database, context.revision.namespace, source.storedAs ?? source.name, names);
    for (const { name, version } of accounts) {
      const accountId = ids.get(name);
      if (accountId === undefined) continue; // purged this moment; it is on the next list
      // Positions shift as a list changes, and workers compare what they say.
      const index = source.relist ? Number(accountId) : members.size;
      const worker = create({ source, account: name, accountId, index, leases: this.#board });
      const turn = new AbortController();
      members.set(name, { worker, version, removed: new AbortController(), turn, done: undefined });
    }
  }
}

const noAccounts = () =>
  stalled(
    'SOURCE_NO_ACCOUNTS',
    'the list of accounts is empty; add one to the Secret or table that imap.accounts names',
  );

async function readList(source: Source, signal: AbortSignal): Promise<AccountList> {
  if (source.relist) return source.relist(signal);
  const names = await source.accounts(signal);
  return { accounts: names.map((name) => ({ name, version: '' })), broken: [] };
}
