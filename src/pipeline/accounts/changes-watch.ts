import type pg from 'pg';
import type { Source } from '../../sources/source.ts';
import { changeCursor, otherFolders, recordChanges } from '../../store/changes.ts';
import { archivedFlags } from '../../store/kept-changes.ts';
import { checkLease, fenced } from '../../store/leases.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import type { Keeper } from '../archive/keeper.ts';
import { type Change, compare } from '../commits/changes.ts';
import { type TellOptions, tellChanges } from '../commits/tell-changes.ts';
import type { PipelineContext } from '../context.ts';
import type { FolderSync } from '../folders/folder-sync.ts';
import type { Lane } from '../folders/lane.ts';
import { seeChanges } from './folder-changes.ts';

export interface ChangesWatchOptions extends TellOptions {
  readonly source: Source;
}

/** Looks for what has happened to messages. */
export interface ChangesLook {
  /** Milliseconds until the next look. */
  readonly dueIn: number;
  /** Looks at every folder when it is time; `now` does so in any case. Throws what sessions, sinks and the store throw. */
  look(lane: Lane, folders: readonly FolderSync[], now?: boolean): Promise<void>;
}

/** Whether a sink of the pipeline is told what happens later to messages, or an archive keeps it. */
export const tellsChanges = ({ changes, outbox, revision, keeper }: PipelineContext): boolean =>
  changes !== undefined ||
  (outbox !== undefined && revision.sinks.some(({ webhook }) => webhook?.changes)) ||
  (keeper !== undefined && keeper.changes.size > 0);

/** Looks at what has changed in folders that are caught up, at most once a poll interval. */
export class ChangesWatch implements ChangesLook {
  readonly #options: ChangesWatchOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ChangesWatchOptions) {
    this.#options = options;
  }

  get dueIn(): number {
    return Math.max(0, this.#lookedAt + this.#options.source.pollMs - performance.now());
  }

  async look(lane: Lane, folders: readonly FolderSync[], now = false): Promise<void> {
    if (!now && this.dueIn > 0) return;
    this.#lookedAt = performance.now();
    for (const folder of folders) await this.#look(lane, folder);
  }

  async #look(lane: Lane, folder: FolderSync): Promise<void> {
    const { epochId } = folder;
    const { session, signal } = lane;
    if (epochId === undefined || !session.flags) return;
    const { pipelineId, database, outbox, keeper } = this.#options.context;
    await outbox?.admit();
    const state = await lane.open(folder.name, true);
    const { modseq } = state;
    // What is known has other numbers.
    if (folder.epoch !== undefined && folder.epoch !== state.epoch) return folder.doubt();
    const cursor = await changeCursor(database, pipelineId, epochId);
    // With QRESYNC the number rises with each expunge as well (RFC 7162 §3.2.5).
    const vouches = session.capabilities.has('QRESYNC') && modseq !== undefined;
    if (vouches && modseq === cursor.modseq && cursor.waiting === 0) return;
    const seen = await seeChanges({ session, database, pipelineId, epochId, state, cursor, signal });
    const { before, added, listed } = seen;
    const objects = session.capabilities.has('OBJECTID') || session.capabilities.has('X-GM-EXT-1');
    const missing = [...before.messages.values()].filter(({ uid }) => !listed.has(uid)).map((each) => each.messageId);
    const elsewhere = objects ? await otherFolders(database, pipelineId, epochId, missing) : undefined;
    const readWith = keeper && (await archivedFlags(database, epochId, [...added.values()]));
    const found = compare({ epochId, ...seen, elsewhere, ...(readWith && { readWith }) });
    const { changes, known, gone, more } = found;
    // A message that is still to be read must be found by a later look, although the server's number is the same then.
    const unread = more || folder.changed(state) || folder.retryAt !== undefined;
    const upTo = unread ? before.modseq : modseq;
    if (changes.length + known.length + gone.length === 0 && upTo === before.modseq) return;
    const round = before.round + 1n;
    const record = (client: pg.ClientBase) =>
      recordChanges(client, pipelineId, epochId, { modseq: upTo, round, known, gone });
    if (keeper) await this.#keep(keeper, folder.name, changes, record);
    else {
      const at = this.#options.context.clock();
      const noticed = changes.map((change) => ({ ...change, at }));
      await tellChanges(this.#options, { folder: folder.name, epochId, round, changes: noticed, record });
    }
  }

  /** For those who read the archive. */
  async #keep(
    keeper: Keeper,
    folder: string,
    changes: readonly Change[],
    record: (client: pg.ClientBase) => Promise<void>,
  ): Promise<void> {
    const { context, source, account, lease, fresh } = this.#options;
    const kept = await keeper.keepChanges(changes, { source: source.name, account, folder });
    if (!fresh()) throw fenced();
    await context.database.transaction(async (client) => {
      await checkLease(client, lease);
      await kept.record(client);
      failpoint('in-kept-changes');
      await record(client);
    });
    failpoint('after-kept-changes');
  }
}
