import type { UidSet } from '../store/uid-set.ts';
import type { MailmillError } from '../telemetry/errors.ts';

/** A folder of an account as the server lists it now. `name` has `/` between levels. */
export interface FolderInfo {
  readonly name: string;
  /** Message count, when the server gives it without selecting. */
  readonly messages?: number;
  /** It is worth a connection of its own to wait in. */
  readonly watch?: boolean;
}

/** A selected folder. */
export interface FolderState {
  readonly name: string;
  /** UIDVALIDITY. */
  readonly epoch: bigint;
  /** Next UID the server will give; every message that arrives later has this one or a greater. */
  readonly uidNext: number;
  readonly exists: number;
  /** HIGHESTMODSEQ; absent without CONDSTORE. */
  readonly modseq?: bigint;
}

/** A folder as STATUS tells of it. */
export interface FolderCounts {
  /** 0: the server does not tell. */
  readonly uidNext: number;
  readonly exists: number;
  readonly epoch: bigint;
}

/** Metadata of one message, listed ahead of its fetch. */
export interface Listed {
  readonly uid: number;
  /** Bytes, as the server says. */
  readonly size: number;
  readonly receivedAt: Date;
  /** EMAILID or X-GM-MSGID; survives moves and new epochs. */
  readonly objectId?: string;
  /** In a folder that is read, and yet left out: by its labels. */
  readonly excluded?: boolean;
}

/** For whoever fills an object in before others see it: objects that begin with all their properties have one shape, and code for it stays fast. */
export type Mutable<T> = { -readonly [key in keyof T]: T[key] };

/** One message as received. */
export interface RawMessage {
  readonly uid: number;
  readonly raw: Buffer;
  readonly flags: readonly string[];
  /** Why it is no mail: it becomes a dead letter. `detail` holds nothing of it. */
  readonly refused?: { readonly code: string; readonly detail: string };
  /** Bytes of a message that turned out to be larger than the source's limit, whatever was listed; `raw` is empty then. */
  readonly oversize?: number;
  /** Where `raw` lies: whoever is done with the message for good may give it back, and need not. */
  readonly memory?: Memory;
}

/** Memory outside of the heap, that the collector would be late to free. */
export interface Memory {
  /** Afterwards what lies in it is empty. */
  release(): void;
}

/** Bytes of a message from some place on, and what the server says of the whole at the same time. */
export interface MessagePart {
  readonly bytes: Buffer;
  /** Where they begin; absent: the server does not know parts, and they are the whole message. */
  readonly offset?: number;
  /** Bytes that came where more came than may be kept; `bytes` is empty then. */
  readonly oversize?: number;
  readonly size: number;
  readonly receivedAt: Date;
  readonly objectId?: string;
  readonly flags: readonly string[];
}

/** The flags of a message as they are now. */
export interface FlaggedMessage {
  readonly uid: number;
  readonly flags: readonly string[];
}

/** What happened in a folder since it was looked at. */
export interface FolderChanges {
  /** Messages whose flags changed, or that came. */
  readonly flagged: readonly FlaggedMessage[];
  /** UIDs that are gone, of messages that were seen or not; these may have been told before. */
  readonly vanished: UidSet;
}

/** Where a message with a certain Message-ID is. */
export interface FoundMessage {
  readonly folder: string;
  /** Whether `folders.include`/`exclude` select the folder. */
  readonly selected: boolean;
  readonly epoch: bigint;
  /** Absent where the source has no UIDs of its own and the message was not given one yet. */
  readonly uid?: number;
  readonly receivedAt: Date;
}

/** What a search by Message-ID found. */
export interface Findings {
  readonly messages: readonly FoundMessage[];
  /** Folders that the account may not open. */
  readonly denied: readonly string[];
}

/**
 * A live login of one account; one folder is selected at a time and commands are not concurrent. Every method throws
 * `MailmillError`s: Transient when the connection is gone (make a new session), Waiting when throttled,
 * Stalled when a person must act. A session is used by one task.
 */
