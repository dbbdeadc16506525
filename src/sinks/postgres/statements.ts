import pg from 'pg';
import { type SqlType, systemColumns, type TableColumns } from './columns.ts';
import { insertColumns } from './encode.ts';

/** A table by its parts. */
export interface TableName {
  readonly schema: string;
  readonly table: string;
}

export const quoted = (name: string): string => pg.escapeIdentifier(name);
export const qualified = ({ schema, table }: TableName): string => `${quoted(schema)}.${quoted(table)}`;

/** A column as the table must have it; `suffix` is what CREATE TABLE says beyond its type. */
export interface RequiredColumn {
  readonly name: string;
  readonly sqlType: SqlType;
  readonly suffix: string;
}

/** Every column of a sink table, in the order of CREATE TABLE. */
export function requiredColumns(table: TableColumns): readonly RequiredColumn[] {
  const own = table.columns.map(({ name, sqlType }) => ({ name, sqlType, suffix: '' }));
  const extra: RequiredColumn[] = table.extra ? [{ name: 'extra', sqlType: 'jsonb', suffix: '' }] : [];
  return [...systemColumns, ...own, ...extra];
}

export const progressTable = '_mailmill_progress';

/** Columns of the progress table; the first seven are its key. */
export const progressColumns: readonly RequiredColumn[] = [
  { name: 'namespace', sqlType: 'text', suffix: 'NOT NULL' },
  { name: 'pipeline', sqlType: 'text', suffix: 'NOT NULL' },
  { name: 'sink', sqlType: 'text', suffix: 'NOT NULL' },
  { name: 'source', sqlType: 'text', suffix: 'NOT NULL' },
  { name: 'account', sqlType: 'text', suffix: 'NOT NULL' },
  { name: 'folder', sqlType: 'text', suffix: 'NOT NULL' },
  { name: 'epoch', sqlType: 'bigint', suffix: 'NOT NULL' },
  { name: 'version', sqlType: 'bigint', suffix: 'NOT NULL' },
  { name: 'token', sqlType: 'bigint', suffix: 'NOT NULL' },
  // Names one commit, so that an unknown outcome of COMMIT can be told from an earlier commit of the same version.
  { name: 'attempt', sqlType: 'uuid', suffix: 'NOT NULL' },
  { name: 'written_at', sqlType: 'timestamp with time zone', suffix: 'NOT NULL DEFAULT now()' },
];

export const progressKeyColumns = progressColumns.slice(0, 7).map(({ name }) => name);

const definition = ({ name, sqlType, suffix }: RequiredColumn) =>
  `${quoted(name)} ${sqlType}${suffix === '' ? '' : ` ${suffix}`}`;

/** Columns whose values can be long: those of fields. */
const compressible = ({ name, sqlType }: RequiredColumn) =>
  !name.startsWith('_mailmill_') && (sqlType === 'text' || sqlType === 'jsonb' || sqlType === 'text[]');

/**
 * Statements that make a sink table. Long values are compressed by lz4 where the server has it. Where it has only pglz they are kept
 * uncompressed: pglz takes as long as all the rest of an INSERT of mail and saves a third of the space.
 */
export function createTable(name: TableName, table: TableColumns, lz4: boolean): string {
  const columns = requiredColumns(table);
  const lines = columns.map((column) =>
    lz4 && compressible(column)
      ? definition(column).replace(` ${column.sqlType}`, ` ${column.sqlType} COMPRESSION lz4`)
      : definition(column),
  );
  const create = `CREATE TABLE ${qualified(name)} (\n  ${lines.join(',\n  ')}\n)`;
  const external = columns.filter(compressible).map((column) => `ALTER ${quoted(column.name)} SET STORAGE EXTERNAL`);
  if (lz4 || external.length === 0) return create;
  return `${create};\nALTER TABLE ${qualified(name)} ${external.join(', ')}`;
}

/** The statement that makes the progress table; half-empty pages keep its updates off the index. */
export function createProgressTable(schema: string): string {
  const key = progressKeyColumns.map(quoted).join(', ');
  return `CREATE TABLE ${qualified({ schema, table: progressTable })} (\n  ${progressColumns.map(definition).join(',\n  ')},\n  PRIMARY KEY (${key})\n) WITH (fillfactor = 50)`;
}

/**
 * The bulk upsert: one array parameter a column. `unnest` returns elements in their order, and the caller sorts them by id, so two
 * writers take row locks in one order; an ORDER BY would say the same at a tenth of the speed.
 */
export function upsert(name: TableName, table: TableColumns): string {
  const columns = insertColumns(table);
  const names = columns.map((column) => quoted(column.name));
  const selected = columns.map(({ sqlType, element }, i) =>
    sqlType === element ? names[i] : `${names[i]}::${sqlType}`,
  );
  const params = columns.map(({ element }, i) => `$${i + 1}::${element}[]`);
  const updates = names.slice(1).map((column) => `${column} = excluded.${column}`);
  return `INSERT INTO ${qualified(name)} AS t (${names.join(', ')})
SELECT ${selected.join(', ')} FROM unnest(${params.join(', ')}) AS r (${names.join(', ')})
ON CONFLICT (_mailmill_id) DO UPDATE SET ${updates.join(', ')}, _mailmill_committed_at = excluded._mailmill_committed_at
WHERE t._mailmill_edition <= excluded._mailmill_edition`;
}

/**
 * The bulk load, for rows that are new: a row that is there already fails all of it. COPY itself would double rows in a table that has
 * lost its key; planning a merge before it says so, and holds off whoever wants to drop the key meanwhile.
 */
export function copyRows(name: TableName, table: TableColumns): string {
  const names = insertColumns(table).map((column) => quoted(column.name));
  const key = names[0];
  return `EXPLAIN INSERT INTO ${qualified(name)} (${key}) VALUES (NULL) ON CONFLICT (${key}) DO NOTHING;
COPY ${qualified(name)} (${names.join(', ')}) FROM STDIN (FORMAT binary)`;
}
