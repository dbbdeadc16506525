import { expect } from 'vitest';
import type { Dovecot } from '../support/dovecot.ts';
import type { Postgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { message, type PodFiles, podFiles, rowCount, sql, type WorkerProcess } from '../support/worker.ts';

/** A mailbox, a pipeline whose sink is the store's database or another one, and the worker processes of one test. */
export interface World {
  readonly pod: PodFiles;
  readonly user: string;
  readonly store: string;
  readonly sink: string;
  deliver(subject: number | string): void;
  start(env?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
  /** Lets the heartbeats of killed workers be too old, as they are 15 s later. */
  expireDead(): Promise<void>;
}

export interface Servers {
  readonly dovecot: Dovecot;
  readonly postgres: Postgres;
}

let users = 0;

/** A mailbox with `count` messages of this body, two of them twins. Processes and files go when the test has finished. */
export async function makeWorld(
  { dovecot, postgres }: Servers,
  finished: (clean: () => Promise<void>) => void,
  count: number,
  shared: boolean,
  body?: string,
): Promise<World> {
  const user = `user${++users}`;
  const deliver = (subject: number | string) => void dovecot.deliver(user, 'INBOX', message(subject, body));
  for (let n = 0; n < count - 1; n++) deliver(n);
  deliver(0);
  const store = await postgres.createDatabase();
  const sink = shared ? store : await postgres.createDatabase();
  const pod = podFiles({
    source: {
      imap: { host: dovecot.host, port: dovecot.port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } } },
    },
    pipeline: {
      source: { name: 'inbox' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
    },
    secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store }, sink: { uri: sink } },
  });
  const workers: WorkerProcess[] = [];
  finished(async () => {
    for (const worker of workers) {
      worker.kill('SIGCONT');
      worker.kill('SIGKILL');
      await worker.exited;
    }
    pod.remove();
  });
  return {
    pod,
    user,
    store,
    sink,
    deliver,
    start: async (env) => {
      const worker = await pod.start([], env);
      workers.push(worker);
      return worker;
    },
    expireDead: async () => {
      const found = await sql<{ found: boolean }>(store, `SELECT to_regclass('mailmill.worker') IS NOT NULL AS found`);
      if (found[0]?.found) await sql(store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);
    },
  };
}

/**
 * Stops a worker by SIGSTOP while it is in the middle of a COPY into the sink: the server waits for the rest, in a transaction, and listens
 * to no limit of time. From now on a row costs the server 2 ms, so that a batch that is larger than the network's buffers is sent slowly.
 */
export async function stopInCopy(it: World, worker: WorkerProcess): Promise<void> {
  await sql(
    it.sink,
    `CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.002); RETURN NEW; END';
     CREATE TRIGGER slow BEFORE INSERT ON emails FOR EACH ROW EXECUTE FUNCTION slow()`,
  );
  const copying = async (wait: string) =>
    (
      await sql(
        it.sink,
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE '%COPY %' AND pid <> pg_backend_pid() AND wait_event = '${wait}'`,
      )
    ).length > 0;
  await eventually(() => copying('PgSleep'), 30_000);
  worker.kill('SIGSTOP');
  await eventually(() => copying('ClientRead'), 30_000);
}

/** Every message of the mailbox is one row, the twins two, and the store agrees with the mailbox. */
export async function expectExact(it: World, count: number): Promise<void> {
  expect(await rowCount(it.sink)).toEqual({ rows: count, distinct: count - 1 });
  const report = await it.pod.reconcile();
  expect(report).toMatchObject({
    agrees: true,
    folders: [{ listed: count, recorded: count, missing: 0, unfinished: 0 }],
  });
  const dead = await sql(it.store, 'SELECT code FROM mailmill.dead_letter');
  expect(dead).toEqual([]);
}
