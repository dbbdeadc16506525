import type { PipelineStatus, SourceStatus } from '../api/worker-status.ts';
import { no, unknown, type Verdict, yes } from './conditions.ts';
import { camelCase } from './pods.ts';

/** Some accounts of a list cannot log in, and others can: nothing to replace or to stop for. */
export const someAccountsFail = 'SomeAccountsFail';

/** Accounts of all workers' lists, as numbers. */
interface Lists {
  readonly accounts: number;
  readonly connected: number;
  readonly troubles: SourceStatus['troubles'];
  readonly list: SourceStatus['list'];
}

export const hasLists = (statuses: readonly PipelineStatus[]): boolean =>
  statuses.some(({ sources }) => sources !== undefined && sources.length > 0);

/** Sums over workers that share accounts: each account is held by one of them at most. */
function listsOf(statuses: readonly PipelineStatus[]): Lists {
  const all = statuses.flatMap(({ sources }) => sources ?? []);
  const most = new Map<string, number>();
  const troubles = new Map<string, SourceStatus['troubles'][number]>();
  for (const { source, accounts, troubles: some } of all) {
    most.set(source, Math.max(most.get(source) ?? 0, accounts));
    for (const trouble of some) {
      const before = troubles.get(trouble.code);
      // What is no account is on everybody's list.
      const same = trouble.code === 'SOURCE_ACCOUNT_INVALID';
      const count = same
        ? Math.max(before?.accounts ?? 0, trouble.accounts)
        : (before?.accounts ?? 0) + trouble.accounts;
      troubles.set(trouble.code, { ...trouble, accounts: count });
    }
  }
  return {
    accounts: [...most.values()].reduce((sum, count) => sum + count, 0),
    connected: all.reduce((sum, { connected }) => sum + connected, 0),
    troubles: [...troubles.values()].sort((a, b) => b.accounts - a.accounts),
    list: all.map(({ list }) => list).find(Boolean),
  };
}

/** Whether the accounts of lists are connected, in numbers. */
export function connectedOfLists(statuses: readonly PipelineStatus[]): Verdict {
  const { accounts, connected, troubles, list } = listsOf(statuses);
  const [first] = troubles;
  if (first !== undefined) {
    const failing = troubles.reduce((sum, trouble) => sum + trouble.accounts, 0);
    const counts = troubles.map((trouble) => `${trouble.accounts} ${trouble.code}`).join(', ');
    const message = `${failing} of ${accounts} accounts fail (${counts}): ${first.message}`;
    return no(connected > 0 ? someAccountsFail : camelCase(first.code), message);
  }
  if (list !== undefined)
    return no(
      connected > 0 ? someAccountsFail : camelCase(list.code),
      `the list of accounts is as it was: ${list.message}`,
    );
  if (accounts > 0 && connected >= accounts) return yes('Connected', `all ${accounts} accounts are connected`);
  return connected > 0
    ? unknown('WaitingForLease', `${connected} of ${accounts} accounts are connected; the others are on their way`)
    : unknown('NotYetConnected', 'no worker has logged in yet');
}

/** What a worker says a person must act on; an account that fails for it is no reason while others are connected. */
export function stalledOf(
  statuses: readonly PipelineStatus[],
  isOfSource: (code: string) => boolean,
): PipelineStatus['stalled'] {
  const connected = statuses.flatMap(({ sources }) => sources ?? []).some((source) => source.connected > 0);
  return statuses
    .map(({ stalled }) => stalled)
    .find((stalled) => stalled !== undefined && !(connected && isOfSource(stalled.code)));
}

/** Messages that wait, told by accounts or, of a list, in all. */
export function lagOf({ accounts, sources = [] }: PipelineStatus): number {
  const lists = new Set(sources.map(({ source }) => source));
  const alone = accounts.filter(({ source }) => !lists.has(source)).flatMap(({ folders }) => folders);
  return [...alone, ...sources].reduce((sum, { lagMessages }) => sum + lagMessages, 0);
}

/** Folders of lists, and when the one was looked at that waits for longest; one entry for each state. */
export function foldersOfLists({ sources = [] }: PipelineStatus) {
  return sources.flatMap(({ folders, unchecked, liveSince, polledSince }) => [
    ...(liveSince === undefined ? [] : [{ folders, state: 'Live' as const, checkedAt: liveSince }]),
    ...(polledSince === undefined ? [] : [{ folders, state: 'Polled' as const, checkedAt: polledSince }]),
    ...(unchecked === 0 ? [] : [{ folders, state: 'Unchecked' as const }]),
  ]);
}
