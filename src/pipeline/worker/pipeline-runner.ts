import { isIncremental } from '../../api/run-plan.ts';
import { milliseconds } from '../../api/schema.ts';
import type { PipelineStatus, RunResult } from '../../api/worker-status.ts';
import { fieldsNamed, messageTypes } from '../../message/fields.ts';
import { compileSteps } from '../../steps/registry.ts';
import { pipelineId } from '../../store/names.ts';
import { asMailmillError, type MailmillError, stackOf, stalled } from '../../telemetry/errors.ts';
import type { AccountSet } from '../accounts/account-set.ts';
import { accountsTold } from '../accounts/account-status.ts';
import type { AccountWorker } from '../accounts/account-worker.ts';
import { firstLogin } from '../accounts/first-login.ts';
import { openAccounts } from '../accounts/open-accounts.ts';
import { Backoff, sleep } from '../backoff.ts';
import { openChangeSinks } from '../commits/changes-sink.ts';
import type { DirectSink, PipelineContext } from '../context.ts';
import { DeadRate } from '../dead-rate.ts';
import { openOutbox, whileDelivering, withQueues } from '../outbox/open-outbox.ts';
import { neededFields } from '../revision/needed-fields.ts';
import type { Revision } from '../revision/revision.ts';
import { PipelineHealth } from './health.ts';
import { look } from './look.ts';
import { PipelineRuns } from './pipeline-runs.ts';
import type { RunnerEnvironment } from './runner-environment.ts';
import type { RunnerMode } from './runner-mode.ts';
import { type Lag, lagOf, measureSource } from './source-gauges.ts';

/** Runs one revision of one pipeline. */
export class PipelineRunner {
  readonly revision: Revision;
  readonly #environment: RunnerEnvironment;
  readonly #mode: RunnerMode;
  #context: PipelineContext | undefined;
  #accounts: AccountSet | undefined;
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

  /** Messages that were read. */
  get read(): number {
    return this.#context?.counters.read ?? 0;
  }

  /** Result of a run that has ended. */
  get result(): RunResult | undefined {
    return this.#result;
  }

  /** Of all sources, or of one. */
  lag(source?: string): Lag {
    return lagOf(this.#workers(source));
  }

  /** Accounts of all sources, or of one. */
  #workers(source?: string): readonly AccountWorker[] {
    const workers = this.#accounts?.workers ?? [];
    return source === undefined ? workers : workers.filter((account) => account.source === source);
  }

  status(): PipelineStatus {
    const context = this.#context;
    const told = accountsTold(this.#accounts?.sources ?? []);
    const standing = this.#health.stalled ?? told.stalled;
    return {
      namespace: this.revision.namespace,
      pipeline: this.revision.pipeline,
      revision: this.revision.hash,
      ready: this.#ready,
      store: this.#health.storeHealth,
      sinks: withQueues(this.#health.sinks, context?.outbox),
      accounts: told.accounts,
      ...(told.sources.length > 0 && { sources: told.sources }),
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
    this.#context?.outbox?.measure();
    const told = accountsTold(this.#accounts?.sources ?? []);
    metrics.stalled.set(pipeline, (this.#health.stalled ?? told.stalled) ? 1 : 0);
    for (const { name } of this.revision.sources)
      measureSource(metrics, { ...pipeline, source: name }, this.#workers(name));
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
      if (this.#mode.kind === 'preflight' || this.#mode.kind === 'reconcile') {
        this.#result = await look(this.revision, this.#mode, this.#environment, stop);
        return;
      }
      const context = await this.#prepare(stop);
      const accounts = this.#accounts;
      if (!context || !accounts) return;
      if (this.#mode.kind !== 'once') await this.#becomeReady(context, accounts, stop);
      if (stop.aborted || this.#mode.kind === 'check') return;
      const runs = new PipelineRuns(context, accounts);
      this.#runs = runs;
      const work = () => whileDelivering(context.outbox, stop, () => this.#work(accounts, runs, stop));
      if (!context.keeper) await work();
      else {
        const { whileTidying } = await import('../archive/tidy.ts');
        await whileTidying(context.keeper, { ...context, once: this.#mode.kind === 'once' }, stop, work);
      }
    } finally {
      for (const sink of this.#context?.sinks ?? []) await sink.close();
      for (const { sink } of this.#context?.changes ?? []) await sink.close();
      this.#environment.log.info('pipeline ended', { pipeline: this.revision.pipeline });
    }
  }

  async #work(accounts: AccountSet, runs: PipelineRuns, stop: AbortSignal): Promise<void> {
    const mode = this.#mode;
    if (mode.kind !== 'once') return this.#stream(accounts, runs, stop);
    const { run: name, specHash, plan, onChange = () => undefined } = mode;
    const environment = this.#environment;
    this.#result =
      plan === undefined || isIncremental(plan)
        ? await runs.execute({ name, specHash }, stop)
        : await runs.reread({ name, specHash }, { plan, environment, onChange }, stop);
  }

  async #stream(accounts: AccountSet, runs: PipelineRuns, stop: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const watching = runs.watch(AbortSignal.any([stop, ended.signal]));
    try {
      await accounts.stream(stop);
    } finally {
      ended.abort();
      await watching;
    }
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
        const once = this.#mode.kind === 'once';
        // A dry run sends nothing.
        const dry = this.#mode.kind === 'once' && this.#mode.plan?.dryRun;
        const outbox = dry ? undefined : await openOutbox(this.revision, id, environment, this.#health, once);
        const changes = dry ? [] : await openChangeSinks(this.revision, environment, stop);
        const keeper = await environment.openKeeper(this.revision);
        environment.phases.reach('sinks');
        this.#context = {
          revision: this.revision,
          pipelineId: id,
          database: environment.database,
          workerId: environment.workerId,
          steps: compiled.steps,
          fields: fieldsNamed(neededFields(this.revision.sinks, compiled)),
          sinks,
          ...(changes.length > 0 && { changes }),
          ...(outbox && { outbox }),
          ...(keeper && { keeper }),
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
          edition: 1,
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
    this.#accounts ??= await openAccounts(context, this.#environment, this.#mode.kind === 'once', () => {
      this.#ready = true;
    });
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
      ...stackOf(error),
    });
    if (error.code.startsWith('STORE_')) this.#health.store(error);
    this.#health.stall('pipeline', error.family === 'Stalled' ? error : undefined);
    const giveUp = this.#mode.kind !== 'stream' && (error.family === 'Stalled' || backoff.failures >= 5);
    if (giveUp) throw error;
    await sleep(backoff.next(error), stop);
  }

  /** The first login of this revision, of one account of each source; store and sinks were checked before. */
  async #becomeReady(context: PipelineContext, accounts: AccountSet, stop: AbortSignal): Promise<void> {
    for (const { workers } of accounts.sources) {
      const backoff = new Backoff();
      for (let done = false; !done && !stop.aborted; )
        try {
          done = await firstLogin(workers, stop);
        } catch (thrown) {
          await this.#failed(asMailmillError(thrown), backoff, stop);
        }
    }
    if (stop.aborted) return;
    this.#health.stall('pipeline');
    this.#ready = true;
    context.log.info('ready', { mode: this.#mode.kind });
  }
}
