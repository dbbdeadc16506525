import { randomUUID } from 'node:crypto';
import type pg from 'pg';
import { archivedAs } from '../../sources/archive/names.ts';
import type { OpenArchive } from '../../sources/archive/open.ts';
import { encodeFrame, encodeSegment } from '../../sources/archive/segment.ts';
import { messageIdOf } from '../../sources/message-id.ts';
import { archivedHashes, beginSegment, framesOf, sealSegment } from '../../store/archive.ts';
import type { Database } from '../../store/database.ts';
import { type KeptFolder, type NewKept, openKeptFolder } from '../../store/kept.ts';
import { appendKept } from '../../store/kept-append.ts';
import { keepChanges } from '../../store/kept-changes.ts';
import { MailmillError } from '../../telemetry/errors.ts';
import { failpoint } from '../../telemetry/failpoint.ts';
import type { Change, ChangeKind } from '../commits/changes.ts';
import type { Judged } from '../commits/commit-record.ts';
import type { Origin } from '../processed.ts';

/** Positions are keyed by the message's identity, for ever; milliseconds. */
const windowMs = 30 * 365 * 86_400_000;
/** Messages that are compressed at the same time. */
const compressAtOnce = 8;

export interface KeeperOptions {
  readonly namespace: string;
  readonly database: Database;
  readonly archive: OpenArchive;
  readonly retentionMs: number | undefined;
  /** What of later changes is kept. */
  readonly changes: ReadonlySet<ChangeKind>;
  readonly clock: () => Date;
}

/** What was made durable for one commit and is to be told of in its transaction. */
export interface Stored {
  record(client: pg.ClientBase): Promise<void>;
}

/** Puts messages into a source's archive instead of delivering documents: the segment first, then what refers to it, with the cursor. */
export class Keeper {
  /** How long mail is kept, in milliseconds; undefined: for ever. */
  readonly retentionMs: number | undefined;
  readonly #options: KeeperOptions;
  readonly #folders = new Map<string, KeptFolder>();

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.retentionMs = options.retentionMs;
  }

  get changes(): ReadonlySet<ChangeKind> {
    return this.#options.changes;
  }

  get archive(): OpenArchive {
    return this.#options.archive;
  }

  /** The folder as pipelines will see it, also while it is empty. */
  async #folder({ source, account, folder }: Origin): Promise<KeptFolder> {
    const place = `${account}\0${folder}`;
    const known = this.#folders.get(place);
    if (known) return known;
    const { database, namespace } = this.#options;
    const opened = await openKeptFolder(database, { namespace, source: archivedAs(source), account, folder });
    this.#folders.set(place, opened);
    return opened;
  }

  /** Makes the folder known to those who read the archive. */
  async open(origin: Origin): Promise<void> {
    await this.#folder(origin);
  }

  /** Makes what is new durable. `epochId` is that of the mailbox's folder. */
  async store(judged: readonly Judged[], origin: Origin, epochId: bigint, signal: AbortSignal): Promise<Stored> {
    const { database, archive } = this.#options;
    const folder = await this.#folder(origin);
    const kept = judged.filter(({ read, verdict }) => verdict.state !== 'Dead' && !read.headerOnly);
    const hashes = kept.map(({ read }) => read.rawSha256);
    const there = kept.length === 0 ? new Set<string>() : await archivedHashes(database, archive.id, hashes);
    const fresh = new Map(kept.flatMap(({ read }) => (there.has(read.rawSha256) ? [] : [[read.rawSha256, read.raw]])));
    const sealed = fresh.size === 0 ? undefined : await this.#write(fresh, signal);
    return {
      record: async (client) => {
        if (kept.length === 0) return;
        await sealed?.(client);
        const frames = await framesOf(client, archive.id, hashes);
        const items = kept.map((each) => newKept(each, frames.get(each.read.rawSha256)!, epochId));
        await this.#into(() => appendKept(client, folder, items, { windowMs, inlineBytes: 0 }));
      },
    };
  }

  /** What is to be told of what happened in a folder of the mailbox, as far as it is kept. */
  async keepChanges(changes: readonly Change[], origin: Origin): Promise<Stored> {
    const folder = await this.#folder(origin);
    const kept = changes.filter(({ kind }) => this.changes.has(kind));
    const at = this.#options.clock();
    return { record: (client) => this.#into(() => keepChanges(client, folder, kept, at)) };
  }

  /** A folder that was purged is opened again the next time. */
  async #into(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (error instanceof MailmillError && error.code === 'STORE_KEPT_GONE') this.#folders.clear();
      throw error;
    }
  }

  async #write(fresh: ReadonlyMap<string, Buffer>, signal: AbortSignal) {
    const { database, archive, clock } = this.#options;
    const name = segmentName(clock());
    const id = await beginSegment(database, archive.id, name);
    const messages = [...fresh];
    const encoded: Buffer[] = [];
    for (let at = 0; at < messages.length; at += compressAtOnce)
      encoded.push(
        ...(await Promise.all(
          messages.slice(at, at + compressAtOnce).map(([sha256, raw]) => encodeFrame(sha256, raw)),
        )),
      );
    const segment = encodeSegment(encoded);
    failpoint('before-kept-segment');
    await archive.storage.write(name, segment.bytes, signal);
    failpoint('after-kept-segment');
    return (client: pg.ClientBase) => sealSegment(client, archive.id, id, segment.bytes.length, segment.frames);
  }
}

/** By day, so that directories stay small; never the same twice. */
export const segmentName = (now: Date): string =>
  `${now.toISOString().slice(0, 10).replaceAll('-', '/')}/${randomUUID()}.mms`;

function newKept({ read, id }: Judged, frame: bigint, epochId: bigint): NewKept {
  const headerId = messageIdOf(read.raw);
  return {
    key: Buffer.from(id.replaceAll('-', '').padStart(64, '0'), 'hex'),
    rawSha256: read.rawSha256,
    size: read.size,
    receivedAt: read.receivedAt,
    flags: read.flags,
    ...(headerId !== undefined && { headerId }),
    content: { frame },
    origin: { epochId, uid: read.uid },
    messageId: id,
  };
}
