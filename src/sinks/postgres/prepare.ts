import type pg from 'pg';
import type { TableColumns } from './columns.ts';
import {
  createProgressTable,
  createTable,
  progressColumns,
  progressKeyColumns,
  progressTable,
  requiredColumns,
  type TableName,
} from './statements.ts';
import { readRelation, readServer, rightsProblem, serverProblem, tableProblem } from './table-check.ts';

/** SQLSTATEs that say: somebody else is making the same table at this moment. */
export const raceStates: ReadonlySet<string> = new Set(['23505', '42P07', '42710']);

/**
 * Checks server, rights and tables, and makes the tables that do not exist, in the transaction that `client` is in.
 *
 * @throws Stalled with what to run or correct, as `PostgresSink.check` says; errors of the driver as they are.
 */
export async function prepareTables(client: pg.ClientBase, name: TableName, columns: TableColumns): Promise<void> {
  const { schema } = name;
  const progress: TableName = { schema, table: progressTable };
  const server = await readServer(client, schema);
  const unusable = serverProblem(server, schema);
  if (unusable) throw unusable;
  const table = await readRelation(client, name);
  const recorded = await readRelation(client, progress);
  const problem =
    (table && tableProblem(name, requiredColumns(columns), ['_mailmill_id'], table)) ??
    (recorded && tableProblem(progress, progressColumns, progressKeyColumns, recorded)) ??
    rightsProblem(server, schema, [
      { name, relation: table },
      { name: progress, relation: recorded },
    ]);
  if (problem) throw problem;
  if (!table) await client.query(createTable(name, columns, server.lz4));
  if (!recorded) await client.query(createProgressTable(schema));
}
