import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { Change, Rehearsal, Row, WriteContext } from '../sink.ts';
import { removeRows } from './remove-rows.ts';
import { qualified, type TableName } from './statements.ts';
import { type TableWriter, writeRows } from './write-rows.ts';

/** Newer than any other. */
const newest = 2 ** 31 - 1;

type Values = Readonly<Record<string, unknown>>;

/** Rows as they stand, by id, without the sink's own columns. */
async function standing(
  client: pg.ClientBase,
  table: TableName,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Values>> {
  const { rows } = await client.query<{ id: string; row: Record<string, unknown> }>(
    `SELECT t._mailmill_id::text AS id, to_jsonb(t) AS row FROM ${qualified(table)} t WHERE t._mailmill_id = ANY($1::uuid[])`,
    [ids],
  );
  return new Map(
    rows.map(({ id, row }) => [
      id,
      Object.fromEntries(Object.entries(row).filter(([column]) => !column.startsWith('_mailmill_'))),
    ]),
  );
}

function changeOf(documentId: string, before: Values | undefined, after: Values | undefined): readonly Change[] {
  if (before === undefined) return after === undefined ? [] : [{ documentId, kind: 'Added', columns: [], after }];
  if (after === undefined) return [{ documentId, kind: 'Removed', columns: [], before }];
  const columns = Object.keys(after).filter((column) => !isDeepStrictEqual(before[column], after[column]));
  return [{ documentId, kind: columns.length === 0 ? 'Unchanged' : 'Changed', columns, before, after }];
}

/**
 * Writes rows and takes others out in the transaction that `client` is in, and tells what that changed. The caller rolls back: what the
 * database itself makes of the rows (types, triggers, constraints) is compared, not what somebody thinks it would.
 */
export async function rehearse(
  client: pg.ClientBase,
  table: TableName,
  writer: TableWriter,
  rows: readonly Row[],
  removed: readonly string[],
  context: WriteContext,
  signal: AbortSignal,
): Promise<Rehearsal> {
  const ids = [...rows.map(({ documentId }) => documentId), ...removed];
  const before = await standing(client, table, ids);
  const { refused } = await writeRows(
    client,
    writer,
    rows.map((row) => ({ ...row, edition: newest })),
    context,
    signal,
  );
  if (removed.length > 0) await removeRows(client, table, removed, newest);
  const after = await standing(client, table, ids);
  const kept = new Set(refused.map(({ documentId }) => documentId));
  const changes = [...new Set(ids)]
    .filter((id) => !kept.has(id))
    .flatMap((id) => changeOf(id, before.get(id), after.get(id)));
  return { changes, refused };
}
