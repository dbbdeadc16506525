import type pg from 'pg';
import type { Row } from '../sinks/sink.ts';
import type { Cursor } from '../store/epochs.ts';
import { type Identity, resolveIdentities } from '../store/identity.ts';
import { fenced, type Lease } from '../store/leases.ts';
import {
  type CommitRecord,
  type Coverage,
  type DeadLetter,
  type DeliveryRecord,
  fence,
  type Outcome,
  record,
} from '../store/record.ts';
import { UidSet } from '../store/uid-set.ts';
import type { MailmillError } from '../telemetry/errors.ts';
import { failpoint } from '../telemetry/failpoint.ts';
import type { PlannedBatch } from './batch-plan.ts';
import type { PipelineContext } from './context.ts';
import { type Death, deadLetter, judge, type ReadMessage, type Verdict } from './processed.ts';

/**
 * A commit takes what has queued up behind the one before it, up to this many rows: a slow disk makes large groups, a fast one small
 * ones. Waiting for more than that was measured: it costs a quarter of the rate, because the database idles meanwhile.
 */
const groupRows = 5_000;

/**
 * Parsed messages that may wait for a commit. The byte budget bounds raw mail; parsed, small messages take many times their size.
 */
const queuedMessages = 500;

/** A batch that was fetched and parsed. */
export interface ReadBatch {
  readonly plan: PlannedBatch;
  readonly messages: readonly ReadMessage[];
  /** Gone at the second look, on top of what the plan knew. */
  readonly vanished: number;
  /** Bytes of the budget that it holds. */
  readonly budgetBytes: number;
  /** More batches follow at once: this is no live mail. */
  readonly more: boolean;
}

export interface CommitterOptions {
  readonly context: PipelineContext;
  readonly lease: Lease;
  readonly sourceName: string;
  readonly account: string;
  /** Whether the lease counts by this process's own clock. */
  readonly fresh: () => boolean;
  readonly onCommitted: (batches: readonly ReadBatch[], messages: number) => void;
}

/** Turns one folder's batches into commits, in order, while the next ones are being fetched. */
export class Committer {
  readonly #options: CommitterOptions;
  #cursor: Cursor;
  readonly #queue: ReadBatch[] = [];
  #running: Promise<void> | undefined;
  #failure: unknown;
  #ended: PromiseWithResolvers<void> | undefined;
  readonly #inFlight = new Set<string>();

  constructor(cursor: Cursor, options: CommitterOptions) {
    this.#cursor = cursor;
    this.#options = options;
  }

  /** Where the cursor stands after the last commit. */
  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Hands over a batch; returns when there is room for another. Throws what a commit has thrown. */
  async push(batch: ReadBatch): Promise<void> {
    if (this.#failure !== undefined) {
      this.#options.context.budget.release(batch.budgetBytes);
      throw this.#failure;
    }
    this.#queue.push(batch);
    this.#running ??= this.#run();
    while (this.#failure === undefined && this.#queued > queuedMessages) await this.#nextCommit();
    if (this.#failure !== undefined) throw this.#failure;
  }

  get #queued(): number {
    return this.#queue.reduce((sum, batch) => sum + batch.messages.length, 0);
  }

  /** Until the commit that is under way has ended, one way or the other. */
  #nextCommit(): Promise<void> {
    this.#ended ??= Promise.withResolvers<void>();
    return this.#ended.promise;
  }

  /** Waits until everything that was pushed is committed. Throws what a commit has thrown. */
  async drain(): Promise<void> {
    await this.#running;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #run(): Promise<void> {
    let group: ReadBatch[] = [];
    try {
      while (this.#queue.length > 0) {
        group = this.#nextGroup();
        await this.#commit(group);
        this.#release(group);
        group = [];
        this.#wake();
      }
    } catch (error) {
      this.#failure = error;
      this.#release([...group, ...this.#queue.splice(0)]);
    } finally {
      this.#running = undefined;
      this.#wake();
    }
  }

