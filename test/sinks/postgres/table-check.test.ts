import { describe, expect, test } from 'vitest';
import { columnsOf } from '../../../src/sinks/postgres/columns.ts';
import { requiredColumns } from '../../../src/sinks/postgres/statements.ts';
import {
  type ActualColumn,
  type RelationFacts,
  rightsProblem,
  type ServerFacts,
  serverProblem,
  tableProblem,
} from '../../../src/sinks/postgres/table-check.ts';

const name = { schema: 'public', table: 'emails' };
const required = requiredColumns(
  columnsOf({}, new Map([['subject', 'string'] as const, ['from', 'address'] as const])),
);
const column = (columnName: string, type: string, more: Partial<ActualColumn> = {}): ActualColumn => ({
  name: columnName,
  type,
  notNull: false,
  filled: false,
  generated: false,
  ...more,
});
const fitting = required.map(({ name: own, sqlType }) => column(own, sqlType));
const relation = (columns: readonly ActualColumn[], more: Partial<RelationFacts> = {}): RelationFacts => ({
  kind: 'r',
  columns,
  uniqueKeys: [['_mailmill_id']],
  hasPrimaryKey: true,
  missingRights: [],
  ...more,
});
const problem = (facts: RelationFacts) => tableProblem(name, required, ['_mailmill_id'], facts)?.message;

describe('tableProblem', () => {
  test('is content with a table that fits, and with columns that fill themselves', () => {
    const more = [column('note', 'text'), column('at', 'date', { notNull: true, filled: true })];
    expect(problem(relation([...fitting, ...more]))).toBeUndefined();
  });

  test('names every difference and the statement that mends them', () => {
    const columns = [
      ...fitting.filter((c) => c.name !== 'subject' && c.name !== 'from' && c.name !== 'extra'),
      column('from', 'text'),
      column('extra', 'jsonb', { generated: true, filled: true }),
      column('tenant', 'text', { notNull: true }),
    ];
    const found = tableProblem(name, required, ['_mailmill_id'], relation(columns, { uniqueKeys: [['tenant']] }));
    expect(found).toMatchObject({ family: 'Stalled', code: 'SINK_TABLE_MISMATCH' });
    expect(found?.message).toBe(
      'the table public.emails does not fit the pipeline: column subject is missing; column from has type text but the pipeline needs jsonb; ' +
        'column extra is generated but the pipeline writes it; column tenant is NOT NULL without a default and the pipeline does not write it; ' +
        'no unique index on _mailmill_id; run: ALTER TABLE "public"."emails" ADD COLUMN "subject" text, ' +
        'ALTER COLUMN "from" TYPE jsonb USING to_jsonb("from"), ALTER COLUMN "extra" DROP EXPRESSION, ' +
        'ALTER COLUMN "tenant" DROP NOT NULL, ADD UNIQUE ("_mailmill_id");',
    );
  });

  test('asks for a primary key where there is none', () => {
    expect(problem(relation(fitting, { uniqueKeys: [], hasPrimaryKey: false }))).toContain(
      'no unique index on _mailmill_id; run: ALTER TABLE "public"."emails" ADD PRIMARY KEY ("_mailmill_id");',
    );
  });

  test('shortens a long list of differences, never the statement', () => {
    const many = requiredColumns(
      columnsOf({}, new Map(Array.from({ length: 30 }, (_, i) => [`f${i}`, 'string' as const]))),
    );
    const found = tableProblem(name, many, ['_mailmill_id'], relation([column('_mailmill_id', 'uuid')]))?.message;
    expect(found).toContain('; and 23 more; run: ALTER TABLE');
    expect(found).toContain('ADD COLUMN "f29" text');
  });

  test.each([
    ['a view', relation(fitting, { kind: 'v' }), 'it is no table'],
    ["somebody else's table", relation([column('id', 'bigint')]), 'it was not made by Mailmill; name another table'],
  ])('says that it is %s', (_, facts, text) => {
    expect(problem(facts)).toContain(text);
  });
});

const server: ServerFacts = {
  version: 180_000,
  encoding: 'UTF8',
  standby: false,
  role: 'mail"mill',
  schemaExists: true,
  mayUse: true,
  mayCreate: true,
  lz4: true,
};

describe('serverProblem', () => {
  test('is content with a UTF8 primary of version 14', () => {
    expect(serverProblem({ ...server, version: 140_000 }, 's')).toBeUndefined();
  });

  test.each([
    [{ version: 130_014 }, 'Stalled', 'SINK_SERVER_TOO_OLD', 'PostgreSQL 13;'],
    [{ encoding: 'SQL_ASCII' }, 'Stalled', 'SINK_ENCODING', 'SQL_ASCII'],
    [{ standby: true }, 'Transient', 'SINK_READ_ONLY', 'primary'],
    [{ schemaExists: false }, 'Stalled', 'SINK_SCHEMA_MISSING', 'CREATE SCHEMA "s" AUTHORIZATION "mail""mill";'],
  ])('refuses %o', (facts, family, code, text) => {
    const found = serverProblem({ ...server, ...facts }, 's');
    expect(found).toMatchObject({ family, code });
    expect(found?.message).toContain(text);
  });
});

describe('rightsProblem', () => {
  const progress = { schema: 'public', table: '_mailmill_progress' };

  test('asks for CREATE only when a table has to be made', () => {
    const facts = { ...server, mayCreate: false };
    const made = { name, relation: relation(fitting) };
    expect(rightsProblem(facts, 'public', [made])).toBeUndefined();
    expect(rightsProblem(facts, 'public', [made, { name: progress, relation: undefined }])?.message).toBe(
      'the user of the sink\'s database lacks rights; run: GRANT CREATE ON SCHEMA "public" TO "mail""mill";',
    );
  });

  test('names each missing right', () => {
    const found = rightsProblem({ ...server, mayUse: false }, 'public', [
      { name, relation: relation(fitting, { missingRights: ['UPDATE'] }) },
      { name: progress, relation: relation(fitting, { missingRights: ['SELECT', 'INSERT'] }) },
    ]);
    expect(found).toMatchObject({ family: 'Stalled', code: 'SINK_FORBIDDEN' });
    expect(found?.message).toContain(
      'run: GRANT USAGE ON SCHEMA "public" TO "mail""mill"; GRANT UPDATE ON "public"."emails" TO "mail""mill"; ' +
        'GRANT SELECT, INSERT ON "public"."_mailmill_progress" TO "mail""mill";',
    );
  });
});
