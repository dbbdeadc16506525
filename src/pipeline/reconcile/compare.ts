import type { ReconcileCounts } from '../../api/worker-status.ts';
import type { SourceSession } from '../../sources/source.ts';
import { folderKnowledge } from '../../store/completeness.ts';
import type { Database } from '../../store/database.ts';
import { listAll } from '../runs/todo.ts';

/** One folder: what the mailbox lists against what the store has. */
export interface FolderReport extends ReconcileCounts {
  readonly source: string;
  readonly folder: string;
  /** The first 20. */
  readonly missingUids: readonly number[];
  /** Over the coverage that retention keeps: finished before elsewhere, dropped by a filter. */
  readonly known: number;
  readonly dropped: number;
}

/** A folder, as source and store call it. */
export interface Place {
  readonly namespace: string;
  readonly pipeline: string;
  readonly source: string;
  /** What the store calls the source. */
  readonly storedAs: string;
  readonly account: string;
  readonly folder: string;
}

const toldUids = 20;
/** Messages whose dates are asked for at once. */
const windowMessages = 5_000;

/** Compares a folder (UID SEARCH ALL) with occurrences, dead letters and coverage. Changes nothing. */
export async function compareFolder(
  database: Database,
  place: Place,
  session: SourceSession,
  signal: AbortSignal,
): Promise<FolderReport> {
  const { namespace, pipeline, source, storedAs, account, folder } = place;
  const state = await session.select(folder, signal);
  // The mailbox comes first: what is read meanwhile is then recorded, and never taken for missing.
  const listed = await listAll(session, state, signal);
  const where = { namespace, pipeline, source: storedAs, account, folder, uidvalidity: state.epoch };
  const known = await folderKnowledge(database, where);
  const recorded = listed.filter((uid) => known?.recorded.has(uid));
  const open = listed.filter((uid) => !known?.recorded.has(uid));
  const doubtful = open.filter((uid) => known?.finished.has(uid));
  let excluded = 0;
  let left = 0;
  const missing: number[] = [];
  for (let at = 0; known && at < doubtful.length; at += windowMessages) {
    const window = doubtful.slice(at, at + windowMessages);
    const details = new Map((await session.list(window, signal)).map((each) => [each.uid, each]));
    for (const uid of window) {
      const detail = details.get(uid);
      const old = known.since && uid < known.firstUidNext && detail && detail.receivedAt < known.since;
      if (!detail) left += 1;
      else if (old || detail.excluded) excluded += 1;
      else missing.push(uid);
    }
  }
  return {
    source,
    folder,
    listed: listed.length - left,
    recorded: recorded.length,
    dead: recorded.filter((uid) => known?.dead.has(uid)).length,
    excluded,
    unfinished: open.length - doubtful.length,
    missing: missing.length,
    missingUids: missing.slice(0, toldUids),
    gone: known?.gone ?? 0,
    known: known?.known ?? 0,
    dropped: known?.dropped ?? 0,
  };
}
