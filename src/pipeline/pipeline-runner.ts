import { milliseconds } from '../api/schema.ts';
import type { Health, PipelineStatus, RunResult } from '../api/worker-status.ts';
import { type FieldType, messageTypes } from '../message/fields.ts';
import type { Source } from '../sources/source.ts';
import { compileSteps } from '../steps/registry.ts';
import type { Database } from '../store/database.ts';
import { accountId, pipelineId } from '../store/names.ts';
import { beginRun, endCheckedRuns, endRun, recentRuns } from '../store/runs.ts';
import { recordStall, stallOf } from '../store/stalls.ts';
import { asMailmillError, type MailmillError, stalled } from '../telemetry/errors.ts';
import type { Logger } from '../telemetry/log.ts';
import type { WorkerMetrics } from '../telemetry/metrics.ts';
import { AccountWorker } from './account-worker.ts';
import { Backoff, sleep } from './backoff.ts';
import type { ByteBudget } from './byte-budget.ts';
import type { ConnectionBroker } from './connection-broker.ts';
import type { DirectSink, PipelineContext } from './context.ts';
import { DeadRate } from './dead-rate.ts';
import type { Revision } from './revision.ts';

/** What a runner gets from its worker. */
export interface RunnerEnvironment {
  readonly database: Database;
  readonly workerId: string;
  readonly broker: ConnectionBroker;
  readonly budget: ByteBudget;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  readonly clock: () => Date;
  readonly fresh: () => boolean;
  readonly hardStop: AbortSignal;
  readonly openSource: (revision: Revision, name: string) => Promise<Source>;
  readonly openSinks: (revision: Revision, types: ReadonlyMap<string, FieldType>) => readonly DirectSink[];
  readonly onFetch: () => void;
}

/** How a runner ends. */
export type RunnerMode =
  | { readonly kind: 'stream' }
  | { readonly kind: 'once'; readonly run: string; readonly specHash: string }
  | { readonly kind: 'check' };

const checkRunsMs = 1_000;

/** Runs one revision of one pipeline. */
export class PipelineRunner {
  readonly revision: Revision;
  readonly #environment: RunnerEnvironment;
  readonly #mode: RunnerMode;
  #context: PipelineContext | undefined;
  #accounts: AccountWorker[] = [];
  #sinkHealth = new Map<string, Health>();
  #storeHealth: Health;
  #ready = false;
  #stalled: { readonly code: string; readonly message: string } | undefined;
  #runs: readonly RunResult[] = [];
  #result: RunResult | undefined;

  constructor(revision: Revision, mode: RunnerMode, environment: RunnerEnvironment) {
    this.revision = revision;
    this.#mode = mode;
    this.#environment = environment;
    this.#storeHealth = {
      ok: false,
      code: 'NOT_YET_CHECKED',
      message: 'not yet checked',
      since: environment.clock().toISOString(),
    };
    for (const sink of revision.sinks) this.#sinkHealth.set(sink.name, this.#storeHealth);
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Result of a run that has ended. */
  get result(): RunResult | undefined {
    return this.#result;
  }

  lag(): { readonly messages: number; readonly seconds: number } {
    const lags = this.#accounts.map((account) => account.lag());
    return {
      messages: lags.reduce((sum, lag) => sum + lag.messages, 0),
      seconds: lags.reduce((most, lag) => Math.max(most, lag.seconds), 0),
    };
  }

