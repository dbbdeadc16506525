import type { Source } from '../../sources/source.ts';
import { sleep } from '../backoff.ts';
import type { AccountFolders } from '../folders/account-folders.ts';
import type { FolderSync } from '../folders/folder-sync.ts';
import type { Lane } from '../folders/lane.ts';
import type { Poke } from '../poke.ts';
import type { Connection } from './connection-broker.ts';

/** IDLE is renewed, and each folder checked, at least this often; milliseconds. */
export const idleMs = 240_000;
/** Folders are listed, and each of them searched, at least this often. */
export const folderListMs = 300_000;
/** Folders are not listed more often than this; milliseconds. */
const leastListMs = 2_000;

/** How often folders are listed. Those that are local files cost nothing; the list of a server is asked for when more may come. */
export function listEveryMs({
  connectionsPerAccount,
  newFolders = false,
  pollMs,
}: Pick<Source, 'connectionsPerAccount' | 'newFolders' | 'pollMs'>): number {
  if (connectionsPerAccount === undefined) return Math.min(pollMs, folderListMs);
  return newFolders ? Math.min(Math.max(pollMs, leastListMs), folderListMs) : folderListMs;
}
/** Idle connections are lent after at least this long, so that two pipelines do not log in all the time. */
export const minimumHoldMs = 3_000;
/** A server whose numbers never hold still is not asked in a tight loop. */
const reenterMs = 100;

export interface Waiting {
  readonly folders: AccountFolders;
  /** Where to wait; INBOX, as a rule. */
  readonly folder: FolderSync;
  readonly lane: Lane;
  readonly source: Source;
  readonly connection: Connection;
  /** Asks for a look at every folder. */
  readonly poke: Poke;
  /** A spare lane has ended. */
  readonly spare: Poke;
  /** Whether the session must be given up, or lent. */
  readonly leave: () => boolean;
  readonly stop: AbortSignal;
  /** Milliseconds, at most. */
  readonly ms: number;
}

/** Waits in one folder until something may have changed, or the time is over. False: give the session up, in order. */
export async function waitForMore(it: Waiting): Promise<boolean> {
  const { folders, folder, lane, source, connection, poke, spare, stop } = it;
  // What came since it was caught up would not be told any more.
  if (await folder.enter(lane)) {
    folder.stale = true;
    await sleep(reenterMs, stop);
    return !it.leave();
  }
  const local = source.connectionsPerAccount === undefined;
  const ms = Math.min(it.ms, local ? source.pollMs : idleMs, folders.retryAt - performance.now());
  const interrupt = AbortSignal.any([stop, poke.signal(), spare.signal(), connection.changed.signal()]);
  const result = await lane.session.wait(Math.max(1, ms), interrupt);
  if (it.leave()) return false;
  folder.touch(true);
  spare.take();
  if (result === 'changed' || local) folder.stale = true;
  if (poke.take()) folders.doubt();
  if (connection.wanted()) await sleep(minimumHoldMs, stop);
  return !it.leave();
}
