import type { Source, SourceSession } from '../sources/source.ts';
import type { AccountFolders } from './account-folders.ts';
import { sleep } from './backoff.ts';
import type { Connection } from './connection-broker.ts';
import type { Poke } from './poke.ts';

/** IDLE is renewed, and each folder checked, at least this often; milliseconds. */
const idleMs = 240_000;
/** Folders are listed, and each of them searched, at least this often. */
export const folderListMs = 300_000;
/** Idle connections are lent after at least this long, so that two pipelines do not log in all the time. */
export const minimumHoldMs = 3_000;
/** A server whose numbers never hold still is not asked in a tight loop. */
const reenterMs = 100;

export interface Waiting {
  readonly folders: AccountFolders;
  readonly session: SourceSession;
  readonly source: Source;
  readonly connection: Connection;
  /** Asks for a look at every folder. */
  readonly poke: Poke;
  /** Whether the session must be given up, or lent. */
  readonly leave: () => boolean;
  /** Nothing was left to do at a look at each folder. */
  readonly checked: () => Promise<void>;
  readonly stop: AbortSignal;
  readonly hardStop: AbortSignal;
}

/** Waits in one folder and polls the others, until one may have changed. False: give the session up, in order. */
export async function waitForMore(it: Waiting): Promise<boolean> {
  const { folders, session, source, connection, poke, stop, hardStop } = it;
  const { watched, polled } = folders;
  const local = source.connectionsPerAccount === undefined;
  if (!watched) return true;
  // What came since it was caught up would not be told any more.
  if (await watched.enter(session, hardStop)) {
    await sleep(reenterMs, stop);
    return !it.leave();
  }
  const ms = polled.length > 0 || local ? Math.min(source.pollMs, idleMs) : idleMs;
  for (const refresh = Date.now() + folderListMs; Date.now() < refresh; ) {
    const interrupt = AbortSignal.any([stop, poke.signal(), connection.changed.signal()]);
    const result = await session.wait(ms, interrupt);
    if (it.leave()) return false;
    watched.touch(true);
    if (result === 'changed' || poke.take()) return true;
    if (connection.wanted()) await sleep(minimumHoldMs, stop);
    let changed = false;
    for (const folder of polled) {
      const seen = await session.status(folder.name, hardStop);
      if (folder.changed(seen)) changed = true;
      else folder.touch(false);
    }
    if (changed) return true;
    await it.checked();
    if (local) return true;
  }
  return true;
}
