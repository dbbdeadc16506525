import { milliseconds } from '../api/schema.ts';
import type { PipelineStatus, RunResult } from '../api/worker-status.ts';
import { fieldsNamed, messageTypes } from '../message/fields.ts';
import { compileSteps } from '../steps/registry.ts';
import { accountId, pipelineId } from '../store/names.ts';
import { recordStall, stallOf } from '../store/stalls.ts';
import { asMailmillError, type MailmillError, stalled } from '../telemetry/errors.ts';
import { AccountWorker } from './account-worker.ts';
import { Backoff, sleep } from './backoff.ts';
import type { DirectSink, PipelineContext } from './context.ts';
import { DeadRate } from './dead-rate.ts';
import { PipelineHealth } from './health.ts';
import { neededFields } from './needed-fields.ts';
import { PipelineRuns } from './pipeline-runs.ts';
import type { Revision } from './revision.ts';
import type { RunnerEnvironment } from './runner-environment.ts';

/** How a runner ends. */
export type RunnerMode =
  | { readonly kind: 'stream' }
  | { readonly kind: 'once'; readonly run: string; readonly specHash: string }
  | { readonly kind: 'check' };

/** Runs one revision of one pipeline. */
export class PipelineRunner {
  readonly revision: Revision;
  readonly #environment: RunnerEnvironment;
  readonly #mode: RunnerMode;
  #context: PipelineContext | undefined;
  #accounts: AccountWorker[] = [];
  readonly #health: PipelineHealth;
  #ready = false;
  #runs: PipelineRuns | undefined;
  #result: RunResult | undefined;

  constructor(revision: Revision, mode: RunnerMode, environment: RunnerEnvironment) {
    this.revision = revision;
    this.#mode = mode;
    this.#environment = environment;
    this.#health = new PipelineHealth(
      revision.sinks.map((sink) => sink.name),
      environment.clock,
    );
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Result of a run that has ended. */
  get result(): RunResult | undefined {
    return this.#result;
  }

