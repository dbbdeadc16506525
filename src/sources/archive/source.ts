import type { ArchivePlace } from '../../api/kinds/archive.ts';
import { archivedAccounts } from '../../store/archive.ts';
import type { Database } from '../../store/database.ts';
import { waiting } from '../../telemetry/errors.ts';
import { KeptPoller } from '../kept/poller.ts';
import { KeptSession } from '../kept/session.ts';
import type { Source } from '../source.ts';
import { ArchiveReader } from './frame-reader.ts';
import { archivedAs } from './names.ts';
import { type OpenArchive, openArchive } from './open.ts';

export interface ArchivedSourceOptions {
  readonly namespace: string;
  readonly name: string;
  readonly spec: ArchivePlace;
  readonly database: Database;
  readonly secret: (name: string, key: string) => Promise<string>;
}

/** Milliseconds between looks at the folders that are not waited in: one query for all of an account. */
const pollMs = 2_000;
/** Milliseconds until an archive is looked at again that is still empty. */
const emptyMs = 5_000;

/** What a source's collector has archived, as pipelines read it; the mailbox is not asked. */
export function createArchivedSource(options: ArchivedSourceOptions): Source {
  const { namespace, name, database } = options;
  const poller = new KeptPoller(database);
  const storedAs = archivedAs(name);
  let archive: Promise<OpenArchive> | undefined;
  const storage = async () => {
    archive ??= openArchive({ ...options, source: name });
    archive.catch(() => {
      archive = undefined;
    });
    return (await archive).storage;
  };
  const frames = new ArchiveReader({ database, storage });
  const accounts = async () => {
    const found = await archivedAccounts(database, namespace, storedAs);
    if (found.length > 0) return found;
    throw waiting(
      'ARCHIVE_EMPTY',
      `no mailbox of the source is in its archive yet; its collector, ${name}-collector, begins it`,
      {
        retryAfterMs: emptyMs,
      },
    );
  };
  return {
    name,
    storedAs,
    accounts,
    relist: async () => ({
      accounts: (await accounts()).map((account) => ({ name: account, version: '' })),
      broken: [],
    }),
    connectionsPerAccount: undefined,
    pollMs,
    messageSize: Number.MAX_SAFE_INTEGER, // the collector has left out what is too large
    keepsChanges: true,
    cutoff: () => undefined,
    open: async (account) =>
      new KeptSession({
        namespace,
        source: storedAs,
        account,
        database,
        poller,
        selection: { include: ['**'], exclude: [] },
        frames,
      }),
  };
}
