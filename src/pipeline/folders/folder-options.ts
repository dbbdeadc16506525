import type { Source } from '../../sources/source.ts';
import type { Lease } from '../../store/leases.ts';
import type { Allowance } from '../accounts/allowance.ts';
import type { PipelineContext } from '../context.ts';
import type { MessageReader } from './read-message.ts';
import type { Patience } from './suspects.ts';

/** Mail that came since the folder was looked at, and everything else that is to be done. */
export type Share = 'New' | 'Backlog';

export interface FolderOptions {
  readonly context: PipelineContext;
  readonly source: Source;
  readonly account: string;
  /** The lease as it is held now. */
  readonly lease: () => Lease;
  readonly fresh: () => boolean;
  /** Time of the first FETCH, for benchmarks. */
  readonly onFetch: () => void;
  /** Something was committed. */
  readonly onProgress: () => void;
  /** What the account may be made to give. */
  readonly allowance: Allowance;
  /** With messages that the server lists and does not deliver. */
  readonly patience?: Patience | undefined;
}

/** Whether a day has a limit. */
export const isLimited = ({ perDay }: Source): boolean => perDay?.bytes !== undefined || perDay?.messages !== undefined;

export interface FolderWorkOptions extends FolderOptions {
  readonly folder: string;
  readonly reader: MessageReader;
}
