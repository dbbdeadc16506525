import { describe, expect, test } from 'vitest';
import type { FieldType } from '../../../src/message/fields.ts';
import { messageTypes } from '../../../src/message/fields.ts';
import { columnsOf } from '../../../src/sinks/postgres/columns.ts';
import { createProgressTable, createTable, upsert } from '../../../src/sinks/postgres/statements.ts';

const types = (entries: Record<string, FieldType>) => new Map(Object.entries(entries));

describe('columnsOf', () => {
  test('gives each field of a message a column of its own, in order', () => {
    const { columns, extra } = columnsOf({}, messageTypes);
    expect(columns.map(({ name, sqlType }) => `${name} ${sqlType}`)).toEqual([
      'id text',
      'account text',
      'folder text',
      'received_at timestamp with time zone',
      'size bigint',
      'raw_sha256 text',
      'flags text[]',
      'message_id text',
      'in_reply_to text[]',
      'references text[]',
      'subject text',
      'date timestamp with time zone',
      'date_offset bigint',
      'thread_key text',
      'from jsonb',
      'sender jsonb',
      'reply_to jsonb',
      'to jsonb',
      'cc jsonb',
      'bcc jsonb',
      'headers jsonb',
      'list jsonb',
      'text text',
      'html text',
      'attachments jsonb',
      'report jsonb',
      'defects text[]',
    ]);
    expect(extra).toBe(true);
  });

  test('stores what is on demand only where columns name it', () => {
    const { columns } = columnsOf({ columns: ['reply', 'links', 'rawHeaders', 'protection'] }, messageTypes);
    expect(columns.map(({ name, sqlType }) => `${name} ${sqlType}`)).toEqual([
      'reply text',
      'links jsonb',
      'raw_headers jsonb',
      'protection jsonb',
    ]);
  });

  test('gives every type its own column type', () => {
    const all = types({ s: 'string', i: 'int', d: 'double', b: 'bool', t: 'timestamp', x: 'dyn' });
    expect(columnsOf({}, all).columns.map(({ sqlType }) => sqlType)).toEqual([
      'text',
      'bigint',
      'double precision',
      'boolean',
      'timestamp with time zone',
      'jsonb',
    ]);
  });

  test('takes only the named columns, in their order, and stores the other fields nowhere', () => {
    const table = columnsOf({ columns: ['subject', 'id'] }, messageTypes);
    expect(table.columns.map(({ name }) => name)).toEqual(['subject', 'id']);
    expect(table.extra).toBe(false);
  });

  test.each([
    ['an unknown field', { columns: ['subjekt'] }, types({ subject: 'string' }), 'SINK_COLUMN_UNKNOWN'],
    ['two fields of one name', {}, types({ orderId: 'string', order_id: 'string' }), 'SINK_COLUMN_CLASH'],
    ['a field named extra', {}, types({ extra: 'string' }), 'SINK_COLUMN_CLASH'],
    ['a field named as ours', {}, types({ _mailmill_id: 'string' }), 'SINK_COLUMN_CLASH'],
  ])('refuses %s', (_, spec, known, code) => {
    expect(() => columnsOf(spec, known)).toThrow(expect.objectContaining({ code, family: 'Stalled' }));
  });

  test('allows a field named extra where there is no such column', () => {
    expect(columnsOf({ columns: ['extra'] }, types({ extra: 'string' })).columns).toHaveLength(1);
  });
});

describe('statements', () => {
  const table = columnsOf({}, types({ from: 'address', tags: 'list<string>', size: 'int' }));
  const name = { schema: 'we"ird', table: 'emails' };

  test('make a table with quoted names and lz4 where there is lz4', () => {
    expect(createTable(name, table, true)).toBe(`CREATE TABLE "we""ird"."emails" (
  "_mailmill_id" uuid PRIMARY KEY,
  "_mailmill_edition" integer NOT NULL,
  "_mailmill_revision" text NOT NULL,
  "_mailmill_source" text NOT NULL,
  "_mailmill_committed_at" timestamp with time zone NOT NULL DEFAULT now(),
  "from" jsonb COMPRESSION lz4,
  "tags" text[] COMPRESSION lz4,
  "size" bigint,
  "extra" jsonb COMPRESSION lz4
)`);
  });

  test('keep long values uncompressed where there is only pglz', () => {
    expect(createTable(name, table, false)).toContain(
      'ALTER TABLE "we""ird"."emails" ALTER "from" SET STORAGE EXTERNAL, ALTER "tags" SET STORAGE EXTERNAL, ALTER "extra" SET STORAGE EXTERNAL',
    );
  });

  test('change no storage where there is no long value', () => {
    expect(createTable(name, columnsOf({ columns: ['n'] }, types({ n: 'int' })), false)).not.toContain('ALTER');
  });

  test('merge by the id, and only into an edition that is not newer', () => {
    expect(
      upsert(name, table),
    ).toBe(`INSERT INTO "we""ird"."emails" AS t ("_mailmill_id", "_mailmill_edition", "_mailmill_revision", "_mailmill_source", "from", "tags", "size", "extra")
SELECT "_mailmill_id", "_mailmill_edition", "_mailmill_revision", "_mailmill_source", "from", "tags"::text[], "size", "extra" FROM unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::jsonb[], $6::text[], $7::bigint[], $8::jsonb[]) AS r ("_mailmill_id", "_mailmill_edition", "_mailmill_revision", "_mailmill_source", "from", "tags", "size", "extra")
ON CONFLICT (_mailmill_id) DO UPDATE SET "_mailmill_edition" = excluded."_mailmill_edition", "_mailmill_revision" = excluded."_mailmill_revision", "_mailmill_source" = excluded."_mailmill_source", "from" = excluded."from", "tags" = excluded."tags", "size" = excluded."size", "extra" = excluded."extra", _mailmill_committed_at = excluded._mailmill_committed_at
WHERE t._mailmill_edition <= excluded._mailmill_edition`);
  });

  test('key progress by everything that names a folder of a pipeline', () => {
    expect(createProgressTable('s')).toContain(
      'PRIMARY KEY ("namespace", "pipeline", "sink", "source", "account", "folder", "epoch")',
    );
  });
});
