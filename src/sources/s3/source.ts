import type { ResolvedS3 } from '../../api/resolve.ts';
import { bytes, milliseconds } from '../../api/schema.ts';
import { cutoffAt } from '../cutoff.ts';
import type { Source } from '../source.ts';
import type { UidAllocator } from '../uid-allocator.ts';
import { Bucket } from './bucket.ts';
import { bucketOptions } from './bucket-options.ts';
import { ObjectIndex } from './object-index.ts';
import { type BucketState, S3Session } from './session.ts';

export interface S3SourceOptions {
  readonly name: string;
  readonly spec: ResolvedS3;
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly uids: UidAllocator;
  /** Monotonic milliseconds. */
  readonly monotonic?: () => number;
}

/** Objects of a bucket. The account is the bucket, the folder its prefix; a message is known by key and version, or key and ETag. */
export function createS3Source(options: S3SourceOptions): Source {
  const { name, spec, secret, uids, monotonic = () => performance.now() } = options;
  const folder = spec.prefix === undefined || spec.prefix === '' ? '/' : spec.prefix;
  const account = spec.bucket;
  const allVersions = spec.versions === 'All';
  const pollMs = milliseconds(spec.pollInterval);
  const state = async (): Promise<BucketState> => {
    const bucket = await Bucket.open(bucketOptions(spec, secret));
    const index = new ObjectIndex({
      bucket,
      prefix: spec.prefix ?? '',
      selection: spec.keys,
      allVersions,
      requestsPerPoll: spec.limits.listRequestsPerPoll,
      uids: {
        assign: (ids) => uids.assign(name, account, folder, ids),
        last: () => uids.last(name, account, folder),
        ids: (from, to) => uids.keys(name, account, folder, from, to),
      },
    });
    return { bucket, index, lookedAt: undefined, looking: undefined };
  };
  let opened: Promise<BucketState> | undefined;
  return {
    name,
    accounts: async () => [account],
    connectionsPerAccount: undefined,
    pollMs,
    messageSize: bytes(spec.limits.messageSize),
    cutoff: (now) => cutoffAt(spec.since, now),
    async open(_account, signal) {
      opened ??= state();
      const session = new S3Session({
        state: await opened,
        folder,
        epoch: allVersions ? 2n : 1n,
        pollMs,
        monotonic,
      });
      await session.look(signal);
      return session;
    },
  };
}
