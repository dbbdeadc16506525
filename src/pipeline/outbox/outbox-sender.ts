import { setMaxListeners } from 'node:events';
import type { Attempt, Delivery, QueuedSink } from '../../sinks/sink.ts';
import type { Database } from '../../store/database.ts';
import { type ClaimedDelivery, claimDeliveries, type QueueOwner, type Settlement } from '../../store/outbox.ts';
import type { QueueState } from '../../store/outbox-queue.ts';
import { asMailmillError, type MailmillError, stackOf, transient } from '../../telemetry/errors.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import type { Logger } from '../../telemetry/log.ts';
import { Backoff, sleep } from '../backoff.ts';
import { Poke } from '../poke.ts';
import type { ByteBudget } from '../worker/byte-budget.ts';
import { type AttemptDecision, decide, deliveryId, type RetryPolicy } from './delivery-policy.ts';
import { unpacked } from './outbox-payload.ts';
import { OutboxSettler } from './outbox-settler.ts';

/** Claimed at once, at most. */
const claimed = { deliveries: 200, bytes: 8 * 2 ** 20 };
/** Milliseconds: how often an idle sender looks for what others left, and how long it sleeps while the receiver is away before it counts its queue. */
const idleMs = 5_000;
const lookMs = 2_000;
/** A run that ends gives a receiver that is away so many tries. */
const triesOfRun = 8;
/** How many deliveries that failed are remembered, to know whether others got through since. */
const rememberedFailures = 10_000;
/** Milliseconds that a message waits for memory: no other takes longer than that. */
const memoryMs = 2 ** 31 - 1;

export interface OutboxSenderOptions {
  readonly namespace: string;
  readonly pipeline: string;
  readonly owner: QueueOwner;
  readonly database: Database;
  readonly sink: QueuedSink;
  readonly policy: RetryPolicy;
  /** Of messages that are being sent. */
  readonly budget: ByteBudget;
  /** End when nothing waits any more, and throw what does not go away. */
  readonly once: boolean;
  /** Whether this worker's claims count by its own clock. */
  readonly fresh: () => boolean;
  readonly random: () => number;
  readonly log: Logger;
  readonly hardStop: AbortSignal;
  /** The queue as it is now, or was at most so many milliseconds ago. */
  readonly state: (maxAgeMs: number) => Promise<QueueState | undefined>;
  readonly onAttempt: (result: string) => void;
  readonly onSettled: (settled: readonly Settlement[]) => void;
  /** The receiver takes something; or why it takes nothing. */
  readonly onHealth: (error?: MailmillError) => void;
}

/** Sends what waits for one sink of a pipeline. Several may do so at once, in one worker or in many. */
export class OutboxSender {
  readonly poke = new Poke();
  readonly #options: OutboxSenderOptions;
  readonly #backoff: Backoff;
  readonly #settler: OutboxSettler;
  readonly #cut: AbortSignal;
  readonly #active = new Set<Promise<void>>();
  /** When nothing got through: not before this time is it tried again, with a single delivery. */
  #trouble: { readonly error: MailmillError; readonly until: number } | undefined;
  #taken = 0;
  #refusedInRow = 0;
  /** Of a delivery that failed: what `#taken` was. */
  readonly #takenAtFailure = new Map<string, number>();
  /** Mail that comes goes on being queued until this is set; then an empty queue is the end. */
  #ending = false;

  constructor(options: OutboxSenderOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.random);
    this.#cut = AbortSignal.any([options.hardStop]);
    setMaxListeners(0, this.#cut);
    const { database, owner, log, onSettled, hardStop } = options;
    this.#settler = new OutboxSettler({ database, owner, log, onSettled, hardStop });
  }

  /** With `once`: nothing more is queued from now on. */
  finish(): void {
    this.#ending = true;
    this.poke.poke();
  }

