import type { PostgresSpec } from '../../api/kinds/postgres.ts';
import { columnName } from '../../message/column-name.ts';
import { type FieldType, storedFields } from '../../message/fields.ts';
import { stalled } from '../../telemetry/errors.ts';
import type { ColumnTypes } from '../sink.ts';

/** A column's type as `format_type` of PostgreSQL spells it. */
export type SqlType =
  | 'uuid'
  | 'integer'
  | 'bigint'
  | 'double precision'
  | 'boolean'
  | 'timestamp with time zone'
  | 'text'
  | 'text[]'
  | 'jsonb';

/** A column that holds a document field. */
export interface Column {
  readonly field: string;
  readonly name: string;
  readonly type: FieldType;
  readonly sqlType: SqlType;
}

/** Columns of a sink table beside those that every one has. */
export interface TableColumns {
  readonly columns: readonly Column[];
  /** Whether the table has `extra jsonb` for fields that the revision does not know by type. */
  readonly extra: boolean;
}

/** Columns of every sink table, in this order: the key, then what made the row. */
export const systemColumns: readonly { readonly name: string; readonly sqlType: SqlType; readonly suffix: string }[] = [
  { name: '_mailmill_id', sqlType: 'uuid', suffix: 'PRIMARY KEY' },
  { name: '_mailmill_edition', sqlType: 'integer', suffix: 'NOT NULL' },
  { name: '_mailmill_revision', sqlType: 'text', suffix: 'NOT NULL' },
  { name: '_mailmill_source', sqlType: 'text', suffix: 'NOT NULL' },
  { name: '_mailmill_committed_at', sqlType: 'timestamp with time zone', suffix: 'NOT NULL DEFAULT now()' },
];

const sqlTypes: Readonly<Record<FieldType, SqlType>> = {
  string: 'text',
  int: 'bigint',
  double: 'double precision',
  bool: 'boolean',
  timestamp: 'timestamp with time zone',
  address: 'jsonb',
  'list<string>': 'text[]',
  'list<address>': 'jsonb',
  'list<attachment>': 'jsonb',
  'list<link>': 'jsonb',
  'list<header>': 'jsonb',
  headers: 'jsonb',
  mailingList: 'jsonb',
  report: 'jsonb',
  authentication: 'jsonb',
  dyn: 'jsonb',
};

/**
 * Columns of the table of a sink: one a field, in the order of `types` less what is stored on demand only (or of `columns`,
 * where the spec has it). Pure; loads no
 * driver, so that compiling a spec can call it.
 *
 * Without `columns` the table also has `extra jsonb`; with `columns` the fields it leaves out are not stored anywhere.
 *
 * @throws Stalled `SINK_COLUMN_UNKNOWN` for a column that no field has, `SINK_COLUMN_CLASH` where two columns would have one name.
 */
export function columnsOf(spec: Pick<PostgresSpec, 'columns'>, types: ColumnTypes): TableColumns {
  const columns = (spec.columns ?? storedFields(types)).map((field): Column => {
    const type = types.get(field);
    if (type === undefined)
      throw stalled(
        'SINK_COLUMN_UNKNOWN',
        `columns names the field ${field}, which no document has here; remove it, or add it in a set step`,
      );
    return { field, name: columnName(field), type, sqlType: sqlTypes[type] };
  });
  const extra = spec.columns === undefined;
  const taken = new Map(systemColumns.map(({ name }) => [name, 'every sink table']));
  if (extra) taken.set('extra', 'every sink table without `columns`');
  for (const { field, name } of columns) {
    const other = taken.get(name);
    if (other !== undefined)
      throw stalled(
        'SINK_COLUMN_CLASH',
        `the field ${field} would become the column ${name}, which ${other} has already; rename the field, or leave it out with unset`,
      );
    taken.set(name, `the field ${field}`);
  }
  return { columns, extra };
}
