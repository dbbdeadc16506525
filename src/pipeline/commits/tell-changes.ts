import type pg from 'pg';
import { checkLease, fenced, type Lease } from '../../store/leases.ts';
import { stalled } from '../../telemetry/errors.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import type { ChangeSink, PipelineContext } from '../context.ts';
import { type ChangeKind, changeRow, type NoticedChange } from './changes.ts';

export interface TellOptions {
  readonly context: PipelineContext;
  /** Tables of changes. Sinks with a queue that are told of them are those of the revision. */
  readonly sinks: readonly ChangeSink[];
  readonly source: { readonly name: string };
  readonly account: string;
  readonly lease: Lease;
  readonly fresh: () => boolean;
}

/** What is told at once, and what remembers in the store that it was. */
export interface Telling {
  readonly folder: string;
  readonly epochId: bigint;
  readonly round: bigint;
  readonly changes: readonly NoticedChange[];
  readonly record: (client: pg.ClientBase) => Promise<void>;
}

/** Tells sinks what has happened. Sinks first, then what is known: a crash in between repeats the same rows. */
export async function tellChanges(options: TellOptions, telling: Telling): Promise<void> {
  const { context, sinks, source, account, lease, fresh } = options;
  const { folder, epochId, round, changes, record } = telling;
  const rowsOf = (kinds: ReadonlySet<ChangeKind>) =>
    changes.flatMap((change) => (kinds.has(change.kind) ? [changeRow(change, account, folder)] : []));
  const { revision, outbox } = context;
  const { namespace, pipeline } = revision;
  const progress = (sink: string) => ({
    key: { namespace, pipeline, sink, source: source.name, account, folder, epoch: epochId },
    version: round,
    token: lease.token,
  });
  const origin = { source: source.name, account, folder };
  const queues = outbox && (await import('../outbox/queued-changes.ts'));
  const queued = (await queues?.queuedChanges(revision, changes, origin)) ?? [];
  if (!fresh()) throw fenced();
  for (const { sink, kinds } of sinks) {
    const rows = rowsOf(kinds);
    if (!sink.shared && rows.length > 0) refuse(await sink.commit(rows, [progress(sink.name)], context.hardStop));
  }
  failpoint('after-change-sinks');
  const sent = await context.database.transaction(async (client) => {
    await checkLease(client, lease);
    const sending = (await queues?.enqueueChanges(client, lease, origin, revision, queued)) ?? [];
    for (const { sink, kinds } of sinks) {
      const rows = rowsOf(kinds);
      if (sink.shared && rows.length > 0) refuse(await sink.writeShared(client, rows, [progress(sink.name)]));
    }
    await record(client);
    return sending;
  });
  failpoint('after-change-commit');
  outbox?.queued(sent);
}

function refuse(refused: ReadonlyMap<string, unknown>): void {
  if (refused.size > 0)
    throw stalled(
      'SINK_CHANGE_REFUSED',
      'the table of changes takes a row for what happened to a message not; drop what you have added to it, or the table: it is made again',
    );
}
