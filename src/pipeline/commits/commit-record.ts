import type { Row } from '../../sinks/sink.ts';
import type { Coverage, DeadLetter, DeliveryRecord, Outcome } from '../../store/commit.ts';
import type { Identity } from '../../store/identity.ts';
import { listedIn, type PlannedBatch } from '../folders/batch-plan.ts';
import type { PreparedDocuments } from '../prepared-documents.ts';
import { type Death, deadLetter, type ReadMessage, type Verdict } from '../processed.ts';

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
  /** Of mail that was there when the folder was looked at first. */
  readonly old: boolean;
}

/** What the steps made of a message that this pipeline has not handled before. */
export interface Judged {
  readonly read: ReadMessage;
  readonly id: string;
  readonly verdict: Verdict;
}

/** A batch whose messages are identified and judged, ready to be committed. */
export interface JudgedBatch {
  readonly batch: ReadBatch;
  readonly identities: ReadonlyMap<number, Identity>;
  readonly judged: readonly Judged[];
  readonly rows: readonly Row[];
  /** Present: some sinks have a queue. */
  readonly queued?: PreparedDocuments;
}

/** By sink: the documents that it refuses, with the reason. */
export type Refusals = ReadonlyMap<string, ReadonlyMap<string, Death>>;

export interface Outcomes {
  readonly byUid: ReadonlyMap<number, Outcome>;
  readonly deliveries: readonly DeliveryRecord[];
  readonly deadLetters: readonly DeadLetter[];
}

/**
 * What became of each message: a message that a sink refuses is dead, whatever the other sinks did.
 *
 * @param queues sinks that are not delivered to yet, but queued for.
 */
export function outcomesOf(
  judged: readonly Judged[],
  sinks: readonly string[],
  refusals: Refusals,
  edition: number,
  queues: readonly string[] = [],
): Outcomes {
  const all = queues.length === 0 ? sinks : [...sinks, ...queues];
  const byUid = new Map<number, Outcome>();
  const deliveries: DeliveryRecord[] = [];
  const deadLetters: DeadLetter[] = [];
  for (const { read, id, verdict } of judged) {
    const base = { messageId: id, edition, uid: read.uid, headerIdHash: read.headerIdHash };
    if (verdict.state === 'Dropped') {
      byUid.set(read.uid, { ...base, state: 'Dropped', step: verdict.step });
      continue;
    }
    if (verdict.state === 'Dead') {
      const { code, step } = verdict.death;
      byUid.set(read.uid, { ...base, state: 'Dead', code, ...(step !== undefined && { step }) });
      deadLetters.push(deadLetter(read, id, verdict.death, edition));
      continue;
    }
    let first: { readonly sink: string; readonly death: Death } | undefined;
    for (const [index, sink] of all.entries()) {
      const death = refusals.get(sink)?.get(id);
      const to = { sink, documentId: id, edition };
      if (death) deliveries.push({ ...to, status: 'Dead', code: death.code });
      else deliveries.push({ ...to, status: index < sinks.length ? 'Acknowledged' : 'Queued' });
      if (death) first ??= { sink, death };
    }
    if (first) deadLetters.push(deadLetter(read, id, first.death, edition, first.sink));
    byUid.set(read.uid, first ? { ...base, state: 'Dead', code: first.death.code } : { ...base, state: 'Processed' });
  }
  return { byUid, deliveries, deadLetters };
}

/** What a batch covered. */
export function coverageOf(batch: ReadBatch, byUid: Outcomes['byUid']): Coverage {
  const states = batch.messages.map((read) => byUid.get(read.uid)?.state);
  const count = (state: Outcome['state'] | undefined) => states.filter((each) => each === state).length;
  return {
    uids: batch.plan.range,
    listed: listedIn(batch.plan),
    read: batch.messages.length,
    vanished: batch.plan.vanished.length + batch.vanished,
    excluded: batch.plan.excluded,
    known: count(undefined),
    dropped: count('Dropped'),
    dead: count('Dead'),
  };
}
