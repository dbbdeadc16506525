import { milliseconds } from '../../api/schema.ts';
import type { ReconcileFound, RunResult } from '../../api/worker-status.ts';
import type { Source } from '../../sources/source.ts';
import { accountIds, pipelineId } from '../../store/names.ts';
import { type FolderFound, keepReconcile } from '../../store/reconciles.ts';
import { asMailmillError, MailmillError } from '../../telemetry/errors.ts';
import { isOfAccount } from '../accounts/account-status.ts';
import { Backoff, sleep } from '../backoff.ts';
import type { Revision } from '../revision/revision.ts';
import type { RunAccount } from '../runs/scope.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';
import { compareFolder, type FolderReport } from './compare.ts';

export interface ReconcileOptions {
  /** Names it in the store; another try under the same name takes the place of the one before. */
  readonly name: string;
  readonly onFolder?: (report: FolderReport) => void;
}

/** Failures of an account in a row after which it counts as unread. */
const mostFailures = 4;
/** Milliseconds that an account which is throttled is waited for; then it counts as unread. */
const mostWaitMs = 600_000;
/** Milliseconds after which a connection that somebody waits for is given back, once a folder is done. */
const lendMs = 30_000;

/** What is known so far. */
interface Findings {
  readonly folders: FolderFound[];
  accounts: number;
  readonly unread: MailmillError[];
}

/**
 * Compares every mailbox of a pipeline with the store, beside whoever reads it, with one connection out of those that an account may have; keeps
 * what was found in the store and returns it, `Failed` when an account could not be read. Undefined: `stop` was aborted before. Throws what keeps
 * it from everything: the store, a list of accounts.
 */
export async function reconcile(
  revision: Revision,
  options: ReconcileOptions,
  environment: RunnerEnvironment,
  stop: AbortSignal,
): Promise<RunResult | undefined> {
  const { database, clock, hardStop } = environment;
  const { namespace, pipeline, retention } = revision;
  const startedAt = clock();
  const id = await pipelineId(database, namespace, pipeline, milliseconds(retention));
  const findings: Findings = { folders: [], accounts: 0, unread: [] };
  for (const { name } of revision.sources) {
    const source = await environment.openSource(revision, name);
    const { names, broken } = await accountsOf(source, hardStop);
    const ids = await accountIds(database, namespace, source.storedAs ?? name, names);
    findings.accounts += names.length + broken.length;
    findings.unread.push(...broken);
    for (const account of names) {
      const accountId = ids.get(account);
      if (accountId === undefined) continue; // it is being purged
      const of = { source, account, accountId };
      try {
        const reports = await compareAccount(revision, of, environment, stop);
        if (!reports) return undefined;
        for (const report of reports) {
          findings.folders.push(toFound(accountId, report));
          options.onFolder?.(report);
        }
      } catch (thrown) {
        const error = asMailmillError(thrown);
        if (!isOfAccount(error.code)) throw error;
        findings.unread.push(error);
      }
    }
  }
  const found = sumOf(findings);
  const error = unreadError(findings);
  const finishedAt = clock();
  await keepReconcile(database, id, {
    ...{ name: options.name, revision: revision.hash, startedAt, finishedAt, found, folders: findings.folders },
    ...(error && { error: { family: error.family, code: error.code, message: error.message } }),
  });
  return {
    ...{ name: options.name, specHash: '', revision: revision.hash, state: error ? 'Failed' : 'Succeeded' },
    ...{ startedAt: startedAt.toISOString(), finishedAt: finishedAt.toISOString() },
    ...{ read: found.listed, delivered: 0, dropped: 0, dead: found.dead, reconcile: found },
    ...(error && { family: error.family, code: error.code, message: error.message }),
  };
}

async function accountsOf(source: Source, signal: AbortSignal) {
  const list = await source.relist?.(signal);
  return list
    ? { names: list.accounts.map(({ name }) => name), broken: list.broken }
    : { names: await source.accounts(signal), broken: [] };
}

const toFound = (
  accountId: bigint,
  { folder, listed, recorded, dead, excluded, unfinished, missing, gone, missingUids }: FolderReport,
): FolderFound => ({ accountId, folder, listed, recorded, dead, excluded, unfinished, missing, gone, missingUids });

const counted = ['listed', 'recorded', 'dead', 'excluded', 'unfinished', 'missing', 'gone'] as const;

function sumOf({ folders, accounts, unread }: Findings): ReconcileFound {
  const sum = { listed: 0, recorded: 0, dead: 0, excluded: 0, unfinished: 0, missing: 0, gone: 0 };
  for (const folder of folders) for (const name of counted) sum[name] += folder[name];
  return { accounts, unread: unread.length, folders: folders.length, ...sum };
}

/** What is wrong with the accounts that could not be read; of several, one that comes right by itself goes first: it is worth another try. */
function unreadError({ accounts, unread }: Findings): MailmillError | undefined {
  const first = unread.find(({ family }) => family !== 'Stalled') ?? unread[0];
  if (first === undefined || accounts === 1) return first;
  const { family, code, message, retryAfterMs } = first;
  const told = `${unread.length} of ${accounts} accounts could not be read, so that nothing is known of their mail; one of them: ${message}`;
  return new MailmillError(family, code, told, { cause: first, ...(retryAfterMs !== undefined && { retryAfterMs }) });
}

/** Every folder of an account, with new sessions after errors that pass. Undefined: `stop` was aborted before. */
async function compareAccount(
  revision: Revision,
  account: RunAccount,
  environment: RunnerEnvironment,
  stop: AbortSignal,
): Promise<readonly FolderReport[] | undefined> {
  const { source, accountId } = account;
  const { broker, log } = environment;
  const now = () => environment.clock().getTime();
  const done = new Map<string, FolderReport>();
  const backoff = new Backoff();
  const until = now() + mostWaitMs;
  while (!stop.aborted)
    try {
      const connection = await broker.acquire(accountId, source.connectionsPerAccount, false, stop);
      if (!connection) return undefined;
      const since = now();
      const enough = () => stop.aborted || (connection.wanted() && now() - since > lendMs);
      try {
        if (await compareFolders(revision, account, environment, { done, enough })) return [...done.values()];
      } finally {
        await connection.release();
      }
    } catch (thrown) {
      if (stop.aborted) return undefined;
      const error = asMailmillError(thrown);
      log.warn(error.message, { code: error.code, family: error.family, source: source.name });
      const wait = backoff.next(error);
      if (error.family === 'Stalled' || backoff.failures >= mostFailures || now() + wait > until) throw error;
      await sleep(wait, stop);
    }
  return undefined;
}

/** The folders that are not done yet. False: it was enough before all were. */
async function compareFolders(
  { namespace, pipeline }: Revision,
  { source, account }: RunAccount,
  { database, hardStop }: RunnerEnvironment,
  { done, enough }: { readonly done: Map<string, FolderReport>; readonly enough: () => boolean },
): Promise<boolean> {
  await using session = await source.open(account, hardStop);
  const names = (await session.folders(hardStop)).map(({ name }) => name);
  const place = { namespace, pipeline, source: source.name, storedAs: source.storedAs ?? source.name, account };
  for (const folder of names) {
    if (done.has(folder)) continue;
    if (enough()) return false;
    done.set(folder, await compareFolder(database, { ...place, folder }, session, hardStop));
  }
  return true;
}