  /** Of all sources, or of one. */
  lag(source?: string): { readonly messages: number; readonly seconds: number } {
    const lags = this.#accounts.flatMap((account) =>
      source === undefined || account.source === source ? account.lag() : [],
    );
    return {
      messages: lags.reduce((sum, lag) => sum + lag.messages, 0),
      seconds: lags.reduce((most, lag) => Math.max(most, lag.seconds), 0),
    };
  }

  status(): PipelineStatus {
    const context = this.#context;
    const { stalled: standing } = this.#health;
    return {
      namespace: this.revision.namespace,
      pipeline: this.revision.pipeline,
      revision: this.revision.hash,
      ready: this.#ready,
      store: this.#health.storeHealth,
      sinks: this.#health.sinks,
      accounts: this.#accounts.map((account) => account.status()),
      counters: context ? { ...context.counters } : { read: 0, delivered: 0, dropped: 0, dead: 0 },
      ...(context?.lastCommitAt && { lastCommitAt: context.lastCommitAt.toISOString() }),
      ...(standing && { stalled: standing }),
      runs: this.#runs?.recent ?? [],
    };
  }

  /** Brings gauges up to date. */
  measure(): void {
    const { metrics } = this.#environment;
    const pipeline = { namespace: this.revision.namespace, pipeline: this.revision.pipeline };
    metrics.ready.set({ ...pipeline, revision: this.revision.hash }, this.#ready ? 1 : 0);
    metrics.stalled.set(pipeline, this.#health.stalled ? 1 : 0);
    for (const source of this.revision.sources) {
      const lag = this.lag(source.name);
      const holding = this.#accounts.filter((account) => account.holding && account.source === source.name).length;
      metrics.leases.set({ ...pipeline, source: source.name }, holding);
      metrics.lagMessages.set({ ...pipeline, source: source.name }, lag.messages);
      metrics.lagSeconds.set({ ...pipeline, source: source.name }, lag.seconds);
    }
  }

  /** The store could, or could not, be opened. */
  storeHealth(error?: MailmillError): void {
    this.#health.store(error);
    this.#health.stall('store', error?.family === 'Stalled' ? error : undefined);
  }

  /** An on-demand run of a streaming pipeline: every folder is checked from now on. */
  async requestRun(run: { readonly name: string; readonly specHash: string }): Promise<void> {
    await this.#runs?.request(run);
  }

  /** Runs to the end of the mode, or until `stop`. */
  async run(stop: AbortSignal): Promise<void> {
    try {
      const context = await this.#prepare(stop);
      if (!context) return;
      if (this.#mode.kind !== 'once') await this.#becomeReady(context, stop);
      if (stop.aborted || this.#mode.kind === 'check') return;
      this.#runs = new PipelineRuns(context, this.#accounts);
      if (this.#mode.kind === 'once')
        this.#result = await this.#runs.execute({ name: this.#mode.run, specHash: this.#mode.specHash }, stop);
      else await this.#stream(this.#runs, stop);
    } finally {
      for (const sink of this.#context?.sinks ?? []) await sink.close();
      this.#environment.log.info('pipeline ended', { pipeline: this.revision.pipeline });
    }
  }

  /** Works on every account until `stop`; when one fails for good, the others end as well. */
  async #stream(runs: PipelineRuns, stop: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const until = AbortSignal.any([stop, ended.signal]);
    const watching = runs.watch(until);
    const work = this.#accounts.map((account) => account.run(until).finally(() => ended.abort()));
    const results = await Promise.allSettled(work);
    ended.abort();
    await watching;
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
  }

  /** Opens what the revision needs; tries again until it works. In `once` and `check` mode what needs a person is thrown. */
  async #prepare(stop: AbortSignal): Promise<PipelineContext | undefined> {
    const environment = this.#environment;
    const backoff = new Backoff();
    const compiled = compileSteps(this.revision.steps, messageTypes, environment);
    if (!compiled.ok)
      throw stalled(
        'REVISION_INVALID',
        `the revision does not compile: ${compiled.issues[0]?.path}: ${compiled.issues[0]?.message}`,
      );
    while (!stop.aborted) {
      try {
        const { namespace, pipeline, retention } = this.revision;
        if (this.#context) {
          await this.#openAccounts(this.#context);
          this.#health.stall('pipeline');
          return this.#context;
        }
        const id = await pipelineId(environment.database, namespace, pipeline, milliseconds(retention));
        this.storeHealth();
        const sinks = await this.#openSinks(compiled.types, stop);
        environment.phases.reach('sinks');
        this.#context = {
          revision: this.revision,
          pipelineId: id,
          database: environment.database,
          workerId: environment.workerId,
          steps: compiled.steps,
          fields: fieldsNamed(neededFields(this.revision.sinks, compiled)),
          sinks,
          budget: environment.budget,
          deadRate: new DeadRate(),
          deadAccepted: false,
          health: this.#health,
          metrics: environment.metrics,
          log: environment.log.with({ namespace, pipeline, revision: this.revision.hash }),
          phases: environment.phases,
          clock: environment.clock,
          hardStop: environment.hardStop,
          counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
          lastCommitAt: undefined,
        };
      } catch (thrown) {
        await this.#failed(asMailmillError(thrown), backoff, stop);
      }
    }
    return undefined;
  }

  async #openSinks(
    types: Parameters<RunnerEnvironment['openSinks']>[1],
    stop: AbortSignal,
  ): Promise<readonly DirectSink[]> {
    const sinks = this.#environment.openSinks(this.revision, types);
    try {
      for (const sink of sinks) {
        await this.#health.during(sink.name, () => sink.check(stop));
        this.#health.sink(sink.name);
      }
      return sinks;
    } catch (error) {
      for (const open of sinks) await open.close();
      throw error;
    }
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
            onStalled: (error) => this.#onStalled(context, `${name}/${index}`, error),
            whileStalled: (stop) => this.#whileStalled(context, `${name}/${index}`, stop),
            onRecovered: () => {
              this.#health.stall(`${name}/${index}`);
              this.#ready = true;
            },
          }),
        );
    }
    this.#accounts = accounts;
  }

  async #failed(error: MailmillError, backoff: Backoff, stop: AbortSignal): Promise<void> {
    if (stop.aborted) return;
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
    if (error.code.startsWith('STORE_')) this.#health.store(error);
    this.#health.stall('pipeline', error.family === 'Stalled' ? error : undefined);
    const giveUp = this.#mode.kind !== 'stream' && (error.family === 'Stalled' || backoff.failures >= 5);
    if (giveUp) throw error;
    await sleep(backoff.next(error), stop);
  }

  /** The first login of this revision; store and sinks were checked before. */
  async #becomeReady(context: PipelineContext, stop: AbortSignal): Promise<void> {
    for (const account of this.#accounts) {
      const backoff = new Backoff();
      for (let done = false; !done && !stop.aborted; )
        try {
          done = await account.logIn(stop);
        } catch (thrown) {
          await this.#failed(asMailmillError(thrown), backoff, stop);
        }
    }
    if (stop.aborted) return;
    this.#health.stall('pipeline');
    this.#ready = true;
    context.log.info('ready', { mode: this.#mode.kind });
  }

  /** Never throws: that the store does not hear of it must not end the account's work. */
  async #onStalled(context: PipelineContext, who: string, error: MailmillError): Promise<void> {
    this.#health.stall(who, error);
    if (error.code !== 'DEAD_RATE_EXCEEDED') return;
    try {
      await recordStall(context.database, context.pipelineId, this.revision.hash, error.code, error.message);
    } catch (thrown) {
      context.log.warn('could not record that the pipeline stands still', { code: asMailmillError(thrown).code });
    }
  }

  /** Waits while the store says that this revision stands still; the cursor does not move until a person acts. */
  async #whileStalled(context: PipelineContext, who: string, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      const stall = await stallOf(context.database, context.pipelineId, this.revision.hash);
      context.deadAccepted = stall?.accepted ?? false;
      if (!stall || stall.accepted) return;
      this.#health.stall(who, stall);
      if (this.#mode.kind === 'once') throw stalled(stall.code, stall.message);
      await sleep(5_000, stop);
    }
  }
}
