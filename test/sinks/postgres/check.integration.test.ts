import type pg from 'pg';
import { describe, expect, test } from 'vitest';
import { type FieldType, messageTypes, storedFields } from '../../../src/message/fields.ts';
import type { PostgresSink } from '../../../src/sinks/postgres/postgres-sink.ts';
import { asMailmillError } from '../../../src/telemetry/errors.ts';
import { context, progress, row, signal } from '../exact-contract.ts';
import { sinkWorld } from './sink-world.ts';

const types = new Map<string, FieldType>([
  ['subject', 'string'],
  ['size', 'int'],
]);

const world = sinkWorld();
const { client } = world;
const sinkOn = (
  uri: string,
  more: { schema?: string; table?: string } = {},
  known: ReadonlyMap<string, FieldType> = types,
) => world.sinkOn(uri, known, more);

/** A login without any right on the schema public, which is what PostgreSQL 15 and later give. */
async function withRole(uri: string, role: string): Promise<{ uri: string; sql: pg.Client }> {
  const sql = await client(uri);
  await sql.query(`CREATE ROLE ${role} LOGIN PASSWORD 'x'`);
  return { uri: uri.replace('postgres:secret', `${role}:x`), sql };
}

async function failure(opened: PostgresSink | (() => PostgresSink)) {
  try {
    const sink = typeof opened === 'function' ? opened() : opened;
    await sink.check(signal);
    return { code: 'passed', family: '', message: '' };
  } catch (error) {
    const { code, family, message } = asMailmillError(error);
    return { code, family, message };
  }
}

