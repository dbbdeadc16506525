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
  readonly sinks: readonly (Health & { readonly name: string })[];
  readonly accounts: readonly AccountStatus[];
  readonly counters: Counters;
  readonly lastCommitAt?: string;
  /** Set when a person must act: the cursor does not move until then. */
  readonly stalled?: { readonly code: string; readonly message: string };
  readonly runs: readonly RunResult[];
}

export interface AccountStatus {
  readonly source: string;
  /** Position in the source's list of accounts, never the address. */
  readonly account: number;
  readonly role: 'Holder' | 'Standby';
  readonly connection: Health;
  readonly folders: readonly FolderStatus[];
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
  readonly state: 'Running' | 'Succeeded' | 'Failed';
  readonly startedAt: string;
  readonly finishedAt?: string;
  /** Family, code and text of the error that ended it. */
  readonly family?: 'Transient' | 'Waiting' | 'Stalled';
  readonly code?: string;
  readonly message?: string;
}
