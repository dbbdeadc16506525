import type { Listed } from '../../sources/source.ts';
import type { Committer } from '../commits/committer.ts';
import { prepareMessages } from '../prepare.ts';
import type { ReadMessage } from '../processed.ts';
import { amountOf, headerAmount, type PlannedBatch, planAlone } from './batch-plan.ts';
import type { FolderWorkOptions } from './folder-options.ts';
import type { Lane } from './lane.ts';
import { type LargeMessages, roomOf } from './large-messages.ts';
import { type BatchRead, stillListed } from './read-batch.ts';
import { failureOf, type Suspects } from './suspects.ts';
import { salvagedHeader, unreadableMessage } from './unreadable.ts';

export interface Retry extends Pick<FolderWorkOptions, 'context' | 'source' | 'folder' | 'allowance'> {
  readonly suspects: Suspects;
  readonly large: LargeMessages;
  readonly read: (lane: Lane, plans: readonly PlannedBatch[]) => AsyncIterable<BatchRead>;
  /** A batch is handed to the committer. */
  readonly onPush: () => void;
}

/** One more try for a message that did not come, alone. It takes of a day's limit as the first one did: the server gives its bytes once more. */
export async function tryAgain(retry: Retry, lane: Lane, committer: Committer, listed: Listed): Promise<void> {
  const { context, source, folder, allowance, suspects, large } = retry;
  const { uid } = listed;
  const { signal } = lane;
  const now = () => performance.now();
  const plan = planAlone(listed, source.messageSize);
  const hopeless = suspects.hopeless(uid, now());
  const taken =
    large.has(plan) || (await allowance.take(hopeless ? headerAmount(plan) : amountOf(plan), isOld(uid, committer)));
  if (!taken) {
    suspects.postpone(uid, now() + allowance.pausedMs);
    return;
  }
  await large.acquire(plan, signal);
  let handed = false;
  try {
    await lane.open(folder);
    const messages = hopeless
      ? [unreadableMessage(listed, await salvagedHeader(lane.session, uid, signal))]
      : await readAgain(retry, lane, plan);
    if (messages === undefined) return;
    if (messages.length === 0 && (await stillListed(lane.session, [uid], signal)).has(uid)) {
      suspects.note(listed, 'LeftOut', now());
      return;
    }
    const prepared = await prepareMessages(messages, context.steps, signal);
    handed = true;
    const vanished = messages.length === 0 ? 1 : 0;
    retry.onPush();
    const budgetBytes = roomOf(plan, context.budget);
    await committer.push({ plan, messages: prepared, vanished, budgetBytes, more: false, old: false });
    await committer.drain();
    suspects.settle(uid);
  } finally {
    if (!handed) large.release(plan);
  }
}

/** It was there when the folder was first seen. */
const isOld = (uid: number, { cursor }: Committer): boolean => uid < cursor.firstUidNext;

/** Undefined: the server refused it once more, and only it. */
async function readAgain(retry: Retry, lane: Lane, plan: PlannedBatch): Promise<readonly ReadMessage[] | undefined> {
  try {
    let messages: readonly ReadMessage[] = [];
    for await (const read of retry.read(lane, [plan])) messages = read.messages;
    return messages;
  } catch (thrown) {
    if (failureOf(thrown) === 'LeftOut') return undefined;
    throw thrown;
  }
}
