import type { RunPlan } from '../../api/run-plan.ts';
import type { Source } from '../../sources/source.ts';
import type { Lease } from '../../store/leases.ts';
import type { RunLease } from '../../store/run-lease.ts';
import type { RunId } from '../../store/runs.ts';
import type { UidSet } from '../../store/uid-set.ts';
import type { ConnectionBroker } from '../accounts/connection-broker.ts';
import type { PipelineContext } from '../context.ts';

/** One account that a run works on. */
export interface RunAccount {
  readonly source: Source;
  readonly account: string;
  readonly accountId: bigint;
}

/** What everything that works for one run shares. */
export interface RunScope {
  readonly context: PipelineContext;
  readonly id: RunId;
  readonly plan: RunPlan;
  /** Of what it writes. */
  readonly edition: number;
  readonly startedAt: Date;
  /** By epoch, what a dry run has looked at; other runs have it recorded. */
  readonly seen: Map<bigint, UidSet>;
  readonly broker: ConnectionBroker;
  /** Whether this process is alive by its own clock. */
  readonly fresh: () => boolean;
}

/** An epoch of a folder that is open now. */
export interface OpenFolder {
  readonly name: string;
  readonly uidvalidity: bigint;
  readonly epochId: bigint;
}

/** The lease of a run as store transactions check it, for work on one account. */
export const leaseOn = (lease: RunLease, accountId: bigint): Lease => ({ ...lease, accountId, ofRun: true });
