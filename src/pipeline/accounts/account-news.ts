import type { BackfillStatus } from '../../api/worker-status.ts';
import { type MailmillError, stackOf } from '../../telemetry/errors.ts';
import type { PipelineContext } from '../context.ts';

/** How often the log tells of a backfill, and of how many messages at least. */
const backfillMs = 60_000;
const backfillFrom = 2_000;

/** What log and metrics tell of the work on one account: only what is news. */
export class AccountNews {
  readonly #context: PipelineContext;
  readonly #source: string;
  /** Number in the store (`mailmill.account`) and in `/status` of one of many accounts. */
  readonly #account: number | undefined;
  #backfillAt = Number.NEGATIVE_INFINITY;
  /** What was read when the log said last that everything is caught up; absent: something failed since. */
  #toldRead: number | undefined;

  constructor(context: PipelineContext, source: string, account?: number) {
    this.#context = context;
    this.#source = source;
    this.#account = account;
  }

  failed(error: MailmillError): void {
    const { revision, metrics, log } = this.#context;
    const { code, family, message } = error;
    metrics.errors.inc({ namespace: revision.namespace, pipeline: revision.pipeline, code, family });
    const which = this.#account === undefined ? {} : { account: this.#account };
    log.warn(message, { code, family, source: this.#source, ...which, ...stackOf(error) });
    this.#toldRead = undefined;
  }

  /** Once a session, and only when there is something to tell: not for each message that comes later. */
  caughtUp(): void {
    const { read, delivered, dropped, dead } = this.#context.counters;
    if (this.#toldRead === read) return;
    this.#toldRead = read;
    this.#context.log.info('caught up', { source: this.#source, read, delivered, dropped, dead });
  }

  /** Now and then, while there is much old mail. */
  backfill(backfill: () => BackfillStatus | undefined): void {
    const now = performance.now();
    if (now - this.#backfillAt < backfillMs) return;
    const status = backfill();
    if (!status || status.total - status.done < backfillFrom) return;
    this.#backfillAt = now;
    this.#context.log.info('reading old mail', { source: this.#source, ...status });
  }
}
