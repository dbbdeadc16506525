import type { BinaryWriter } from '../../store/wire/binary-writer.ts';
import type { EncodedRow, Refusal, Row, WriteContext } from '../sink.ts';
import { type CopyPiece, CopyPieces } from './copy.ts';

/** Of the memory of rows that were written, what is kept for the next: pieces. */
const sparePieces = 64;

/** Memory that some rows share. */
interface Slab {
  readonly piece: CopyPiece;
  /** Rows in it that are still needed. */
  rows: number;
}

/** Fields of one row in COPY's form. */
class RowAhead implements EncodedRow {
  readonly by: object;
  readonly context: WriteContext;
  readonly documentId: string;
  readonly edition: number;
  readonly #memory: RowMemory;
  readonly #start: number;
  readonly #end: number;
  readonly #refusal: Refusal | undefined;
  #slab: Slab | undefined;

  constructor(
    by: object,
    { documentId, edition }: Row,
    context: WriteContext,
    memory: RowMemory,
    slab: Slab,
    start: number,
    refusal: Refusal | undefined,
  ) {
    this.by = by;
    this.context = context;
    this.documentId = documentId;
    this.edition = edition;
    this.#memory = memory;
    this.#slab = slab;
    this.#start = start;
    this.#end = slab.piece.fields.length;
    this.#refusal = refusal;
  }

  get released(): boolean {
    return this.#slab === undefined;
  }

  /** Appends it, or says why it never reaches the database. */
  write(to: BinaryWriter): Refusal | undefined {
    if (!this.#slab) throw new Error('a row was written after it was released');
    if (!this.#refusal) to.rawRange(this.#slab.piece.fields, this.#start, this.#end);
    return this.#refusal;
  }

  release(): void {
    const slab = this.#slab;
    this.#slab = undefined;
    if (slab) this.#memory.released(slab);
  }
}

/** What an encoder has made of a row under the same context, unless it was released. */
export function rowAhead(row: Row, by: object, context: WriteContext): RowAhead | undefined {
  const { encoded, documentId, edition } = row;
  if (!encoded) return undefined;
  for (const each of encoded)
    if (
      each instanceof RowAhead &&
      each.by === by &&
      each.context === context &&
      each.documentId === documentId &&
      each.edition === edition &&
      !each.released
    )
      return each;
  return undefined;
}

/**
 * Rows that were encoded ahead of their COPY. Memory of rows that were all released is used again: the collector would have to be run for what
 * lies outside of its heap.
 */
export class RowMemory {
  readonly #pieces = new CopyPieces(sparePieces);
  #slab: Slab | undefined;

  /** @param append appends the fields of the row, or says why they never reach the database. */
  add(by: object, row: Row, context: WriteContext, append: (fields: BinaryWriter) => Refusal | undefined): EncodedRow {
    if (!this.#slab || this.#slab.piece.full) this.#slab = { piece: this.#pieces.take(), rows: 0 };
    const slab = this.#slab;
    const { fields } = slab.piece;
    const start = fields.length;
    fields.mark();
    const refusal = append(fields);
    if (refusal) fields.reset();
    slab.rows += 1;
    return new RowAhead(by, row, context, this, slab, start, refusal);
  }

  released(slab: Slab): void {
    slab.rows -= 1;
    if (slab.rows > 0 || !slab.piece.full) return;
    // The next row takes a piece of its own: this one is everybody's now.
    if (slab === this.#slab) this.#slab = undefined;
    this.#pieces.give(slab.piece);
  }
}
