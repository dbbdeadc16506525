import type { Row } from '../../sinks/sink.ts';
import type { CommitRecord } from '../../store/commit.ts';
import { resolveIdentities } from '../../store/identity.ts';
import { checkLease, fenced, type Lease } from '../../store/leases.ts';
import { record } from '../../store/record.ts';
import { countHandled, resolveOlder } from '../../store/run-record.ts';
import { messageIds, writtenUnder } from '../../store/run-targets.ts';
import { UidSet } from '../../store/uid-set.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import { type Judged, outcomesOf } from '../commits/commit-record.ts';
import { DeadRate } from '../dead-rate.ts';
import { queueRefusals } from '../prepared-documents.ts';
import { type Death, judge, type ReadMessage } from '../processed.ts';
import type { ReadPart } from './read-uids.ts';
import type { OpenFolder, RunAccount, RunScope } from './scope.ts';

/** What of a part is written: the messages with their ids, and the UIDs that are finished with it. */
interface Known {
  readonly messages: readonly { readonly read: ReadMessage; readonly id: string }[];
  /** Recorded for the first time: a backfill. */
  readonly sighted: readonly ReadMessage[];
  readonly ids: ReadonlyMap<number, string>;
}

/**
 * Writes what a run reads, part by part: the sinks first, then what the store is to remember, with how far the run is. Repeating a part
 * changes nothing.
 */
export class RunWriter {
  readonly #scope: RunScope;
  readonly #account: RunAccount;
  readonly #lease: Lease;
  /** A replay of dead letters expects them to be dead. */
  readonly #deadRate: DeadRate | undefined;
  #version: bigint;

  constructor(scope: RunScope, account: RunAccount, lease: Lease) {
    const { plan } = scope;
    this.#scope = scope;
    this.#account = account;
    this.#lease = lease;
    this.#deadRate = plan.kind === 'Replay' && plan.only === 'Dead' ? undefined : new DeadRate();
    // Grows with each commit and with each process that takes over.
    this.#version = lease.token * 1_000_000_000n;
  }

