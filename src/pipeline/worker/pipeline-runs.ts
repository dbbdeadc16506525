import type { RunPlan } from '../../api/run-plan.ts';
import type { RunResult } from '../../api/worker-status.ts';
import { rememberRevision } from '../../store/revisions.ts';
import { beginRun, endCheckedRuns, endRun, recentRuns } from '../../store/runs.ts';
import { asMailmillError } from '../../telemetry/errors.ts';
import type { AccountSet } from '../accounts/account-set.ts';
import { sleep } from '../backoff.ts';
import type { PipelineContext } from '../context.ts';
import type { RunnerEnvironment } from './runner-environment.ts';

const checkRunsMs = 1_000;
const rememberedRuns = 20;

export interface RunKey {
  readonly name: string;
  readonly specHash: string;
}

/** What a run that re-reads needs beside the pipeline. */
export interface RereadOptions {
  readonly plan: RunPlan;
  readonly environment: RunnerEnvironment;
  /** Takes a change that a dry run found. */
  readonly onChange: (change: object) => void;
}

/** The runs of one pipeline, as the store has them. */
export class PipelineRuns {
  readonly #context: PipelineContext;
  readonly #accounts: AccountSet;
  #recent: readonly RunResult[] = [];
  readonly #ended = new Map<string, RunResult>();
  /** Of a run that this process executes. */
  #executing: RunResult | undefined;

  constructor(context: PipelineContext, accounts: AccountSet) {
    this.#context = context;
    this.#accounts = accounts;
  }

  /** Runs that matter now: running, ended within the hour, or asked for again since. */
  get recent(): readonly RunResult[] {
    const again = [...this.#ended.values()].filter(
      (run) => !this.#recent.some((other) => other.name === run.name && other.specHash === run.specHash),
    );
    return [...(this.#executing ? [this.#executing] : []), ...this.#recent, ...again];
  }

  /** An on-demand run of a streaming pipeline: every folder is checked from now on. */
  async request(run: RunKey): Promise<void> {
    const { database, pipelineId, revision } = this.#context;
    const begun = await beginRun(database, pipelineId, { ...run, revision: revision.hash });
    if (begun.state !== 'Running') this.#remember(begun);
    await this.#look();
  }

  /** Somebody recreated a run that has ended, perhaps long ago: they are told its result, and nothing runs again. */
  #remember(run: RunResult): void {
    this.#ended.set(`${run.name}/${run.specHash}`, run);
    const oldest = this.#ended.keys().next();
    if (this.#ended.size > rememberedRuns && !oldest.done) this.#ended.delete(oldest.value);
  }

  /** Ends on-demand runs when their time has come, until `stop`; tells whether the store can be used. */
  async watch(stop: AbortSignal): Promise<void> {
    const { health, log, database, pipelineId, revision } = this.#context;
    let remembered = false;
    while (!stop.aborted) {
      try {
        await this.#look();
        if (!remembered) await rememberRevision(database, pipelineId, revision);
        remembered = true;
        health.store();
      } catch (thrown) {
        const error = asMailmillError(thrown);
        if (health.store(error)) log.warn(error.message, { code: error.code, family: error.family });
      }
      await sleep(this.#recent.some((run) => run.state === 'Running') ? checkRunsMs : 5 * checkRunsMs, stop);
    }
  }

  async #look(): Promise<void> {
    const { database, pipelineId } = this.#context;
    const before = await recentRuns(database, pipelineId);
    if (before.some((run) => run.state === 'Running' && run.specHash !== '')) {
      const { workers } = this.#accounts;
      const accounts = workers.map((account) => account.id);
      const ended = await endCheckedRuns(database, pipelineId, accounts);
      if (ended === 0) for (const account of workers) if (account.holding) account.poke.poke();
    }
    this.#recent = await recentRuns(database, pipelineId);
  }

  /**
   * Executes a run that ends when every account has caught up; one that has ended before is not executed again. Undefined: stopped before, the
   * run goes on in the next process. Throws what keeps it from its end; with Transient errors the next try goes on with the same run.
   */
  async execute(run: RunKey, stop: AbortSignal): Promise<RunResult | undefined> {
    const { database, pipelineId, revision } = this.#context;
    const key = { ...run, revision: revision.hash };
    const begun = await beginRun(database, pipelineId, key);
    if (begun.state !== 'Running') return begun;
    await rememberRevision(database, pipelineId, revision);
    const results = await this.#accounts.once(stop);
    const failure = results.find((result) => result.status === 'rejected') ?? (await this.#delivered());
    if (stop.aborted && !failure) return undefined;
    const error = failure && asMailmillError(failure.reason);
    if (error && error.family !== 'Stalled') throw error;
    const result = await endRun(database, pipelineId, key, {
      state: error ? 'Failed' : 'Succeeded',
      ...(error && { family: error.family, code: error.code, message: error.message }),
    });
    if (error) throw error;
    return result;
  }

  /** Executes a run that re-reads; see `executeRun`. */
  async reread(run: RunKey, { plan, environment, onChange }: RereadOptions, stop: AbortSignal): Promise<RunResult> {
    // Hardly any worker ever needs it.
    const { executeRun } = await import('../runs/execute.ts');
    const accounts = this.#accounts;
    return executeRun(
      {
        ...{ context: this.#context, accounts: accounts.accounts, run, plan, environment, onChange },
        catchUp: async (mine, until) => {
          const results = await accounts.once(until, mine);
          const failure = results.find((result) => result.status === 'rejected');
          if (failure) throw failure.reason;
        },
        onResult: (result) => {
          this.#executing = result;
        },
      },
      stop,
    );
  }

  /** Waits until what was queued is sent, which is part of the run; or what keeps it from that. */
  async #delivered(): Promise<PromiseRejectedResult | undefined> {
    const [result] = await Promise.allSettled([this.#context.outbox?.finish()]);
    return result.status === 'rejected' ? result : undefined;
  }
}
