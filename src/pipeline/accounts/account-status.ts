import type { AccountStatus, SourceStatus } from '../../api/worker-status.ts';
import type { Source } from '../../sources/source.ts';
import type { MailmillError } from '../../telemetry/errors.ts';
import type { AccountWorker } from './account-worker.ts';

/** Accounts of a list that a status tells of one by one. */
const toldAccounts = 50;
/** Kinds of trouble that a status tells of a list. */
const toldTroubles = 8;

/** Of one account: how it logs in or is opened, and what it has. */
export const isOfAccount = (code: string): boolean =>
  /^(IMAP|OAUTH|PROXY|ENCRYPTION|MAILDIR|MBOX|S3|SOURCE|SECRET|FOLDER)_/.test(code);

interface SourceState {
  readonly source: Pick<Source, 'name' | 'relist'>;
  readonly workers: readonly Pick<AccountWorker, 'status' | 'lag'>[];
  readonly broken: readonly MailmillError[];
  readonly error: MailmillError | undefined;
}

interface Told {
  /** All accounts, but of each list those with trouble first and at most 50. */
  readonly accounts: readonly AccountStatus[];
  /** Sources with a list, in numbers. */
  readonly sources: readonly SourceStatus[];
  /** Nobody on a list can log in, and a person must act; or the list itself is no use. */
  readonly stalled: { readonly code: string; readonly message: string } | undefined;
}

/** What a status says of the accounts of a pipeline: bounded, however many there are, and without addresses. */
export function accountsTold(states: readonly SourceState[]): Told {
  const accounts: AccountStatus[] = [];
  const sources: SourceStatus[] = [];
  for (const state of states) {
    const all = state.workers.map((worker) => worker.status());
    if (!state.source.relist) {
      accounts.push(...all);
      continue;
    }
    sources.push(summary(state, all));
    const order = [failing, working, () => true].map((kind) => all.filter(kind));
    accounts.push(...[...new Set(order.flat())].slice(0, toldAccounts));
  }
  return { accounts, sources, stalled: sources.map(standstill).find(Boolean) };
}

const holds = ({ role }: AccountStatus) => role === 'Holder';
const notYet = ({ connection }: AccountStatus) => connection.code?.startsWith('NOT_YET_') ?? false;
const failing = (one: AccountStatus) => holds(one) && !one.connection.ok && !notYet(one);
const working = (one: AccountStatus) => holds(one) && one.folders.some(({ state }) => state === 'CatchingUp');

interface Trouble {
  readonly code: string;
  readonly message: string;
  accounts: number;
}

function troubles(of: readonly { readonly code?: string; readonly message?: string }[]): readonly Trouble[] {
  const byCode = new Map<string, Trouble>();
  for (const { code = 'INTERNAL', message = '' } of of) {
    const known = byCode.get(code);
    if (known) known.accounts += 1;
    else byCode.set(code, { code, message, accounts: 1 });
  }
  return [...byCode.values()].sort((a, b) => b.accounts - a.accounts).slice(0, toldTroubles);
}

/** The earliest of some times, RFC 3339 in UTC. */
const earliest = (times: readonly string[]) => times.reduce((a, b) => (a < b ? a : b));

function summary({ source, workers, broken, error }: SourceState, all: readonly AccountStatus[]): SourceStatus {
  const held = all.filter(holds);
  const folders = held.flatMap((account) => account.folders);
  const checked = (state: string) =>
    folders.flatMap((folder) => (folder.state === state && folder.checkedAt !== undefined ? folder.checkedAt : []));
  const [live, polled] = [checked('Live'), checked('Polled')];
  const lags = workers.map((worker) => worker.lag());
  return {
    source: source.name,
    accounts: all.length + broken.length,
    held: held.length,
    connected: held.filter(({ connection }) => connection.ok).length,
    troubles: troubles([...all.filter(failing).map(({ connection }) => connection), ...broken]),
    ...(error && { list: { code: error.code, message: error.message } }),
    folders: folders.length,
    catchingUp: folders.filter(({ state }) => state === 'CatchingUp').length,
    unchecked: folders.filter(({ state }) => state === 'Unchecked').length,
    ...(live.length > 0 && { liveSince: earliest(live) }),
    ...(polled.length > 0 && { polledSince: earliest(polled) }),
    lagMessages: lags.reduce((sum, lag) => sum + lag.messages, 0),
    lagSeconds: Math.round(lags.reduce((most, lag) => Math.max(most, lag.seconds), 0)),
  };
}

function standstill({ connected, held, troubles: [first], list }: SourceStatus): Told['stalled'] {
  if (list && list.code === 'SOURCE_NO_ACCOUNTS') return list;
  const all = held > 0 && connected === 0 && first !== undefined && first.accounts >= held;
  return all ? { code: first.code, message: `all ${held} accounts of this worker: ${first.message}` } : undefined;
}
