import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { messageFields } from '../../src/message/fields.ts';
import { AccountWorker } from '../../src/pipeline/accounts/account-worker.ts';
import { ConnectionBroker } from '../../src/pipeline/accounts/connection-broker.ts';
import { LeaseBoard } from '../../src/pipeline/accounts/lease-board.ts';
import type { DirectSink, PipelineContext } from '../../src/pipeline/context.ts';
import { DeadRate } from '../../src/pipeline/dead-rate.ts';
import type { Patience } from '../../src/pipeline/folders/suspects.ts';
import type { Death } from '../../src/pipeline/processed.ts';
import { ByteBudget } from '../../src/pipeline/worker/byte-budget.ts';
import { PipelineHealth } from '../../src/pipeline/worker/health.ts';
import type { Row } from '../../src/sinks/sink.ts';
import type { Listed, Source, SourceSession } from '../../src/sources/source.ts';
import { Database } from '../../src/store/database.ts';
import { registerWorker } from '../../src/store/leases.ts';
import { migrate } from '../../src/store/migrate.ts';
import { accountId, pipelineId } from '../../src/store/names.ts';
import { ensurePartitions } from '../../src/store/partitions.ts';
import type { MailmillError } from '../../src/telemetry/errors.ts';
import { type LogFields, silentLogger } from '../../src/telemetry/log.ts';
import { workerMetrics } from '../../src/telemetry/metrics.ts';
import { Phases } from '../../src/telemetry/phases.ts';
import type { Postgres } from '../support/postgres.ts';
import { message } from '../support/worker.ts';

/** What a server does wrong; each function gets the honest answer. */
export interface Lies {
  search?: (uids: number[], from: number) => number[];
  list?: (listed: Listed[]) => Listed[];
  header?: (uid: number) => Buffer | undefined;
  fetch?: (uids: number[]) => number[];
  folder?: (name: string) => void;
}

interface Message {
  readonly raw: Buffer;
  readonly receivedAt: Date;
}

/** A mailbox in memory that behaves as IMAP does, or lies where it is told to. */
export class FakeMailbox {
  readonly folders = new Map<string, { epoch: bigint; uidNext: number; readonly messages: Map<number, Message> }>();
  readonly lies: Lies = {};
  messageSize = 2 ** 20;
  /** Called after each search that goes to the end. */
  afterSearch: (() => void) | undefined;
  waits = 0;
  #listeners = new Set<(folder: string) => void>();

  deliver(folder: string, subject: number | string, receivedAt = new Date(), body?: string): number {
    const into = this.folders.get(folder) ?? { epoch: 1n, uidNext: 1, messages: new Map() };
    this.folders.set(folder, into);
    const uid = into.uidNext++;
    into.messages.set(uid, { raw: message(subject, body), receivedAt });
    for (const listener of this.#listeners) listener(folder);
    return uid;
  }

  source(connectionsPerAccount: number | undefined = 2): Source {
    return {
      name: 'inbox',
      accounts: async () => ['ann'],
      connectionsPerAccount,
      pollMs: 200,
      messageSize: this.messageSize,
      cutoff: () => undefined,
      open: async () => this.#session(),
    };
  }

  #session(): SourceSession {
    let selected = '';
    let changed = false;
    const listen = (folder: string) => {
      if (folder === selected) changed = true;
    };
    this.#listeners.add(listen);
    const of = (name: string) => this.folders.get(name)!;
    const state = (name: string) => ({ ...of(name), exists: of(name).messages.size, name });
    const box = this;
    return {
      capabilities: new Set(),
      folders: async () => [...this.folders.keys()].sort().map((name) => ({ name })),
      select: async (name) => {
        this.lies.folder?.(name);
        selected = name;
        changed = false;
        return state(name);
      },
      search: async (from, to) => {
        if (to === undefined) changed = false;
        const honest = [...of(selected).messages.keys()].filter((uid) => uid >= from && (to ?? uid) >= uid);
        const found = to === undefined ? (this.lies.search?.(honest, from) ?? honest) : honest;
        if (to === undefined) this.afterSearch?.();
        return found;
      },
      list: async (uids) => {
        const honest = uids.flatMap((uid) => {
          const found = of(selected).messages.get(uid);
          return found ? [{ uid, size: found.raw.length, receivedAt: found.receivedAt }] : [];
        });
        return this.lies.list?.(honest) ?? honest;
      },
      async *fetch(uids) {
        for (const uid of box.lies.fetch?.([...uids]) ?? uids) {
          const found = of(selected).messages.get(uid);
          if (found) yield { uid, raw: found.raw, flags: [] };
        }
      },
      fetchHeader: async (uid) =>
        this.lies.header ? this.lies.header(uid) : of(selected).messages.get(uid)?.raw.subarray(0, 100),
      find: async () => ({ messages: [], denied: [] }),
      status: async (name) => state(name),
      wait: async (ms, signal) => {
        this.waits += 1;
        const end = Date.now() + ms;
        while (!changed && !signal.aborted && Date.now() < end) await delay(5);
        const result = changed ? 'changed' : 'timeout';
        changed = false;
        return result;
      },
      [Symbol.asyncDispose]: async () => void this.#listeners.delete(listen),
    };
  }
}

