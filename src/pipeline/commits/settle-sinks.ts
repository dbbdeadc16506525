import type { Source } from '../../sources/source.ts';
import { deadWorkers } from '../../store/dead-sessions.ts';
import { cursors } from '../../store/epochs.ts';
import { type Lease, raiseToken } from '../../store/leases.ts';
import { retireQueues } from '../../store/outbox-queue.ts';
import { refeed, registerSink, sinkBaseline } from '../../store/refeed.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import type { DirectSink, PipelineContext } from '../context.ts';
import { tellEnded } from '../left-open.ts';

/** The account whose cursors are compared. */
export interface SettledAccount {
  readonly source: Source;
  readonly account: string;
  readonly accountId: bigint;
}

/**
 * Compares each sink's progress with the cursors: a sink that was restored to an earlier day is fed again from there. Returns the lease, with a
 * higher token when a sink has seen one (then the store was restored), and whether any cursor moved.
 */
export async function settleSinks(
  context: PipelineContext,
  of: SettledAccount,
  start: Lease,
): Promise<{ readonly lease: Lease; readonly moved: boolean }> {
  if (start.orphaned) await endDeadWriters(context);
  let lease = start;
  let moved = false;
  for (const sink of context.sinks) {
    const settled = await context.health.during(sink.name, () => settleSink(context, of, lease, sink));
    lease = settled.lease;
    moved ||= settled.moved;
  }
  const dead = await retireQueues(context.database, lease, context.outbox?.names ?? []);
  if (dead > 0)
    context.log.warn('what waited for sinks that the pipeline does not have any more is dead', { deliveries: dead });
  return { lease, moved };
}

/**
 * Ends what dead workers left open in the sinks: one that was stopped in the middle of a COPY would hold its locks for as long as it stands
 * still, and whoever came after would wait for them.
 */
export async function endDeadWriters(context: PipelineContext): Promise<void> {
  const { database, workerId, health, hardStop, log } = context;
  const dead = await deadWorkers(database, workerId);
  for (const sink of context.sinks) {
    const ended = await health.during(sink.name, () => sink.endSessions(dead, hardStop));
    tellEnded(log, ended, { sink: sink.name });
  }
}

async function settleSink(context: PipelineContext, of: SettledAccount, start: Lease, sink: DirectSink) {
  const { database, pipelineId, hardStop } = context;
  const keyOf = (folder: string, epoch: bigint) => ({
    namespace: context.revision.namespace,
    pipeline: context.revision.pipeline,
    sink: sink.name,
    source: of.source.name,
    account: of.account,
    folder,
    epoch,
  });
  let lease = start;
  const fresh = await registerSink(database, lease, sink.name);
  const all = await cursors(database, pipelineId, of.accountId);
  const progress = await sink.progress(
    all.map((cursor) => keyOf(cursor.folder, cursor.uidvalidity)),
    hardStop,
  );
  const seen = progress.reduce((most, p) => (p && p.token > most ? p.token : most), 0n);
  if (seen > lease.token) lease = await raiseToken(database, lease, seen);
  let again = 0;
  let moved = false;
  if (!fresh)
    for (const [index, cursor] of all.entries()) {
      const baseline = await sinkBaseline(database, pipelineId, sink.name, cursor.epochId);
      const known = progress[index]?.version ?? 0n;
      const from = known > baseline ? known : baseline;
      if (from >= cursor.version) continue;
      again += await refeed(database, lease, cursor.epochId, from);
      moved = true;
    }
  failpoint('after-refeed');
  if (again > 0)
    context.log.warn('the sink was restored to an earlier state; it is fed again from there', {
      sink: sink.name,
      uids: again,
    });
  const now = await cursors(database, pipelineId, of.accountId);
  await sink.fence(
    now.map((cursor) => ({
      key: keyOf(cursor.folder, cursor.uidvalidity),
      version: cursor.version,
      token: lease.token,
    })),
    hardStop,
  );
  return { lease, moved: moved || lease !== start };
}