describe('check', () => {
  test('makes a table for every field of a message, and finds it right afterwards', async () => {
    const uri = await world.server.createDatabase();
    await sinkOn(uri, {}, messageTypes).check(signal);
    await sinkOn(uri, {}, messageTypes).check(signal);
    const sql = await client(uri);
    const { rows } = await sql.query(
      "SELECT count(*)::int AS n FROM information_schema.columns WHERE table_name = 'emails'",
    );
    expect(rows).toEqual([{ n: storedFields(messageTypes).length + 6 }]);
  });

  test('quotes names that are words of SQL', async () => {
    const uri = await world.server.createDatabase();
    const sql = await client(uri);
    await sql.query('CREATE SCHEMA "select"');
    const sink = sinkOn(uri, { schema: 'select', table: 'table' });
    await sink.check(signal);
    expect((await sink.commit([row(1, 'a')], [progress(1, 1)], context, signal)).written).toBe(1);
  });

  test('four workers that start at once all pass', async () => {
    for (let round = 0; round < 5; round++) {
      const uri = await world.server.createDatabase();
      const sinks = [1, 2, 3, 4].map(() => sinkOn(uri));
      expect(await Promise.all(sinks.map((sink) => failure(sink)))).toEqual(
        sinks.map(() => ({ code: 'passed', family: '', message: '' })),
      );
    }
  });

  test('names each difference of a table and the statement that mends it, and the statement does', async () => {
    const uri = await world.server.createDatabase();
    const sql = await client(uri);
    await sinkOn(uri).check(signal);
    await sql.query(
      'ALTER TABLE emails DROP subject, ALTER size TYPE text, ALTER extra TYPE text, ADD tenant text NOT NULL, DROP CONSTRAINT emails_pkey',
    );
    const found = await failure(sinkOn(uri));
    expect(found).toEqual({
      code: 'SINK_TABLE_MISMATCH',
      family: 'Stalled',
      message:
        'the table public.emails does not fit the pipeline: column subject is missing; column size has type text but the pipeline needs bigint; ' +
        'column extra has type text but the pipeline needs jsonb; column tenant is NOT NULL without a default and the pipeline does not write it; ' +
        'no unique index on _mailmill_id; run: ALTER TABLE "public"."emails" ADD COLUMN "subject" text, ' +
        'ALTER COLUMN "size" TYPE bigint USING "size"::bigint, ALTER COLUMN "extra" TYPE jsonb USING to_jsonb("extra"), ' +
        'ALTER COLUMN "tenant" DROP NOT NULL, ADD PRIMARY KEY ("_mailmill_id");',
    });
    await sql.query(found.message.slice(found.message.indexOf('run: ') + 5));
    expect((await failure(sinkOn(uri))).code).toBe('passed');
  });

  test.each([
    [
      'a generated column',
      'ALTER TABLE emails DROP size, ADD size bigint GENERATED ALWAYS AS (1) STORED',
      'column size is generated',
    ],
    [
      'a varchar',
      'ALTER TABLE emails ALTER subject TYPE varchar(9)',
      'column subject has type character varying(9) but the pipeline needs text',
    ],
    [
      'a deferrable key',
      'ALTER TABLE emails DROP CONSTRAINT emails_pkey, ADD UNIQUE (_mailmill_id) DEFERRABLE',
      'no unique index on _mailmill_id',
    ],
    [
      'a partial key',
      'ALTER TABLE emails DROP CONSTRAINT emails_pkey; CREATE UNIQUE INDEX ON emails (_mailmill_id) WHERE subject IS NULL',
      'no unique index on _mailmill_id',
    ],
    [
      'a wider key',
      'ALTER TABLE emails DROP CONSTRAINT emails_pkey, ADD PRIMARY KEY (_mailmill_id, _mailmill_edition)',
      'no unique index on _mailmill_id',
    ],
    ['a view in its place', 'DROP TABLE emails; CREATE VIEW emails AS SELECT 1 AS _mailmill_id', 'it is no table'],
    ["somebody else's table", 'DROP TABLE emails; CREATE TABLE emails (id int)', 'it was not made by Mailmill'],
    [
      'a spoilt progress table',
      'ALTER TABLE _mailmill_progress DROP attempt',
      'the table public._mailmill_progress does not fit the pipeline: column attempt is missing',
    ],
  ])('refuses %s', async (_, statement, text) => {
    const uri = await world.server.createDatabase();
    await sinkOn(uri).check(signal);
    await (await client(uri)).query(statement);
    const found = await failure(sinkOn(uri));
    expect(found).toMatchObject({ code: 'SINK_TABLE_MISMATCH', family: 'Stalled' });
    expect(found.message).toContain(text);
  });

  test('names the schema to make, then the GRANTs to run, and they suffice', async () => {
    const admin = await world.server.createDatabase();
    const { uri, sql } = await withRole(admin, 'loader');
    expect(await failure(sinkOn(uri, { schema: 'mail' }))).toEqual({
      code: 'SINK_SCHEMA_MISSING',
      family: 'Stalled',
      message: 'the schema mail does not exist; run: CREATE SCHEMA "mail" AUTHORIZATION "loader";',
    });
    await sql.query('CREATE SCHEMA mail');
    const noCreate = await failure(sinkOn(uri, { schema: 'mail' }));
    expect(noCreate).toEqual({
      code: 'SINK_FORBIDDEN',
      family: 'Stalled',
      message: 'the user of the sink\'s database lacks rights; run: GRANT USAGE, CREATE ON SCHEMA "mail" TO "loader";',
    });
    await sinkOn(admin, { schema: 'mail' }).check(signal);
    const noRights = await failure(sinkOn(uri, { schema: 'mail' }));
    expect(noRights.message).toContain(
      'run: GRANT USAGE ON SCHEMA "mail" TO "loader"; GRANT SELECT, INSERT, UPDATE ON "mail"."emails" TO "loader"; ' +
        'GRANT SELECT, INSERT, UPDATE ON "mail"."_mailmill_progress" TO "loader";',
    );
    await sql.query(noRights.message.slice(noRights.message.indexOf('run: ') + 5));
    const sink = sinkOn(uri, { schema: 'mail' });
    await sink.check(signal);
    expect((await sink.commit([row(1, 'a')], [progress(1, 1)], context, signal)).written).toBe(1);
    await sql.query('REVOKE INSERT ON mail.emails FROM loader');
    await expect(sink.commit([row(2, 'b')], [progress(2, 1)], context, signal)).rejects.toMatchObject({
      code: 'SINK_FORBIDDEN',
    });
    await sql.query('DROP OWNED BY loader; DROP ROLE loader');
  });

  test('refuses an encoding that cannot hold all mail', async () => {
    const sql = await client(world.server.uri);
    await sql.query("CREATE DATABASE narrow ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    expect(await failure(sinkOn(world.server.url('narrow')))).toMatchObject({
      code: 'SINK_ENCODING',
      family: 'Stalled',
    });
  });

  test.each([
    ['a wrong password', () => world.server.uri.replace('secret', 'wrong'), 'SINK_AUTH_REJECTED', 'Stalled'],
    ['no password', () => world.server.uri.replace(':secret', ''), 'SINK_AUTH_REJECTED', 'Stalled'],
    ['a database that does not exist', () => world.server.url('nowhere'), 'SINK_DATABASE_MISSING', 'Stalled'],
    ['a port where nothing listens', () => 'postgresql://u:secret@127.0.0.1:1/x', 'SINK_UNREACHABLE', 'Transient'],
    ['a host that does not exist', () => 'postgresql://u:secret@db.invalid/x', 'SINK_UNREACHABLE', 'Transient'],
    ['a URI that cannot be parsed', () => 'postgresql://u:se cret@[x', 'SINK_URI_INVALID', 'Stalled'],
    ['a URI of something else', () => 'mysql://u:secret@127.0.0.1/x', 'SINK_URI_INVALID', 'Stalled'],
    ['a server without TLS', () => `${world.server.uri}?sslmode=verify-full`, 'SINK_TLS_UNSUPPORTED', 'Stalled'],
    [
      'a CA file that is not there',
      () => `${world.server.uri}?sslmode=verify-full&sslrootcert=/nowhere`,
      'SINK_TLS_SETTINGS',
      'Stalled',
    ],
  ])('says of %s what it is, without the password', async (_, uri, code, family) => {
    const found = await failure(() => sinkOn(uri()));
    expect(found).toMatchObject({ code, family });
    expect(found.message).not.toMatch(/secret|wrong|se cret/);
  });

  test('reads a URI that ends in a line break', async () => {
    expect((await failure(sinkOn(`${await world.server.createDatabase()}\n`))).code).toBe('passed');
  });

  test('refuses its own book-keeping as a table', () => {
    expect(() => sinkOn(world.server.uri, { table: '_mailmill_progress' })).toThrow(
      expect.objectContaining({ code: 'SINK_TABLE_RESERVED' }),
    );
  });
});
