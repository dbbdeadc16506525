import type { Database } from '../../store/database.ts';
import { openKeptFolder } from '../../store/kept.ts';
import type { Source } from '../source.ts';
import { KeptPoller } from './poller.ts';
import { KeptSession } from './session.ts';

export interface PushedSourceOptions {
  readonly namespace: string;
  readonly name: string;
  /** What pushes; also the name of the one account. */
  readonly kind: 'smtp' | 'http';
  readonly database: Database;
}

/** The one folder of pushed mail. */
export const pushedFolder = 'INBOX';
/** Milliseconds after which a folder is searched although nobody told of mail. */
const pollMs = 30_000;

/** Mail that was pushed to a source's listener, as pipelines read it: from the store, whatever becomes of the listener. */
export function createPushedSource({ namespace, name, kind, database }: PushedSourceOptions): Source {
  const poller = new KeptPoller(database);
  const place = { namespace, source: name, account: kind };
  return {
    name,
    accounts: async () => [kind],
    connectionsPerAccount: undefined,
    pollMs,
    messageSize: Number.MAX_SAFE_INTEGER, // the listener has refused what is too large
    cutoff: () => undefined,
    open: async () => {
      await openKeptFolder(database, { ...place, folder: pushedFolder });
      return new KeptSession({
        ...place,
        database,
        poller,
        selection: { include: [pushedFolder], exclude: [] },
      });
    },
  };
}