  #wake(): void {
    this.#ended?.resolve();
    this.#ended = undefined;
  }

  #release(batches: readonly ReadBatch[]): void {
    for (const batch of batches) this.#options.context.budget.release(batch.budgetBytes);
  }

  #nextGroup(): ReadBatch[] {
    const group: ReadBatch[] = [];
    let rows = 0;
    for (
      let next = this.#queue[0];
      next && (group.length === 0 || rows + next.messages.length <= groupRows);
      next = this.#queue[0]
    ) {
      this.#queue.shift();
      group.push(next);
      rows += next.messages.length;
    }
    return group;
  }

  async #commit(group: readonly ReadBatch[]): Promise<void> {
    const { context, lease } = this.#options;
    if (!this.#options.fresh()) throw fenced();
    const started = performance.now();
    const messages = group.flatMap((batch) => batch.messages);
    failpoint('before-resolve');
    const identities = await resolveIdentities(
      context.database,
      lease,
      {
        namespace: context.revision.namespace,
        source: this.#options.sourceName,
        account: this.#options.account,
        folder: this.#cursor.folder,
        uidvalidity: this.#cursor.uidvalidity,
        epochId: this.#cursor.epochId,
      },
      messages,
    );
    failpoint('after-resolve');
    const work = this.#judge(messages, identities);
    const examined = context.deadRate.examine(work.verdicts.map((v) => v.verdict.state === 'Dead'));
    if (examined.error && !context.deadAccepted) throw examined.error;
    const refusals = new Map<string, Map<string, Death>>();
    const separate = context.sinks.filter((sink) => !sink.shared);
    for (const sink of separate) {
      failpoint('before-sink-commit');
      const result = await sink.commit(work.rows, [this.#progress(sink.name)], context.hardStop);
      refusals.set(sink.name, result);
      failpoint('after-sink-commit');
    }
    let commit: CommitRecord | undefined;
    await context.database.transaction(
      async (client) => {
        await fence(client, lease, this.#cursor.epochId, this.#cursor.version);
        await this.#writeShared(client, work.rows, refusals);
        commit = this.#record(group, messages, identities, work.verdicts, refusals);
        failpoint('in-store-transaction');
        await record(client, lease, commit);
      },
      () => failpoint('before-store-commit'),
    );
    failpoint('after-store-commit');
    examined.keep();
    this.#cursor = {
      ...this.#cursor,
      version: this.#cursor.version + 1n,
      finished: this.#cursor.finished.union(commit!.finished),
    };
    this.#count(group, messages, commit!, (performance.now() - started) / 1000);
    this.#options.onCommitted(group, messages.length);
  }

  #progress(sink: string) {
    const { context, lease } = this.#options;
    return {
      key: {
        namespace: context.revision.namespace,
        pipeline: context.revision.pipeline,
        sink,
        source: this.#options.sourceName,
        account: this.#options.account,
        folder: this.#cursor.folder,
        epoch: this.#cursor.uidvalidity,
      },
      version: this.#cursor.version + 1n,
      token: lease.token,
    };
  }

  #judge(messages: readonly ReadMessage[], identities: ReadonlyMap<number, Identity>) {
    const { context } = this.#options;
    const origin = { source: this.#options.sourceName, account: this.#options.account, folder: this.#cursor.folder };
    const verdicts: { readonly read: ReadMessage; readonly id: string; readonly verdict: Verdict }[] = [];
    const rows: Row[] = [];
    this.#inFlight.clear();
    for (const read of messages) {
      const { messageId: id, handled } = identities.get(read.uid)!;
      if (handled || this.#inFlight.has(id)) continue;
      this.#inFlight.add(id);
      const verdict = judge(read, id, origin, context.steps);
      verdicts.push({ read, id, verdict });
      if (verdict.state === 'Processed') rows.push({ documentId: id, edition: 1, document: verdict.document });
    }
    return { verdicts, rows };
  }

  async #writeShared(
    client: pg.ClientBase,
    rows: readonly Row[],
    refusals: Map<string, Map<string, Death>>,
  ): Promise<void> {
    for (const sink of this.#options.context.sinks)
      if (sink.shared) refusals.set(sink.name, await sink.writeShared(client, rows, [this.#progress(sink.name)]));
  }

  #record(
    group: readonly ReadBatch[],
    messages: readonly ReadMessage[],
    identities: ReadonlyMap<number, Identity>,
    verdicts: readonly { readonly read: ReadMessage; readonly id: string; readonly verdict: Verdict }[],
    refusals: ReadonlyMap<string, ReadonlyMap<string, Death>>,
  ): CommitRecord {
    const sinks = this.#options.context.sinks;
    const outcomes = new Map<number, Outcome>();
    const deliveries: DeliveryRecord[] = [];
    const deadLetters: DeadLetter[] = [];
    for (const { read, id, verdict } of verdicts) {
      const base = { messageId: id, edition: 1, uid: read.uid };
      if (verdict.state === 'Dropped') outcomes.set(read.uid, { ...base, state: 'Dropped', step: verdict.step });
      else if (verdict.state === 'Dead') {
        const { code, step } = verdict.death;
        outcomes.set(read.uid, { ...base, state: 'Dead', code, ...(step !== undefined && { step }) });
        deadLetters.push(deadLetter(read, id, verdict.death));
      } else {
        const refused = sinks.filter((sink) => refusals.get(sink.name)?.has(id));
        for (const sink of sinks) {
          const death = refusals.get(sink.name)?.get(id);
          deliveries.push({
            sink: sink.name,
            documentId: id,
            edition: 1,
            ...(death ? { status: 'Dead', code: death.code } : { status: 'Acknowledged' }),
          });
        }
        const first = refused[0] && refusals.get(refused[0].name)?.get(id);
        if (first && refused[0]) deadLetters.push(deadLetter(read, id, first, refused[0].name));
        outcomes.set(read.uid, first ? { ...base, state: 'Dead', code: first.code } : { ...base, state: 'Processed' });
      }
    }
    const coverage = group.map((batch): Coverage => {
      const states = batch.messages.map((read) => outcomes.get(read.uid)?.state);
      return {
        uids: batch.plan.range,
        listed: batch.plan.fetch.length + batch.plan.tooLarge.length + batch.plan.excluded + batch.plan.vanished.length,
        read: batch.messages.length,
        vanished: batch.plan.vanished.length + batch.vanished,
        excluded: batch.plan.excluded,
        known: states.filter((state) => state === undefined).length,
        dropped: states.filter((state) => state === 'Dropped').length,
        dead: states.filter((state) => state === 'Dead').length,
      };
    });
    return {
      epochId: this.#cursor.epochId,
      version: this.#cursor.version,
      revision: this.#options.context.revision.hash,
      finished: UidSet.of(...group.map((batch) => batch.plan.range)),
      coverage,
      sighted: messages,
      ids: new Map([...identities].map(([uid, identity]) => [uid, identity.messageId])),
      outcomes: [...outcomes.values()],
      deliveries,
      deadLetters,
    };
  }

  #count(group: readonly ReadBatch[], messages: readonly ReadMessage[], commit: CommitRecord, seconds: number): void {
    const { context } = this.#options;
    const pipeline = { namespace: context.revision.namespace, pipeline: context.revision.pipeline };
    const labels = { ...pipeline, source: this.#options.sourceName };
    const { metrics, counters } = context;
    const count = (state: Outcome['state']) => commit.outcomes.filter((o) => o.state === state).length;
    const [processed, dropped, dead] = [count('Processed'), count('Dropped'), count('Dead')];
    counters.read += messages.length;
    counters.delivered += processed;
    counters.dropped += dropped;
    counters.dead += dead;
    metrics.messages.inc({ ...labels, outcome: 'processed' }, processed);
    metrics.messages.inc({ ...labels, outcome: 'dropped' }, dropped);
    metrics.messages.inc({ ...labels, outcome: 'dead' }, dead);
    metrics.messages.inc({ ...labels, outcome: 'known' }, messages.length - commit.outcomes.length);
    metrics.bytes.inc(
      labels,
      messages.reduce((sum, read) => sum + read.raw.length, 0),
    );
    metrics.batches.inc(labels, group.length);
    metrics.commitDuration.observe(labels, seconds);
    for (const letter of commit.deadLetters) metrics.deadLetters.inc({ ...labels, code: letter.code });
    for (const delivery of commit.deliveries)
      metrics.rows.inc({ ...pipeline, sink: delivery.sink, status: delivery.status });
    const now = context.clock().getTime();
    if (!group.some((batch) => batch.more))
      for (const read of messages)
        if (read.uid >= this.#cursor.firstUidNext)
          metrics.latency.observe(labels, Math.max(0, now - read.receivedAt.getTime()) / 1000);
    context.lastCommitAt = context.clock();
  }
}

export type { MailmillError };
