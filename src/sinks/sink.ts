import type { Document, FieldType } from '../message/fields.ts';

/** One document on its way to a sink. */
export interface Row {
  /** UUID; the document's id, derived from its message's. */
  readonly documentId: string;
  readonly edition: number;
  readonly document: Document;
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

export type ColumnTypes = ReadonlyMap<string, FieldType>;

/** What a sink promises about repeats: none visible, or the key by which the receiver can tell them. */
export type Guarantee = { readonly kind: 'Exact' | 'AtLeastOnce'; readonly key: string };