  /** `missing`: of those that are gone, how many nobody has any more. */
  async write(folder: OpenFolder, part: ReadPart, missing: number): Promise<void> {
    const { context, id, edition, plan } = this.#scope;
    if (!this.#scope.fresh()) throw fenced();
    const known = await this.#identify(folder, part.messages);
    const origin = { source: this.#account.source.name, account: this.#account.account, folder: folder.name };
    const judged = known.messages.map(
      ({ read, id: of }): Judged => ({
        read,
        id: of,
        verdict: judge(read, of, origin, { steps: context.steps, edition }),
      }),
    );
    const rows = judged.flatMap(({ verdict }): Row[] => (verdict.state === 'Processed' ? [verdict] : []));
    const dropped =
      plan.kind === 'Backfill'
        ? []
        : judged.filter(({ verdict }) => verdict.state === 'Dropped').map(({ id: of }) => of);
    this.#examine(judged.map(({ verdict }) => verdict.state === 'Dead'));
    const queued = await context.outbox?.prepare(judged, origin.source, edition);
    await context.outbox?.admit();
    const refusals = new Map<string, ReadonlyMap<string, Death>>(queueRefusals([queued]));
    const documents = queued?.documents ?? [];
    this.#version += 1n;
    for (const sink of context.sinks) {
      if (sink.shared || rows.length + dropped.length === 0) continue;
      failpoint('before-sink-commit');
      const progress = [this.#progress(sink.name, folder)];
      refusals.set(
        sink.name,
        await context.health.during(sink.name, () => sink.commit(rows, progress, context.hardStop)),
      );
      await sink.remove(dropped, edition, context.hardStop);
      failpoint('after-sink-commit');
    }
    const keep = await context.database.transaction(
      async (client) => {
        await checkLease(client, this.#lease);
        for (const sink of context.sinks) {
          if (!sink.shared || rows.length + dropped.length === 0) continue;
          const progress = [this.#progress(sink.name, folder)];
          refusals.set(
            sink.name,
            await context.health.during(sink.name, () => sink.writeShared(client, rows, progress)),
          );
          await sink.remove(dropped, edition, context.hardStop, client);
        }
        const { byUid, deliveries, deadLetters } = outcomesOf(
          judged,
          context.sinks.map(({ name }) => name),
          refusals,
          edition,
          context.outbox?.names,
        );
        const outcomes = [...byUid.values()];
        const remembered = this.#examine(outcomes.map(({ state }) => state === 'Dead'));
        const commit: CommitRecord = {
          run: id,
          epochId: folder.epochId,
          version: 0n,
          revision: context.revision.hash,
          finished: UidSet.fromUids([...part.messages.map(({ uid }) => uid), ...part.gone]),
          coverage: [],
          sighted: known.sighted,
          ids: known.ids,
          outcomes,
          deliveries,
          deadLetters,
        };
        failpoint('in-store-transaction');
        await record(client, this.#lease, commit);
        await context.outbox?.enqueue(client, this.#lease, origin, documents);
        await resolveOlder(client, context.pipelineId, edition, outcomes);
        await countHandled(client, id, { outcomes, read: part.messages.length, missing, gone: part.gone.length });
        return remembered;
      },
      () => failpoint('before-store-commit'),
    );
    failpoint('after-store-commit');
    keep();
    context.outbox?.queued(documents);
    for (const sink of context.sinks) context.health.sink(sink.name);
    context.counters.read += part.messages.length;
    context.lastCommitAt = context.clock();
  }

  /** A dead message that was alive before keeps its row: what is there is better than nothing. */
  #examine(dead: readonly boolean[]): () => void {
    if (!this.#deadRate) return () => undefined;
    const { error, keep } = this.#deadRate.examine(dead);
    if (error && !this.#scope.context.deadAccepted) throw error;
    return keep;
  }

  async #identify(folder: OpenFolder, messages: readonly ReadMessage[]): Promise<Known> {
    const { context, plan, edition, id } = this.#scope;
    const nothing: Known = { messages: [], sighted: [], ids: new Map() };
    if (messages.length === 0) return nothing;
    if (plan.kind === 'Backfill') return this.#mint(folder, messages);
    const ids = await messageIds(
      context.database,
      folder.epochId,
      messages.map(({ uid }) => uid),
    );
    // A message that stands in several folders is one, and the first that is read counts.
    const done = await writtenUnder(context.database, id.pipelineId, edition, [...ids.values()]);
    const taken = new Set(done);
    const fresh = messages.flatMap((read) => {
      const of = ids.get(read.uid);
      if (of === undefined || taken.has(of)) return [];
      taken.add(of);
      return [{ read, id: of }];
    });
    return { ...nothing, messages: fresh };
  }

  async #mint(folder: OpenFolder, messages: readonly ReadMessage[]): Promise<Known> {
    const { context } = this.#scope;
    const place = {
      namespace: context.revision.namespace,
      source: this.#account.source.name,
      account: this.#account.account,
      folder: folder.name,
      uidvalidity: folder.uidvalidity,
      epochId: folder.epochId,
    };
    const identities = await resolveIdentities(context.database, this.#lease, place, messages);
    const taken = new Set<string>();
    const fresh = messages.flatMap((read) => {
      const { messageId, handled } = identities.get(read.uid)!;
      if (handled || taken.has(messageId)) return [];
      taken.add(messageId);
      return [{ read, id: messageId }];
    });
    return {
      messages: fresh,
      sighted: messages,
      ids: new Map([...identities].map(([uid, { messageId }]) => [uid, messageId])),
    };
  }

  /** A row of its own beside that of the worker that reads new mail: the two do not fence each other. */
  #progress(sink: string, folder: OpenFolder) {
    const { context } = this.#scope;
    return {
      key: {
        namespace: context.revision.namespace,
        pipeline: `${context.revision.pipeline}/runs`,
        sink,
        source: this.#account.source.name,
        account: this.#account.account,
        folder: folder.name,
        epoch: folder.uidvalidity,
      },
      version: this.#version,
      token: this.#lease.token,
    };
  }
}
