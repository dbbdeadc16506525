import type { Document } from '../../message/fields.ts';
import type { EncodedRow, Row } from '../../sinks/sink.ts';
import type { Processed } from '../processed.ts';

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

/** These are committed for good: the memory of what was encoded of them is free. */
export function releaseRows(rows: readonly Row[]): void {
  for (const { encoded } of rows) if (encoded) for (const each of encoded) each.release();
}
