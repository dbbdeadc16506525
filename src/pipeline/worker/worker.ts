import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { RunResult, WorkerStatus } from '../../api/worker-status.ts';
import { createSource, loadKind } from '../../sources/registry.ts';
import { credentialStore } from '../../store/credentials.ts';
import { Database } from '../../store/database.ts';
import { sessionName } from '../../store/dead-sessions.ts';
import { uidAllocator } from '../../store/file-uids.ts';
import { registerWorker, unregisterWorker } from '../../store/leases.ts';
import { asMailmillError, type MailmillError } from '../../telemetry/errors.ts';
import type { Logger } from '../../telemetry/log.ts';
import { type WorkerMetrics, workerMetrics } from '../../telemetry/metrics.ts';
import { Phases } from '../../telemetry/phases.ts';
import type { Registry } from '../../telemetry/prometheus.ts';
import { ConnectionBroker } from '../accounts/connection-broker.ts';
import { sleep } from '../backoff.ts';
import { directOnes, directSinks } from '../commits/direct-sinks.ts';
import { tellEnded } from '../left-open.ts';
import type { Revision } from '../revision/revision.ts';
import { ByteBudget } from './byte-budget.ts';
import { Heartbeat } from './heartbeat.ts';
import { keepHouse } from './housekeeping.ts';
import { LeanEngine } from './lean-engine.ts';
import { MemoryRest } from './memory-rest.ts';
import { openStore } from './open-store.ts';
import { PipelineRunner } from './pipeline-runner.ts';
import type { RunnerMode } from './runner-mode.ts';

export interface WorkerOptions {
  /** Work of one worker; all in one store. */
  readonly revisions: readonly Revision[];
  readonly mode: RunnerMode;
  /** Pod name, or host and pid. */
  readonly name: string;
  readonly storeUri: string;
  /** Value of one key of a Secret. Throws Stalled `SECRET_MISSING`. */
  readonly secret: (name: string, key: string) => Promise<string>;
  /** Directory of a Maildir source; default: its `path`. */
  readonly maildirPath?: (source: string) => string;
  readonly http: { readonly host: string; readonly port: number; readonly tokenSha256: string | undefined } | undefined;
  readonly registry: Registry;
  /** Metrics that several workers of one process share; default: made in `registry`. */
  readonly metrics?: WorkerMetrics;
  /** Adds the process's own metrics to `registry`; called before somebody reads them for the first time. */
  readonly processMetrics?: () => Promise<void>;
  /** Default: those of this process from now on. */
  readonly phases?: Phases;
  readonly log: Logger;
  readonly clock: () => Date;
  /** Bytes of raw mail in memory at most. */
  readonly budgetBytes: number;
  /** Connections to the store beside the heartbeat's. */
  readonly storeConnections: number;
  /** Milliseconds for an orderly end after `stop`; then everything is cut. */
  readonly graceMs: number;
}

