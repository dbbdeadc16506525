import type pg from 'pg';
import { bytes } from '../../api/schema.ts';
import type { QueueStatus } from '../../api/worker-status.ts';
import type { Document } from '../../message/fields.ts';
import { openQueuedSink } from '../../sinks/registry.ts';
import type { QueuedSink, SecretOf } from '../../sinks/sink.ts';
import type { Database } from '../../store/database.ts';
import type { Lease } from '../../store/leases.ts';
import { enqueue, type QueuedDocument, type QueueOrigin, type Settlement } from '../../store/outbox.ts';
import { type QueueState, queueStates } from '../../store/outbox-queue.ts';
import { type MailmillError, waiting } from '../../telemetry/errors.ts';
import type { Logger } from '../../telemetry/log.ts';
import type { WorkerMetrics } from '../../telemetry/metrics.ts';
import type { Judged } from '../commits/commit-record.ts';
import type { PreparedDocuments } from '../prepared-documents.ts';
import type { Death, ReadMessage } from '../processed.ts';
import type { Revision, RevisionQueuedSink } from '../revision/revision.ts';
import { ByteBudget } from '../worker/byte-budget.ts';
import type { PipelineHealth } from '../worker/health.ts';
import { retryPolicy } from './delivery-policy.ts';
import { type DocumentFacts, documentJson, packed, ValueError } from './outbox-payload.ts';
import { OutboxSender } from './outbox-sender.ts';

/** Bytes of messages that are being sent at the same time, by all sinks of a pipeline; at least one is. */
const sendingBytes = 32 * 2 ** 20;
/** A larger message is not queued as it is: a value in the store has at most 1 GiB, and is in memory as a whole. */
const rawBytes = 256 * 2 ** 20;
/** Milliseconds after which a full queue is looked at again. */
const fullMs = 5_000;

export interface OutboxOptions {
  readonly revision: Revision;
  readonly pipelineId: bigint;
  readonly workerId: string;
  readonly database: Database;
  readonly secret: SecretOf;
  readonly health: PipelineHealth;
  readonly metrics: WorkerMetrics;
  readonly log: Logger;
  readonly clock: () => Date;
  readonly fresh: () => boolean;
  readonly hardStop: AbortSignal;
  readonly once: boolean;
}

const nothing: PreparedDocuments = { documents: [], refusals: new Map() };

interface Queue {
  readonly spec: RevisionQueuedSink;
  readonly sink: QueuedSink;
  readonly sender: OutboxSender;
}

