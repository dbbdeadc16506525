import type pg from 'pg';
import { type MailmillError, stalled, transient } from '../../telemetry/errors.ts';
import { progressTable, qualified, quoted, type RequiredColumn, type TableName } from './statements.ts';

/** What the server says about itself, the schema and the user's rights on it. */
export interface ServerFacts {
  /** As `server_version_num`: 180001 is 18.1. */
  readonly version: number;
  readonly encoding: string;
  readonly standby: boolean;
  readonly role: string;
  readonly schemaExists: boolean;
  readonly mayUse: boolean;
  readonly mayCreate: boolean;
  /** Whether the server can compress long values by lz4. */
  readonly lz4: boolean;
}

export interface ActualColumn {
  readonly name: string;
  /** As `format_type` spells it. */
  readonly type: string;
  readonly notNull: boolean;
  /** Gets a value without being named: a default, an identity, or generated. */
  readonly filled: boolean;
  readonly generated: boolean;
}

/** A relation as it is. */
export interface RelationFacts {
  /** `relkind` of pg_class: r table, p partitioned table, v view … */
  readonly kind: string;
  readonly columns: readonly ActualColumn[];
  /** Columns of each unique index that ON CONFLICT can use. */
  readonly uniqueKeys: readonly (readonly string[])[];
  readonly hasPrimaryKey: boolean;
  /** Rights that the user lacks, of SELECT, INSERT and UPDATE. */
  readonly missingRights: readonly string[];
}

export async function readServer(client: pg.ClientBase, schema: string): Promise<ServerFacts> {
  const result = await client.query<ServerFacts>(
    `SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
       pg_is_in_recovery() AS standby, current_user AS role, n.oid IS NOT NULL AS "schemaExists",
       coalesce(has_schema_privilege(n.oid, 'USAGE'), false) AS "mayUse",
       coalesce(has_schema_privilege(n.oid, 'CREATE'), false) AS "mayCreate",
       EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) AS lz4
     FROM (VALUES (1)) AS one LEFT JOIN pg_namespace n ON n.nspname = $1`,
    [schema],
  );
  return result.rows[0] as ServerFacts; // one row always
}

export async function readRelation(client: pg.ClientBase, name: TableName): Promise<RelationFacts | undefined> {
  const result = await client.query<RelationFacts>(
    `SELECT c.relkind AS kind,
       (SELECT coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
            'filled', a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '', 'generated', a.attgenerated <> '' OR a.attidentity = 'a') ORDER BY a.attnum), '[]')
          FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
       (SELECT coalesce(json_agg((SELECT json_agg(a.attname ORDER BY a.attname) FROM pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum = ANY (i.indkey))), '[]')
          FROM pg_index i WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indimmediate
            AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts) AS "uniqueKeys",
       EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary) AS "hasPrimaryKey",
       ARRAY(SELECT r FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS r WHERE NOT has_table_privilege(c.oid, r)) AS "missingRights"
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = $1 AND c.relname = $2`,
    [name.schema, name.table],
  );
  return result.rows[0];
}

/** Why this server cannot hold a sink table, if so. Pure. */
export function serverProblem(server: ServerFacts, schema: string): MailmillError | undefined {
  if (server.version < 140_000)
    return stalled(
      'SINK_SERVER_TOO_OLD',
      `the sink's database is PostgreSQL ${Math.floor(server.version / 10_000)}; version 14 or later is needed`,
    );
  if (server.encoding !== 'UTF8')
    return stalled(
      'SINK_ENCODING',
      `the sink's database has the encoding ${server.encoding}, which cannot hold all mail; create one with ENCODING 'UTF8'`,
    );
  if (server.standby)
    return transient(
      'SINK_READ_ONLY',
      "the sink's database is a standby and read-only; point the URI in its Secret at the primary",
    );
  if (!server.schemaExists)
    return stalled(
      'SINK_SCHEMA_MISSING',
      `the schema ${schema} does not exist; run: CREATE SCHEMA ${quoted(schema)} AUTHORIZATION ${quoted(server.role)};`,
    );
  return undefined;
}

