import { nextTime, overdueTime } from '../../api/next-time.ts';
import type { ReconcileFound, RunResult } from '../../api/worker-status.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import type { RunnerMode } from '../../pipeline/worker/runner-mode.ts';
import type { Worker } from '../../pipeline/worker/worker.ts';
import { Database } from '../../store/database.ts';
import { migrate } from '../../store/migrate.ts';
import { lastReconcile } from '../../store/reconciles.ts';
import { asMailmillError } from '../../telemetry/errors.ts';
import type { ReconcileFigures } from '../../telemetry/reconcile-metrics.ts';
import { until } from './until.ts';

/** A pipeline whose mailboxes are compared with the store at certain times. */
export interface ReconciledPipeline {
  readonly revision: Revision;
  readonly reconcile: { readonly expression: string; readonly timeZone: string };
}

export interface ReconcilesOptions {
  readonly storeUri: string;
  /** Lines for the user. */
  readonly note: (line: string) => void;
  readonly clock: () => Date;
  /** A worker of its own for each: it runs beside those that read. */
  readonly worker: (revision: Revision, mode: RunnerMode) => Worker;
}

/** Compares mailboxes with the store at their times; what a cluster has CronJobs for. */
export class Reconciles {
  readonly #options: ReconcilesOptions;
  readonly #figures = new Map<string, ReconcileFigures>();

  constructor(options: ReconcilesOptions) {
    this.#options = options;
  }

  /** What is known of each pipeline, those of an earlier process included. */
  figures(): readonly ReconcileFigures[] {
    return [...this.#figures.values()];
  }

  /** Until `stop`; what one comparison throws is told, the next time tries again. */
  async run(pipelines: readonly ReconciledPipeline[], stop: AbortSignal): Promise<void> {
    await Promise.all(pipelines.map((each) => this.#atTimes(each, stop)));
  }

  async #atTimes({ revision, reconcile: { expression, timeZone } }: ReconciledPipeline, stop: AbortSignal) {
    const { clock, note } = this.#options;
    const { namespace, pipeline } = revision;
    const tell = (since: Date, found: Pick<ReconcileFigures, 'counts' | 'succeededAt'>) => {
      const overdueAt = overdueTime(expression, timeZone, since);
      const before = this.#figures.get(pipeline);
      this.#figures.set(pipeline, { ...before, ...{ namespace, pipeline }, ...found, ...(overdueAt && { overdueAt }) });
    };
    tell(clock(), await this.#before(revision));
    while (!stop.aborted) {
      const next = nextTime(expression, timeZone, clock());
      if (!next) {
        note(`! ${pipeline}: the schedule ${expression} of its reconcile has no time within five years; correct it`);
        return;
      }
      await until(next, clock, stop);
      if (stop.aborted) return;
      const result = await this.#reconcile(revision, `${pipeline}-reconcile-${next.getTime() / 60_000}`, stop);
      const succeeded = result?.state === 'Succeeded';
      const counts = result?.reconcile && { counts: result.reconcile };
      if (succeeded) tell(clock(), { ...counts, succeededAt: clock() });
      else if (counts) this.#figures.set(pipeline, { ...this.#figures.get(pipeline)!, ...counts });
    }
  }

  /** What an earlier process has found. */
  async #before({ namespace, pipeline }: Revision): Promise<Pick<ReconcileFigures, 'counts' | 'succeededAt'>> {
    const { storeUri, note } = this.#options;
    const database = new Database({ uri: storeUri, max: 1, applicationName: 'mailmill-run' });
    try {
      await migrate(database);
      const last = await lastReconcile(database, namespace, pipeline);
      if (!last) return {};
      return { counts: last.found, ...(!last.error && { succeededAt: last.finishedAt }) };
    } catch (thrown) {
      const error = asMailmillError(thrown);
      note(`! ${pipeline}: what its last reconcile found cannot be read: ${error.message} [${error.code}]`);
      return {};
    } finally {
      await database.close();
    }
  }

  async #reconcile(revision: Revision, name: string, stop: AbortSignal): Promise<RunResult | undefined> {
    const { note, worker: make } = this.#options;
    const { pipeline } = revision;
    const worker = make(revision, { kind: 'reconcile', name });
    try {
      await worker.run(stop);
      const [result] = worker.results;
      if (result?.reconcile) note(told(pipeline, result.reconcile));
      if (result?.code !== undefined) note(`! ${pipeline}: reconcile: ${result.message} [${result.code}]`);
      return result;
    } catch (thrown) {
      const error = asMailmillError(thrown);
      note(`! ${pipeline}: reconcile failed: ${error.message} [${error.code}]`);
      return undefined;
    }
  }
}

function told(pipeline: string, { listed, recorded, unfinished, missing }: ReconcileFound): string {
  const figures = `${listed} listed, ${recorded} recorded, ${unfinished} not finished, ${missing} missing`;
  return missing > 0
    ? `! ${pipeline}: reconcile: ${figures}; mailmill reconcile --last names them`
    : `${pipeline}: reconcile: ${figures}`;
}
