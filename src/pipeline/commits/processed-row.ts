import type { Document } from '../../message/fields.ts';
import type { EncodedRow, Row } from '../../sinks/sink.ts';
import type { Processed, ReadMessage } from '../processed.ts';

/** The row of a message whose document is not made before a sink asks for it. */
export class ProcessedRow implements Row {
  readonly documentId: string;
  readonly edition: number;
  readonly #processed: Processed;

  constructor(documentId: string, edition: number, processed: Processed) {
    this.documentId = documentId;
    this.edition = edition;
    this.#processed = processed;
  }

  get document(): Document {
    return this.#processed.document;
  }

  get encoded(): readonly EncodedRow[] | undefined {
    return this.#processed.encoded;
  }
}

/**
 * These are committed for good, nobody looks at them again: gives their memory back. It lies outside of the heap, and V8 would collect everything to
 * get at it.
 */
export function releaseMemory(rows: readonly Row[], messages: readonly ReadMessage[]): void {
  for (const { encoded } of rows) if (encoded) for (const each of encoded) each.release();
  for (const { memory } of messages) memory?.release();
}
