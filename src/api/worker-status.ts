/** What a worker tells about itself at `/status` (JSON, bearer token), read by the operator, `mailmill run` and people. */
export interface WorkerStatus {
  readonly version: 1;
  /** Pod name, or host and pid. */
  readonly worker: string;
  readonly startedAt: string;
  readonly pipelines: readonly PipelineStatus[];
}

/** Whether something works now; `code` and `message` say why not, `since` since when it is so. */
export interface Health {
  readonly ok: boolean;
  readonly code?: string;
  readonly message?: string;
  /** RFC 3339. */
  readonly since: string;
}

export interface PipelineStatus {
  readonly namespace: string;
  readonly pipeline: string;
  readonly revision: string;
  /** Latched: the first login, store check and sink check of this revision have passed. */
  readonly ready: boolean;
  readonly store: Health;
  readonly sinks: readonly SinkStatus[];
  /** Of a source with a list of accounts those with trouble first, and at most 50: `sources` has all of them in numbers. */
  readonly accounts: readonly AccountStatus[];
  /** Sources with a list of accounts. */
  readonly sources?: readonly SourceStatus[];
  readonly counters: Counters;
  readonly lastCommitAt?: string;
  /** Set when a person must act: the cursor does not move until then. */
  readonly stalled?: { readonly code: string; readonly message: string };
  readonly runs: readonly RunResult[];
}

/** The accounts of a list as one worker sees them, in numbers. */
export interface SourceStatus {
  readonly source: string;
  /** On the list, those included that cannot be read. */
  readonly accounts: number;
  /** Of which this worker holds the lease. */
  readonly held: number;
  /** Of which it is connected. */
  readonly connected: number;
  /** What is wrong with how many of those that it holds, most first; at most 8. */
  readonly troubles: readonly { readonly code: string; readonly message: string; readonly accounts: number }[];
  /** Why the list could not be read the last time; the one before is in force. */
  readonly list?: { readonly code: string; readonly message: string };
  /** Of the accounts that it holds. */
  readonly folders: number;
  readonly catchingUp: number;
  readonly unchecked: number;
  /** When the folder that was not looked at for longest was: of those in state Live, and Polled; RFC 3339. */
  readonly liveSince?: string;
  readonly polledSince?: string;
  readonly lagMessages: number;
  readonly lagSeconds: number;
}

export interface SinkStatus extends Health {
  readonly name: string;
  /** Of a sink that is fed from the outbox. */
  readonly queue?: QueueStatus;
}

/** What waits for a sink, in all workers together. */
export interface QueueStatus {
  readonly deliveries: number;
  /** As they are kept, compressed. */
  readonly bytes: number;
  /** Age of the oldest. */
  readonly oldestSeconds: number;
  /** Not among those that wait. */
  readonly dead: number;
}

export interface AccountStatus {
  readonly source: string;
  /** Position in the source's list of accounts, or where that may change a number of the store; never the address. */
  readonly account: number;
  readonly role: 'Holder' | 'Standby';
  readonly connection: Health;
  readonly folders: readonly FolderStatus[];
  /** It goes on by itself at a known time (RFC 3339). `oldOnly`: new mail is read meanwhile. */
  readonly waiting?: {
    readonly code: string;
    readonly message: string;
    readonly until: string;
    readonly oldOnly?: boolean;
  };
}

export interface FolderStatus {
  readonly name: string;
  readonly state: 'Live' | 'CatchingUp' | 'Polled' | 'Unchecked';
  /** When the server last said what is in it; RFC 3339. */
  readonly checkedAt?: string;
  /** Listed and not finished. */
  readonly lagMessages: number;
  /** Age of the oldest of them, by arrival. */
  readonly lagSeconds: number;
  /** Of the mail that was there at the first look, while some is left. */
  readonly backfill?: BackfillStatus;
}

/** How far a backfill has come, in messages. */
export interface BackfillStatus {
  readonly done: number;
  readonly total: number;
  /** Messages a second over the last minute. */
  readonly perSecond: number;
  /** Absent while the rate is not known. */
  readonly secondsLeft?: number;
}

/** Messages since the worker's start, or of a run. */
export interface Counters {
  readonly read: number;
  readonly delivered: number;
  readonly dropped: number;
  readonly dead: number;
}

/** One run; as JSON also the termination message of a Job's pod (at most 2 KiB) and the store's run row. */
export interface RunResult extends Counters {
  readonly name: string;
  /** First 16 hex digits of the SHA-256 of the EmailPipelineRun's canonical spec; empty for scheduled runs. */
  readonly specHash: string;
  readonly revision: string;
  /** `Cancelled`: its process was told to end; the same run goes on where it was when it is started again. */
  readonly state: 'Running' | 'Succeeded' | 'Failed' | 'Cancelled';
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** Of what it writes. */
  readonly edition?: number;
  /** Messages handled, and in all as far as is known, of a run that re-reads. */
  readonly done?: number;
  readonly total?: number;
  /** Rows removed from sinks. */
  readonly removed?: number;
  /** Messages that are neither in the mailbox nor kept. */
  readonly missing?: number;
  /** Of a dry run. */
  readonly diff?: RunDiff;
  /** Of a comparison of the mailboxes with the store. */
  readonly reconcile?: ReconcileFound;
  /** Family, code and text of the error that ended it. */
  readonly family?: 'Transient' | 'Waiting' | 'Stalled';
  readonly code?: string;
  readonly message?: string;
}

/** What a dry run found; `keys` are the first documents that would change, without values. */
export interface RunDiff {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
  readonly removed: number;
  readonly keys: readonly { readonly id: string; readonly columns: readonly string[] }[];
}

/** Messages of a mailbox, compared with what the store has of them. */
export interface ReconcileCounts {
  /** Listed by the server now. */
  readonly listed: number;
  /** Of these, read by this pipeline and recorded with an identity. */
  readonly recorded: number;
  /** Of those recorded, in a dead letter that nobody has resolved. */
  readonly dead: number;
  /** Of these, older than `since`. */
  readonly excluded: number;
  /** Of these, not finished yet: lag. */
  readonly unfinished: number;
  /** Of these, finished and neither recorded nor excluded: lost. Must be 0. */
  readonly missing: number;
  /** Not listed any more: gone before they were read, over the coverage that retention keeps. */
  readonly gone: number;
}

/** The same of all mailboxes of a pipeline. */
export interface ReconcileFound extends ReconcileCounts {
  /** On the list, those included that cannot be read. */
  readonly accounts: number;
  /** Of which could not be read: nothing is known of their mail. */
  readonly unread: number;
  readonly folders: number;
}
