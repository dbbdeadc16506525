import fs from 'node:fs';
import path from 'node:path';
import type { SinkStatus } from '../../../src/api/worker-status.ts';
import type { Postgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { type Receiver, startReceiver } from '../../support/webhook-receiver.ts';
import { message, type PodFiles, type PodOptions, podFiles, sql, type WorkerProcess } from '../../support/worker.ts';

export type Sinks = PodOptions['pipeline']['sinks'];
type Cleanups = (() => Promise<void> | void)[];

/** A Maildir, a store, a pipeline and the receiver that it sends to. */
export interface OutboxWorld {
  readonly receiver: Receiver;
  readonly store: string;
  readonly pod: PodFiles;
  deliver(name: number | string, raw?: Buffer): void;
  start(env?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
}

/** The secret of the example of Standard Webhooks; a token as well. */
export const token = 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export async function outboxWorld(
  postgres: Postgres,
  cleanups: Cleanups,
  sinks: (url: string, receiver: Receiver) => Sinks,
  more: Partial<PodOptions['pipeline']> & { readonly store?: string; readonly receiver?: Receiver } = {},
): Promise<OutboxWorld> {
  const { store: given, receiver: there, ...pipeline } = more;
  const receiver = there ?? (await startReceiver());
  cleanups.push(() => receiver.stop());
  const store = given ?? (await postgres.createDatabase());
  const pod = podFiles({
    source: { maildir: { path: 'mail', pollInterval: '200ms' } },
    pipeline: { source: { name: 'inbox' }, sinks: sinks(receiver.url, receiver), ...pipeline },
    secrets: { 'mailmill-store': { uri: store }, db: { uri: store }, hook: { token } },
  });
  cleanups.push(() => pod.remove());
  const mail = path.join(pod.dir, 'maildir', 'inbox');
  for (const folder of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(mail, folder), { recursive: true });
  return {
    receiver,
    store,
    pod,
    deliver: (name, raw = message(name)) => {
      fs.writeFileSync(path.join(mail, 'tmp', `${name}.test`), raw);
      fs.renameSync(path.join(mail, 'tmp', `${name}.test`), path.join(mail, 'new', `${name}.test`));
    },
    start: async (env) => {
      const worker = await pod.start([], env);
      cleanups.push(async () => {
        worker.kill('SIGCONT');
        worker.kill('SIGKILL');
        await worker.exited;
      });
      return worker;
    },
  };
}

export const hook = (url: string): Sinks => [{ name: 'hook', webhook: { url } }];
export const rawHook = (url: string): Sinks => [{ name: 'hook', webhook: { url, mode: 'Raw' } }];

/** Keys of what was received, each once. */
export const keysOf = ({ received }: Receiver): ReadonlySet<string> =>
  new Set(received.map(({ headers }) => String(headers['webhook-id'])));

/** Subjects of what was received in JSON mode. */
export const subjectsOf = ({ received }: Receiver): readonly string[] =>
  received.map(({ body }) => String(JSON.parse(body.toString()).data.document.subject));

export const reach = (receiver: Receiver, count: number, ms = 20_000) =>
  eventually(async () => receiver.received.length >= count, ms);

interface QueuedRow {
  readonly sink: string;
  readonly status: string;
  readonly attempts: number;
  readonly failures: number;
  readonly code: string | null;
  readonly detail: string | null;
}

/** What is in the outbox; nothing before the store is made. */
export async function queueOf(store: string): Promise<readonly QueuedRow[]> {
  const [made] = await sql<{ there: boolean }>(store, `SELECT to_regclass('mailmill.outbox') IS NOT NULL AS there`);
  if (!made?.there) return [];
  return sql<QueuedRow>(
    store,
    'SELECT sink, status, attempts, failures, code, detail FROM mailmill.outbox ORDER BY id',
  );
}

/** Nothing is left in the queue, no payload either. */
export const emptied = (store: string, ms = 20_000) =>
  eventually(async () => {
    const left = await sql(store, 'SELECT FROM mailmill.outbox UNION ALL SELECT FROM mailmill.outbox_payload');
    return left.length === 0;
  }, ms);

/** How many deliveries were recorded, by status. */
export async function recorded(store: string): Promise<Readonly<Record<string, number>>> {
  const rows = await sql<{ status: string; n: string }>(
    store,
    'SELECT status, count(*) AS n FROM mailmill.delivery GROUP BY status ORDER BY status',
  );
  return Object.fromEntries(rows.map(({ status, n }) => [status, Number(n)]));
}

export const sinkStatus = async (worker: WorkerProcess, name = 'hook'): Promise<SinkStatus> => {
  const [pipeline] = (await worker.status()).pipelines;
  const found = pipeline?.sinks.find((sink) => sink.name === name);
  if (!found) throw new Error(`no sink ${name}`);
  return found;
};
