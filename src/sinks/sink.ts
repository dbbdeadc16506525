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

/** Why one row was refused by the sink for good (SQLSTATE class 22 or 23). */
export interface Refusal {
  readonly documentId: string;
  /** Stable code, e.g. `SINK_ROW_REFUSED`, with the SQLSTATE in the message. */
  readonly code: string;
  readonly message: string;
}

export interface WriteResult {
  readonly written: number;
  readonly refused: readonly Refusal[];
}

export type ColumnTypes = ReadonlyMap<string, FieldType>;
