import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { openStore, type Store } from './fixture.ts';

/** A PostgreSQL for all tests of the file that calls this, and a store of its own for each of them, which `use` is given before it begins. */
export function eachTestHasStore(use: (store: Store) => void): { readonly postgres: Postgres } {
  let postgres: Postgres | undefined;
  let store: Store | undefined;
  const started = (): Postgres => {
    if (!postgres) throw new Error('PostgreSQL is there once tests run');
    return postgres;
  };
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await postgres?.stop();
  });
  beforeEach(async () => {
    store = await openStore(started());
    use(store);
  });
  afterEach(async () => {
    await store?.database.close();
  });
  return {
    get postgres() {
      return started();
    },
  };
}
