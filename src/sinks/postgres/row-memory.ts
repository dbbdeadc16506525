import { BinaryWriter } from '../../store/wire/binary-writer.ts';
import type { EncodedRow, Refusal, Row, WriteContext } from '../sink.ts';

/** Rows share memory of this size, about; behind it is room for one more, so that it need not grow. */
const slabBytes = 2 ** 17;
const roomBytes = 2 ** 16;
/** Memory that has grown beyond this is not used again. */
const mostBytes = 4 * slabBytes;
/** Of the memory of rows that were written, what is kept for the next. */
const spareSlabs = 64;

/** Memory of some rows. */
interface Slab {
  readonly fields: BinaryWriter;
  /** Rows in it that are still needed. */
  rows: number;
  full: boolean;
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
    this.#end = slab.fields.length;
    this.#refusal = refusal;
  }

  get released(): boolean {
    return this.#slab === undefined;
  }

  /** Appends it, or says why it never reaches the database. */
  write(to: BinaryWriter): Refusal | undefined {
    if (!this.#slab) throw new Error('a row was written after it was released');
    if (!this.#refusal) to.rawRange(this.#slab.fields, this.#start, this.#end);
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
  readonly #spare: Slab[] = [];
  #slab: Slab | undefined;

  /** @param append appends the fields of the row, or says why they never reach the database. */
  add(by: object, row: Row, context: WriteContext, append: (fields: BinaryWriter) => Refusal | undefined): EncodedRow {
    const slab = this.#take();
    const { fields } = slab;
    const start = fields.length;
    fields.mark();
    const refusal = append(fields);
    if (refusal) fields.reset();
    slab.rows += 1;
    slab.full = fields.length >= slabBytes;
    return new RowAhead(by, row, context, this, slab, start, refusal);
  }

  #take(): Slab {
    if (!this.#slab || this.#slab.full)
      this.#slab = this.#spare.pop() ?? { fields: new BinaryWriter(slabBytes + roomBytes), rows: 0, full: false };
    return this.#slab;
  }

  released(slab: Slab): void {
    slab.rows -= 1;
    if (slab.rows > 0 || !slab.full) return;
    if (this.#spare.length >= spareSlabs || slab.fields.capacity > mostBytes) return;
    slab.fields.clear();
    slab.full = false;
    this.#spare.push(slab);
  }
}
