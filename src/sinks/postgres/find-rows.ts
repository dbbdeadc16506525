import type { PostgresSpec } from '../../api/kinds/postgres.ts';
import { columnName } from '../../message/column-name.ts';
import { MailmillError } from '../../telemetry/errors.ts';
import { begin, openPool, withConnection } from './connection.ts';
import { qualified, quoted } from './statements.ts';

/** Rows that are told at most. */
const mostRows = 50;

/** The table is not there, or has no such column: it has no such row. */
const nothingThere = (error: unknown): boolean =>
  error instanceof MailmillError && ['SINK_TABLE_MISSING', 'SINK_TABLE_MISMATCH'].includes(error.code);

/**
 * `_mailmill_id` of the rows whose Message-ID is this one, where the table has it; at most 50. It may take a minute: such a table has no index on
 * it. Throws `SINK_*`.
 */
export async function findRows(
  { table, schema = 'public', columns }: Pick<PostgresSpec, 'table' | 'schema' | 'columns'>,
  uri: string,
  messageId: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (columns && !columns.includes('messageId')) return [];
  const pool = openPool(uri, 1);
  try {
    return await withConnection(pool, signal, async ({ client }) => {
      await client.query(begin);
      const { rows } = await client.query<{ id: string }>(
        `SELECT _mailmill_id AS id FROM ${qualified({ schema, table })} WHERE ${quoted(columnName('messageId'))} = $1 LIMIT ${mostRows}`,
        [messageId],
      );
      await client.query('ROLLBACK');
      return rows.map(({ id }) => id);
    });
  } catch (error) {
    if (nothingThere(error)) return [];
    throw error;
  } finally {
    await pool.end();
  }
}
