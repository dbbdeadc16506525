import type { RunPlan } from '../../api/run-plan.ts';
import type { RunResult } from '../../api/worker-status.ts';
import { checkLease } from '../../store/leases.ts';
import { isReadByOther, type RunLease, releaseRunLease, tryAcquireRunLease } from '../../store/run-lease.ts';
import { addRemoved } from '../../store/run-targets.ts';
import { beginExecution, endExecution, noteTotal, type RunId, readRun } from '../../store/runs.ts';
import { UidSet } from '../../store/uid-set.ts';
import { asMailmillError, type MailmillError } from '../../telemetry/errors.ts';
import { Allowance } from '../accounts/allowance.ts';
import { Backoff, sleep } from '../backoff.ts';
import { endDeadWriters } from '../commits/settle-sinks.ts';
import type { PipelineContext } from '../context.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';
import { DryRun } from './dry-run.ts';
import { inTurn, type Turn } from './lend.ts';
import type { ReadPart } from './read-uids.ts';
import { leaseOn, type RunAccount, type RunScope } from './scope.ts';
import { type Taker, workOn } from './work.ts';
import { RunWriter } from './write.ts';

const leasePollMs = 1_000;
/** Milliseconds between two looks whether another worker reads an account. */
const takenMs = 2_000;
/** Failures in a row, without anything done between them, that end a process; the next one goes on. */
const mostFailures = 8;

/** What a run is executed with. */
export interface ExecuteOptions {
  readonly context: PipelineContext;
  readonly accounts: readonly RunAccount[];
  readonly run: { readonly name: string; readonly specHash: string };
  readonly plan: RunPlan;
  readonly environment: RunnerEnvironment;
  /** Reads what is new in the accounts that nobody else reads, until they are caught up. */
  readonly catchUp: (mine: (accountId: bigint) => boolean, stop: AbortSignal) => Promise<void>;
  /** Takes a line of a dry run: one change. */
  readonly onChange: (change: object) => void;
  /** Told of the run as the store has it. */
  readonly onResult: (result: RunResult) => void;
}

/**
 * Executes a run that re-reads, beside whoever reads the pipeline's new mail, from where an earlier process left it; one that has ended is not
 * executed again. Returns the run as the store has it: `Cancelled` when `stop` came before its end. Throws what keeps it from its end; what needs
 * a person has failed it.
 */
export async function executeRun(options: ExecuteOptions, stop: AbortSignal): Promise<RunResult> {
  const { context, run, onResult } = options;
  const { database, pipelineId, revision } = context;
  const id: RunId = { pipelineId, ...run };
  const lease = options.plan.dryRun ? undefined : await acquire(options, stop);
  try {
    if (lease?.orphaned) await endDeadWriters(context);
    const begun = await beginExecution(database, { ...id, revision: revision.hash }, options.plan);
    onResult(begun.result);
    if (begun.result.state !== 'Running') return begun.result;
    if (!lease && !options.plan.dryRun) return await endExecution(database, id, { state: 'Cancelled' });
    const scope: RunScope = {
      context,
      id,
      plan: begun.plan,
      edition: begun.result.edition ?? 1,
      startedAt: begun.startedAt,
      seen: new Map(),
      broker: options.environment.broker,
      fresh: options.environment.fresh,
    };
    const result = await executeAll(options, scope, lease, stop);
    onResult(result);
    return result;
  } catch (thrown) {
    const error = asMailmillError(thrown);
    if (error.family === 'Stalled') onResult(await endExecution(database, id, failed(error)));
    throw error;
  } finally {
    if (lease) await releaseRunLease(database, lease).catch(() => undefined); // it ends with this worker's sign-off
  }
}

const failed = ({ family, code, message }: MailmillError) => ({ state: 'Failed' as const, family, code, message });

async function acquire({ context, environment }: ExecuteOptions, stop: AbortSignal): Promise<RunLease | undefined> {
  while (!stop.aborted) {
    const lease =
      environment.fresh() && (await tryAcquireRunLease(context.database, context.pipelineId, context.workerId));
    if (lease) return lease;
    await sleep(leasePollMs, stop);
  }
  return undefined;
}

async function executeAll(
  options: ExecuteOptions,
  scope: RunScope,
  lease: RunLease | undefined,
  stop: AbortSignal,
): Promise<RunResult> {
  const { context, accounts, onResult } = options;
  const { database } = context;
  const dry = lease ? undefined : new DryRun(scope, options.environment, options.onChange);
  const before = (await readRun(database, scope.id)).done ?? 0;
  let total = before;
  const planned = async (messages: number, left: number) => {
    total += messages - left;
    if (lease) await noteTotal(database, scope.id, total);
  };
  for (const account of accounts) {
    const taker = lease ? taking(scope, account, lease, planned, onResult) : dry!.taker(account);
    if (!(await finish(options, scope, account, taker, stop))) return cancelled(scope);
  }
  // What was queued is part of the run.
  if (lease) await context.outbox?.finish();
  return endExecution(database, scope.id, { state: 'Succeeded', ...(dry && { found: dry.found() }) });
}

