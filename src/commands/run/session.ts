import { hostname } from 'node:os';
import { nextTime } from '../../api/next-time.ts';
import { isIncremental, planOf, type RunPlan } from '../../api/run-plan.ts';
import type { PipelineStatus, RunResult } from '../../api/worker-status.ts';
import { Collector } from '../../pipeline/collector/collector.ts';
import type { CollectorRevision } from '../../pipeline/collector/revision.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { specHash } from '../../pipeline/revision/spec-hash.ts';
import type { RunnerMode } from '../../pipeline/worker/runner-mode.ts';
import { Worker } from '../../pipeline/worker/worker.ts';
import { type CollectorMetrics, collectorMetrics } from '../../telemetry/collector-metrics.ts';
import { asMailmillError } from '../../telemetry/errors.ts';
import type { Logger } from '../../telemetry/log.ts';
import { workerMetrics } from '../../telemetry/metrics.ts';
import { collectProcessMetrics, Registry } from '../../telemetry/prometheus.ts';
import { reconcileMetrics } from '../../telemetry/reconcile-metrics.ts';
import { caughtUp, type ProgressLine, progressLine } from './progress.ts';
import type { Project, ProjectPipeline } from './project.ts';
import { Reconciles } from './reconciles.ts';
import { until } from './until.ts';

export interface SessionOptions {
  readonly project: Project;
  readonly storeUri: string;
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly log: Logger;
  /** Lines for the user: what comes next, what a run did. */
  readonly note: (line: string) => void;
  readonly clock: () => Date;
  /** Address that listeners have. */
  readonly listen: string;
}

const graceMs = 20_000;
const budgetBytes = 64 * 2 ** 20;
const collectorBudgetBytes = 128 * 2 ** 20;

const result = ({ name, state, read, delivered, dropped, dead, diff }: RunResult): string => {
  const how = `run ${name} ${state === 'Succeeded' ? 'done' : state.toLowerCase()}: ${read} read`;
  return diff
    ? `${how}; nothing was written: ${diff.added} rows would be added, ${diff.changed} changed, ${diff.removed} removed`
    : `${how}, ${delivered} delivered, ${dropped} dropped, ${dead} dead`;
};

/** Runs the pipelines of a project in this process: one worker for those that stream, one for each run of the others. */
export class Session {
  readonly #options: SessionOptions;
  readonly #registry = new Registry();
  readonly #metrics = workerMetrics(this.#registry);
  readonly #workers = new Set<Worker>();
  #collectors: readonly Collector[] = [];
  /** What is shown of a scheduled pipeline between its runs. */
  readonly #idle = new Map<string, ProgressLine>();
  /** What is shown of pipelines whose worker has ended. */
  #ended: string | undefined;
  #processMetrics: Promise<void> | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** One line a pipeline, in the order of the files. */
  lines(): readonly ProgressLine[] {
    const running = new Map(this.#statuses().map((status) => [status.pipeline, status]));
    return this.#options.project.pipelines.flatMap(({ revision: { pipeline } }) => {
      const status = running.get(pipeline);
      return status ? progressLine(status, this.#ended) : (this.#idle.get(pipeline) ?? []);
    });
  }

  /** Whether every streaming pipeline has handled what there was. */
  caughtUp(): boolean {
    const statuses = this.#statuses();
    return statuses.length > 0 && statuses.every(caughtUp);
  }

  ready(): boolean {
    return this.#statuses().every((status) => status.ready) && this.#collectors.every(({ ready }) => ready);
  }

