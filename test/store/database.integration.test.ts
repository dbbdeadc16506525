import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../src/store/database.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';

let postgres: Postgres;
let cut: AbortController;
let database: Database;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});
beforeEach(() => {
  cut = new AbortController();
  database = new Database({ uri: postgres.uri, max: 2, applicationName: 'test', cut: cut.signal });
});
afterEach(async () => {
  await database.close();
});

test('a transaction in which a statement failed unnoticed is no commit', async () => {
  const commit = database.transaction(async (client) => {
    await client.query('SELECT 1/0').catch(() => undefined);
  });
  await expect(commit).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
});

describe('a server that has stopped', () => {
  beforeEach(async () => {
    await database.query('SELECT 1');
    postgres.pause();
  });
  afterEach(() => postgres.resume());

  test('is left at once when the worker has to end', async () => {
    const query = database.query('SELECT 1');
    const transaction = database.transaction((client) => client.query('SELECT 1'));
    const results = Promise.allSettled([query, transaction]);
    await eventually(() => database.pool.totalCount === 2);
    cut.abort();
    for (const result of await results)
      expect(result).toMatchObject({ status: 'rejected', reason: { family: 'Transient' } });
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: 'STORE_CUT_OFF' });
  }, 14_000);
});

test('a transaction whose query is not answered in time does not wait for its ROLLBACK as well', async () => {
  const began = performance.now();
  let asked = 0;
  const late = database.transaction(async (client) => {
    postgres.pause();
    const query = { text: 'SELECT 1', query_timeout: 200 };
    asked = performance.now();
    await client.query(query);
  });
  try {
    await expect(late).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    expect(asked).toBeGreaterThan(began);
    expect(performance.now() - asked).toBeLessThan(8_000);
  } finally {
    postgres.resume();
  }
});

test('sessions are called what they are called here, whatever the URI says', async () => {
  const uri = `${await postgres.createDatabase()}?fallback_application_name=other&application_name=app&connect_timeout=10`;
  const database = new Database({ uri, max: 1, applicationName: 'mailmill test' });
  expect(await database.query(`SELECT current_setting('application_name') AS name`)).toEqual([
    { name: 'mailmill test' },
  ]);
  expect(database.pool.options.connectionString).toMatch(/\?connect_timeout=10$/);
  await database.close();
});
