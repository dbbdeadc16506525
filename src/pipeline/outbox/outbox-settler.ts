import type { Database } from '../../store/database.ts';
import { type QueueOwner, type Settlement, settleDeliveries } from '../../store/outbox.ts';
import { asMailmillError } from '../../telemetry/errors.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import type { Logger } from '../../telemetry/log.ts';
import { Backoff, sleep } from '../backoff.ts';

const atOnce = 500;

export interface OutboxSettlerOptions {
  readonly database: Database;
  readonly owner: QueueOwner;
  readonly log: Logger;
  readonly onSettled: (settled: readonly Settlement[]) => void;
  readonly hardStop: AbortSignal;
}

/** Records what became of deliveries, those of a moment together; tries until the store has it. */
export class OutboxSettler {
  readonly #options: OutboxSettlerOptions;
  readonly #held = new Set<string>();
  #waiting: Settlement[] = [];
  #running: Promise<void> | undefined;

  constructor(options: OutboxSettlerOptions) {
    this.#options = options;
  }

  /** Deliveries that are claimed and not settled in the store. */
  get held(): readonly string[] {
    return [...this.#held];
  }

  hold(id: string): void {
    this.#held.add(id);
  }

  /** Returns at once. */
  settle(settlement: Settlement): void {
    this.#waiting.push(settlement);
    this.#running ??= this.#run();
  }

  /** Until everything is recorded, or the process is cut off. */
  async drain(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    const { database, owner, log, onSettled, hardStop } = this.#options;
    const backoff = new Backoff();
    // What ends in this moment goes together.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0 && !hardStop.aborted) {
      const some = this.#waiting.slice(0, atOnce);
      try {
        await settleDeliveries(database, owner, some);
        failpoint('outbox-settled');
        this.#waiting = this.#waiting.slice(some.length);
        for (const { id } of some) this.#held.delete(id);
        backoff.reset();
        onSettled(some);
      } catch (thrown) {
        const error = asMailmillError(thrown);
        log.warn('could not record what became of deliveries; it is tried again', {
          sink: owner.sink,
          code: error.code,
        });
        await sleep(backoff.next(error), hardStop);
      }
    }
    this.#running = undefined;
  }
}
