import type { AccountStatus, PipelineStatus } from '../api/worker-status.ts';
import { no, unknown, type Verdict, yes } from './conditions.ts';
import { connectedOfLists, foldersOfLists, hasLists, stalledOf } from './health-lists.ts';
import { camelCase } from './pods.ts';
import type { WorkerObservation } from './snapshot.ts';

/** What the workers say about themselves, in conditions. */
export interface Health {
  readonly connected: Verdict;
  readonly flowing: Verdict;
  readonly delivering: Verdict;
  /** A person must act before a cursor moves. */
  readonly stalled?: Trouble;
}

export interface Trouble {
  readonly code: string;
  readonly message: string;
}

/** An interval of checking is never taken for longer than this. */
const maxIntervalMs = 300_000;
/** For a look at the status that is a little old, and clocks that differ. */
const slackMs = 30_000;

const isNotYet = (code: string | undefined) => code?.startsWith('NOT_YET_') ?? false;
const troubleOf = (health: { readonly ok: boolean; readonly code?: string; readonly message?: string }) =>
  health.ok || isNotYet(health.code)
    ? undefined
    : { code: health.code ?? 'UNKNOWN', message: health.message ?? 'it did not say why' };
const tell = ({ code, message }: Trouble) => `${code}: ${message}`;
const negative = (trouble: Trouble) => no(camelCase(trouble.code), tell(trouble));

/** What keeps a worker from its work, the first thing first; `undefined` when nothing is known. */
export function workerTrouble(status: PipelineStatus): Trouble | undefined {
  const connection = status.accounts.map((account) => troubleOf(account.connection)).find(Boolean);
  return deliveryTrouble(status) ?? connection ?? status.stalled;
}

/** Of the mail server, or of the files: what was read can be delivered all the same. */
export const isOfSource = (code: string) => /^(IMAP|OAUTH|PROXY|MAILDIR|MBOX|S3|FOLDER|SOURCE)_/.test(code);

function deliveryTrouble({ stalled, store, sinks }: PipelineStatus): Trouble | undefined {
  const standing = stalled !== undefined && !isOfSource(stalled.code) ? stalled : undefined;
  return standing ?? troubleOf(store) ?? sinks.map(troubleOf).find(Boolean);
}

/**
 * Health of a streaming pipeline. Workers that became ready speak for it; only while there are none do those speak
 * that are still to become ready: a bad revision beside a good one is a matter of Ready, mail goes on.
 */
export function assess(workers: readonly WorkerObservation[], pollMs: number, now: number): Health {
  if (workers.length > 0 && workers.every(({ unasked }) => unasked)) {
    const verdict = unknown('NotYetAsked', 'the workers are being asked');
    return { connected: verdict, flowing: verdict, delivering: verdict };
  }
  const reached = workers.flatMap((worker) =>
    worker.status === undefined ? [] : [{ ...worker, status: worker.status }],
  );
  const ready = reached.filter(({ status }) => status.ready);
  const speaking = ready.length > 0 ? ready : reached;
  if (speaking.length === 0) {
    const verdict =
      workers.length === 0
        ? unknown('NoWorker', 'no worker is running yet')
        : unknown('WorkerUnreachable', 'no worker answers at /status; see its pods and the NetworkPolicies');
    return { connected: verdict, flowing: verdict, delivering: verdict };
  }
  const statuses = speaking.map(({ status }) => status);
  const stalled = stalledOf(statuses, isOfSource);
  return {
    connected: connectedOf(statuses),
    flowing: ready.length > 0 ? flowingOf(ready, pollMs, now) : unknown('NotYetReady', 'no worker is ready yet'),
    delivering: deliveringOf(statuses),
    ...(stalled === undefined ? {} : { stalled }),
  };
}

const accountKey = ({ source, account }: AccountStatus) => `${source}/${account}`;

function connectedOf(statuses: readonly PipelineStatus[]): Verdict {
  if (hasLists(statuses)) return connectedOfLists(statuses);
  const accounts = statuses.flatMap((status) => status.accounts);
  const served = new Set(accounts.filter((one) => one.role === 'Holder' && one.connection.ok).map(accountKey));
  const all = new Set(accounts.map(accountKey));
  for (const one of accounts) {
    const trouble = troubleOf(one.connection);
    // A standby that cannot log in matters once there is no holder.
    if (trouble !== undefined && !served.has(accountKey(one))) return negative(trouble);
  }
  if (all.size > 0 && served.size === all.size) return yes('Connected', 'every account is connected');
  if (accounts.some(({ connection }) => connection.ok)) {
    return unknown('WaitingForLease', 'a worker can log in, and waits until it may take the account over');
  }
  return unknown('NotYetConnected', 'no worker has tried to log in yet');
}

function deliveringOf(statuses: readonly PipelineStatus[]): Verdict {
  for (const status of statuses) {
    const trouble = deliveryTrouble(status);
    if (trouble !== undefined) return negative(trouble);
  }
  const checked = statuses.some(({ store, sinks }) => store.ok && sinks.every(({ ok }) => ok));
  return checked
    ? yes('Delivering', 'the store and every sink accept what is delivered')
    : unknown('NotYetChecked', 'the store and the sinks have not been checked yet');
}

function flowingOf(workers: readonly WorkerObservation[], pollMs: number, now: number): Verdict {
  let late = 0;
  let folders = 0;
  let fresh = false;
  let why: Trouble | undefined;
  for (const { status, startedAt = now, lag } of workers) {
    const held = status?.accounts.filter(({ role }) => role === 'Holder') ?? [];
    why ??= held.map(({ connection }) => troubleOf(connection)).find(Boolean);
    const waits = held.flatMap(({ waiting }) => waiting ?? []);
    const spent = waits.find(({ oldOnly, code }) => !oldOnly && code === 'SOURCE_BUDGET_SPENT');
    if (spent !== undefined) return negative(spent);
    // Of a list, whose accounts are too many to tell, the folder speaks that was not looked at for longest.
    const lists = status?.sources ? foldersOfLists(status) : [];
    folders += (status?.sources ?? []).reduce((sum, list) => sum + list.folders, 0);
    const alone = status?.sources ? [] : held.flatMap((account) => account.folders);
    folders += alone.length;
    for (const folder of [...alone, ...lists]) {
      if (folder.state === 'CatchingUp') continue;
      const interval = folder.state === 'Live' ? maxIntervalMs : Math.min(pollMs, maxIntervalMs);
      const since = folder.checkedAt === undefined ? startedAt : Date.parse(folder.checkedAt);
      if (now - since > 2 * interval + slackMs) late += 1;
      else if (folder.checkedAt === undefined) fresh = true;
    }
    // What waits for another day is no standstill.
    if (
      waits.length === 0 &&
      lag !== undefined &&
      lag.now > 0 &&
      lag.now >= lag.before &&
      lag.sinceMs > 2 * maxIntervalMs
    ) {
      return no('LagWithoutCommits', 'messages wait and none was committed for 10 minutes; see /status of the worker');
    }
  }
  if (late > 0) {
    const reason = why === undefined ? 'see /status of the worker' : tell(why);
    return no('FoldersNotChecked', `${late} of ${folders} folders were not checked in time; ${reason}`);
  }
  if (folders === 0) return unknown('WaitingForLease', 'no worker reads a folder yet');
  if (fresh) return unknown('NotYetChecked', 'not every folder has been checked yet');
  return yes('Flowing', 'every folder is checked in time');
}