/** The sinks of a pipeline that are fed from the outbox: what is queued for them, and who sends it. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #queues: readonly Queue[];
  #states: ReadonlyMap<string, QueueState> = new Map();
  #statesAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | undefined;
  /** Queued by this process since the queues were counted: a lower bound of what they hold more. */
  #since = { deliveries: 0, bytes: 0 };
  readonly #senders = Promise.withResolvers<void>();

  private constructor(options: OutboxOptions, sinks: readonly (readonly [RevisionQueuedSink, QueuedSink])[]) {
    this.#options = options;
    const budget = new ByteBudget(sendingBytes);
    this.#senders.promise.catch(() => undefined); // `finish` may never be called
    this.#queues = sinks.map(([spec, sink]) => ({ spec, sink, sender: this.#sender(spec, sink, budget) }));
  }

  /** Opens and checks the sinks of a revision that have a queue; undefined: it has none. Throws what is wrong with their Secrets. */
  static async open(options: OutboxOptions): Promise<Outbox | undefined> {
    const specs = options.revision.sinks.flatMap((spec) => (spec.webhook ? [spec] : []));
    if (specs.length === 0) return undefined;
    const sinks: (readonly [RevisionQueuedSink, QueuedSink])[] = [];
    for (const spec of specs) {
      const sink = await openQueuedSink(spec, options.secret);
      await options.health.during(spec.name, () => sink.check());
      options.health.sink(spec.name);
      sinks.push([spec, sink]);
    }
    return new Outbox(options, sinks);
  }

  get names(): readonly string[] {
    return this.#queues.map(({ spec }) => spec.name);
  }

  /** What waits for each sink, as it was seen last. */
  status(name: string): QueueStatus | undefined {
    const state = this.#states.get(name);
    if (!this.names.includes(name) || this.#statesAt < 0) return undefined;
    const age = state && state.waiting > 0 ? state.oldestMs + performance.now() - this.#statesAt : 0;
    return {
      deliveries: state?.waiting ?? 0,
      bytes: state?.bytes ?? 0,
      oldestSeconds: Math.round(age / 1000),
      dead: state?.dead ?? 0,
    };
  }

  /** Throws Waiting `SINK_QUEUE_FULL` while a queue is full: nothing more is to be read. */
  async admit(): Promise<void> {
    for (const { spec } of this.#queues) {
      if (!this.#isFull(spec)) continue;
      await this.#look(0);
      if (this.#isFull(spec)) throw this.#full(spec);
    }
  }

  #isFull({ name, queue }: RevisionQueuedSink): boolean {
    const state = this.#states.get(name);
    return (
      (state?.waiting ?? 0) + this.#since.deliveries >= (queue.deliveries ?? 100_000) ||
      (state?.bytes ?? 0) + this.#since.bytes >= bytes(queue.size ?? '4Gi')
    );
  }

  #full({ name, queue }: RevisionQueuedSink): MailmillError {
    const error = waiting(
      'SINK_QUEUE_FULL',
      `the queue of the sink ${name} is full (queue.deliveries ${queue.deliveries}, queue.size ${queue.size}); the source is read again when the receiver has taken some`,
      { retryAfterMs: fullMs },
    );
    this.#options.health.sink(name, error);
    return error;
  }

  /** Makes what sinks will be sent of these, compressed. */
  async prepare(judged: readonly Judged[], source: string, edition: number): Promise<PreparedDocuments> {
    const processed = judged.filter(({ verdict }) => verdict.state === 'Processed');
    if (processed.length === 0) return nothing;
    const { json, raw } = this.#forms;
    const dead = new Map<string, Death>();
    const large = new Map<string, Death>();
    const documents = processed.map(async ({ read, id, verdict }): Promise<QueuedDocument> => {
      const text =
        json.length > 0 && verdict.state === 'Processed'
          ? this.#json({ id, edition, source }, verdict.document, dead)
          : undefined;
      return {
        documentId: id,
        edition,
        receivedAt: read.receivedAt,
        size: read.size,
        json: text && (await packed(text)),
        raw: raw.length > 0 && fits(id, read, large) ? await packed(read.raw) : undefined,
      };
    });
    const prepared = await Promise.all(documents);
    const refusals = new Map([
      ...json.map((name) => [name, dead] as const),
      ...raw.map((name) => [name, large] as const),
    ]);
    return { documents: prepared.filter((each) => each.json ?? each.raw), refusals };
  }

  #json(of: Pick<DocumentFacts, 'id' | 'edition' | 'source'>, document: Document, dead: Map<string, Death>) {
    const { namespace, pipeline } = this.#options.revision;
    try {
      return documentJson(document, { ...of, namespace, pipeline, timestamp: this.#options.clock() });
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      dead.set(of.id, { code: 'SINK_VALUE_REFUSED', detail: `a field of the document ${error.message}` });
      return undefined;
    }
  }

  get #forms(): { readonly json: readonly string[]; readonly raw: readonly string[] } {
    const of = (form: QueuedSink['form']) => this.#queues.filter(({ sink }) => sink.form === form);
    return { json: of('Json').map(({ spec }) => spec.name), raw: of('Raw').map(({ spec }) => spec.name) };
  }

  /** Queues documents within the transaction that records them. */
  enqueue(
    client: pg.ClientBase,
    lease: Lease,
    origin: QueueOrigin,
    documents: readonly QueuedDocument[],
  ): Promise<void> {
    return enqueue(client, lease, origin, this.#forms, documents);
  }

  /** These are committed: they are sent now. */
  queued(documents: readonly QueuedDocument[]): void {
    if (documents.length === 0) return;
    const size = documents.reduce((sum, { json, raw }) => sum + Math.max(json?.length ?? 0, raw?.length ?? 0), 0);
    this.#since = { deliveries: this.#since.deliveries + documents.length, bytes: this.#since.bytes + size };
    for (const { sender } of this.#queues) sender.poke.poke();
  }

  /** Sends until `stop`; with `once` until `finish` was called and nothing waits any more. What keeps a run from its end is thrown by `finish`. */
  async run(stop: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const until = AbortSignal.any([stop, ended.signal]);
    const results = await Promise.allSettled(
      this.#queues.map(async ({ sender }) => {
        try {
          await sender.run(until);
        } catch (error) {
          ended.abort();
          throw error;
        }
      }),
    );
    const failure = results.find((result) => result.status === 'rejected');
    if (failure) this.#senders.reject(failure.reason);
    else this.#senders.resolve();
  }

  /** With `once`: nothing more will be queued. Returns when everything is sent; throws what keeps it from that. */
  async finish(): Promise<void> {
    for (const { sender } of this.#queues) sender.finish();
    await this.#senders.promise;
  }

  close(): void {
    for (const { sink } of this.#queues) sink.close();
  }

  /** Brings gauges up to date. */
  measure(): void {
    const { revision, metrics } = this.#options;
    const labels = { namespace: revision.namespace, pipeline: revision.pipeline };
    for (const sink of this.names) {
      const state = this.status(sink);
      if (!state) continue;
      metrics.outboxMessages.set({ ...labels, sink }, state.deliveries);
      metrics.outboxSeconds.set({ ...labels, sink }, state.oldestSeconds);
      metrics.outboxDead.set({ ...labels, sink }, state.dead);
    }
  }

  #sender(spec: RevisionQueuedSink, sink: QueuedSink, budget: ByteBudget): OutboxSender {
    const { revision, pipelineId, workerId, database, fresh, log, hardStop, once, health, metrics } = this.#options;
    const { namespace, pipeline } = revision;
    const { name } = spec;
    return new OutboxSender({
      ...{ namespace, pipeline, database, sink, budget, once, fresh, log, hardStop },
      owner: { pipelineId, sink: name, form: sink.form, workerId },
      policy: retryPolicy(spec.retry),
      random: Math.random,
      state: async (maxAgeMs) => {
        await this.#look(maxAgeMs);
        return this.#states.get(name);
      },
      onAttempt: (code) => metrics.attempts.inc({ namespace, pipeline, sink: name, code }),
      onSettled: (settled) => this.#settled(name, settled),
      onHealth: (error) => {
        health.sink(name, error);
        health.stall(`sink/${name}`, error?.family === 'Stalled' ? error : undefined);
        if (error) metrics.errors.inc({ namespace, pipeline, code: error.code, family: error.family });
      },
    });
  }

  #settled(sink: string, settled: readonly Settlement[]): void {
    const { revision, metrics } = this.#options;
    const labels = { namespace: revision.namespace, pipeline: revision.pipeline, sink };
    for (const status of ['Acknowledged', 'Dead'] as const) {
      const count = settled.filter(({ kind }) => kind === status).length;
      if (count > 0) metrics.rows.inc({ ...labels, status }, count);
    }
  }

  /** Counts the queues, unless that was done not long ago. */
  async #look(maxAgeMs: number): Promise<void> {
    if (performance.now() - this.#statesAt < maxAgeMs) return;
    this.#looking ??= this.#count().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
  }

  async #count(): Promise<void> {
    const { database, pipelineId } = this.#options;
    const before = this.#since;
    const states = await queueStates(database, pipelineId);
    this.#states = new Map(states.map((state) => [state.sink, state]));
    this.#statesAt = performance.now();
    const { deliveries, bytes: size } = this.#since;
    this.#since = { deliveries: deliveries - before.deliveries, bytes: size - before.bytes };
  }
}

function fits(id: string, { size }: ReadMessage, large: Map<string, Death>): boolean {
  if (size <= rawBytes) return true;
  large.set(id, {
    code: 'SINK_PAYLOAD_TOO_LARGE',
    detail: `${size} bytes are more than a sink in mode Raw takes (${rawBytes}); filter such mail out, or lower limits.messageSize`,
  });
  return false;
}
