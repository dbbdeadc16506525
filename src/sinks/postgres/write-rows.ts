import type pg from 'pg';
import type { ColumnTypes, Refusal, Row, WriteContext, WriteResult } from '../sink.ts';
import type { TableColumns } from './columns.ts';
import { copyIn } from './copy.ts';
import { RowEncoder } from './encode.ts';
import { isRowError, refusalMessage, sinkError, sqlState } from './errors.ts';
import { copyRows, type TableName, upsert } from './statements.ts';

const savepoint = 'SAVEPOINT mailmill_rows';
const release = 'RELEASE SAVEPOINT mailmill_rows';
const rollback = 'ROLLBACK TO SAVEPOINT mailmill_rows; RELEASE SAVEPOINT mailmill_rows';

/** Chunks that are merged at once after COPY failed for one: where some rows are there already, more are. */
const mergedAfterFailure = 20;

/** Rows in the order in which every writer locks them, each document once: its highest edition, the last of equals. */
export function inRowOrder(rows: readonly Row[]): readonly Row[] {
  if (rows.every((row, i) => i === 0 || (rows[i - 1] as Row).documentId < row.documentId)) return rows; // as mail comes
  const sorted = rows.toSorted((a, b) =>
    a.documentId === b.documentId ? a.edition - b.edition : a.documentId < b.documentId ? -1 : 1,
  );
  return sorted.filter((row, i) => row.documentId !== sorted[i + 1]?.documentId);
}

/** How rows get into one table, and whether new ones go in by COPY: a quarter less of the server's time, and half of this process's. */
export class TableWriter {
  readonly encoder: RowEncoder;
  readonly merge: string;
  readonly copy: string;
  /** Chunks to merge before COPY is tried again. */
  #merges = 0;

  constructor(name: TableName, table: TableColumns, types: ColumnTypes) {
    this.encoder = new RowEncoder(table, types);
    this.merge = upsert(name, table);
    this.copy = copyRows(name, table);
  }

  /** Whether COPY may do for a chunk that begins with this row: a later edition replaces a row. */
  copies(first: Row): boolean {
    if (this.copiesNow(first.edition)) return true;
    if (first.edition <= 1) this.#merges -= 1;
    return false;
  }

  /** Whether rows of an edition go in by COPY now, so that it is worth while to encode them ahead. */
  copiesNow(edition: number): boolean {
    return edition <= 1 && this.#merges === 0;
  }

  /** Whether a chunk that COPY failed for is to be merged instead. */
  mergesAfter(error: unknown): boolean {
    const policies = sqlState(error) === '0A000'; // a table with row security takes no COPY
    if (!policies && !isRowError(error)) return false;
    this.#merges = policies ? Number.POSITIVE_INFINITY : mergedAfterFailure;
    return true;
  }
}

/**
 * Writes rows in the transaction that `client` is in: by COPY where they are new; where that fails because a row is there already or is
 * refused, its savepoint is rolled back and the rows are merged. When the database refuses to merge for what a row says,
 * halves are tried until each such row is found; they become refusals and the others are written. Any other error leaves the
 * transaction to be rolled back by the caller, thrown in our families.
 */
export async function writeRows(
  client: pg.ClientBase,
  table: TableWriter,
  rows: readonly Row[],
  context: WriteContext,
  signal?: AbortSignal,
): Promise<WriteResult> {
  let written = 0;
  const refused: Refusal[] = [];
  let begin = savepoint;
  /** Runs statements from a savepoint on. Returns an error for which they were rolled back, when `tolerated` takes it. */
  const attempt = async (
    statements: () => Promise<number | null>,
    tolerated: (error: unknown) => boolean,
  ): Promise<{ readonly error: unknown } | undefined> => {
    try {
      written += (await statements()) ?? 0;
      begin = `${release}; ${savepoint}`;
      return undefined;
    } catch (error) {
      if (!tolerated(error)) throw error;
      await client.query(rollback);
      begin = savepoint;
      return { error };
    }
  };
  const insert = async (part: readonly Row[]): Promise<void> => {
    for (let from = 0; from < part.length; ) {
      signal?.throwIfAborted();
      if (table.copies(part[from] as Row)) {
        const chunk = table.encoder.copy(part, from, context);
        const copy = () => copyIn(client, `${begin}; ${table.copy}`, chunk);
        if (!(await attempt(copy, (error) => table.mergesAfter(error)))) {
          refused.push(...chunk.refused);
          from = chunk.next;
          continue;
        }
      }
      const chunk = table.encoder.encode(part, from, context);
      from = chunk.next;
      refused.push(...chunk.refused);
      if (chunk.rows.length === 0) continue;
      const merge = async () => {
        await client.query(begin);
        return (await client.query(table.merge, [...chunk.params])).rowCount;
      };
      const failed = await attempt(merge, isRowError);
      if (failed) await halve(chunk.rows, failed.error);
    }
  };
  const halve = async (part: readonly Row[], error: unknown): Promise<void> => {
    const [only] = part;
    if (part.length === 1 && only !== undefined) {
      refused.push({ documentId: only.documentId, code: 'SINK_ROW_REFUSED', message: refusalMessage(error) });
      return;
    }
    const middle = part.length >> 1;
    await insert(part.slice(0, middle));
    await insert(part.slice(middle));
  };
  try {
    await insert(inRowOrder(rows));
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw sinkError(error);
  }
  return { written, refused };
}