async function cancelled({ context, id }: RunScope): Promise<RunResult> {
  // A scheduled run goes on in the next process of its Job; there is nobody who would cancel it.
  if (id.specHash === '') return readRun(context.database, id);
  return endExecution(context.database, id, { state: 'Cancelled' });
}

/** Writes what is read. */
function taking(
  scope: RunScope,
  account: RunAccount,
  runLease: RunLease,
  planned: (messages: number, left: number) => Promise<void>,
  onResult: (result: RunResult) => void,
): Taker {
  const { context, id, edition } = scope;
  const lease = leaseOn(runLease, account.accountId);
  const writer = new RunWriter(scope, account, lease);
  /** Of what was planned for this account before an error, what was not done then. */
  let left = 0;
  return {
    planned: async (messages) => {
      await planned(messages, left);
      left = messages;
    },
    take: async (folder, part, missing) => {
      await writer.write(folder, part, missing);
      left -= part.messages.length + part.gone.length;
      onResult(await readRun(context.database, id));
    },
    remove: async (ids) => {
      for (const sink of context.sinks) {
        const removed = await context.database.transaction(async (client) => {
          await checkLease(client, lease);
          return sink.shared ? sink.remove(ids, edition, context.hardStop, client) : undefined;
        });
        await addRemoved(context.database, id, removed ?? (await sink.remove(ids, edition, context.hardStop)));
      }
    },
  };
}

/** Remembers what a dry run has looked at. */
function note(seen: Map<bigint, UidSet>, epochId: bigint, { messages, gone }: ReadPart): void {
  const uids = UidSet.fromUids([...messages.map(({ uid }) => uid), ...gone]);
  seen.set(epochId, (seen.get(epochId) ?? UidSet.empty).union(uids));
}

/** Works on an account until it is done, with new sessions after errors, and when somebody else wanted the connection. False: `stop` was aborted before. */
async function finish(
  options: ExecuteOptions,
  scope: RunScope,
  account: RunAccount,
  taker: Taker,
  stop: AbortSignal,
): Promise<boolean> {
  const { context, broker } = scope;
  const backoff = new Backoff();
  const allowance = new Allowance(context.database, account.accountId, account.source.perDay ?? {});
  const counted: Taker = {
    ...taker,
    take: async (folder, part, missing) => {
      await taker.take(folder, part, missing);
      if (scope.plan.dryRun) note(scope.seen, folder.epochId, part);
      backoff.reset();
    },
  };
  while (!stop.aborted)
    try {
      if (scope.plan.kind === 'Full' && !scope.plan.dryRun) await catchUp(options, scope, account, stop);
      const connection = await broker.acquire(account.accountId, account.source.connectionsPerAccount, false, stop);
      if (!connection) return false;
      try {
        await using session = await account.source.open(account.account, stop);
        const work = (turn: Turn) => {
          const take: Taker['take'] = async (...part) => {
            await counted.take(...part);
            turn.progressed();
          };
          return workOn(scope, account, session, { ...counted, take }, allowance, AbortSignal.any([stop, turn.over]));
        };
        if (await inTurn(connection, work)) return true;
      } finally {
        await connection.release();
        await allowance.giveBack();
      }
    } catch (thrown) {
      const error = asMailmillError(thrown);
      if (stop.aborted) return false;
      context.log.warn(error.message, { code: error.code, family: error.family, source: account.source.name });
      if (error.family === 'Stalled' || (error.family === 'Transient' && backoff.failures >= mostFailures)) throw error;
      await sleep(backoff.next(error), stop);
    }
  return false;
}

/** New mail is part of a full load; where another worker reads the account, it reads that too. */
async function catchUp(
  { catchUp: read }: ExecuteOptions,
  { context, edition }: RunScope,
  { accountId }: RunAccount,
  stop: AbortSignal,
): Promise<void> {
  const { database, pipelineId, workerId } = context;
  const byOther = () => isReadByOther(database, pipelineId, accountId, workerId);
  if (await byOther()) return;
  context.edition = edition;
  // Somebody may take the account first: it is not waited for.
  const taken = new AbortController();
  const until = AbortSignal.any([stop, taken.signal]);
  const watch = async () => {
    while (!until.aborted) {
      await sleep(takenMs, until);
      if (!until.aborted && (await byOther())) taken.abort();
    }
  };
  // A store that is away is met by the reading, too.
  const watching = watch().catch(() => undefined);
  try {
    await read((id) => id === accountId, until);
  } finally {
    taken.abort();
    await watching;
  }
}