  async metrics(): Promise<string> {
    this.#processMetrics ??= collectProcessMetrics(this.#registry);
    await this.#processMetrics;
    for (const worker of this.#workers) await worker.metrics(); // brings the gauges up to date
    for (const collector of this.#collectors) collector.measure();
    return this.#registry.metrics();
  }

  /** Runs every pipeline until it has caught up. Throws what keeps one from it. */
  async once(stop: AbortSignal): Promise<void> {
    const revisions = this.#options.project.pipelines.map((pipeline) => pipeline.revision);
    const run = `once-${this.#options.clock().toISOString()}`;
    // What an archive is to have comes before what reads it.
    const turns = [revisions.filter(({ keeps }) => keeps), revisions.filter(({ keeps }) => !keeps)];
    try {
      for (const turn of turns)
        if (turn.length > 0 && !stop.aborted) await this.#worker(turn, { kind: 'once', run, specHash: '' }).run(stop);
      this.#ended = stop.aborted ? 'stopped' : 'done';
    } catch (error) {
      this.#ended = 'failed';
      throw error;
    }
  }

  /** Runs until `stop`; what one pipeline throws stops the others too, and is thrown when all have ended. */
  async stream(stop: AbortSignal): Promise<void> {
    const failed = new AbortController();
    const ending = AbortSignal.any([stop, failed.signal]);
    const { pipelines, collectors } = this.#options.project;
    const reconciled = pipelines.flatMap(({ revision, reconcile }) => (reconcile ? { revision, reconcile } : []));
    const streaming = pipelines.filter((pipeline) => !pipeline.schedule);
    const work = pipelines.filter((pipeline) => pipeline.schedule).map((pipeline) => this.#atTimes(pipeline, ending));
    if (collectors.length > 0) {
      const metrics = collectorMetrics(this.#registry);
      this.#collectors = collectors.map((revision) => this.#collector(revision, metrics));
      work.push(...this.#collectors.map((collector) => collector.run(ending)));
    }
    if (reconciled.length > 0) {
      const { storeUri, note, clock } = this.#options;
      const worker = (revision: Revision, mode: RunnerMode) => this.#make([revision], mode);
      const reconciles = new Reconciles({ storeUri, note, clock, worker });
      reconcileMetrics(this.#registry, () => reconciles.figures());
      work.push(reconciles.run(reconciled, ending));
    }
    if (streaming.length > 0) {
      const revisions = streaming.map((pipeline) => pipeline.revision);
      const worker = this.#worker(revisions, { kind: 'stream' });
      work.push(worker.run(ending), this.#request(worker, streaming, ending));
    }
    const ended = await Promise.allSettled(
      work.map((each) =>
        each.catch((error: unknown) => {
          failed.abort();
          throw error;
        }),
      ),
    );
    this.#ended = 'stopped';
    const failure = ended.find((each) => each.status === 'rejected');
    if (failure) throw failure.reason;
  }

  #statuses(): readonly PipelineStatus[] {
    return [...this.#workers].flatMap((worker) => worker.status().pipelines);
  }

  #worker(revisions: readonly Revision[], mode: RunnerMode): Worker {
    const worker = this.#make(revisions, mode);
    this.#workers.add(worker);
    return worker;
  }

  #make(revisions: readonly Revision[], mode: RunnerMode): Worker {
    const { project, storeUri, secret, log, clock } = this.#options;
    return new Worker({
      revisions,
      mode,
      name: `${hostname()}-${process.pid}`,
      storeUri,
      secret,
      maildirPath: (source) => project.maildirs.get(source) ?? source,
      http: undefined,
      registry: this.#registry,
      metrics: this.#metrics,
      log,
      clock,
      budgetBytes,
      storeConnections: 3,
      graceMs,
    });
  }

  #collector(revision: CollectorRevision, metrics: CollectorMetrics): Collector {
    const { storeUri, secret, log, clock, note, listen } = this.#options;
    const { source } = revision;
    return new Collector({
      revision,
      name: `${hostname()}-${process.pid}`,
      storeUri,
      secret,
      host: listen,
      metrics,
      log: log.with({ source }),
      clock,
      budgetBytes: collectorBudgetBytes,
      graceMs,
      onListening: ({ kind, port }) => note(`${source}: takes mail by ${kind.toUpperCase()} at ${listen}:${port}`),
    });
  }

  /** EmailPipelineRuns of streaming pipelines, once they are ready; the store knows which were done before. */
  async #request(worker: Worker, pipelines: readonly ProjectPipeline[], stop: AbortSignal): Promise<void> {
    const each = async ({ revision, runs }: ProjectPipeline) => {
      // One at a time, as in a cluster.
      for (const { metadata, spec } of runs) {
        const run = { name: metadata.name, specHash: specHash(spec) };
        const plan = planOf(spec);
        if (isIncremental(plan)) await worker.requestRun(revision.pipeline, run, stop);
        else if (await worker.becameReady(revision.pipeline, stop)) await this.#runNow(revision, run, stop, plan);
      }
    };
    await Promise.all(pipelines.map(each));
  }

  async #atTimes({ revision, schedule, load, runs }: ProjectPipeline, stop: AbortSignal): Promise<void> {
    const { pipeline } = revision;
    const { clock, note } = this.#options;
    for (const { metadata, spec } of runs)
      if (!stop.aborted)
        await this.#runNow(revision, { name: metadata.name, specHash: specHash(spec) }, stop, planOf(spec));
    const plan = planOf(load === 'Full' ? { load } : {});
    while (!stop.aborted && schedule) {
      const next = nextTime(schedule.expression, schedule.timeZone, clock());
      if (!next) {
        note(`! ${pipeline}: its schedule ${schedule.expression} has no time within five years; correct it`);
        return;
      }
      this.#rest(pipeline, `next ${shortTime(next, schedule.timeZone)}`);
      await until(next, clock, stop);
      const run = { name: `${pipeline}-${next.getTime() / 60_000}`, specHash: '' };
      if (!stop.aborted) await this.#runNow(revision, run, stop, plan);
    }
  }

  #rest(pipeline: string, state: string): void {
    const zero = { name: pipeline, read: 0, lag: 0, delivered: 0, dropped: 0, dead: 0 };
    this.#idle.set(pipeline, { ...(this.#idle.get(pipeline) ?? zero), state });
  }

  /** One run; what it throws is told, the next time tries again. */
  async #runNow(
    revision: Revision,
    { name: run, specHash: hash }: { readonly name: string; readonly specHash: string },
    stop: AbortSignal,
    plan: RunPlan,
  ): Promise<void> {
    const { note } = this.#options;
    const worker = this.#worker([revision], { kind: 'once', run, specHash: hash, plan });
    try {
      await worker.run(stop);
      for (const each of worker.results) note(`${revision.pipeline}: ${result(each)}`);
    } catch (thrown) {
      const error = asMailmillError(thrown);
      note(`! ${revision.pipeline}: run ${run} failed: ${error.message} [${error.code}]`);
    } finally {
      for (const status of worker.status().pipelines) this.#idle.set(revision.pipeline, progressLine(status, 'ran'));
      this.#workers.delete(worker);
    }
  }
}

/** `Fri 02:00`, in the schedule's own zone. */
function shortTime(time: Date, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
  }).format(time);
}
