import { milliseconds } from '../../api/schema.ts';
import type { RunResult } from '../../api/worker-status.ts';
import type { Row } from '../../sinks/sink.ts';
import type { Listed, Source, SourceSession } from '../../sources/source.ts';
import { cursors } from '../../store/epochs.ts';
import { accountId, pipelineId } from '../../store/names.ts';
import { rememberedRevision } from '../../store/revisions.ts';
import { messageIds } from '../../store/run-targets.ts';
import { asMailmillError, stalled } from '../../telemetry/errors.ts';
import { Allowance } from '../accounts/allowance.ts';
import { Backoff, sleep } from '../backoff.ts';
import { planAlone } from '../folders/batch-plan.ts';
import { MessageReader } from '../folders/read-message.ts';
import type { Origin, ReadMessage } from '../processed.ts';
import type { Revision } from '../revision/revision.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';
import { type Maker, makerOf } from './maker.ts';
import { readUids } from './read-uids.ts';
import type { RunAccount } from './scope.ts';

/** What a preflight is asked. */
export interface PreflightOptions {
  readonly messages: number;
  /** Share of the messages that may be dead with the new revision, beyond those that are with the old one. */
  readonly maxErrorRate: number;
  /** Hash of the revision that runs. */
  readonly baseline: string;
}

/** Failures in a row that end the process; the Job starts another. */
const mostFailures = 5;
/** Accounts of a list that are looked at: a change of steps shows in a few. */
const mostAccounts = 5;

/** What it may take of an account's limits of a day. */
const partOfDay = 0.1;

/** A message to try, with the id that it has or would have. */
interface Sample {
  readonly read: ReadMessage;
  readonly id: string;
  readonly origin: Origin;
}

/**
 * Lets a new revision and the one that runs process the same newest messages, and tries the sinks of both in transactions that are rolled
 * back. Throws Stalled `PREFLIGHT_REJECTED` with the numbers and the first error when more die than may; what is wrong with a sink; Transient and
 * Waiting what is out of reach.
 */
export async function preflight(
  revision: Revision,
  options: PreflightOptions,
  environment: RunnerEnvironment,
  stop: AbortSignal,
): Promise<RunResult | undefined> {
  const startedAt = environment.clock().toISOString();
  const { database, hardStop } = environment;
  const { namespace, pipeline, retention } = revision;
  const id = await pipelineId(database, namespace, pipeline, milliseconds(retention));
  const next = makerOf(revision, environment);
  // Our own compiler wrote it.
  const before = (await rememberedRevision(database, id, options.baseline)) as Revision | undefined;
  const samples = await newest(revision, id, options.messages, environment, stop);
  if (!samples) return undefined;
  const found = await deaths(next, samples, environment, hardStop);
  const runs = before && { ...makerOf(before, environment), excused: true };
  const known = runs ? await deaths(runs, samples, environment, hardStop) : { dead: 0 };
  const more = found.dead - known.dead;
  if (more > options.maxErrorRate * samples.length)
    throw stalled(
      'PREFLIGHT_REJECTED',
      `${found.dead} of the newest ${samples.length} messages would be dead letters, ${known.dead} are with revision ${options.baseline}; the first ${found.first}. Correct the pipeline; mail goes on meanwhile`,
    );
  return {
    ...{ name: 'preflight', specHash: '', revision: revision.hash, state: 'Succeeded', startedAt },
    finishedAt: environment.clock().toISOString(),
    read: samples.length,
    delivered: samples.length - found.dead - found.dropped,
    dropped: found.dropped,
    dead: found.dead,
  };
}

/**
 * How many of the samples a revision and its sinks let die; and of the first where and why, without content. What is wrong with a sink is thrown,
 * but for the revision that runs (`excused`): the new one may be what mends it.
 */
async function deaths(
  maker: Maker & { readonly excused?: boolean },
  samples: readonly Sample[],
  environment: RunnerEnvironment,
  signal: AbortSignal,
) {
  const dead = new Map<string, string>();
  const rows: Row[] = [];
  let dropped = 0;
  for (const { read, id, origin } of samples) {
    const verdict = await maker.make(read, id, origin, signal);
    if (verdict.state === 'Processed') rows.push(verdict);
    else if (verdict.state === 'Dropped') dropped += 1;
    else
      dead.set(
        id,
        `${verdict.death.step ? `at step ${verdict.death.step}` : 'when it is read'}: ${verdict.death.code}`,
      );
  }
  for (const sink of environment.openSinks(maker.revision, maker.types))
    try {
      const { refused } = await sink.rehearse(rows, [], signal);
      for (const { documentId, code } of refused) dead.set(documentId, `at sink ${sink.name}: ${code}`);
    } catch (thrown) {
      const error = asMailmillError(thrown);
      if (maker.excused !== true || error.family !== 'Stalled') throw error;
      const { code, family } = error;
      environment.log.warn('a sink of the revision that runs takes nothing: it is not compared', {
        code,
        family,
        sink: sink.name,
      });
    } finally {
      await sink.close();
    }
  const [first] = dead.values();
  return { dead: dead.size, dropped, first };
}

