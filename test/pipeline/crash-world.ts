import { expect } from 'vitest';
import type { Dovecot } from '../support/dovecot.ts';
import type { Postgres } from '../support/postgres.ts';
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
