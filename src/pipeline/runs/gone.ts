import type { SourceSession } from '../../sources/source.ts';
import { cursors } from '../../store/epochs.ts';
import { goneMessages, type Places } from '../../store/run-targets.ts';
import { UidSet } from '../../store/uid-set.ts';
import { transient } from '../../telemetry/errors.ts';
import type { RunAccount, RunScope } from './scope.ts';
import { listAll } from './todo.ts';

/** Ids that are taken out with one statement. */
const chunk = 1_000;
const firstId = '00000000-0000-0000-0000-000000000000';

/**
 * After a full load: hands over the messages that the pipeline has read and that are not in the mailbox any more. False: `stop` was aborted.
 * Throws Transient `RUN_MAILBOX_CHANGED` while there is mail that the pipeline has not read: it may be what was moved from somewhere else.
 */
export async function removeGone(
  scope: RunScope,
  account: RunAccount,
  session: SourceSession,
  remove: (ids: readonly string[]) => Promise<void>,
  stop: AbortSignal,
): Promise<boolean> {
  const { context } = scope;
  // Twice: what is moved between two folders while they are listed may be missed once.
  const listed = union(await listFolders(scope, account, session), await listFolders(scope, account, session));
  await expectAllRead(scope, account, listed);
  for (let after = firstId; ; ) {
    if (stop.aborted) return false;
    const ids = await goneMessages(context.database, context.pipelineId, account.accountId, listed, after, chunk);
    if (ids.length === 0) return true;
    await remove(ids);
    after = ids.at(-1)!;
  }
}

async function listFolders({ context }: RunScope, account: RunAccount, session: SourceSession): Promise<Places> {
  const { hardStop } = context;
  const known = await cursors(context.database, context.pipelineId, account.accountId);
  const listed = new Map<bigint, UidSet>();
  for (const { name } of await session.folders(hardStop)) {
    const state = await session.select(name, hardStop);
    const cursor = known.find((each) => each.folder === name && each.uidvalidity === state.epoch);
    if (!cursor) throw changed();
    listed.set(cursor.epochId, UidSet.fromUids(await listAll(session, state, hardStop)));
  }
  return listed;
}

const union = (a: Places, b: Places): Places =>
  new Map([...new Set([...a.keys(), ...b.keys()])].map((id) => [id, setOf(a, id).union(setOf(b, id))]));

const setOf = (places: Places, epochId: bigint) => places.get(epochId) ?? UidSet.empty;

async function expectAllRead({ context, plan }: RunScope, account: RunAccount, listed: Places): Promise<void> {
  if (plan.dryRun) return;
  for (const { epochId, finished } of await cursors(context.database, context.pipelineId, account.accountId)) {
    const inside = setOf(listed, epochId).ranges.every(([first, last]) =>
      finished.ranges.some(([from, to]) => from <= first && last <= to),
    );
    if (!inside) throw changed();
  }
}

const changed = () =>
  transient(
    'RUN_MAILBOX_CHANGED',
    'mail came or was moved while the mailbox was compared with the rows; the comparison is made again once it is read',
  );
