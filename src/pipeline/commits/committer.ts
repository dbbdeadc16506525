import type { Row } from '../../sinks/sink.ts';
import type { CommitRecord } from '../../store/commit.ts';
import type { Cursor } from '../../store/epochs.ts';
import type { Identity } from '../../store/identity.ts';
import { fenced, type Lease } from '../../store/leases.ts';
import { fence, record } from '../../store/record.ts';
import { UidSet } from '../../store/uid-set.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import type { PipelineContext } from '../context.ts';
import { queueRefusals } from '../prepared-documents.ts';
import { type Death, judge, type Origin, type ReadMessage } from '../processed.ts';
import { countCommit } from './commit-metrics.ts';
import type { Judged, JudgedBatch, ReadBatch, Refusals } from './commit-record.ts';
import { coverageOf, outcomesOf } from './commit-record.ts';
import { identify } from './identify.ts';
import { releaseMemory } from './release-memory.ts';

/**
 * A commit takes what has queued up behind the one before it, up to this many rows: a slow disk makes large groups, a fast one small
 * ones. Waiting for more than that was measured: it costs a quarter of the rate, because the database idles meanwhile.
 */
const groupRows = 5_000;

/**
 * Parsed messages that may wait for a commit. The byte budget bounds raw mail; parsed, small messages take many times their size.
 */
const queuedMessages = 500;

export interface CommitterOptions {
  readonly context: PipelineContext;
  readonly lease: Lease;
  readonly sourceName: string;
  readonly account: string;
  /** Whether the lease counts by this process's own clock. */
  readonly fresh: () => boolean;
  readonly onCommitted: (batches: readonly ReadBatch[]) => void;
}

/** Turns one folder's batches into commits, in order, while the next ones are being fetched and judged. */
export class Committer {
  readonly #options: CommitterOptions;
  #cursor: Cursor;
  /** Pushed, and not yet part of a commit: messages of all of them, and those that are judged. */
  #waiting = 0;
  readonly #ready: JudgedBatch[] = [];
  /** Messages of batches that are judged and not yet committed: another sighting of one of them is no other message. */
  readonly #underWay = new Set<string>();
  #judging: Promise<void> = Promise.resolve();
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #ended: PromiseWithResolvers<void> | undefined;

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
    if (this.#failure) this.#release([batch]);
    this.#throwFailure();
    this.#waiting += batch.messages.length;
    this.#judging = this.#judging.then(() => this.#judge(batch));
    while (!this.#failure && this.#waiting > queuedMessages) await this.#nextCommit();
    this.#throwFailure();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Until the commit that is under way has ended, one way or the other. */
  #nextCommit(): Promise<void> {
    this.#ended ??= Promise.withResolvers<void>();
    return this.#ended.promise;
  }

  /** Waits until everything that was pushed is committed. Throws what a commit has thrown. */
  async drain(): Promise<void> {
    await this.#judging;
    await this.#running;
    this.#throwFailure();
  }

  /** One batch after the other, while the ones before are being committed. */
  async #judge(batch: ReadBatch): Promise<void> {
    if (this.#failure) {
      this.#release([batch]);
      return;
    }
    try {
      const identities = await identify(batch.messages, this.#cursor, this.#options);
      const judgement = this.#judged(batch.messages, identities);
      const { outbox, edition } = this.#options.context;
      const queued = await outbox?.prepare(judgement.judged, this.#options.sourceName, edition);
      this.#ready.push({ batch, identities, ...judgement, ...(queued && { queued }) });
      this.#running ??= this.#run();
    } catch (error) {
      this.#fail(error, [batch]);
    }
  }

  async #run(): Promise<void> {
    let open: readonly ReadBatch[] = [];
    try {
      while (this.#ready.length > 0) {
        const group = this.#nextGroup();
        open = group.map(({ batch }) => batch);
        await this.#commit(group);
        open = [];
        this.#settle(group);
        this.#wake();
      }
    } catch (error) {
      this.#fail(error, open);
    } finally {
      this.#running = undefined;
      this.#wake();
    }
  }

  /** These are committed. */
  #settle(group: readonly JudgedBatch[]): void {
    this.#release(group.map(({ batch }) => batch));
    for (const { batch, judged, rows } of group) {
      for (const { id } of judged) this.#underWay.delete(id);
      releaseMemory(rows, batch.messages);
    }
  }

