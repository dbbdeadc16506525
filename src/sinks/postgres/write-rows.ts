import type pg from 'pg';
import type { Refusal, Row, WriteContext, WriteResult } from '../sink.ts';
import type { RowEncoder } from './encode.ts';
import { isRowError, refusalMessage, sinkError } from './errors.ts';

const savepoint = 'SAVEPOINT mailmill_rows';
const release = 'RELEASE SAVEPOINT mailmill_rows';
const rollback = 'ROLLBACK TO SAVEPOINT mailmill_rows; RELEASE SAVEPOINT mailmill_rows';

/** Rows in the order in which every writer locks them, each document once: its highest edition, the last of equals. */
export function inRowOrder(rows: readonly Row[]): readonly Row[] {
  const sorted = rows.toSorted((a, b) =>
    a.documentId === b.documentId ? a.edition - b.edition : a.documentId < b.documentId ? -1 : 1,
  );
  return sorted.filter((row, i) => row.documentId !== sorted[i + 1]?.documentId);
}

/**
 * Merges rows in the transaction that `client` is in. When the database refuses a statement for what a row says, halves are tried until
 * each such row is found; they become refusals and the others are written. Any other error leaves the transaction to be
 * rolled back by the caller, thrown in our families.
 */
export async function writeRows(
  client: pg.ClientBase,
  sql: string,
  encoder: RowEncoder,
  rows: readonly Row[],
  context: WriteContext,
  signal?: AbortSignal,
): Promise<WriteResult> {
  let written = 0;
  const refused: Refusal[] = [];
  const insert = async (part: readonly Row[]): Promise<void> => {
    for (let from = 0; from < part.length; ) {
      signal?.throwIfAborted();
      const chunk = encoder.encode(part, from, context);
      from = chunk.next;
      refused.push(...chunk.refused);
      if (chunk.rows.length === 0) continue;
      await client.query(savepoint);
      let count: number | null;
      try {
        count = (await client.query(sql, [...chunk.params])).rowCount;
      } catch (error) {
        if (!isRowError(error)) throw error;
        await client.query(rollback);
        await halve(chunk.rows, error);
        continue;
      }
      await client.query(release);
      written += count ?? 0;
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
