import type { Source } from '../sources/source.ts';
import { folderKnowledge } from '../store/completeness.ts';
import type { Database } from '../store/database.ts';
import type { Revision } from './revision/revision.ts';

/** One folder: what the mailbox lists against what the store has. */
export interface FolderReport {
  readonly source: string;
  readonly folder: string;
  /** UIDs that the server lists now. */
  readonly listed: number;
  /** Of these, recorded with an identity. */
  readonly recorded: number;
  /** Of these, older than `since`. */
  readonly excluded: number;
  /** Of these, not finished yet: lag. */
  readonly unfinished: number;
  /** Of these, finished and neither recorded nor excluded: lost. Must be 0. */
  readonly missing: number;
  readonly missingUids: readonly number[];
  /** Over the coverage that retention keeps: gone before they were read, finished before elsewhere, dropped by a filter, dead. */
  readonly vanished: number;
  readonly known: number;
  readonly dropped: number;
  readonly dead: number;
}

/** Compares a mailbox (UID SEARCH ALL) with occurrences and coverage, for one source of a revision. Changes nothing. */
export async function reconcileSource(
  database: Database,
  revision: Revision,
  source: Source,
  signal: AbortSignal,
): Promise<readonly FolderReport[]> {
  const reports: FolderReport[] = [];
  for (const account of await source.accounts(signal)) {
    await using session = await source.open(account, signal);
    for (const { name: folder } of await session.folders(signal)) {
      const state = await session.select(folder, signal);
      const listed = await session.search(1, undefined, signal);
      const known = await folderKnowledge(database, {
        namespace: revision.namespace,
        pipeline: revision.pipeline,
        source: source.storedAs ?? source.name,
        account,
        folder,
        uidvalidity: state.epoch,
      });
      const recorded = known ? listed.filter((uid) => known.recorded.has(uid)) : [];
      const finished = known ? listed.filter((uid) => known.finished.has(uid)) : [];
      const doubtful = finished.filter((uid) => !known?.recorded.has(uid));
      let excluded = 0;
      const missing: number[] = [];
      if (known && doubtful.length > 0) {
        const details = new Map((await session.list(doubtful, signal)).map((each) => [each.uid, each]));
        for (const uid of doubtful) {
          const detail = details.get(uid);
          if (!detail) continue; // gone since
          if (known.since && uid < known.firstUidNext && detail.receivedAt < known.since) excluded += 1;
          else missing.push(uid);
        }
      }
      reports.push({
        source: source.name,
        folder,
        listed: listed.length,
        recorded: recorded.length,
        excluded,
        unfinished: listed.length - finished.length,
        missing: missing.length,
        missingUids: missing.slice(0, 20),
        vanished: known?.vanished ?? 0,
        known: known?.known ?? 0,
        dropped: known?.dropped ?? 0,
        dead: known?.dead ?? 0,
      });
    }
  }
  return reports;
}
