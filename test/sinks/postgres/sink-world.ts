import pg from 'pg';
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { FieldType } from '../../../src/message/fields.ts';
import { PostgresSink } from '../../../src/sinks/postgres/postgres-sink.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { signal } from '../exact-contract.ts';

/** The sink of these tests: one table. */
export const spec = { secretRef: { name: 'analytics-db', key: 'uri' }, table: 'emails' };
export const subjectOnly = new Map<string, FieldType>([['subject', 'string']]);

/** A PostgreSQL for all tests of the file that calls this; sinks and clients are closed after each of them. */
export function sinkWorld() {
  let server: Postgres | undefined;
  const open: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server?.stop());
  afterEach(async () => {
    for (const each of open.splice(0).toReversed()) await each.close();
  });
  const started = (): Postgres => {
    if (!server) throw new Error('the server is there once tests run');
    return server;
  };

  const sinkOn = (
    uri: string,
    types: ReadonlyMap<string, FieldType> = subjectOnly,
    more: Partial<typeof spec> & { schema?: string } = {},
  ) => {
    const sink = PostgresSink.open('warehouse', { ...spec, ...more }, types, { uri, resolveDelaysMs: [0, 20, 50] });
    open.push(sink);
    return sink;
  };
  const client = async (uri: string): Promise<pg.Client> => {
    const connected = new pg.Client({ connectionString: uri });
    connected.on('error', () => undefined);
    await connected.connect();
    open.push({ close: () => connected.end() });
    return connected;
  };
  return {
    /** What is closed after each test, the last one first. */
    open,
    get server() {
      return started();
    },
    sinkOn,
    client,
    /** A database with a checked sink on it. */
    ready: async (types?: ReadonlyMap<string, FieldType>) => {
      const uri = await started().createDatabase();
      const sink = sinkOn(uri, types);
      await sink.check(signal);
      return { uri, sink, sql: await client(uri) };
    },
  };
}

/** Subjects by document. */
export async function contents(sql: pg.Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql.query<{ id: string; subject: string }>('SELECT _mailmill_id AS id, subject FROM emails');
  return new Map(rows.map(({ id, subject }) => [id, subject]));
}
