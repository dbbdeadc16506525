import type { Document } from '../../message/fields.ts';
import { ArrayWriter, type ElementType } from '../../store/wire/array-writer.ts';
import type { BinaryWriter } from '../../store/wire/binary-writer.ts';
import type { ColumnTypes, EncodedRow, Refusal, Row, WriteContext } from '../sink.ts';
import type { SqlType, TableColumns } from './columns.ts';
import { type CopyData, type CopyPiece, CopyPieces } from './copy.ts';
import { ValueError } from './json.ts';
import { RowMemory, rowAhead } from './row-memory.ts';
import { type Encoder, elementEncoders, encoders } from './values.ts';

/** Rows of one statement at most; beyond, a statement gains no speed and holds more memory on both sides. */
export const chunkRows = 500;
/** Encoded bytes of one statement, about: the row that passes it is its last. */
export const chunkBytes = 4 * 2 ** 20;

/** Parameters of one INSERT: an array a column, in the order of `insertColumns`. */
export interface Chunk {
  readonly params: readonly Buffer[];
  readonly rows: readonly Row[];
  /** Rows that never reach the database because a value cannot be what its column is. */
  readonly refused: readonly Refusal[];
  /** Index of the first row that is not in this chunk. */
  readonly next: number;
}

/** Data of one COPY. What was refused, and what comes next, is known when all pieces were taken. */
export interface CopyChunk extends CopyData {
  readonly refused: readonly Refusal[];
  readonly next: number;
}

/** A column of the INSERT and the element type of its parameter. */
export interface InsertColumn {
  readonly name: string;
  readonly sqlType: SqlType;
  readonly element: ElementType;
}

const elementOf = (sqlType: SqlType): ElementType => (sqlType === 'text[]' ? 'text' : sqlType);

/** Columns that an INSERT fills, in the order of the parameters. */
export function insertColumns(table: TableColumns): readonly InsertColumn[] {
  const columns: { name: string; sqlType: SqlType }[] = [
    { name: '_mailmill_id', sqlType: 'uuid' },
    { name: '_mailmill_edition', sqlType: 'integer' },
    { name: '_mailmill_revision', sqlType: 'text' },
    { name: '_mailmill_source', sqlType: 'text' },
    ...table.columns,
  ];
  if (table.extra) columns.push({ name: 'extra', sqlType: 'jsonb' });
  return columns.map(({ name, sqlType }) => ({ name, sqlType, element: elementOf(sqlType) }));
}

/** Turns rows into the parameters of INSERT statements, or the data of COPY. Pure and synchronous; one for each table and revision. */
export class RowEncoder {
  readonly #columns: readonly InsertColumn[];
  readonly #fields: readonly { readonly field: string; readonly encode: Encoder; readonly element: Encoder }[];
  readonly #known: ReadonlySet<string>;
  readonly #extra: boolean;
  readonly #memory = new CopyPieces();
  readonly #ahead = new RowMemory();

  /** @param types every field that the revision knows: only others go to `extra`. */
  constructor(table: TableColumns, types: ColumnTypes) {
    this.#columns = insertColumns(table);
    this.#fields = table.columns.map(({ field, type }) => ({
      field,
      encode: encoders[type],
      element: elementEncoders[type],
    }));
    this.#known = new Set(types.keys());
    this.#extra = table.extra;
  }

  /** Encodes rows from index `from` on until the chunk is full. At least one row is taken. */
  encode(rows: readonly Row[], from: number, context: WriteContext): Chunk {
    const expected = Math.min(rows.length - from, chunkRows);
    const arrays = this.#columns.map(({ element }) => new ArrayWriter(element, expected * 64));
    const writers = arrays.map(({ elements }) => elements);
    const taken: Row[] = [];
    const refused: Refusal[] = [];
    let next = from;
    let bytes = 0;
    while (next < rows.length && taken.length < chunkRows && (taken.length === 0 || bytes < chunkBytes)) {
      const row = rows[next++] as Row; // within bounds
      for (const writer of writers) writer.mark();
      let at = 0;
      const refusal = this.#append(() => writers[at++] as BinaryWriter, 'element', row, context); // as many as columns
      if (refusal) {
        refused.push(refusal);
        for (const writer of writers) writer.reset();
      } else taken.push(row);
      bytes = 0;
      for (const writer of writers) bytes += writer.length;
    }
    return { params: arrays.map((array) => array.finish(taken.length)), rows: taken, refused, next };
  }

  /** The same rows for COPY in the binary format. */
  copy(rows: readonly Row[], from: number, context: WriteContext): CopyChunk {
    const refused: Refusal[] = [];
    const chunk = { refused, next: from, sent: (piece: CopyPiece) => this.#memory.give(piece) };
    return Object.assign(chunk, { pieces: this.#pieces(rows, context, chunk) });
  }

  /** One row in the form that `copy` gives it, ahead of it: of the document nothing is kept. */
  ahead(row: Row, context: WriteContext): EncodedRow {
    return this.#ahead.add(this, row, context, (fields) => {
      fields.rawInt16(this.#columns.length);
      return this.#append(() => fields, 'encode', row, context);
    });
  }

  *#pieces(
    rows: readonly Row[],
    context: WriteContext,
    chunk: { readonly refused: Refusal[]; next: number },
  ): Generator<CopyPiece> {
    const last = Math.min(chunk.next + chunkRows, rows.length);
    let bytes = 0;
    let piece = this.#memory.take();
    const writer = () => piece.fields;
    piece.begin();
    while (chunk.next < last && bytes < chunkBytes) {
      const row = rows[chunk.next++] as Row; // within bounds
      const ahead = rowAhead(row, this, context);
      piece.fields.mark();
      if (!ahead) piece.fields.rawInt16(this.#columns.length);
      const refusal = ahead ? ahead.write(piece.fields) : this.#append(writer, 'encode', row, context);
      if (refusal) {
        chunk.refused.push(refusal);
        piece.fields.reset();
      }
      if (!piece.full) continue;
      bytes += piece.fields.length;
      yield piece;
      piece = this.#memory.take();
    }
    piece.fields.rawInt16(-1); // the end
    yield piece;
  }

  #append(
    writer: () => BinaryWriter,
    form: 'encode' | 'element',
    { documentId, edition, document }: Row,
    context: WriteContext,
  ): Refusal | undefined {
    writer().uuid(documentId);
    writer().int32(edition);
    writer().text(context.revision);
    writer().text(context.source);
    let name = 'extra';
    try {
      for (const column of this.#fields) {
        name = column.field;
        const value = document[name];
        if (value === undefined || value === null) writer().null();
        else column[form](writer(), value);
      }
      if (this.#extra) {
        name = 'extra';
        const extra = this.#beyond(document);
        if (extra === undefined) writer().null();
        else encoders.dyn(writer(), extra);
      }
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      return {
        documentId,
        code: 'SINK_VALUE_REFUSED',
        message: `the field ${name} ${error.message}; correct the step that sets it`,
      };
    }
    return undefined;
  }

  /** Fields that the revision does not know. */
  #beyond(document: Document): Record<string, unknown> | undefined {
    let beyond: Record<string, unknown> | undefined;
    for (const field in document) {
      if (this.#known.has(field) || document[field] === undefined) continue;
      beyond ??= {};
      beyond[field] = document[field];
    }
    return beyond;
  }
}