/** A sink in memory; rows by document id. */
export class FakeSink implements DirectSink {
  readonly name: string;
  readonly shared = false;
  readonly rows = new Map<string, Row>();
  commits = 0;
  refuse: (row: Row) => Death | undefined = () => undefined;
  broken: MailmillError | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async check(): Promise<void> {}
  async progress() {
    return [];
  }
  async fence(): Promise<void> {}
  /** So that documents are made once more when they are looked at. */
  encodes(): boolean {
    return true;
  }
  encode() {
    return { by: this, release: () => undefined };
  }
  async commit(rows: readonly Row[]): Promise<Map<string, Death>> {
    if (this.broken) throw this.broken;
    this.commits += 1;
    const refused = new Map<string, Death>();
    for (const row of rows) {
      const death = this.refuse(row);
      if (death) refused.set(row.documentId, death);
      else this.rows.set(row.documentId, { ...row, document: row.document }); // there is none once it is committed
    }
    return refused;
  }
  async writeShared(): Promise<Map<string, Death>> {
    throw new Error('not shared');
  }
  async remove(ids: readonly string[]): Promise<number> {
    return ids.filter((id) => this.rows.delete(id)).length;
  }
  async rehearse() {
    return { changes: [], refused: [] };
  }
  async endSessions() {
    return 0;
  }
  async close(): Promise<void> {}

  get subjects(): string[] {
    return [...this.rows.values()].map((row) => String(row.document.subject)).sort();
  }
}

/** What everything that works for one pipeline shares, on a real store, with sinks in memory; `codes` are those of errors as they come. */
export async function startContext(postgres: Postgres, sinks: readonly FakeSink[]) {
  const database = new Database({ uri: await postgres.createDatabase(), max: 1, applicationName: 'test' });
  await migrate(database);
  await ensurePartitions(database);
  const workerId = randomUUID();
  await registerWorker(database, workerId, 'test');
  await database.query(`UPDATE mailmill.worker SET expires_at = now() + interval '1 hour'`);
  const health = new PipelineHealth(
    sinks.map((sink) => sink.name),
    () => new Date(),
  );
  for (const sink of sinks) health.sink(sink.name);
  const codes: string[] = [];
  // A dead letter has a code, too, and is no error.
  const warn = (_: string, fields?: LogFields) => {
    if (fields?.count === undefined) codes.push(String(fields?.code));
  };
  const context: PipelineContext = {
    revision: {
      version: 1,
      namespace: 'ns',
      pipeline: 'mail',
      hash: 'r1',
      sources: [{ name: 'inbox' }],
      steps: [],
      sinks: [],
      storeRef: { name: 'store', key: 'uri' },
      retention: '90d',
    },
    pipelineId: await pipelineId(database, 'ns', 'mail', 86_400_000),
    database,
    workerId,
    steps: [],
    fields: messageFields,
    sinks,
    budget: new ByteBudget(64 * 2 ** 20),
    deadRate: new DeadRate(),
    deadAccepted: false,
    health,
    metrics: workerMetrics(new Registry()),
    log: { ...silentLogger, warn },
    phases: new Phases(),
    clock: () => new Date(),
    hardStop: new AbortController().signal,
    counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
    lastCommitAt: undefined,
    edition: 1,
  };
  return { context, database, workerId, health, codes };
}

type Started = Awaited<ReturnType<typeof startContext>>;

/** Works on one account until `stop`, or with `once` until it is caught up. */
export async function runAccount(
  { context, database, workerId }: Started,
  source: Source,
  stop: AbortSignal,
  once = false,
  patience?: Patience,
) {
  const stalls: string[] = [];
  const board = new LeaseBoard({
    database,
    pipelineId: context.pipelineId,
    workerId,
    fresh: () => true,
    random: Math.random,
    onHandOver: () => undefined,
    onStore: () => undefined,
  });
  const account = new AccountWorker({
    context,
    source,
    account: 'ann',
    accountId: await accountId(database, 'ns', 'inbox', 'ann'),
    index: 0,
    broker: new ConnectionBroker(database, workerId),
    leases: board,
    fresh: () => true,
    once,
    onFetch: () => undefined,
    onStalled: async (error) => void stalls.push(error.code),
    whileStalled: async () => undefined,
    onRecovered: () => undefined,
    ...(patience && { patience }),
  });
  const ended = new AbortController();
  const sharing = board.run(AbortSignal.any([stop, ended.signal]));
  const running = account.run(stop).finally(() => {
    ended.abort();
    return sharing;
  });
  return { account, stalls, running };
}

/** One account's work on a real store, with a mailbox and sinks in memory. */
export async function startAccount(
  postgres: Postgres,
  mailbox: { source(): Source | Promise<Source> },
  sinks: readonly FakeSink[],
  patience?: Patience,
) {
  const started = await startContext(postgres, sinks);
  const stop = new AbortController();
  const { account, stalls, running } = await runAccount(started, await mailbox.source(), stop.signal, false, patience);
  return {
    ...started,
    account,
    stalls,
    async end(): Promise<void> {
      stop.abort();
      await running;
      await started.database.close();
    },
  };
}