  /** Nothing is committed any more: these batches and all that are judged are dropped. */
  #fail(error: unknown, batches: readonly ReadBatch[]): void {
    this.#failure ??= { error };
    this.#release([...batches, ...this.#ready.splice(0).map(({ batch }) => batch)]);
    this.#wake();
  }

  #wake(): void {
    this.#ended?.resolve();
    this.#ended = undefined;
  }

  #release(batches: readonly ReadBatch[]): void {
    for (const batch of batches) this.#options.context.budget.release(batch.budgetBytes);
  }

  #nextGroup(): readonly JudgedBatch[] {
    let rows = 0;
    let end = 0;
    for (const { batch } of this.#ready) {
      rows += batch.messages.length;
      if (end > 0 && rows > groupRows) break;
      end += 1;
      this.#waiting -= batch.messages.length;
    }
    return this.#ready.splice(0, end);
  }

  async #commit(group: readonly JudgedBatch[]): Promise<void> {
    const { context, lease } = this.#options;
    if (!this.#options.fresh()) throw fenced();
    const started = performance.now();
    const rows = group.flatMap((each) => each.rows);
    this.#examine(group.flatMap(({ judged }) => judged.map(({ verdict }) => verdict.state === 'Dead')));
    await context.outbox?.admit();
    const refusals = new Map<string, ReadonlyMap<string, Death>>(queueRefusals(group.map(({ queued }) => queued)));
    for (const sink of context.sinks) {
      if (sink.shared) continue;
      failpoint('before-sink-commit');
      const progress = [this.#progress(sink.name)];
      refusals.set(
        sink.name,
        await context.health.during(sink.name, () => sink.commit(rows, progress, context.hardStop)),
      );
      failpoint('after-sink-commit');
    }
    const documents = group.flatMap(({ queued }) => queued?.documents ?? []);
    const archived = await context.keeper?.store(
      group.flatMap(({ judged }) => judged),
      this.#origin,
      this.#cursor.epochId,
      context.hardStop,
    );
    const { commit, keep } = await context.database.transaction(
      async (client) => {
        await fence(client, lease, this.#cursor.epochId, this.#cursor.version);
        for (const sink of context.sinks) {
          if (!sink.shared) continue;
          const progress = [this.#progress(sink.name)];
          refusals.set(
            sink.name,
            await context.health.during(sink.name, () => sink.writeShared(client, rows, progress)),
          );
        }
        const prepared = this.#record(group, refusals);
        failpoint('in-store-transaction');
        await record(client, lease, prepared.commit);
        await archived?.record(client);
        await context.outbox?.enqueue(client, lease, this.#origin, documents);
        return prepared;
      },
      () => failpoint('before-store-commit'),
    );
    failpoint('after-store-commit');
    keep();
    context.outbox?.queued(documents);
    for (const sink of context.sinks) context.health.sink(sink.name);
    this.#cursor = {
      ...this.#cursor,
      version: this.#cursor.version + 1n,
      finished: this.#cursor.finished.union(commit.finished),
    };
    const seconds = (performance.now() - started) / 1000;
    const batches = group.map(({ batch }) => batch);
    countCommit(context, this.#options.sourceName, batches, commit, this.#cursor.firstUidNext, seconds);
    this.#options.onCommitted(batches);
  }

  /** Stops the cursor when too much is dead; returns what remembers these once they are committed. */
  #examine(dead: readonly boolean[]): () => void {
    const { deadRate, deadAccepted } = this.#options.context;
    const { error, keep } = deadRate.examine(dead);
    if (error && !deadAccepted) throw error;
    return keep;
  }

  #progress(sink: string) {
    const { context, lease } = this.#options;
    return {
      key: {
        namespace: context.revision.namespace,
        pipeline: context.revision.pipeline,
        sink,
        ...this.#origin,
        epoch: this.#cursor.uidvalidity,
      },
      version: this.#cursor.version + 1n,
      token: lease.token,
    };
  }

  get #origin(): Origin {
    return { source: this.#options.sourceName, account: this.#options.account, folder: this.#cursor.folder };
  }

  /** What the steps make of those that are new here; they are under way from now on. */
  #judged(messages: readonly ReadMessage[], identities: ReadonlyMap<number, Identity>) {
    const { context } = this.#options;
    const origin = this.#origin;
    const judged: Judged[] = [];
    const rows: Row[] = [];
    for (const read of messages) {
      const { messageId: id, handled } = identities.get(read.uid)!;
      if (handled || this.#underWay.has(id)) continue;
      this.#underWay.add(id);
      const verdict = judge(read, id, origin, context);
      judged.push({ read, id, verdict });
      if (verdict.state === 'Processed') rows.push(verdict);
    }
    return { judged, rows };
  }

  /** What the store is to remember of a group; throws when too much of it is dead now that the sinks have spoken. */
  #record(group: readonly JudgedBatch[], refusals: Refusals): { readonly commit: CommitRecord; keep(): void } {
    const { sinks, outbox, revision, edition } = this.#options.context;
    const { byUid, deliveries, deadLetters } = outcomesOf(
      group.flatMap(({ judged }) => judged),
      sinks.map((sink) => sink.name),
      refusals,
      edition,
      outbox?.names,
    );
    const outcomes = [...byUid.values()];
    const keep = this.#examine(outcomes.map(({ state }) => state === 'Dead'));
    const ids = new Map<number, string>();
    for (const { identities } of group) for (const [uid, { messageId }] of identities) ids.set(uid, messageId);
    const commit: CommitRecord = {
      epochId: this.#cursor.epochId,
      version: this.#cursor.version,
      revision: revision.hash,
      finished: UidSet.of(...group.map(({ batch }) => batch.plan.range)),
      coverage: group.map(({ batch }) => coverageOf(batch, byUid)),
      sighted: group.flatMap(({ batch }) => batch.messages),
      ids,
      outcomes,
      deliveries,
      deadLetters,
    };
    return { commit, keep };
  }
}