/** Which rights the user lacks to write to these tables, with the GRANTs to run. A table that is undefined has to be made. Pure. */
export function rightsProblem(
  server: ServerFacts,
  schema: string,
  tables: readonly { readonly name: TableName; readonly relation: RelationFacts | undefined }[],
): MailmillError | undefined {
  const needsCreate = tables.some(({ relation }) => relation === undefined);
  const onSchema = [...(server.mayUse ? [] : ['USAGE']), ...(needsCreate && !server.mayCreate ? ['CREATE'] : [])];
  const grants = onSchema.length > 0 ? [`GRANT ${onSchema.join(', ')} ON SCHEMA ${quoted(schema)}`] : [];
  for (const { name, relation } of tables)
    if (relation && relation.missingRights.length > 0)
      grants.push(`GRANT ${relation.missingRights.join(', ')} ON ${qualified(name)}`);
  if (grants.length === 0) return undefined;
  const run = grants.map((grant) => `${grant} TO ${quoted(server.role)};`).join(' ');
  return stalled('SINK_FORBIDDEN', `the user of the sink's database lacks rights; run: ${run}`);
}

/** Differences spelled out; the ALTER TABLE that follows them has all. */
const shownDifferences = 12;

/** How a table differs from what the pipeline needs, column by column, with the statement that mends it. Pure. */
export function tableProblem(
  name: TableName,
  required: readonly RequiredColumn[],
  key: readonly string[],
  relation: RelationFacts,
): MailmillError | undefined {
  const mismatch = (text: string) =>
    stalled('SINK_TABLE_MISMATCH', `the table ${name.schema}.${name.table} does not fit the pipeline: ${text}`);
  if (relation.kind !== 'r' && relation.kind !== 'p')
    return mismatch('it is no table (but a view, a foreign table or an index); name another table in the sink');
  const actual = new Map(relation.columns.map((column) => [column.name, column]));
  if (key.some((column) => !actual.has(column)))
    return mismatch(
      name.table === progressTable
        ? 'it was not made by Mailmill; rename it, and it is made anew'
        : 'it was not made by Mailmill; name another table in the sink, or rename this one, and it is made anew',
    );
  const differences: string[] = [];
  const actions: string[] = [];
  for (const { name: column, sqlType, suffix } of required) {
    const found = actual.get(column);
    const q = quoted(column);
    if (found === undefined) {
      differences.push(`column ${column} is missing`);
      actions.push(`ADD COLUMN ${q} ${sqlType}${suffix === '' ? '' : ` ${suffix}`}`);
    } else if (found.type !== sqlType) {
      differences.push(`column ${column} has type ${found.type} but the pipeline needs ${sqlType}`);
      const using = sqlType === 'jsonb' ? `to_jsonb(${q})` : `${q}::${sqlType}`;
      actions.push(`ALTER COLUMN ${q} TYPE ${sqlType} USING ${using}`);
    } else if (found.generated) {
      differences.push(`column ${column} is generated but the pipeline writes it`);
      actions.push(`ALTER COLUMN ${q} DROP EXPRESSION`);
    }
  }
  const names = new Set(required.map((column) => column.name));
  for (const column of relation.columns)
    if (!names.has(column.name) && column.notNull && !column.filled) {
      differences.push(`column ${column.name} is NOT NULL without a default and the pipeline does not write it`);
      actions.push(`ALTER COLUMN ${quoted(column.name)} DROP NOT NULL`);
    }
  const keyText = key.toSorted().join();
  if (!relation.uniqueKeys.some((columns) => columns.toSorted().join() === keyText)) {
    differences.push(`no unique index on ${key.join(', ')}`);
    actions.push(`ADD ${relation.hasPrimaryKey ? 'UNIQUE' : 'PRIMARY KEY'} (${key.map(quoted).join(', ')})`);
  }
  if (differences.length === 0) return undefined;
  const shown = differences.slice(0, shownDifferences).join('; ');
  const more = differences.length - shownDifferences;
  return mismatch(
    `${shown}${more > 0 ? `; and ${more} more` : ''}; run: ALTER TABLE ${qualified(name)} ${actions.join(', ')};`,
  );
}
