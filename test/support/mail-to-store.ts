import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Dovecot, startDovecot } from './dovecot.ts';
import { type Postgres, startPostgres } from './postgres.ts';

/** Servers of a test file, there once its tests run. */
interface Servers {
  readonly dovecot: Dovecot;
  readonly postgres: Postgres;
  /** What is closed after each test, the last one first. */
  readonly closing: (() => Promise<unknown> | unknown)[];
}

/** A mail server, without TLS unless asked for, and a PostgreSQL for all tests of the file that calls this. */
export function mailToStore({ tls = false } = {}): Servers {
  let dovecot: Dovecot | undefined;
  let postgres: Postgres | undefined;
  const closing: Servers['closing'] = [];
  const started = <T>(server: T | undefined): T => {
    if (!server) throw new Error('servers are there once tests run');
    return server;
  };
  beforeAll(async () => {
    [dovecot, postgres] = await Promise.all([startDovecot({ tls }), startPostgres()]);
  });
  afterAll(async () => {
    await dovecot?.stop();
    await postgres?.stop();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  return {
    closing,
    get dovecot() {
      return started(dovecot);
    },
    get postgres() {
      return started(postgres);
    },
  };
}
