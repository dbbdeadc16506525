import type { Source } from '../../sources/source.ts';
import { knownChanges, otherFolders, recordChanges, unknownMessages } from '../../store/changes.ts';
import { checkLease, fenced, type Lease } from '../../store/leases.ts';
import { stalled } from '../../telemetry/errors.ts';
import { type Change, type ChangeKind, changeRow, compare } from '../commits/changes.ts';
import type { ChangeSink, PipelineContext } from '../context.ts';
import type { FolderSync } from '../folders/folder-sync.ts';
import type { Lane } from '../folders/lane.ts';

export interface ChangesWatchOptions {
  readonly context: PipelineContext;
  /** Tables of changes. Sinks with a queue that are told of them are those of the revision. */
  readonly sinks: readonly ChangeSink[];
  readonly source: Source;
  readonly account: string;
  readonly lease: Lease;
  readonly fresh: () => boolean;
}

/** Whether a sink of the pipeline is told what happens later to messages. */
export const tellsChanges = ({ changes, outbox, revision }: PipelineContext): boolean =>
  changes !== undefined || (outbox !== undefined && revision.sinks.some(({ webhook }) => webhook?.changes));

/** Looks at what has changed in folders that are caught up, at most once a poll interval. */
export class ChangesWatch {
  readonly #options: ChangesWatchOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ChangesWatchOptions) {
    this.#options = options;
  }

  /** Milliseconds until the next look. */
  get dueIn(): number {
    return Math.max(0, this.#lookedAt + this.#options.source.pollMs - performance.now());
  }

  /** Looks at every folder when it is time; `now` does so in any case. Throws what sessions, sinks and the store throw. */
  async look(lane: Lane, folders: readonly FolderSync[], now = false): Promise<void> {
    if (!now && this.dueIn > 0) return;
    this.#lookedAt = performance.now();
    for (const folder of folders) await this.#look(lane, folder);
  }

  async #look(lane: Lane, folder: FolderSync): Promise<void> {
    const { epochId } = folder;
    const { session, signal } = lane;
    if (epochId === undefined || !session.flags) return;
    const { pipelineId, database, outbox } = this.#options.context;
    await outbox?.admit();
    const { modseq } = await lane.open(folder.name, true);
    const before = await knownChanges(database, pipelineId, epochId);
    // With QRESYNC the number rises with each expunge as well (RFC 7162 §3.2.5).
    const vouches = session.capabilities.has('QRESYNC') && modseq !== undefined;
    const waiting = [...before.messages.values()].some(({ missing }) => missing);
    if (vouches && modseq === before.modseq && !waiting) return;
    const added = await unknownMessages(database, pipelineId, epochId);
    const last = Math.max(0, ...lastOf(before.messages.keys()), ...lastOf(added.keys()));
    const listed = new Set(await session.search(1, last, signal));
    const flagged = await session.flags(
      last,
      added.size === 0 && modseq !== undefined ? before.modseq : undefined,
      signal,
    );
    const objects = session.capabilities.has('OBJECTID') || session.capabilities.has('X-GM-EXT-1');
    const missing = [...before.messages.values()].filter(({ uid }) => !listed.has(uid)).map((each) => each.messageId);
    const elsewhere = objects ? await otherFolders(database, pipelineId, epochId, missing) : undefined;
    const found = compare({ epochId, before, added, flagged, listed, elsewhere });
    if (found.changes.length + found.known.length + found.gone.length === 0 && modseq === before.modseq) return;
    await this.#commit(folder, epochId, before.round + 1n, modseq, found);
  }

  /** Sinks first, then what is known: a crash in between repeats the same rows. */
  async #commit(
    folder: FolderSync,
    epochId: bigint,
    round: bigint,
    modseq: bigint | undefined,
    found: ReturnType<typeof compare>,
  ): Promise<void> {
    const { context, sinks, source, account, lease, fresh } = this.#options;
    const at = context.clock();
    const rowsOf = (kinds: ReadonlySet<ChangeKind>) =>
      found.changes.flatMap((change: Change) =>
        kinds.has(change.kind) ? [changeRow(change, account, folder.name, at)] : [],
      );
    const { revision, outbox } = context;
    const { namespace, pipeline } = revision;
    const progress = (sink: string) => ({
      key: { namespace, pipeline, sink, source: source.name, account, folder: folder.name, epoch: epochId },
      version: round,
      token: lease.token,
    });
    const origin = { source: source.name, account, folder: folder.name };
    const queues = outbox && (await import('../outbox/queued-changes.ts'));
    const queued = (await queues?.queuedChanges(revision, found.changes, origin, at)) ?? [];
    if (!fresh()) throw fenced();
    for (const { sink, kinds } of sinks) {
      const rows = rowsOf(kinds);
      if (!sink.shared && rows.length > 0) refuse(await sink.commit(rows, [progress(sink.name)], context.hardStop));
    }
    const sent = await context.database.transaction(async (client) => {
      await checkLease(client, lease);
      const sending = (await queues?.enqueueChanges(client, lease, origin, revision, queued)) ?? [];
      for (const { sink, kinds } of sinks) {
        const rows = rowsOf(kinds);
        if (sink.shared && rows.length > 0) refuse(await sink.writeShared(client, rows, [progress(sink.name)]));
      }
      await recordChanges(client, context.pipelineId, epochId, { modseq, round, known: found.known, gone: found.gone });
      return sending;
    });
    outbox?.queued(sent);
  }
}

const lastOf = (uids: Iterable<number>): readonly number[] => {
  let last = 0;
  for (const uid of uids) if (uid > last) last = uid;
  return [last];
};

function refuse(refused: ReadonlyMap<string, unknown>): void {
  if (refused.size > 0)
    throw stalled(
      'SINK_CHANGE_REFUSED',
      'the table of changes takes a row for what happened to a message not; drop what you have added to it, or the table: it is made again',
    );
}
