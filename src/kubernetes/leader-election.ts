import type { KubernetesClient } from './client.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import type { KubernetesMetrics } from './metrics.ts';
import type { ObjectName } from './objects.ts';

export interface LeaderElectionOptions {
  readonly client: KubernetesClient;
  /** The Lease, with its namespace. */
  readonly lease: Required<ObjectName>;
  /** Unique for each process: the pod's name and a random part. */
  readonly identity: string;
  /** A candidate takes over a lease that it saw unchanged for this long; default 15,000; whole seconds. */
  readonly leaseMs?: number;
  /** A leader that could not renew for this long stops leading; default 10,000; shorter than the lease. */
  readonly renewDeadlineMs?: number;
  /** Between tries; default 2,000; shorter than the renew deadline. */
  readonly retryMs?: number;
  readonly metrics?: KubernetesMetrics;
  readonly log?: Log;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
}

export interface LeaderElection {
  readonly isLeader: () => boolean;
  /**
   * Waits for leadership, calls `run` once it has it, and aborts `leading` when it loses it (renew deadline passed) or
   * `signal` is aborted; `run` must then end. Before it returns, the lease is released if it is still held.
   * Throws Transient `LEADERSHIP_LOST` when leadership was lost: the process should end (or call `lead` again).
   */
  lead(signal: AbortSignal, run: (leading: AbortSignal) => Promise<void>): Promise<void>;
}

export declare function createLeaderElection(options: LeaderElectionOptions): LeaderElection;
