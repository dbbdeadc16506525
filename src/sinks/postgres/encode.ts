import type { FieldType } from '../../message/fields.ts';
import type { ColumnTypes, Refusal, Row, WriteContext } from '../sink.ts';
import { ArrayWriter, type ElementType } from './array-writer.ts';
import type { SqlType, TableColumns } from './columns.ts';
import { toJson, ValueError, withoutNul } from './json.ts';

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

/** A column of the INSERT and the element type of its parameter. */
export interface InsertColumn {
  readonly name: string;
  readonly sqlType: SqlType;
  readonly element: ElementType;
}

// An array of arrays would have to be rectangular: text[] travels as its text form and is cast.
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

const minTimestampMs = -210_866_803_200_000; // 4713-01-01 BC, where PostgreSQL's timestamps begin
const minBigint = -(2n ** 63n);
const maxBigint = 2n ** 63n - 1n;

function arrayLiteral(value: unknown): string {
  if (!Array.isArray(value)) throw new ValueError('is no list of strings');
  if (value.length === 0) return '{}';
  let literal = '';
  for (const item of value) {
    if (typeof item !== 'string') throw new ValueError('is no list of strings');
    literal += `${literal === '' ? '{' : ','}"${withoutNul(item).replace(/["\\]/g, '\\$&')}"`;
  }
  return `${literal}}`;
}

function wholeNumber(value: unknown): bigint {
  const plain: unknown = typeof value === 'object' && value !== null ? value.valueOf() : value;
  if (typeof plain !== 'bigint' && !(typeof plain === 'number' && Number.isInteger(plain)))
    throw new ValueError('is no whole number');
  const whole = BigInt(plain);
  if (whole < minBigint || whole > maxBigint) throw new ValueError('is beyond 64 bits');
  return whole;
}

/** Appends a value that is there to the array of its column. */
type Encoder = (writer: ArrayWriter, value: unknown) => void;

const json: Encoder = (writer, value) => writer.json(toJson(value));

const encoders: Readonly<Record<FieldType, Encoder>> = {
  string: (writer, value) => {
    if (typeof value !== 'string') throw new ValueError('is no string');
    writer.text(withoutNul(value));
  },
  int: (writer, value) => writer.int64(wholeNumber(value)),
  double: (writer, value) => {
    if (typeof value !== 'number' && typeof value !== 'bigint') throw new ValueError('is no number');
    writer.float64(Number(value));
  },
  bool: (writer, value) => {
    if (typeof value !== 'boolean') throw new ValueError('is no bool');
    writer.boolean(value);
  },
  timestamp: (writer, value) => {
    const ms = value instanceof Date ? value.getTime() : Number.NaN;
    if (Number.isNaN(ms)) throw new ValueError('is no timestamp');
    if (ms < minTimestampMs) throw new ValueError('is before 4713 BC');
    writer.timestamp(ms);
  },
  'list<string>': (writer, value) => writer.text(arrayLiteral(value)),
  address: json,
  'list<address>': json,
  'list<attachment>': json,
  'list<link>': json,
  'list<header>': json,
  headers: json,
  mailingList: json,
  report: json,
  dyn: json,
};

/** Turns rows into the parameters of INSERT statements. Pure and synchronous; one for each table and revision. */
export class RowEncoder {
  readonly #columns: readonly InsertColumn[];
  readonly #fields: readonly { readonly field: string; readonly encode: Encoder }[];
  readonly #known: ReadonlySet<string>;
  readonly #extra: boolean;

  /** @param types every field that the revision knows: only others go to `extra`. */
  constructor(table: TableColumns, types: ColumnTypes) {
    this.#columns = insertColumns(table);
    this.#fields = table.columns.map(({ field, type }) => ({ field, encode: encoders[type] }));
    this.#known = new Set(types.keys());
    this.#extra = table.extra;
  }

  /** Encodes rows from index `from` on until the chunk is full. At least one row is taken. */
  encode(rows: readonly Row[], from: number, context: WriteContext): Chunk {
    const expected = Math.min(rows.length - from, chunkRows);
    const writers = this.#columns.map(({ element }) => new ArrayWriter(element, expected * 64));
    const taken: Row[] = [];
    const refused: Refusal[] = [];
    let next = from;
    let bytes = 0;
    while (next < rows.length && taken.length < chunkRows && (taken.length === 0 || bytes < chunkBytes)) {
      const row = rows[next++] as Row; // within bounds
      const refusal = this.#append(writers, row, context);
      if (refusal) refused.push(refusal);
      else taken.push(row);
      bytes = 0;
      for (const writer of writers) bytes += writer.length;
    }
    return { params: writers.map((writer) => writer.finish(taken.length)), rows: taken, refused, next };
  }

  #append(writers: readonly ArrayWriter[], row: Row, context: WriteContext): Refusal | undefined {
    for (const writer of writers) writer.mark();
    let at = 0;
    const writer = () => writers[at++] as ArrayWriter; // as many as columns
    writer().uuid(row.documentId);
    writer().int32(row.edition);
    writer().text(context.revision);
    writer().text(context.source);
    let name = 'extra';
    try {
      for (const { field, encode } of this.#fields) {
        name = field;
        const value = row.document[field];
        if (value === undefined || value === null) writer().null();
        else encode(writer(), value);
      }
      if (this.#extra) {
        name = 'extra';
        const extra = this.#beyond(row);
        if (extra === undefined) writer().null();
        else writer().json(extra);
      }
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      for (const each of writers) each.reset();
      return {
        documentId: row.documentId,
        code: 'SINK_VALUE_REFUSED',
        message: `the field ${name} ${error.message}; correct the step that sets it`,
      };
    }
    return undefined;
  }

  /** Fields that the revision does not know, as JSON. */
  #beyond(row: Row): string | undefined {
    let beyond: Record<string, unknown> | undefined;
    for (const field in row.document) {
      if (this.#known.has(field) || row.document[field] === undefined) continue;
      beyond ??= {};
      beyond[field] = row.document[field];
    }
    return beyond && toJson(beyond);
  }
}
