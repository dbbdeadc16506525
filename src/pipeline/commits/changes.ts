import { hash } from 'node:crypto';
import type { Document, FieldType } from '../../message/fields.ts';
import type { Row } from '../../sinks/sink.ts';
import type { FlaggedMessage } from '../../sources/source.ts';
import type { KnownChanges, KnownMessage } from '../../store/changes.ts';

export type ChangeKind = 'flags' | 'expunge' | 'move';

/** Columns of a table of changes, by field, with their types; change.schema.json has them as queues are sent them. */
export const changeTypes: ReadonlyMap<string, FieldType> = new Map([
  ['change', 'string'],
  ['message', 'string'],
  ['account', 'string'],
  ['folder', 'string'],
  ['uid', 'int'],
  ['flags', 'list<string>'],
  ['toFolder', 'string'],
  ['at', 'timestamp'],
]);

/** What has happened to a message that was read before. */
export interface Change {
  /** The same for every repeat. */
  readonly id: string;
  readonly kind: ChangeKind;
  readonly messageId: string;
  readonly uid: number;
  /** As they are now; of a message that is gone, as they were. */
  readonly flags: string;
  /** Where a message was moved to. */
  readonly toFolder?: string;
}

/** A change, and when it was noticed. */
export interface NoticedChange extends Change {
  readonly at: Date;
}

/** What a look at a folder makes known. */
export interface Comparison {
  readonly changes: readonly Change[];
  readonly known: readonly KnownMessage[];
  /** Never to be asked for again. */
  readonly gone: readonly KnownMessage[];
  /** There was too much for one look. */
  readonly more: boolean;
}

export interface Look {
  readonly epochId: bigint;
  readonly before: KnownChanges;
  /** Messages that were read since the last look: id by UID. */
  readonly added: ReadonlyMap<number, string>;
  /** Flags that some of them had when they were read, as far as anybody knows. */
  readonly readWith?: ReadonlyMap<number, string>;
  /** Of all messages, or of those that changed. */
  readonly flagged: readonly FlaggedMessage[];
  /** UIDs that the server lists, of those that are known or were read. */
  readonly listed: Pick<ReadonlySet<number>, 'has'>;
  /** Where else messages are; undefined: the server has no object ids, so that a move cannot be told. */
  readonly elsewhere: ReadonlyMap<string, string> | undefined;
}

/** A UUIDv8 (RFC 9562 §5.8) of what has happened. */
export function changeId(messageId: string, epochId: bigint, uid: number, what: string): string {
  const hex = hash('sha256', `${messageId}\0${epochId}\0${uid}\0${what}`, 'hex');
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) & 3];
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const text = (flags: readonly string[]): string => [...flags].sort().join(' ');

/** Messages that were gone before anybody looked, of which one look tells at most. */
const goneAtOnce = 10_000;

/** Compares a folder with what was known of it. Pure: a repeat gives the same ids. */
export function compare({ epochId, before, added, readWith, flagged, listed, elsewhere }: Look): Comparison {
  const changes: Change[] = [];
  const known: KnownMessage[] = [];
  const gone: KnownMessage[] = [];
  const olds = new Map(before.messages);
  let many = goneAtOnce;
  for (const [uid, messageId] of added) {
    const flags = readWith?.get(uid);
    const message = { uid, messageId, flags: flags ?? '', version: 0, missing: false };
    if (listed.has(uid)) {
      if (flags !== undefined) olds.set(uid, message);
    } else if (flags === undefined) gone.push(message);
    else if (--many >= 0) olds.set(uid, message);
  }
  for (const { uid, flags } of flagged) {
    const now = text(flags);
    const old = olds.get(uid);
    if (!old) {
      const messageId = added.get(uid);
      // What has happened to it since it was read, nobody can tell: it is known from here on.
      if (messageId !== undefined && listed.has(uid))
        known.push({ uid, messageId, flags: now, version: 0, missing: false });
    } else if (old.flags !== now && listed.has(uid)) {
      const version = old.version + 1;
      const { messageId } = old;
      changes.push({
        id: changeId(messageId, epochId, uid, `flags ${version}`),
        kind: 'flags',
        messageId,
        uid,
        flags: now,
      });
      known.push({ ...old, flags: now, version, missing: false });
    } else if (added.has(uid) && listed.has(uid)) known.push(old);
  }
  for (const old of olds.values()) {
    const { uid, messageId, flags } = old;
    if (listed.has(uid)) continue;
    // Where it has gone to may be read a moment later.
    if (elsewhere && !old.missing) {
      known.push({ ...old, missing: true });
      continue;
    }
    const toFolder = elsewhere?.get(messageId);
    const kind = toFolder === undefined ? 'expunge' : 'move';
    const moved = toFolder === undefined ? {} : { toFolder };
    changes.push({ id: changeId(messageId, epochId, uid, 'gone'), kind, messageId, uid, flags, ...moved });
    gone.push(old);
  }
  return { changes, known, gone, more: many < 0 };
}

/** A change as a document. */
export function changeDocument(change: NoticedChange, account: string, folder: string): Document {
  return {
    change: change.kind,
    message: change.messageId,
    account,
    folder,
    uid: change.uid,
    flags: change.flags === '' ? [] : change.flags.split(' '),
    toFolder: change.toFolder ?? null,
    at: change.at,
  };
}

/** The row of a change. */
export const changeRow = (change: NoticedChange, account: string, folder: string): Row => ({
  documentId: change.id,
  edition: 1,
  document: changeDocument(change, account, folder),
});
