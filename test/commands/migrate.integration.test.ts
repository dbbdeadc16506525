import { Writable } from 'node:stream';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command } from '../../src/commands/migrate.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

test('brings a store up to date, and comes back while a table is in use', async () => {
  const uri = await postgres.createDatabase();
  const other = new pg.Client({ connectionString: uri });
  await other.connect();
  let released: Promise<unknown> | undefined;
  const said: string[] = [];
  const hears = (heard: () => void = () => undefined) =>
    new Writable({
      write: (chunk, _, done) => {
        said.push(String(chunk));
        heard();
        done();
      },
    });
  const stderr = hears(() => {
    released ??= other.query('COMMIT');
  });
  const io = { stdout: hears(), stderr, env: {}, signal: new AbortController().signal };
  const migrate = () => command.run(['--store', uri], io);
  try {
    expect(await migrate()).toBe(0);
    await other.query('ALTER TABLE mailmill.kept_message DROP COLUMN flags');
    await other.query('DELETE FROM mailmill.migration WHERE version = 12');
    await other.query('BEGIN');
    await other.query('SELECT FROM mailmill.kept_message');
    expect(await migrate()).toBe(0);
    expect(await migrate()).toBe(0);
    expect(said).toEqual([
      expect.stringMatching(/^\d+ migrations applied\n$/),
      'a table of the store is in use; nothing was changed, trying again (1 of 24)\n',
      '1 migrations applied\n',
      'the store is up to date\n',
    ]);
  } finally {
    await released;
    await other.end();
  }
});
