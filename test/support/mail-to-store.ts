import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Dovecot, type DovecotOptions, startDovecot } from './dovecot.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { type PodFiles, type PodOptions, podFiles } from './worker.ts';

/** Servers of a test file, there once its tests run. */
interface Servers {
  readonly dovecot: Dovecot;
  readonly postgres: Postgres;
  /** What is closed after each test, the last one first. */
  readonly closing: (() => Promise<unknown> | unknown)[];
  /** A pod for one test: its workers are killed and its files removed behind it. */
  pod(options: PodOptions): PodFiles;
}

/** A mail server, without TLS unless asked for, and a PostgreSQL for all tests of the file that calls this. */
export function mailToStore(options: DovecotOptions = {}): Servers {
  let dovecot: Dovecot | undefined;
  let postgres: Postgres | undefined;
  const closing: Servers['closing'] = [];
  const started = <T>(server: T | undefined): T => {
    if (!server) throw new Error('servers are there once tests run');
    return server;
  };
  beforeAll(async () => {
    [dovecot, postgres] = await Promise.all([startDovecot({ tls: false, ...options }), startPostgres()]);
  });
  afterAll(async () => {
    await dovecot?.stop();
    await postgres?.stop();
  });
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });
  const pod: Servers['pod'] = (files) => {
    const made = podFiles(files);
    closing.push(() => made.remove());
    return {
      ...made,
      start: async (...how) => {
        const worker = await made.start(...how);
        closing.push(async () => {
          worker.kill('SIGKILL');
          await worker.exited;
        });
        return worker;
      },
    };
  };
  return {
    closing,
    pod,
    get dovecot() {
      return started(dovecot);
    },
    get postgres() {
      return started(postgres);
    },
  };
}
