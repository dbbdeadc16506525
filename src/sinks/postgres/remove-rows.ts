import type pg from 'pg';
import { sinkError } from './errors.ts';
import { qualified, type TableName } from './statements.ts';

/** Deletes rows by id, in the order in which every writer locks them, unless they have a newer edition. Returns how many there were. */
export async function removeRows(
  client: pg.ClientBase,
  table: TableName,
  ids: readonly string[],
  edition: number,
): Promise<number> {
  try {
    const result = await client.query(
      `DELETE FROM ${qualified(table)} WHERE _mailmill_id IN (
         SELECT _mailmill_id FROM ${qualified(table)} WHERE _mailmill_id = ANY($1::uuid[]) AND _mailmill_edition <= $2 ORDER BY _mailmill_id FOR UPDATE)`,
      [ids, edition],
    );
    return result.rowCount ?? 0;
  } catch (error) {
    throw sinkError(error);
  }
}
