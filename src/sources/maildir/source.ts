import type { ResolvedMaildir } from '../../api/resolve.ts';
import { bytes, milliseconds } from '../../api/schema.ts';
import { cutoffAt } from '../cutoff.ts';
import type { Source } from '../source.ts';
import type { UidAllocator } from '../uid-allocator.ts';
import { MaildirSession } from './session.ts';

export interface MaildirSourceOptions {
  readonly name: string;
  readonly spec: ResolvedMaildir;
  /** Directory that holds `cur`, `new` and `tmp`. */
  readonly dir: string;
  readonly uids: UidAllocator;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** The one account of a Maildir. */
const account = 'maildir';

/** A Maildir with its Maildir++ subfolders. Messages are known by their file names before `:`; epochs never change. */
export function createMaildirSource(options: MaildirSourceOptions): Source {
  const { name, spec, dir, uids, clock } = options;
  return {
    name,
    accounts: async () => [account],
    connectionsPerAccount: undefined,
    pollMs: milliseconds(spec.pollInterval),
    messageSize: bytes(spec.limits.messageSize),
    cutoff: (now) => cutoffAt(spec.since, now),
    open: (_account, signal) =>
      new MaildirSession({
        dir,
        selection: spec.folders,
        assign: (folder, keys) => uids.assign(name, account, folder, keys),
        clock,
      }).open(signal),
  };
}