/** A process that runs pipelines: heartbeats, store, sources, sinks, and the end in order. */
export class Worker {
  readonly #options: WorkerOptions;
  readonly #id = randomUUID();
  readonly #startedAt: Date;
  readonly #database: Database;
  readonly #broker: ConnectionBroker;
  readonly #hardStop = new AbortController();
  /** Aborted with what ends the whole worker: its heartbeat, or a stream that cannot go on. */
  readonly #failed = new AbortController();
  readonly #runners: readonly PipelineRunner[];
  #heartbeat: Heartbeat | undefined;
  #processMetrics: Promise<void> | undefined;
  readonly #phases: Phases;
  readonly #engine = new LeanEngine();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#startedAt = options.clock();
    this.#phases = options.phases ?? new Phases();
    this.#database = new Database({
      uri: options.storeUri,
      max: options.storeConnections,
      applicationName: sessionName(this.#id),
      cut: this.#hardStop.signal,
    });
    this.#broker = new ConnectionBroker(this.#database, this.#id);
    const metrics = options.metrics ?? workerMetrics(options.registry);
    const budget = new ByteBudget(options.budgetBytes);
    this.#runners = options.revisions.map(
      (revision) =>
        new PipelineRunner(revision, options.mode, {
          database: this.#database,
          workerId: this.#id,
          broker: this.#broker,
          budget,
          metrics,
          log: options.log,
          clock: options.clock,
          secret: options.secret,
          fresh: () => this.#heartbeat?.fresh() ?? false,
          hardStop: this.#hardStop.signal,
          openSource: (of, name) => this.#openSource(of, name),
          openSinks: (of, types) =>
            directSinks(directOnes(of.sinks), types, {
              secret: options.secret,
              store: this.#database,
              session: sessionName(this.#id),
              context: { revision: of.hash, source: of.sources.map((source) => source.name).join(',') },
            }),
          openKeeper: (of) => this.#openKeeper(of),
          phases: this.#phases,
          onFetch: () => this.#onFetch(),
        }),
    );
  }

  /** What `/status` says. */
  status(): WorkerStatus {
    return {
      version: 1,
      worker: this.#options.name,
      startedAt: this.#startedAt.toISOString(),
      pipelines: this.#runners.map((runner) => runner.status()),
    };
  }

  get results(): readonly RunResult[] {
    return this.#runners.flatMap((runner) => runner.result ?? []);
  }

  /** Asks for a run of one pipeline as soon as it is ready. */
  async requestRun(
    pipeline: string,
    run: { readonly name: string; readonly specHash: string },
    stop: AbortSignal,
  ): Promise<void> {
    if (!(await this.becameReady(pipeline, stop))) return;
    await this.#runners.find((candidate) => candidate.revision.pipeline === pipeline)?.requestRun(run);
  }

  /** Waits until a pipeline became ready. False: `stop` was aborted before. */
  async becameReady(pipeline: string, stop: AbortSignal): Promise<boolean> {
    const runner = this.#runners.find((candidate) => candidate.revision.pipeline === pipeline);
    while (runner && !runner.ready && !stop.aborted) await sleep(100, stop);
    return !stop.aborted;
  }

  /** Time of the newest commit, epoch milliseconds. */
  get lastCommit(): number | undefined {
    const times = this.#runners.flatMap((runner) => runner.status().lastCommitAt ?? []);
    return times.length === 0 ? undefined : Math.max(...times.map((time) => Date.parse(time)));
  }

  /** Messages listed and not finished, over all pipelines. */
  lagOf(pipeline: string): { readonly messages: number; readonly seconds: number } {
    return this.#runners.find((runner) => runner.revision.pipeline === pipeline)?.lag() ?? { messages: 0, seconds: 0 };
  }

  #onFetch(): void {
    this.#engine.tune();
    if (!this.#phases.reach('fetch')) return;
    this.#options.log.debug('first fetch, milliseconds since the start of the process', this.#phases.reached);
  }

  async metrics(): Promise<string> {
    this.#processMetrics ??= this.#options.processMetrics?.();
    await this.#processMetrics;
    for (const runner of this.#runners) runner.measure();
    return this.#options.registry.metrics();
  }

  /** Runs until the mode's end or `stop`; then ends in order within the grace period. Throws what needs a person, in `once` and `check` mode. */
  async run(stop: AbortSignal): Promise<void> {
    const end = AbortSignal.any([stop, this.#failed.signal]);
    const cut = () => {
      void delay(this.#options.graceMs, undefined, { ref: false }).then(() =>
        this.#hardStop.abort(new Error('the grace period is over')),
      );
    };
    end.addEventListener('abort', cut, { once: true });
    if (end.aborted) cut();
    try {
      this.#heartbeat = this.#startHeartbeat();
      // The thread starts and the store answers while the code of the sources is loaded.
      const fail = (error: unknown) => this.#failed.abort(error);
      const others = [this.#heartbeat.started.catch(fail), this.#loadSources().catch(fail)];
      const opened = await this.#openStore(end);
      await Promise.all(others);
      this.#phases.reach('loaded');
      if (opened) await this.#runAll(end);
      this.#failed.signal.throwIfAborted();
    } finally {
      this.#heartbeat?.publish();
      await this.#close();
      end.removeEventListener('abort', cut);
    }
  }

  /** Throws what a pipeline has thrown, when all have ended. A stream that cannot go on ends the others as well: nothing stands still unseen. */
  async #runAll(end: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const housekeeping = keepHouse(this.#database, this.#options.log, AbortSignal.any([end, ended.signal]));
    const rest = new MemoryRest(() => this.#runners.reduce((sum, runner) => sum + runner.read, 0));
    if (this.#options.mode.kind === 'stream') rest.start();
    const results = await Promise.allSettled(
      this.#runners.map(async (runner) => {
        try {
          await runner.run(end);
        } catch (error) {
          if (this.#options.mode.kind === 'stream') this.#failed.abort(error);
          throw error;
        }
      }),
    );
    rest.stop();
    ended.abort();
    await housekeeping;
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) throw failure.reason;
  }

  async #close(): Promise<void> {
    await this.#heartbeat?.stop();
    try {
      await unregisterWorker(this.#database, this.#id);
    } catch (error) {
      // The leases expire by themselves; only the hand-over is slower.
      this.#options.log.warn('could not sign off from the store', { code: asMailmillError(error).code });
    }
    await this.#database.close();
  }

  #startHeartbeat(): Heartbeat {
    return new Heartbeat({
      storeUri: this.#options.storeUri,
      workerId: this.#id,
      workerName: this.#options.name,
      http: this.#options.http,
      answers: {
        metrics: () => this.metrics(),
        status: () => JSON.stringify(this.status()),
        ready: () => this.#runners.every((runner) => runner.ready),
        run: (run) => {
          for (const runner of this.#runners)
            runner.requestRun(run).catch((error: unknown) =>
              this.#options.log.warn('could not record a run; it is asked for again', {
                code: asMailmillError(error).code,
              }),
            );
        },
      },
      onWanted: (holders) => this.#broker.wanted(holders),
      onEnded: (sessions) => tellEnded(this.#options.log, sessions),
      onDied: (error) => this.#failed.abort(error),
    });
  }

  async #loadSources(): Promise<void> {
    await Promise.all(this.#options.revisions.flatMap(({ sources }) => sources.map(loadKind)));
  }

  async #openStore(stop: AbortSignal): Promise<boolean> {
    const { log, mode, name } = this.#options;
    const register = async () => {
      const sent = process.hrtime.bigint();
      await registerWorker(this.#database, this.#id, name);
      this.#heartbeat?.confirm(sent);
      this.#phases.reach('store');
    };
    const onFailed = (error: MailmillError) => {
      for (const runner of this.#runners) runner.storeHealth(error);
    };
    return openStore(this.#database, { log, once: mode.kind !== 'stream', register, onFailed }, stop);
  }

  async #openKeeper(revision: Revision) {
    if (!revision.keeps) return undefined;
    const { openKeeper } = await import('../archive/open-keeper.ts');
    const { secret, clock } = this.#options;
    return openKeeper(revision, { database: this.#database, secret, clock });
  }

  async #openSource(revision: Revision, name: string) {
    const spec = revision.sources.find((source) => source.name === name);
    if (!spec) throw new Error(`revision without its source ${name}`);
    return createSource(spec, {
      namespace: revision.namespace,
      secret: this.#options.secret,
      credentials: credentialStore(this.#database, revision.namespace),
      database: this.#database,
      ...(this.#options.maildirPath && { maildirPath: this.#options.maildirPath }),
      clock: () => this.#options.clock().getTime(),
      uids: uidAllocator(this.#database, revision.namespace),
    });
  }
}