export interface SourceSession extends AsyncDisposable {
  /** Folders that `folders.include`/`exclude` select, sorted by name. */
  folders(signal: AbortSignal): Promise<readonly FolderInfo[]>;
  /** Opens a folder read-only. Throws Transient `FOLDER_GONE` when it is not there any more. */
  select(folder: string, signal: AbortSignal): Promise<FolderState>;
  /** UIDs that exist now in the selected folder from `from` to `to` (inclusive; no `to`: to the end), ascending. UID SEARCH. */
  search(from: number, to: number | undefined, signal: AbortSignal): Promise<readonly number[]>;
  /** Metadata of these UIDs (ascending); a UID that is gone is left out. */
  list(uids: readonly number[], signal: AbortSignal): Promise<readonly Listed[]>;
  /** Streams these messages (ascending UIDs) with one command; a UID that is gone is left out. Never yields a UID twice. */
  fetch(uids: readonly number[], signal: AbortSignal): AsyncIterable<RawMessage>;
  /**
   * `count` bytes of a message from `offset` on; fewer, or none, at its end. Undefined when it is gone. Absent: messages of this kind of source do
   * not come in parts.
   */
  fetchPart?(uid: number, offset: number, count: number, signal: AbortSignal): Promise<MessagePart | undefined>;
  /** The header block only, at most 256 KiB, of a message that is too large to fetch; undefined when gone. */
  fetchHeader(uid: number, signal: AbortSignal): Promise<Buffer | undefined>;
  /** Looks for a Message-ID (without angle brackets) in every folder, also in those that `folders` leaves out. Another folder may be open after. */
  find(messageId: string, signal: AbortSignal): Promise<Findings>;
  /**
   * Flags of the messages up to a UID in the selected folder, or of these; with `since` only where they changed after that MODSEQ or the server cannot
   * tell. Absent: messages of this kind of source have no flags that change.
   */
  flags?(
    of: number | readonly number[],
    since: bigint | undefined,
    signal: AbortSignal,
  ): Promise<readonly FlaggedMessage[]>;
  /** What has happened since a MODSEQ to messages up to a UID in the selected folder, by one command; undefined: the server cannot tell, all is to be compared. */
  changes?(to: number, since: bigint, signal: AbortSignal): Promise<FolderChanges | undefined>;
  /** Whether the server has said that a message is gone since the folder was opened; false: it may be. */
  isGone?(uid: number): boolean;
  /** UIDNEXT and count of a folder that is not selected, to see whether it changed. STATUS. */
  status(folder: string, signal: AbortSignal): Promise<FolderCounts>;
  /** The same of several folders, in fewer round trips; those that are gone, or that the account may not open, are left out. */
  statuses?(folders: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, FolderCounts>>;
  /**
   * Waits in the selected folder until something changed there (IDLE, or a poll where there is no IDLE), `ms` passed, or `signal` aborted.
   * Proves liveness: an answer came from the server within the last `ms`, else Transient.
   */
  wait(ms: number, signal: AbortSignal): Promise<'changed' | 'timeout'>;
  /** Server capabilities, for `mailmill try`. */
  readonly capabilities: ReadonlySet<string>;
}

/** An account as the list of a source has it now. */
export interface ListedAccount {
  readonly name: string;
  /** Changes when what it logs in with does. */
  readonly version: string;
}

/** Accounts of a source, by a list that may change. */
export interface AccountList {
  readonly accounts: readonly ListedAccount[];
  /** What is wrong with entries that are no account; each Stalled. */
  readonly broken: readonly MailmillError[];
}

/** What reads a source kind. Accounts of a source are logins. */
export interface Source {
  readonly name: string;
  /** What the store calls it; default: its name. */
  readonly storedAs?: string;
  /** Names of the accounts, stable over restarts. */
  accounts(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Reads the list of accounts again; sessions opened from now on log in by what it says. Absent: the source has one account, for ever. Throws
   * what keeps the list from being read; the one before stays in force.
   */
  relist?(signal: AbortSignal): Promise<AccountList>;
  /** How many sessions one account may have at the same time over all workers; undefined: no limit (local files). */
  readonly connectionsPerAccount: number | undefined;
  /** What one account may be made to give in a day, over all workers; absent: without limit. */
  readonly perDay?: { readonly bytes?: number; readonly messages?: number };
  /** Milliseconds between checks of folders that are not waited on. */
  readonly pollMs: number;
  /** Folders may come that are to be read as well: they are looked for as often. Absent: the list of folders changes with the spec, or hardly. */
  readonly newFolders?: boolean;
  /** Bytes; larger messages become dead letters. */
  readonly messageSize: number;
  /** In which order mail is read that is there before; default: oldest first. */
  readonly backfillOrder?: 'OldestFirst' | 'NewestFirst';
  /**
   * Folders are all opened before one is read: mail that was moved from one into another is recognised there once the epoch is over in which
   * it was seen before.
   */
  readonly opensAllFirst?: boolean;
  /** What happens to messages later was noticed by somebody else and is in the store (`store/kept-changes.ts`): sessions need not look. */
  readonly keepsChanges?: boolean;
  /** Cutoff of a folder that is first seen at `now`; undefined: everything. */
  cutoff(now: Date): Date | undefined;
  /** `vanished`: `changes` of the session will be asked for; that costs a round trip. */
  open(account: string, signal: AbortSignal, wants?: { readonly vanished?: boolean }): Promise<SourceSession>;
}
