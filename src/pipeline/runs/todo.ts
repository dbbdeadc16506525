import type { FolderState, SourceSession } from '../../sources/source.ts';
import { type Cursor, cursors } from '../../store/epochs.ts';
import { type Places, readUids as readBefore, replayPlaces, runFinished } from '../../store/run-targets.ts';
import { UidSet } from '../../store/uid-set.ts';
import { transient } from '../../telemetry/errors.ts';
import { windowMessages } from './read-uids.ts';
import type { OpenFolder, RunAccount, RunScope } from './scope.ts';

/** What a run is to read of one folder. */
export interface FolderTodo {
  readonly folder: OpenFolder;
  /** Ascending. */
  readonly uids: readonly number[];
}

/** What a run is to do in one account. */
export interface AccountTodo {
  readonly folders: readonly FolderTodo[];
  /** Places of a replay that no folder has any more, by epoch. */
  readonly elsewhere: Places;
}

/** Looks what a run has still to do in an account. Folders that the pipeline has not begun with are left to the worker that reads new mail. */
export async function accountTodo(scope: RunScope, account: RunAccount, session: SourceSession): Promise<AccountTodo> {
  const { context, plan, id } = scope;
  const { database, pipelineId, hardStop } = context;
  const known = await cursors(database, pipelineId, account.accountId);
  const finished = plan.dryRun ? scope.seen : await runFinished(database, id);
  const places =
    plan.kind === 'Replay'
      ? await replayPlaces(database, pipelineId, account.accountId, plan, scope.startedAt)
      : undefined;
  const elsewhere = new Map(places);
  const folders: FolderTodo[] = [];
  for (const { name } of await session.folders(hardStop)) {
    const state = await session.select(name, hardStop);
    const cursor = known.find((each) => each.folder === name && each.uidvalidity === state.epoch);
    if (!cursor) {
      context.log.warn('the pipeline has not begun with a folder yet; the run leaves it out', {
        source: account.source.name,
      });
      continue;
    }
    const { epochId } = cursor;
    const target = places?.get(epochId);
    elsewhere.delete(epochId);
    if (places && !target) continue;
    const listed = await listAll(session, state, hardStop);
    // Those of a replay that are not listed any more are looked for elsewhere.
    const wanted = target ? uidsOf(target) : await wantedOf(scope, session, cursor, listed);
    const done = finished.get(epochId) ?? UidSet.empty;
    folders.push({ folder: { name, uidvalidity: state.epoch, epochId }, uids: done.missing(wanted) });
  }
  return {
    folders,
    elsewhere: new Map(
      [...elsewhere].map(([epochId, uids]) => [
        epochId,
        UidSet.fromUids((finished.get(epochId) ?? UidSet.empty).missing(uidsOf(uids))),
      ]),
    ),
  };
}

/** Every UID of the open folder, ascending. Throws Transient `SOURCE_LISTING_INCOMPLETE`. */
export async function listAll(
  session: SourceSession,
  { exists }: FolderState,
  signal: AbortSignal,
): Promise<readonly number[]> {
  const listed = await session.search(1, undefined, signal);
  if (listed.length < exists)
    throw transient(
      'SOURCE_LISTING_INCOMPLETE',
      'the server lists fewer messages than it says there are; it is asked again',
    );
  return [...listed].sort((a, b) => a - b);
}

function uidsOf({ ranges }: UidSet): number[] {
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, i) => first + i));
}

/** Of the listed UIDs those that a full load, a backfill or an incremental dry run reads. */
async function wantedOf(
  { context, plan }: RunScope,
  session: SourceSession,
  cursor: Cursor,
  listed: readonly number[],
): Promise<readonly number[]> {
  const { database, pipelineId, hardStop } = context;
  if (plan.kind === 'Full') {
    const before = await readBefore(database, pipelineId, cursor.epochId);
    return plan.dryRun ? fresh(session, cursor, listed, before, hardStop) : listed.filter((uid) => before.has(uid));
  }
  if (plan.kind === 'Backfill') {
    const before = await readBefore(database, pipelineId, cursor.epochId);
    const since = new Date(plan.since);
    const until = plan.until === undefined ? undefined : new Date(plan.until);
    const old = listed.filter((uid) => uid < cursor.firstUidNext && !before.has(uid));
    return receivedIn(
      session,
      old,
      hardStop,
      (at) => at >= since && (until === undefined || at < until) && isExcluded(cursor, at),
    );
  }
  return fresh(session, cursor, cursor.finished.missing(listed), UidSet.empty, hardStop);
}

/** Whether the cursor leaves out what came then. */
const isExcluded = ({ since }: Cursor, at: Date) => since !== undefined && at < since;

/** What was read before, and what the cursor does not leave out. */
async function fresh(
  session: SourceSession,
  cursor: Cursor,
  uids: readonly number[],
  before: UidSet,
  signal: AbortSignal,
): Promise<readonly number[]> {
  if (cursor.since === undefined) return uids;
  const doubtful = uids.filter((uid) => uid < cursor.firstUidNext && !before.has(uid));
  const taken = new Set(await receivedIn(session, doubtful, signal, (at) => !isExcluded(cursor, at)));
  const left = new Set(doubtful.filter((uid) => !taken.has(uid)));
  return uids.filter((uid) => !left.has(uid));
}

/** Those that the server received at such a time. */
async function receivedIn(
  session: SourceSession,
  uids: readonly number[],
  signal: AbortSignal,
  wanted: (at: Date) => boolean,
): Promise<readonly number[]> {
  const found: number[] = [];
  for (let at = 0; at < uids.length; at += windowMessages) {
    const listed = await session.list(uids.slice(at, at + windowMessages), signal);
    found.push(...listed.filter(({ receivedAt }) => wanted(receivedAt)).map(({ uid }) => uid));
  }
  return found.sort((a, b) => a - b);
}
