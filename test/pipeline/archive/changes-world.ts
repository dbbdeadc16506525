import type { MailboxSourceSpec } from '../../../src/api/mailbox-source.ts';
import { archiverFiles } from '../../support/archive.ts';
import { imapClient } from '../../support/imap-client.ts';
import type { Postgres } from '../../support/postgres.ts';
import { type PodFiles, podFiles, sql } from '../../support/worker.ts';

/** A row of a table of changes, but for when it was noticed and by whom. */
export interface Told {
  readonly change: string;
  readonly message: string;
  readonly account: string;
  readonly folder: string;
  readonly uid: number;
  readonly flags: readonly string[];
  readonly to_folder: string | null;
}

export interface ChangesWorldOptions {
  readonly postgres: Postgres;
  readonly server: { readonly host: string; readonly port: number };
  readonly user: string;
  /** What the archive keeps and the pipelines ask for. */
  readonly changes?: readonly ('flags' | 'expunge' | 'move')[];
  readonly retention?: string;
}

/**
 * One mailbox and three readers: the collector of its archive, `archived`, a pipeline that reads the archive, and `direct`, one that reads the
 * mailbox itself. Each has a table of its name in the store and one of changes beside it.
 */
export async function changesWorld(
  { postgres, server, user, changes = ['flags', 'expunge', 'move'], retention }: ChangesWorldOptions,
  closing: (() => Promise<unknown> | unknown)[],
) {
  const { host, port } = server;
  const client = await imapClient(server, user);
  closing.push(() => client.logout());
  const store = await postgres.createDatabase();
  const sink = await postgres.createDatabase();
  const imap: MailboxSourceSpec['imap'] = {
    ...{ host, port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } } },
    ...{ folders: { include: ['**'] }, pollInterval: '200ms' },
  };
  const archived: MailboxSourceSpec = {
    imap,
    archive: { postgres: {}, changes: [...changes], ...(retention !== undefined && { retention }) },
  };
  const stores = { 'mailmill-store': { uri: store }, sink: { uri: sink } };
  const login = { imap: { username: user, password: 'secret' } };
  const made = (pod: PodFiles): PodFiles => {
    closing.push(() => pod.remove());
    return pod;
  };
  const pipeline = (name: string, source: MailboxSourceSpec, secrets: typeof stores | (typeof stores & typeof login)) =>
    made(
      podFiles({
        source,
        pipeline: {
          name,
          source: { name: 'box' },
          sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: name, changes: [...changes] } }],
        },
        secrets,
      }),
    );
  return {
    client,
    store,
    sink,
    collector: made(archiverFiles('box', archived, { ...stores, ...login })),
    /** Reads the archive, without the login of the mailbox. */
    archived: (name = 'archived') => pipeline(name, archived, stores),
    direct: pipeline('direct', { imap }, { ...stores, ...login }),
    /** What a pipeline was told, by message, and in the order in which it was noticed. */
    told: (name: string) =>
      sql<Told & Record<string, unknown>>(
        sink,
        `SELECT change, message, account, folder, uid::int, flags, to_folder FROM ${name}_changes ORDER BY folder, uid, at, change`,
      ),
  };
}
