import { gunzipSync } from 'node:zlib';
import type { SourceSession } from '../../sources/source.ts';
import { type KeptTarget, keptTargets, type Places } from '../../store/run-targets.ts';
import type { UidSet } from '../../store/uid-set.ts';
import type { Allowance } from '../accounts/allowance.ts';
import { countFallback } from '../commits/commit-metrics.ts';
import { MessageReader } from '../folders/read-message.ts';
import type { ReadMessage } from '../processed.ts';
import { removeGone } from './gone.ts';
import { type ReadPart, readUids } from './read-uids.ts';
import type { OpenFolder, RunAccount, RunScope } from './scope.ts';
import { type AccountTodo, accountTodo } from './todo.ts';

/** Places that are looked up with one statement. */
const chunk = 1_000;

/** Raw bytes of a message that its mailbox does not have any more; undefined: nobody has them. */
export type Kept = (target: KeptTarget) => Promise<Buffer | undefined>;

/** What a dead letter kept; an archive, where there is one, comes before it. */
export const fromDeadLetter: Kept = async ({ raw }) => (raw ? gunzipSync(raw) : undefined);

/** What is done with the parts that are read, and with rows of messages that are gone. */
export interface Taker {
  /** How much is to be done in this account. */
  planned(messages: number): Promise<void>;
  /** `missing`: how many of those that are gone nobody has. */
  take(folder: OpenFolder, part: ReadPart, missing: number): Promise<void>;
  /** Rows of these documents are to go. */
  remove(ids: readonly string[]): Promise<void>;
}

/** Works on one account to the end. False: `stop` was aborted before. */
export async function workOn(
  scope: RunScope,
  account: RunAccount,
  session: SourceSession,
  taker: Taker,
  allowance: Allowance,
  stop: AbortSignal,
): Promise<boolean> {
  const { context, plan } = scope;
  const todo = await accountTodo(scope, account, session);
  await taker.planned(amountOf(todo));
  for (const { folder, uids } of todo.folders) {
    if (uids.length === 0) continue;
    await session.select(folder.name, context.hardStop);
    const reader = readerOf(scope, account, folder.name);
    const take = async (part: ReadPart) => {
      const { found, lost } = await search(scope, reader, folder.epochId, part.gone);
      await taker.take(folder, { messages: [...part.messages, ...found], gone: lost }, lost.length);
    };
    const simple = (part: ReadPart) => taker.take(folder, part, 0);
    const reading = { context, source: account.source, session, reader, allowance, uids };
    if (!(await readUids({ ...reading, take: plan.kind === 'Replay' ? take : simple }, stop))) return false;
  }
  if (!(await workElsewhere(scope, account, todo.elsewhere, taker, stop))) return false;
  return plan.kind !== 'Full' || removeGone(scope, account, session, (ids) => taker.remove(ids), stop);
}

const sizeOf = ({ ranges }: UidSet) => ranges.reduce((sum, [first, last]) => sum + last - first + 1, 0);
const amountOf = ({ folders, elsewhere }: AccountTodo) =>
  folders.reduce((sum, { uids }) => sum + uids.length, 0) +
  [...elsewhere.values()].reduce((sum, uids) => sum + sizeOf(uids), 0);

const readerOf = ({ context }: RunScope, { source, account }: RunAccount, folder: string) =>
  new MessageReader({
    origin: { source: source.name, account, folder },
    fields: context.fields,
    onFallback: (reason, error) => countFallback(context, source.name, reason, error),
  });

/** Looks for messages of a replay that are gone from the mailbox. */
async function search(
  { context }: RunScope,
  reader: MessageReader,
  epochId: bigint,
  gone: readonly number[],
  kept: Kept = fromDeadLetter,
): Promise<{ readonly found: readonly ReadMessage[]; readonly lost: readonly number[] }> {
  if (gone.length === 0) return { found: [], lost: [] };
  const found: ReadMessage[] = [];
  for (const target of await keptTargets(context.database, context.pipelineId, epochId, gone)) {
    const raw = await kept(target);
    if (!raw) continue;
    const { uid, receivedAt } = target;
    found.push(await reader.read({ uid, raw, flags: [] }, { uid, size: raw.length, receivedAt }));
  }
  const there = new Set(found.map(({ uid }) => uid));
  return { found, lost: gone.filter((uid) => !there.has(uid)) };
}

/** Messages of a replay in folders, or lives of folders, that are over. */
async function workElsewhere(
  scope: RunScope,
  account: RunAccount,
  places: Places,
  taker: Taker,
  stop: AbortSignal,
): Promise<boolean> {
  const { database, pipelineId } = scope.context;
  for (const [epochId, { ranges }] of places)
    for (const [first, last] of ranges)
      for (let from = first; from <= last; from += chunk) {
        if (stop.aborted) return false;
        const uids = Array.from({ length: Math.min(chunk, last - from + 1) }, (_, i) => from + i);
        const [target] = await keptTargets(database, pipelineId, epochId, uids);
        const name = target?.folder ?? '';
        const { found, lost } = await search(scope, readerOf(scope, account, name), epochId, uids);
        await taker.take({ name, epochId, uidvalidity: 0n }, { messages: found, gone: lost }, lost.length);
      }
  return true;
}