/** The first of these that take no more than their part of a day's limits; one at least. */
function withinPart<T extends Listed>(candidates: readonly T[], { perDay = {}, messageSize }: Source) {
  const { bytes = Number.POSITIVE_INFINITY, messages = Number.POSITIVE_INFINITY } = perDay;
  const chosen: T[] = [];
  let amount = { bytes: 0, messages: 0 };
  for (const each of candidates) {
    const { bytes: size } = planAlone(each, messageSize);
    const next = { bytes: amount.bytes + size, messages: amount.messages + 1 };
    if (chosen.length > 0 && (next.bytes > bytes * partOfDay || next.messages > messages * partOfDay)) break;
    chosen.push(each);
    amount = next;
  }
  return { chosen, amount };
}

/** The newest messages of the first accounts; undefined: `stop` was aborted. */
async function newest(
  revision: Revision,
  pipeline: bigint,
  count: number,
  environment: RunnerEnvironment,
  stop: AbortSignal,
): Promise<readonly Sample[] | undefined> {
  const samples: Sample[] = [];
  for (const { name } of revision.sources) {
    const source = await environment.openSource(revision, name);
    const names = (await source.accounts(environment.hardStop)).slice(0, mostAccounts);
    const share = Math.ceil(count / names.length);
    for (const account of names) {
      const of = await accountId(environment.database, revision.namespace, name, account);
      const allowance = new Allowance(environment.database, of, source.perDay ?? {});
      const it = { source, account, accountId: of, allowance };
      const found = await withSession(environment, it, stop, (session) =>
        newestOf(environment, pipeline, it, session, share, stop),
      ).finally(() => allowance.giveBack());
      if (!found) return undefined;
      samples.push(...found);
    }
  }
  return samples;
}

/** Does work with a session, with a new one after errors that pass. Undefined: `stop` was aborted. */
async function withSession<T>(
  { broker, hardStop, log }: RunnerEnvironment,
  { source, account, accountId: id }: RunAccount,
  stop: AbortSignal,
  work: (session: SourceSession) => Promise<T>,
): Promise<T | undefined> {
  const backoff = new Backoff();
  while (!stop.aborted)
    try {
      // As the login that makes a new pod ready: a rollout waits for it.
      const connection = await broker.acquire(id, source.connectionsPerAccount, true, stop);
      if (!connection) return undefined;
      try {
        await using session = await source.open(account, hardStop);
        return await work(session);
      } finally {
        await connection.release();
      }
    } catch (thrown) {
      const error = asMailmillError(thrown);
      log.warn(error.message, { code: error.code, family: error.family, source: source.name });
      // Nobody is to wait for another day in a pod: the Job is made anew until then.
      const waits = error.code === 'SOURCE_BUDGET_SPENT';
      if (error.family === 'Stalled' || waits || backoff.failures >= mostFailures) throw error;
      await sleep(backoff.next(error), stop);
    }
  return undefined;
}

async function newestOf(
  { database, budget, hardStop }: RunnerEnvironment,
  pipeline: bigint,
  account: RunAccount & { readonly allowance: Allowance },
  session: SourceSession,
  count: number,
  stop: AbortSignal,
): Promise<readonly Sample[]> {
  const { source, allowance } = account;
  const known = await cursors(database, pipeline, account.accountId);
  const candidates: (Listed & { readonly folder: string })[] = [];
  for (const { name } of await session.folders(hardStop)) {
    await session.select(name, hardStop);
    const uids = [...(await session.search(1, undefined, hardStop))].sort((a, b) => a - b).slice(-count);
    const listed = uids.length === 0 ? [] : await session.list(uids, hardStop);
    candidates.push(...listed.map((each) => ({ ...each, folder: name })));
  }
  candidates.sort((a, b) => b.receivedAt.getTime() - a.receivedAt.getTime() || b.uid - a.uid);
  const { chosen, amount } = withinPart(candidates.slice(0, count), source);
  // At once: what is read of them and left off would be lost to new mail. A rollout waits for it, so that it may have what is kept for that.
  await allowance.take(amount, false);
  const samples: Sample[] = [];
  for (const [folder, of] of Map.groupBy(chosen, (each) => each.folder)) {
    const state = await session.select(folder, hardStop);
    const uids = of.map(({ uid }) => uid).sort((a, b) => a - b);
    const epoch = known.find((each) => each.folder === folder && each.uidvalidity === state.epoch)?.epochId;
    const ids = epoch === undefined ? new Map<number, string>() : await messageIds(database, epoch, uids);
    const origin = { source: source.name, account: account.account, folder };
    const reader = new MessageReader({ origin, fields: [], onFallback: () => undefined });
    const context = { budget, hardStop, steps: [] };
    const take = async ({ messages }: { readonly messages: readonly ReadMessage[] }) => {
      for (const read of messages) samples.push({ read, id: ids.get(read.uid) ?? crypto.randomUUID(), origin });
    };
    await readUids({ context, source, session, reader, uids, take }, stop);
  }
  return samples;
}