  status(): PipelineStatus {
    const context = this.#context;
    return {
      namespace: this.revision.namespace,
      pipeline: this.revision.pipeline,
      revision: this.revision.hash,
      ready: this.#ready,
      store: this.#storeHealth,
      sinks: [...this.#sinkHealth].map(([name, health]) => ({ name, ...health })),
      accounts: this.#accounts.map((account) => account.status()),
      counters: context ? { ...context.counters } : { read: 0, delivered: 0, dropped: 0, dead: 0 },
      ...(context?.lastCommitAt && { lastCommitAt: context.lastCommitAt.toISOString() }),
      ...(this.#stalled && { stalled: this.#stalled }),
      runs: this.#runs,
    };
  }

  /** Brings gauges up to date. */
  measure(): void {
    const { metrics } = this.#environment;
    const pipeline = { namespace: this.revision.namespace, pipeline: this.revision.pipeline };
    metrics.ready.set({ ...pipeline, revision: this.revision.hash }, this.#ready ? 1 : 0);
    metrics.stalled.set(pipeline, this.#stalled ? 1 : 0);
    const holding = this.#accounts.filter((account) => account.holding).length;
    for (const source of this.revision.sources) {
      const lag = this.lag();
      metrics.leases.set({ ...pipeline, source: source.name }, holding);
      metrics.lagMessages.set({ ...pipeline, source: source.name }, lag.messages);
      metrics.lagSeconds.set({ ...pipeline, source: source.name }, lag.seconds);
    }
  }

  /** The store could, or could not, be used. */
  storeHealth(error?: MailmillError): void {
    if (this.#storeHealth.ok === (error === undefined) && this.#storeHealth.code === error?.code) return;
    this.#storeHealth = this.#health(error);
  }

  #health(error?: MailmillError): Health {
    return {
      ok: error === undefined,
      ...(error && { code: error.code, message: error.message }),
      since: this.#environment.clock().toISOString(),
    };
  }

  /** An on-demand run of a streaming pipeline: every folder is checked from now on. */
  async requestRun(run: { readonly name: string; readonly specHash: string }): Promise<void> {
    const context = this.#context;
    if (!context) return;
    await beginRun(context.database, context.pipelineId, { ...run, revision: this.revision.hash });
    await this.#lookAtRuns(context);
  }

  /** Runs to the end of the mode, or until `stop`. */
  async run(stop: AbortSignal): Promise<void> {
    const environment = this.#environment;
    const context = await this.#prepare(stop);
    if (!context) return;
    try {
      if (this.#mode.kind !== 'once') await this.#becomeReady(context, stop);
      if (stop.aborted || this.#mode.kind === 'check') return;
      if (this.#mode.kind === 'once') await this.#runOnce(context, this.#mode, stop);
      else {
        const ended = new AbortController();
        const runs = this.#watchRuns(context, AbortSignal.any([stop, ended.signal]));
        await Promise.all(this.#accounts.map((account) => account.run(stop)));
        ended.abort();
        await runs;
      }
    } finally {
      for (const sink of context.sinks) await sink.close();
      environment.log.info('pipeline ended', { pipeline: this.revision.pipeline });
    }
  }

  /** Opens what the revision needs; tries again until it works. In `once` and `check` mode what needs a person is thrown. */
  async #prepare(stop: AbortSignal): Promise<PipelineContext | undefined> {
    const environment = this.#environment;
    const backoff = new Backoff();
    const compiled = compileSteps(this.revision.steps, messageTypes);
    if (!compiled.ok)
      throw stalled(
        'REVISION_INVALID',
        `the revision does not compile: ${compiled.issues[0]?.path}: ${compiled.issues[0]?.message}`,
      );
    while (!stop.aborted) {
      try {
        const { namespace, pipeline, retention } = this.revision;
        const id = await pipelineId(environment.database, namespace, pipeline, milliseconds(retention));
        this.storeHealth();
        const sinks = await this.#openSinks(compiled.types);
        this.#context ??= {
          revision: this.revision,
          pipelineId: id,
          database: environment.database,
          workerId: environment.workerId,
          steps: compiled.steps,
          sinks,
          budget: environment.budget,
          deadRate: new DeadRate(),
          deadAccepted: false,
          metrics: environment.metrics,
          log: environment.log.with({ namespace, pipeline, revision: this.revision.hash }),
          clock: environment.clock,
          hardStop: environment.hardStop,
          counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
          lastCommitAt: undefined,
        };
        await this.#openAccounts(this.#context);
        return this.#context;
      } catch (thrown) {
        await this.#failed(asMailmillError(thrown), backoff, stop);
      }
    }
    return undefined;
  }

  async #openSinks(types: Parameters<RunnerEnvironment['openSinks']>[1]): Promise<readonly DirectSink[]> {
    const { hardStop, openSinks } = this.#environment;
    const sinks = openSinks(this.revision, types);
    for (const sink of sinks)
      try {
        await sink.check(hardStop);
        this.#sinkHealth.set(sink.name, this.#health());
      } catch (thrown) {
        const error = asMailmillError(thrown);
        this.#sinkHealth.set(sink.name, this.#health(error));
        for (const open of sinks) await open.close();
        throw error;
      }
    return sinks;
  }

  async #openAccounts(context: PipelineContext): Promise<void> {
    const environment = this.#environment;
    if (this.#accounts.length > 0) return;
    const accounts: AccountWorker[] = [];
    for (const { name } of this.revision.sources) {
      const source = await environment.openSource(this.revision, name);
      const logins = await source.accounts(environment.hardStop);
      for (const [index, account] of logins.entries())
        accounts.push(
          new AccountWorker({
            context,
            source,
            account,
            index,
            accountId: await accountId(environment.database, this.revision.namespace, name, account),
            broker: environment.broker,
            fresh: environment.fresh,
            once: this.#mode.kind === 'once',
            onFetch: environment.onFetch,
            onStalled: (error) => this.#onStalled(context, error),
            whileStalled: (stop) => this.#whileStalled(context, stop),
            onRecovered: () => this.#recovered(),
          }),
        );
    }
    this.#accounts = accounts;
  }

  async #failed(error: MailmillError, backoff: Backoff, stop: AbortSignal): Promise<void> {
    const { metrics, log } = this.#environment;
    metrics.errors.inc({
      namespace: this.revision.namespace,
      pipeline: this.revision.pipeline,
      code: error.code,
      family: error.family,
    });
    log.warn(error.message, {
      pipeline: this.revision.pipeline,
      code: error.code,
      family: error.family,
      ...(error.code === 'INTERNAL' && error.cause instanceof Error && { stack: error.cause.stack }),
    });
    if (error.code.startsWith('STORE_')) this.storeHealth(error);
    const giveUp = this.#mode.kind !== 'stream' && (error.family === 'Stalled' || backoff.failures >= 5);
    if (giveUp) throw error;
    await sleep(backoff.next(error), stop);
  }

  /** The first login of this revision; store and sinks were checked before. */
  async #becomeReady(context: PipelineContext, stop: AbortSignal): Promise<void> {
    const { broker, database } = this.#environment;
    for (const { name } of this.revision.sources) {
      const source = await this.#environment.openSource(this.revision, name);
      for (const [index, account] of (await source.accounts(context.hardStop)).entries()) {
        const worker = this.#accounts.find(
          (candidate) => candidate.status().source === name && candidate.status().account === index,
        );
        const backoff = new Backoff();
        for (let done = false; !done && !stop.aborted; )
          try {
            const id = await accountId(database, this.revision.namespace, name, account);
            const connection = await broker.acquire(id, source.connectionsPerAccount, true, stop);
            if (!connection) return;
            try {
              await using session = await source.open(account, context.hardStop);
              await session.folders(context.hardStop);
            } finally {
              await connection.release();
            }
            worker?.connected();
            done = true;
          } catch (thrown) {
            const error = asMailmillError(thrown);
            worker?.connected(error);
            await this.#failed(error, backoff, stop);
          }
      }
    }
    if (stop.aborted) return;
    this.#ready = true;
    context.log.info('ready', { mode: this.#mode.kind });
  }

  async #onStalled(context: PipelineContext, error: MailmillError): Promise<void> {
    this.#stalled = { code: error.code, message: error.message };
    if (error.code.startsWith('SINK_'))
      for (const [name, health] of this.#sinkHealth) if (health.ok) this.#sinkHealth.set(name, this.#health(error));
    if (error.code === 'DEAD_RATE_EXCEEDED')
      await recordStall(context.database, context.pipelineId, this.revision.hash, error.code, error.message);
  }

  #recovered(): void {
    this.#stalled = undefined;
    this.#ready = true;
    for (const [name, health] of this.#sinkHealth) if (!health.ok) this.#sinkHealth.set(name, this.#health());
  }

  /** Waits while the store says that this revision stands still; the cursor does not move until a person acts. */
  async #whileStalled(context: PipelineContext, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const stall = await stallOf(context.database, context.pipelineId, this.revision.hash);
      context.deadAccepted = stall?.accepted ?? false;
      if (!stall || stall.accepted) return;
      this.#stalled = { code: stall.code, message: stall.message };
      if (this.#mode.kind === 'once') throw stalled(stall.code, stall.message);
      await sleep(5_000, stop);
    }
  }

  async #runOnce(
    context: PipelineContext,
    mode: { readonly run: string; readonly specHash: string },
    stop: AbortSignal,
  ): Promise<void> {
    const key = { name: mode.run, specHash: mode.specHash, revision: this.revision.hash };
    const begun = await beginRun(context.database, context.pipelineId, key);
    if (begun.state !== 'Running') {
      this.#result = begun;
      return;
    }
    const results = await Promise.allSettled(this.#accounts.map((account) => account.run(stop)));
    const failure = results.find((result) => result.status === 'rejected');
    if (stop.aborted && !failure) return; // the run goes on in the next pod
    const error = failure && asMailmillError(failure.reason);
    if (error?.family === 'Transient') throw error; // the next try of the Job goes on with the same run
    this.#result = await endRun(context.database, context.pipelineId, key, {
      state: error ? 'Failed' : 'Succeeded',
      ...(error && { family: error.family, code: error.code, message: error.message }),
    });
    if (error) throw error;
  }

  async #watchRuns(context: PipelineContext, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        await this.#lookAtRuns(context);
      } catch (thrown) {
        const error = asMailmillError(thrown);
        if (error.code.startsWith('STORE_')) this.storeHealth(error);
      }
      await sleep(this.#runs.some((run) => run.state === 'Running') ? checkRunsMs : 5 * checkRunsMs, stop);
    }
  }

  async #lookAtRuns(context: PipelineContext): Promise<void> {
    const before = await recentRuns(context.database, context.pipelineId);
    this.storeHealth();
    if (before.some((run) => run.state === 'Running' && run.specHash !== '')) {
      const ended = await endCheckedRuns(
        context.database,
        context.pipelineId,
        this.#accounts.map((account) => account.id),
      );
      if (ended === 0) for (const account of this.#accounts) if (account.holding) account.poke.poke();
    }
    this.#runs = await recentRuns(context.database, context.pipelineId);
  }
}
