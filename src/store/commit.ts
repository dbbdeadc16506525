import type { Sighted } from './occurrences.ts';
import type { UidRange, UidSet } from './uid-set.ts';

/** What one batch covered: a UID range and what became of the messages that were listed in it. */
export interface Coverage {
  readonly uids: UidRange;
  readonly listed: number;
  readonly read: number;
  /** Listed, not received, and gone at the second look. */
  readonly vanished: number;
  /** Older than `since`. */
  readonly excluded: number;
  /** Finished before at another place or in an earlier epoch. */
  readonly known: number;
  readonly dropped: number;
  readonly dead: number;
}

/** What a pipeline made of one message. */
export interface Outcome {
  readonly messageId: string;
  readonly edition: number;
  readonly uid: number;
  readonly state: 'Processed' | 'Dropped' | 'Dead';
  readonly step?: string;
  readonly code?: string;
  /** Of its Message-ID (`headerIdHash`); absent when it could not be read. */
  readonly headerIdHash?: string | undefined;
}

export interface DeliveryRecord {
  readonly sink: string;
  readonly documentId: string;
  readonly edition: number;
  readonly status: 'Queued' | 'Acknowledged' | 'Dead';
  readonly code?: string;
}

export interface DeadLetter {
  readonly messageId: string;
  readonly edition: number;
  readonly uid: number;
  readonly step?: string;
  readonly sink?: string;
  readonly code: string;
  readonly detail: string;
  readonly size: number;
  /** gzip of the raw bytes. */
  readonly raw?: Buffer;
  readonly header?: Buffer;
}

/** Everything that one store transaction says about one cursor. */
export interface CommitRecord {
  /** It is of a run that re-reads: `finished` is noted for the run, and the cursor stays where it is. */
  readonly run?: { readonly name: string; readonly specHash: string };
  readonly epochId: bigint;
  /** Version of the cursor before. */
  readonly version: bigint;
  readonly revision: string;
  readonly finished: UidSet;
  readonly coverage: readonly Coverage[];
  readonly sighted: readonly Sighted[];
  readonly ids: ReadonlyMap<number, string>;
  readonly outcomes: readonly Outcome[];
  readonly deliveries: readonly DeliveryRecord[];
  readonly deadLetters: readonly DeadLetter[];
}