  /** Sends until `stop`, or with `once` until the queue is empty. Throws what keeps a run from its end. */
  async run(stop: AbortSignal): Promise<void> {
    try {
      while (!stop.aborted) if (await this.#step(stop)) return;
    } finally {
      await Promise.all(this.#active);
      await this.#settler.drain();
    }
  }

  /** One look at the queue. True: the end. */
  async #step(stop: AbortSignal): Promise<boolean> {
    const { once, fresh, log } = this.#options;
    try {
      if (this.#trouble) {
        await Promise.all(this.#active);
        if (await this.#waitForReceiver(stop)) return false;
      } else await this.#options.state(lookMs);
      if (!fresh()) {
        await sleep(lookMs / 4, stop);
        return false;
      }
      const batch = await this.#claim();
      for (const delivery of batch) await this.#start(delivery, stop);
      return batch.length === 0 && (await this.#idle(stop));
    } catch (thrown) {
      const error = asMailmillError(thrown);
      if (stop.aborted) return false;
      if (once && this.#trouble) throw error;
      log.warn(error.message, {
        sink: this.#options.sink.name,
        code: error.code,
        family: error.family,
        ...stackOf(error),
      });
      await sleep(this.#backoff.next(error), stop);
      return false;
    }
  }

  /** True: not yet. Throws, in a run, what did not go away. */
  async #waitForReceiver(stop: AbortSignal): Promise<boolean> {
    const trouble = this.#trouble;
    if (!trouble) return false;
    const { once, sink } = this.#options;
    if (once && (trouble.error.family === 'Stalled' || this.#backoff.failures >= triesOfRun)) throw trouble.error;
    await this.#options.state(lookMs);
    const left = trouble.until - performance.now();
    if (left > 0) {
      await sleep(Math.min(left, lookMs), stop);
      return true;
    }
    // A person may have changed a Secret.
    if (trouble.error.family === 'Stalled') await this.#checkAgain(sink);
    return stop.aborted;
  }

  async #checkAgain(sink: QueuedSink): Promise<void> {
    try {
      await sink.check();
    } catch (thrown) {
      this.#paused(asMailmillError(thrown));
      throw thrown;
    }
  }

  async #claim(): Promise<readonly ClaimedDelivery[]> {
    const { database, owner } = this.#options;
    const limit = this.#trouble ? 1 : claimed.deliveries;
    const batch = await claimDeliveries(database, owner, this.#settler.held, limit, claimed.bytes);
    for (const { id } of batch) this.#settler.hold(id);
    if (batch.length > 0) failpoint('outbox-claimed');
    return batch;
  }

  /** Nothing is due. True: nothing is left, and that is the end. */
  async #idle(stop: AbortSignal): Promise<boolean> {
    const { once, state } = this.#options;
    const woken = this.poke.take();
    const queue = await state(0);
    if (once && this.#ending && !queue?.waiting) return true;
    // What another worker has claimed is looked at again soon, should that worker die.
    const ms = Math.min(queue?.dueMs ?? (once && this.#ending ? lookMs / 4 : idleMs), idleMs);
    if (!woken && ms > 0) await sleep(ms, AbortSignal.any([stop, this.poke.signal()]));
    return false;
  }

  /** Begins to send as soon as there is room; gives back what is not to be sent now. */
  async #start(delivery: ClaimedDelivery, stop: AbortSignal): Promise<void> {
    const { sink, fresh } = this.#options;
    while (this.#active.size >= sink.concurrency) await Promise.race(this.#active);
    const probing = this.#trouble && this.#trouble.until <= performance.now();
    if (stop.aborted || !fresh() || (this.#trouble && !probing)) {
      this.#settler.settle({ id: delivery.id, edition: delivery.edition, kind: 'Released' });
      return;
    }
    const sending = this.#send(delivery).finally(() => this.#active.delete(sending));
    this.#active.add(sending);
  }

  async #send(delivery: ClaimedDelivery): Promise<void> {
    const { policy, random, onAttempt } = this.#options;
    const { id, edition, failures } = delivery;
    const before = this.#takenAtFailure.get(id) ?? this.#taken;
    const attempt = await this.#attempt(delivery);
    if (!attempt) return; // cut off: whoever comes next sends it again
    if (attempt.outcome === 'Acknowledged') failpoint('outbox-sent');
    onAttempt(attempt.result);
    const facts = { failures, tookOthers: this.#taken > before, refusedInRow: this.#refusedInRow };
    const decision = decide(attempt, facts, policy, random());
    if (attempt.outcome === 'Refused') this.#refusedInRow += 1;
    if (attempt.outcome === 'Acknowledged') this.#gotThrough();
    this.#remember(id, decision);
    if (decision.trouble) this.#paused(decision.trouble);
    if (decision.kind === 'Acknowledged') this.#settler.settle({ id, edition, kind: decision.kind });
    else {
      const { kind, code, detail, failures: counted, afterMs } = decision;
      this.#settler.settle({ id, edition, kind, code, detail, failures: counted, afterMs });
    }
  }

  #remember(id: string, { kind }: AttemptDecision): void {
    this.#takenAtFailure.delete(id);
    if (kind !== 'Retrying') return;
    if (this.#takenAtFailure.size >= rememberedFailures) this.#takenAtFailure.clear();
    this.#takenAtFailure.set(id, this.#taken);
  }

  #gotThrough(): void {
    this.#taken += 1;
    this.#refusedInRow = 0;
    this.#backoff.reset();
    this.#trouble = undefined;
    this.#options.onHealth();
  }

  /** Those that were under way together are one failure. */
  #paused(error: MailmillError): void {
    if (this.#trouble && this.#trouble.until > performance.now()) return;
    const known = this.#trouble?.error.code === error.code;
    this.#trouble = { error, until: performance.now() + this.#backoff.next(error) };
    if (!known) this.#options.log.warn(error.message, { sink: this.#options.sink.name, code: error.code });
    this.#options.onHealth(error);
  }

  async #attempt(claim: ClaimedDelivery): Promise<Attempt | undefined> {
    const { sink, budget, namespace, pipeline } = this.#options;
    if (!claim.payload)
      return {
        outcome: 'Refused',
        result: 'payload',
        code: 'SINK_PAYLOAD_MISSING',
        detail: "the sink's mode was changed while this waited; change it back and use `mailmill dead retry`",
      };
    let taken = 0;
    try {
      await budget.acquire(claim.size, this.#cut, memoryMs);
      taken = claim.size;
      const { documentId, edition, source, account, folder, receivedAt, size } = claim;
      const delivery: Delivery = {
        ...{ documentId, edition, source, account, folder, receivedAt, namespace, pipeline },
        id: deliveryId({ namespace, pipeline, sink: sink.name }, documentId, edition),
        payload: await unpacked(claim.payload, size),
      };
      return await sink.deliver(delivery, this.#cut);
    } catch (thrown) {
      if (this.#cut.aborted) return undefined;
      const error = asMailmillError(thrown);
      const { code, message } = error;
      this.#options.log.error(message, { sink: sink.name, code, ...stackOf(error) });
      return { outcome: 'Failed', result: 'internal', error: transient(code, message, { cause: thrown }) };
    } finally {
      budget.release(taken);
    }
  }
}
