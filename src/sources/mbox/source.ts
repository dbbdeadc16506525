import type { ResolvedMbox } from '../../api/resolve.ts';
import { bytes, milliseconds } from '../../api/schema.ts';
import { cutoffAt } from '../cutoff.ts';
import type { Source } from '../source.ts';
import type { UidAllocator } from '../uid-allocator.ts';
import { MboxSession, type MboxSessionOptions } from './session.ts';

export interface MboxSourceOptions {
  readonly name: string;
  readonly spec: ResolvedMbox;
  /** An mbox file, or a directory of them. */
  readonly root: string;
  readonly uids: UidAllocator;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** The one account of a set of mbox files. */
const account = 'mbox';

/**
 * Files in mbox format, each a folder. A message is known by the hash of its bytes and how often the file has had these before; a file that
 * begins with another message than before has a new epoch, so that what was rotated into another file is recognised there.
 */
export function createMboxSource(options: MboxSourceOptions): Source {
  const { name, spec, root, uids, clock } = options;
  const indexes: MboxSessionOptions['indexes'] = new Map();
  return {
    name,
    accounts: async () => [account],
    connectionsPerAccount: undefined,
    pollMs: milliseconds(spec.pollInterval),
    messageSize: bytes(spec.limits.messageSize),
    opensAllFirst: true,
    cutoff: (now) => cutoffAt(spec.since, now),
    open: (_account, signal) =>
      new MboxSession({
        root,
        selection: spec.files,
        format: spec.format,
        assign: (folder, keys) => uids.assign(name, account, folder, keys),
        clock,
        indexes,
      }).open(signal),
  };
}
