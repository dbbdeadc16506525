import type { FolderState, SourceSession } from '../../sources/source.ts';
import { type ChangeCursor, knownMessages, unknownMessages } from '../../store/changes.ts';
import type { Database } from '../../store/database.ts';
import { UidSet } from '../../store/uid-set.ts';
import type { Look } from '../commits/changes.ts';
import { stillListed } from '../folders/read-batch.ts';

/** What a server shows of the open folder, and what was known of it. */
export type Seen = Pick<Look, 'before' | 'added' | 'flagged' | 'listed'>;

export interface Looking {
  readonly session: SourceSession;
  readonly database: Database;
  readonly pipelineId: bigint;
  readonly epochId: bigint;
  readonly state: FolderState;
  readonly cursor: ChangeCursor;
  readonly signal: AbortSignal;
}

/** By what the server says of the time since the last look, or else by all flags and UIDs. */
export const seeChanges = async (looking: Looking): Promise<Seen> =>
  (await seeTold(looking)) ?? (await seeCompared(looking));

/** QRESYNC: one command, and what it names is read from the store. Undefined: the server cannot tell, or what it tells cannot be all. */
async function seeTold({
  session,
  database,
  pipelineId,
  epochId,
  state,
  cursor,
  signal,
}: Looking): Promise<Seen | undefined> {
  if (cursor.modseq === undefined) return undefined;
  const told = await session.changes?.(state.uidNext - 1, cursor.modseq, signal);
  if (!told) return undefined;
  const { vanished } = told;
  const flagged = [...told.flagged];
  const named = UidSet.fromUids(flagged.map(({ uid }) => uid)).union(vanished);
  const before = { ...cursor, messages: await knownMessages(database, pipelineId, epochId, named) };
  // More than there are: of some the server does not say that they are gone.
  const missing = [...before.messages.values()].filter((message) => message.missing || vanished.has(message.uid));
  if (cursor.present + cursor.waiting - missing.length > state.exists) return undefined;
  const added = await unknownMessages(database, pipelineId, epochId);
  // They may have been there longer, and were not read.
  const silent = named.missing([...added.keys()].sort((a, b) => a - b));
  if (silent.length > 0) {
    const answers = (await session.flags?.(silent, undefined, signal)) ?? [];
    flagged.push(...answers);
    const answered = new Set(answers.map(({ uid }) => uid));
    const gone = silent.filter((uid) => !answered.has(uid));
    if ((await stillListed(session, gone, signal)).size > 0) return undefined;
    for (const uid of gone) missing.push({ uid, messageId: '', flags: '', version: 0, missing: true });
  }
  const absent = UidSet.fromUids(missing.map(({ uid }) => uid)).union(vanished);
  return { before, added, flagged, listed: { has: (uid) => !absent.has(uid) } };
}

async function seeCompared({ session, database, pipelineId, epochId, state, cursor, signal }: Looking): Promise<Seen> {
  const before = { ...cursor, messages: await knownMessages(database, pipelineId, epochId) };
  const added = await unknownMessages(database, pipelineId, epochId);
  const last = greatest(greatest(0, before.messages.keys()), added.keys());
  const listed = new Set(await session.search(1, last, signal));
  // A number that is less than before is of another count.
  const since = added.size === 0 && state.modseq !== undefined ? cursor.modseq : undefined;
  const counts = since !== undefined && since >= 1n && since <= (state.modseq ?? 0n);
  const flagged = (await session.flags?.(last, counts ? since : undefined, signal)) ?? [];
  return { before, added, flagged, listed };
}

function greatest(least: number, uids: Iterable<number>): number {
  let last = least;
  for (const uid of uids) if (uid > last) last = uid;
  return last;
}
