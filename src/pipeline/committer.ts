import type { Row } from '../sinks/sink.ts';
import type { Cursor } from '../store/epochs.ts';
import { type Identity, resolveIdentities } from '../store/identity.ts';
import { fenced, type Lease } from '../store/leases.ts';
import { type CommitRecord, fence, record } from '../store/record.ts';
import { UidSet } from '../store/uid-set.ts';
import { failpoint } from '../telemetry/failpoint.ts';
import { countCommit } from './commit-metrics.ts';
import { coverageOf, type Judged, outcomesOf, type ReadBatch, type Refusals } from './commit-record.ts';
import type { PipelineContext } from './context.ts';
import { type Death, judge, type ReadMessage } from './processed.ts';

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

/** Turns one folder's batches into commits, in order, while the next ones are being fetched. */
export class Committer {
  readonly #options: CommitterOptions;
  #cursor: Cursor;
  readonly #queue: ReadBatch[] = [];
  #running: Promise<void> | undefined;
  #failure: unknown;
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
    this.#examine(work.judged.map(({ verdict }) => verdict.state === 'Dead'));
    const refusals = new Map<string, Map<string, Death>>();
    for (const sink of context.sinks) {
      if (sink.shared) continue;
      failpoint('before-sink-commit');
      const progress = [this.#progress(sink.name)];
      refusals.set(
        sink.name,
        await context.health.during(sink.name, () => sink.commit(work.rows, progress, context.hardStop)),
      );
      failpoint('after-sink-commit');
    }
    const { commit, keep } = await context.database.transaction(
      async (client) => {
        await fence(client, lease, this.#cursor.epochId, this.#cursor.version);
        for (const sink of context.sinks) {
          if (!sink.shared) continue;
          const progress = [this.#progress(sink.name)];
          refusals.set(
            sink.name,
            await context.health.during(sink.name, () => sink.writeShared(client, work.rows, progress)),
          );
        }
        const prepared = this.#record(group, messages, identities, work.judged, refusals);
        failpoint('in-store-transaction');
        await record(client, lease, prepared.commit);
        return prepared;
      },
      () => failpoint('before-store-commit'),
    );
    failpoint('after-store-commit');
    keep();
    for (const sink of context.sinks) context.health.sink(sink.name);
    this.#cursor = {
      ...this.#cursor,
      version: this.#cursor.version + 1n,
      finished: this.#cursor.finished.union(commit.finished),
    };
    const seconds = (performance.now() - started) / 1000;
    countCommit(context, this.#options.sourceName, group, commit, this.#cursor.firstUidNext, seconds);
    this.#options.onCommitted(group);
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
    const judged: Judged[] = [];
    const rows: Row[] = [];
    const seen = new Set<string>();
    for (const read of messages) {
      const { messageId: id, handled } = identities.get(read.uid)!;
      if (handled || seen.has(id)) continue;
      seen.add(id);
      const verdict = judge(read, id, origin, context);
      judged.push({ read, id, verdict });
      if (verdict.state === 'Processed') rows.push({ documentId: id, edition: 1, document: verdict.document });
    }
    return { judged, rows };
  }

  /** What the store is to remember of a group; throws when too much of it is dead now that the sinks have spoken. */
  #record(
    group: readonly ReadBatch[],
    messages: readonly ReadMessage[],
    identities: ReadonlyMap<number, Identity>,
    judged: readonly Judged[],
    refusals: Refusals,
  ): { readonly commit: CommitRecord; keep(): void } {
    const { sinks, revision } = this.#options.context;
    const { byUid, deliveries, deadLetters } = outcomesOf(
      judged,
      sinks.map((sink) => sink.name),
      refusals,
    );
    const outcomes = [...byUid.values()];
    const keep = this.#examine(outcomes.map((outcome) => outcome.state === 'Dead'));
    const commit: CommitRecord = {
      epochId: this.#cursor.epochId,
      version: this.#cursor.version,
      revision: revision.hash,
      finished: UidSet.of(...group.map((batch) => batch.plan.range)),
      coverage: group.map((batch) => coverageOf(batch, byUid)),
      sighted: messages,
      ids: new Map([...identities].map(([uid, identity]) => [uid, identity.messageId])),
      outcomes,
      deliveries,
      deadLetters,
    };
    return { commit, keep };
  }
}
