import { recordChanges } from '../../store/changes.ts';
import { changesBehind, epochsWithChanges, type FoundChange } from '../../store/kept-changes.ts';
import { changeId } from '../commits/changes.ts';
import { tellChanges } from '../commits/tell-changes.ts';
import type { FolderSync } from '../folders/folder-sync.ts';
import type { ChangesLook, ChangesWatchOptions } from './changes-watch.ts';

/** Changes that are told in one transaction. */
const atOnce = 1_000;

/** Tells what the collector of an archive has noticed, each once, behind a cursor of the pipeline's own. */
export class KeptChangesWatch implements ChangesLook {
  readonly #options: ChangesWatchOptions;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ChangesWatchOptions) {
    this.#options = options;
  }

  get dueIn(): number {
    return Math.max(0, this.#lookedAt + this.#options.source.pollMs - performance.now());
  }

  async look(_: unknown, folders: readonly Pick<FolderSync, 'name' | 'epochId'>[], now = false): Promise<void> {
    if (!now && this.dueIn > 0) return;
    this.#lookedAt = performance.now();
    const { pipelineId, database, outbox } = this.#options.context;
    const epochs = folders.flatMap(({ epochId }) => epochId ?? []);
    const behind = await epochsWithChanges(database, pipelineId, epochs);
    for (const { name, epochId } of folders) {
      if (epochId === undefined || !behind.has(epochId)) continue;
      for (let more = true; more; ) {
        await outbox?.admit();
        more = await this.#tell(name, epochId);
      }
    }
  }

  /** False: there is nothing behind it that can be told now. */
  async #tell(folder: string, epochId: bigint): Promise<boolean> {
    const { pipelineId, database } = this.#options.context;
    const { round, changes } = await changesBehind(database, pipelineId, epochId, atOnce);
    // Of a message that is still to be read: nothing is told before it, and what comes behind waits.
    const end = changes.findIndex(({ ready }) => !ready);
    const told = end < 0 ? changes : changes.slice(0, end);
    const last = told.at(-1);
    if (!last) return false;
    await tellChanges(this.#options, {
      folder,
      epochId,
      round: round + 1n,
      changes: told.filter(({ read }) => read).map((change) => noticed(change, epochId)),
      record: (client) =>
        recordChanges(client, pipelineId, epochId, {
          modseq: last.position,
          round: round + 1n,
          known: [],
          gone: [],
        }),
    });
    return end < 0 && changes.length === atOnce;
  }
}

/** A position is given once in the life of an archive's folder: so is the id. */
const noticed = ({ kind, messageId, uid, flags, toFolder, position, noticedAt }: FoundChange, epochId: bigint) => ({
  id: changeId(messageId, epochId, uid, `kept ${position}`),
  kind,
  messageId,
  uid,
  flags,
  ...(toFolder !== undefined && { toFolder }),
  at: noticedAt,
});
