import type { Document, FieldType } from '../message/fields.ts';
import type { MailmillError } from '../telemetry/errors.ts';

/** One document on its way to a sink. */
export interface Row {
  /** UUID; the document's id, derived from its message's. */
  readonly documentId: string;
  readonly edition: number;
  /** May have to be made again of the raw message: to be asked for once. */
  readonly document: Document;
  /** What sinks made of it while it was at hand. */
  readonly encoded?: readonly EncodedRow[] | undefined;
}

/** A row as a sink sends it. Only what made it can read it. */
export interface EncodedRow {
  readonly by: object;
  /** It was written and is not needed any more: its memory may be used for others. */
  release(): void;
}

/** What a sink remembers of a folder's cursor; written with the rows. Used to notice a sink restored to an earlier day. */
export interface ProgressKey {
  readonly namespace: string;
  readonly pipeline: string;
  readonly sink: string;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  readonly epoch: bigint;
}

export interface Progress {
  readonly key: ProgressKey;
  /** Version of the cursor that the rows belong to. */
  readonly version: bigint;
  /** Lease token of the writer; an older token than the recorded one is refused (fenced). */
  readonly token: bigint;
}

/** What every row of a batch has in common. */
export interface WriteContext {
  /** Hash of the revision that made the documents. */
  readonly revision: string;
  /** Name of the source they come from. */
  readonly source: string;
}

/** Why one row was refused by the sink for good: it does not fit its table, or the table says no (SQLSTATE class 22 or 23). */
export interface Refusal {
  readonly documentId: string;
  /** `SINK_ROW_REFUSED` (the database; its SQLSTATE stands in the message) or `SINK_VALUE_REFUSED` (a value has the wrong type or range). */
  readonly code: string;
  readonly message: string;
}

export interface WriteResult {
  /** Rows inserted or replaced; one whose table row has a newer edition is neither written nor refused. */
  readonly written: number;
  readonly refused: readonly Refusal[];
}

/** What writing would make of one document in a sink; values by column, without the sink's own. */
export interface Change {
  readonly documentId: string;
  readonly kind: 'Added' | 'Changed' | 'Unchanged' | 'Removed';
  /** Of a changed one: those that differ. */
  readonly columns: readonly string[];
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
}

/** What writing documents, and taking others out, would change. */
export interface Rehearsal {
  readonly changes: readonly Change[];
  readonly refused: readonly Refusal[];
}

export type ColumnTypes = ReadonlyMap<string, FieldType>;

/** What a sink promises about repeats: none visible, or the key by which the receiver can tell them. */
export type Guarantee = { readonly kind: 'Exact' | 'AtLeastOnce'; readonly key: string };

/** The value of one key of a Secret. Throws Stalled `SECRET_MISSING`. */
export type SecretOf = (name: string, key: string) => Promise<string>;

/** What a sink with a queue is sent: the document as JSON, or the message as it was received. */
export type PayloadForm = 'Json' | 'Raw';

/** One document on its way to a sink with a queue. */
export interface Delivery {
  /** UUID, the same for every repeat: derived from pipeline, sink, document and edition. */
  readonly id: string;
  readonly documentId: string;
  readonly edition: number;
  readonly namespace: string;
  readonly pipeline: string;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  /** When the mail server received the message. */
  readonly receivedAt: Date;
  readonly payload: Buffer;
}

/**
 * What became of one attempt; `result` is a short word for metrics: the HTTP status, or what kept it from one.
 * - `Acknowledged`: the receiver has it.
 * - `Failed`: it may work later; `retryAfterMs` when the receiver said when.
 * - `Refused`: the receiver will never take this one.
 * - `Misconfigured`: the receiver takes nothing until a person acts; says nothing about this document.
 */
export type Attempt =
  | { readonly outcome: 'Acknowledged'; readonly result: string }
  | { readonly outcome: 'Failed'; readonly result: string; readonly error: MailmillError }
  | { readonly outcome: 'Refused'; readonly result: string; readonly code: string; readonly detail: string }
  | { readonly outcome: 'Misconfigured'; readonly result: string; readonly error: MailmillError };

/** A sink that is fed from the outbox, one document at a time. */
export interface QueuedSink {
  readonly name: string;
  readonly guarantee: Guarantee;
  readonly form: PayloadForm;
  /** Deliveries of one worker at the same time. */
  readonly concurrency: number;
  /** Reads Secrets; reaches for nothing: a receiver that is away must not keep mail from its queue. Throws Stalled what is wrong with them. */
  check(): Promise<void>;
  /** One attempt; ends in bounded time. Throws the signal's reason when it is aborted. */
  deliver(delivery: Delivery, signal: AbortSignal): Promise<Attempt>;
  close(): void;
}
