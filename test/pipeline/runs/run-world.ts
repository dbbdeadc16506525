import fs from 'node:fs';
import path from 'node:path';
import type { RunResult } from '../../../src/api/worker-status.ts';
import type { Dovecot } from '../../support/dovecot.ts';
import type { Postgres } from '../../support/postgres.ts';
import { message, type PodFiles, type PodOptions, podFiles, sql, type WorkerProcess } from '../../support/worker.ts';

export type Steps = NonNullable<PodOptions['pipeline']['steps']>;

export interface RunWorldOptions {
  readonly shared?: boolean;
  readonly since?: string;
  /** Connections to the account. */
  readonly connections?: number;
  /** Messages that the account may be made to give in a day. */
  readonly messagesPerDay?: number;
  /** Makes the URI under which workers know the store; default: its own. */
  readonly storeUri?: (uri: string) => Promise<string>;
  /** A webhook beside the table. */
  readonly hook?: string;
}

let users = 0;

/** A mailbox, and pipelines of one name over it that differ in their steps: revisions. `finished` is given what ends it. */
export async function runWorld(
  { dovecot, postgres }: { readonly dovecot: Dovecot; readonly postgres: Postgres },
  finished: (clean: () => Promise<void>) => void,
  options: RunWorldOptions = {},
) {
  const user = `runs${++users}`;
  dovecot.makeFolder(user, 'INBOX');
  const store = await postgres.createDatabase();
  const uri = (await options.storeUri?.(store)) ?? store;
  const sink = options.shared === false ? await postgres.createDatabase() : store;
  const pods: PodFiles[] = [];
  const workers: WorkerProcess[] = [];
  finished(async () => {
    for (const worker of workers) {
      worker.kill('SIGKILL');
      await worker.exited;
    }
    for (const pod of pods) pod.remove();
  });
  const revision = (
    steps: Steps = [],
    columns: readonly string[] = ['messageId', 'subject', 'mark'],
    port = dovecot.port,
  ): PodFiles => {
    const pod = podFiles({
      source: {
        imap: {
          host: dovecot.host,
          port,
          tls: { mode: 'None' },
          auth: { secretRef: { name: 'imap' } },
          limits: {
            ...(options.connections !== undefined && { connectionsPerAccount: options.connections }),
            ...(options.messagesPerDay !== undefined && { messagesPerDay: options.messagesPerDay }),
          },
          ...(options.since !== undefined && { since: options.since }),
        },
      },
      pipeline: {
        source: { name: 'inbox' },
        sinks: [
          {
            name: 'warehouse',
            postgres: { secretRef: { name: 'sink' }, table: 'emails', columns: [...columns] },
          },
          ...(options.hook === undefined ? [] : [{ name: 'hook', webhook: { url: options.hook, allowHttp: true } }]),
        ],
        steps: [{ name: 'base', set: { mark: '"old"' } }, ...steps],
      },
      secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri }, sink: { uri: sink } },
    });
    pods.push(pod);
    return pod;
  };
  /** Starts a worker that ends with the test at the latest. */
  const start = async (pod: PodFiles, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) => {
    const worker = await pod.start(args, env);
    workers.push(worker);
    return worker;
  };
  const ended = async (pod: PodFiles, worker: WorkerProcess) => {
    const code = await worker.exited;
    const file = path.join(pod.dir, 'termination-log');
    const result = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as RunResult) : undefined;
    return { code, result, output: worker.output() };
  };
  return {
    user,
    store,
    sink,
    revision,
    start,
    /** Runs a run to its end; its result as the operator reads it. */
    execute: async (
      pod: PodFiles,
      name: string,
      spec: object,
      env: Readonly<Record<string, string>> = {},
      more: readonly string[] = [],
    ) => {
      const args = ['--once', '--run', name, '--spec-hash', 'h', '--spec', JSON.stringify(spec), ...more];
      return ended(pod, await start(pod, args, env));
    },
    preflight: async (pod: PodFiles, options: object) =>
      ended(pod, await start(pod, ['--preflight', JSON.stringify(options)])),
    rows: () =>
      sql<{ subject: string; mark: string; edition: number }>(
        sink,
        'SELECT subject, mark, _mailmill_edition AS edition FROM emails ORDER BY subject',
      ),
    deliver: (n: number | string, internalDate?: Date) =>
      dovecot.deliver(user, 'INBOX', message(n), internalDate ? { internalDate } : {}),
    /** Takes a message out of the mailbox, by the name that `deliver` gave. */
    expunge: (name: string) => {
      for (const sub of ['new', 'cur']) {
        const dir = path.join(dovecot.mailDir(user, 'INBOX'), sub);
        for (const file of fs.readdirSync(dir)) if (file.startsWith(name)) fs.rmSync(path.join(dir, file));
      }
    },
    /** Lets the heartbeats of killed workers be too old, as they are 15 s later. */
    expireDead: () => sql(store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`),
  };
}
