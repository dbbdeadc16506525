import { stalled, transient } from '../telemetry/errors.ts';
import type { KubernetesClient } from './client-api.ts';
import { type Clock, microTime, systemClock } from './clock.ts';
import { isAlreadyExists, isConflict, isNotFound } from './errors.ts';
import { type Log, silent, told } from './log.ts';
import type { KubernetesMetrics } from './metrics.ts';
import { type Lease, type Live, leases, type ObjectName } from './objects.ts';

export interface LeaderElectionOptions {
  /** One of its own, so that a renewal never queues behind other requests. */
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
   * Ends quietly when `signal` is aborted while it waits. Throws Transient `LEADERSHIP_LOST` when leadership was lost: the process should end (or call `lead` again).
   */
  lead(signal: AbortSignal, run: (leading: AbortSignal) => Promise<void>): Promise<void>;
}

/** The lease as this process last saw it, and when by its own clock: other clocks are not to be trusted. */
interface Observed {
  readonly live: Live<Lease>;
  readonly at: number;
}

/** Makes a `LeaderElection`; see there. Throws Stalled `LEADER_ELECTION_TIMES` when the three times do not fit. */
export function createLeaderElection(options: LeaderElectionOptions): LeaderElection {
  const { client, identity, metrics, log = silent, clock = systemClock, random = Math.random } = options;
  const { leaseMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options;
  const name = options.lease.name;
  if (!(leaseMs > renewDeadlineMs && renewDeadlineMs > retryMs && retryMs > 0)) {
    const what = `lease ${leaseMs} ms > renew deadline ${renewDeadlineMs} ms > retry ${retryMs} ms must hold`;
    throw stalled('LEADER_ELECTION_TIMES', `leader election cannot work with these times: ${what}`);
  }
  const tryMs = Math.max(retryMs, renewDeadlineMs / 3);
  let observed: Observed | undefined;
  /** Until when, by the monotonic clock, this process may act as leader. */
  let leadsUntil = Number.NEGATIVE_INFINITY;

  const holds = () => clock.monotonic() < leadsUntil;

  const observe = (live: Live<Lease>) => {
    if (
      observed?.live.metadata.resourceVersion !== live.metadata.resourceVersion ||
      observed.live.metadata.uid !== live.metadata.uid
    ) {
      observed = { live, at: clock.monotonic() };
    }
    return observed;
  };

  const record = (live: Live<Lease> | undefined): Lease => {
    const now = microTime(clock.now());
    const before = live?.spec;
    const mine = before?.holderIdentity === identity;
    return {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: live?.metadata ?? options.lease,
      spec: {
        holderIdentity: identity,
        leaseDurationSeconds: Math.ceil(leaseMs / 1000),
        acquireTime: mine ? (before.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: (before?.leaseTransitions ?? 0) + (mine || before === undefined ? 0 : 1),
      },
    };
  };

  /** Takes or renews the lease; false when another holds it. Throws when the API server did not answer in time. */
  const tryHold = async (signal: AbortSignal, timeoutMs: number): Promise<boolean> => {
    const request = { signal, timeoutMs };
    // The term counts from before the request: nobody else's count can have begun earlier.
    const start = clock.monotonic();
    const write = async (found: Live<Lease> | undefined) => {
      const lease = record(found);
      observe(
        found === undefined ? await client.create(leases, lease, request) : await client.update(leases, lease, request),
      );
      leadsUntil = start + renewDeadlineMs;
      return true;
    };
    try {
      // The holder knows the lease as it wrote it: one request, unless somebody touched it.
      if (holds() && observed !== undefined) return await write(observed.live);
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
    try {
      const found = await client.find(leases, options.lease, request);
      if (found !== undefined) {
        const { live, at } = observe(found);
        const holder = live.spec?.holderIdentity ?? '';
        const term = (live.spec?.leaseDurationSeconds ?? 0) * 1000;
        if (holder !== '' && holder !== identity && clock.monotonic() < at + term) return false;
      }
      return await write(found);
    } catch (error) {
      // Somebody else was faster.
      if (isConflict(error) || isAlreadyExists(error) || isNotFound(error)) return false;
      throw error;
    }
  };

  /** As `tryHold`, given up at `deadline` by our own clock, whatever the connection does. */
  const holdBy = async (signal: AbortSignal, deadline: number) => {
    // One dead connection must not use up the whole deadline.
    const left = Math.max(0, Math.min(deadline - clock.monotonic(), tryMs));
    const controller = new AbortController();
    const follow = () => controller.abort(signal.reason);
    if (signal.aborted) follow();
    signal.addEventListener('abort', follow, { once: true });
    const late = transient('LEADER_ELECTION_SLOW', 'the API server did not answer in time for the leader lease');
    const timer = new AbortController();
    clock.sleep(left, timer.signal).then(
      () => controller.abort(late),
      () => {},
    );
    try {
      return await tryHold(controller.signal, Math.max(1, left));
    } finally {
      timer.abort();
      signal.removeEventListener('abort', follow);
    }
  };

  const acquire = async (signal: AbortSignal) => {
    for (;;) {
      try {
        if (await holdBy(signal, clock.monotonic() + renewDeadlineMs)) return;
      } catch (error) {
        signal.throwIfAborted();
        log.warn('could not read or take the leader lease; tried again', { lease: name, ...told(error) });
      }
      // Candidates that wake at the same moment would only collide.
      await clock.sleep(retryMs * (1 + random() * 0.2), signal);
    }
  };

  /** Renews until `ended`; returns only when leadership was lost. */
  const renew = async (ended: AbortSignal): Promise<void> => {
    for (;;) {
      await clock.sleep(Math.max(0, Math.min(retryMs, leadsUntil - clock.monotonic())), ended);
      if (clock.monotonic() >= leadsUntil) return;
      try {
        if (await holdBy(ended, leadsUntil)) continue;
        const holder = observed?.live.spec?.holderIdentity;
        // A conflict alone is no loss: the lease is read again until the deadline.
        if (holder !== identity && holder !== '' && holder !== undefined) return;
      } catch (error) {
        ended.throwIfAborted();
        log.warn('could not renew the leader lease; tried again', { lease: name, ...told(error) });
      }
    }
  };

  const release = async () => {
    const live = observed?.live;
    if (live === undefined || live.spec?.holderIdentity !== identity || clock.monotonic() >= leadsUntil) return;
    leadsUntil = Number.NEGATIVE_INFINITY;
    const now = microTime(clock.now());
    // One second, not zero: the API requires a term above it.
    const spec = { ...live.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: now, acquireTime: now };
    try {
      await client.update(leases, { ...live, spec }, { signal: new AbortController().signal, timeoutMs: 5_000 });
      log.info('released the leader lease', { lease: name });
    } catch (error) {
      log.warn('could not release the leader lease; it runs out by itself', { lease: name, ...told(error) });
    }
  };

  return {
    isLeader: holds,
    lead: async (signal, run) => {
      try {
        await acquire(signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      log.info('leading', { lease: name, identity });
      metrics?.leader.set({ name }, 1);
      const leading = new AbortController();
      const ended = new AbortController();
      const stop = () => leading.abort(signal.reason);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      let lost = false;
      // Renewed while `run` drains, too: until it has ended, nobody else may begin.
      const renewing = renew(ended.signal).then(
        () => {
          lost = true;
          leadsUntil = Number.NEGATIVE_INFINITY;
          metrics?.leader.set({ name }, 0);
          leading.abort(lostLeadership(name));
        },
        (error: unknown) => {
          if (!ended.signal.aborted) throw error;
        },
      );
      try {
        await run(leading.signal);
      } finally {
        ended.abort();
        signal.removeEventListener('abort', stop);
        await renewing;
        metrics?.leader.set({ name }, 0);
        if (!lost) await release();
      }
      if (lost) throw lostLeadership(name);
    },
  };
}

const lostLeadership = (name: string) =>
  transient('LEADERSHIP_LOST', `lease ${name} could not be renewed in time; this process stops leading and stands by`);
