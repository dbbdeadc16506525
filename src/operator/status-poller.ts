import type { PipelineStatus, WorkerStatus } from '../api/worker-status.ts';
import type { Clock } from '../kubernetes/clock.ts';
import { type KubernetesObject, keyOf, type Live, type Pod } from '../kubernetes/objects.ts';
import { lagOf } from './health-lists.ts';
import { labels } from './names.ts';
import { isEnding, isReady, roleOf } from './pods.ts';
import type { WorkerObservation } from './snapshot.ts';

export interface StatusPollerOptions {
  readonly pods: () => readonly Live<Pod>[];
  readonly status: (pod: Live<Pod>, signal: AbortSignal) => Promise<WorkerStatus>;
  /** Called after each look at a worker, with `namespace/pipeline`; `news` when somebody may wait for this answer. */
  readonly onLook: (pipeline: string, news: boolean) => void;
  /** Between two looks at one worker, give or take a tenth; milliseconds. */
  readonly intervalMs: number;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  /** Looks at the same time; default 32. */
  readonly concurrency?: number;
}

export interface StatusPoller {
  /** What is known of the workers among these pods. */
  observations(pods: readonly Live<Pod>[]): readonly WorkerObservation[];
  /** Looks until `signal` is aborted. Call once. */
  run(signal: AbortSignal): Promise<void>;
}

interface Known {
  nextAt: number;
  busy: boolean;
  failures: number;
  status: PipelineStatus | undefined;
  startedAt: number | undefined;
  looked: boolean;
  /** Whether the pod was ready when it was looked at: what it said before is out of date once it is. */
  ready: boolean;
  /** When the newest commit was first seen, and the lag then. */
  commit: { readonly at: string | undefined; readonly seenAt: number; readonly lag: number } | undefined;
}

/** Pods that are still to become ready are looked at this often: what is wrong must show soon. */
const pendingMs = 3_000;
const tickMs = 250;
/** One missed answer is no outage. */
const failuresToDoubt = 2;

/** Workers that have a status worth looking at: those that stream, those that check, and runs on demand, for how far they are. */
export const isPolled = (pod: Pod) =>
  (roleOf(pod) === 'stream' || roleOf(pod) === 'check' || pod.metadata.labels?.[labels.run] !== undefined) &&
  pod.status?.phase === 'Running' &&
  pod.status.podIP !== undefined &&
  !isEnding(pod);

/** Looks at the status of each worker now and then; see `StatusPoller`. */
export function createStatusPoller(options: StatusPollerOptions): StatusPoller {
  const { pods, onLook, intervalMs, clock, random, concurrency = 32 } = options;
  const known = new Map<string, Known>();
  const looks = new Set<Promise<void>>();

  const learn = (entry: Known, answer: WorkerStatus, pod: Live<Pod>) => {
    const name = pod.metadata.labels?.[labels.pipeline];
    const status = answer.pipelines.find((each) => each.namespace === pod.metadata.namespace && each.pipeline === name);
    entry.failures = 0;
    entry.status = status;
    entry.startedAt = Date.parse(answer.startedAt);
    if (status === undefined) return;
    const at = status.lastCommitAt;
    if (entry.commit === undefined || entry.commit.at !== at || lagOf(status) === 0) {
      entry.commit = { at, seenAt: clock.monotonic(), lag: lagOf(status) };
    }
  };

  const look = async (pod: Live<Pod>, entry: Known, signal: AbortSignal) => {
    entry.busy = true;
    const awaited = isUnasked(pod, entry);
    try {
      learn(entry, await options.status(pod, signal), pod);
    } catch {
      // Unreachable is Unknown; what was known before counts until it is in doubt.
      entry.failures += 1;
      if (entry.failures >= failuresToDoubt) entry.status = undefined;
    } finally {
      entry.busy = false;
      const settled = entry.failures === 0 || entry.failures >= failuresToDoubt;
      entry.looked = settled || entry.looked;
      if (settled) entry.ready = isReady(pod);
      const base = isReady(pod) && entry.failures === 0 ? intervalMs : Math.min(intervalMs, pendingMs);
      entry.nextAt = clock.monotonic() + base * (0.9 + random() * 0.2);
    }
    if (!signal.aborted) onLook(pipelineOf(pod), awaited && !isUnasked(pod, entry));
  };

  const tick = (signal: AbortSignal) => {
    const now = clock.monotonic();
    const present = new Set<string>();
    for (const pod of pods()) {
      if (!isPolled(pod)) continue;
      const { uid } = pod.metadata;
      present.add(uid);
      const entry = known.get(uid) ?? fresh(now);
      known.set(uid, entry);
      const due = entry.nextAt <= now || (entry.failures === 0 && isUnasked(pod, entry));
      if (entry.busy || !due || looks.size >= concurrency) continue;
      const one: Promise<void> = look(pod, entry, signal).finally(() => looks.delete(one));
      looks.add(one);
    }
    for (const uid of known.keys()) if (!present.has(uid)) known.delete(uid);
  };

  return {
    observations: (of) =>
      of.filter(isPolled).map((pod) => {
        const entry = known.get(pod.metadata.uid);
        if (entry === undefined || isUnasked(pod, entry)) return { pod: pod.metadata.name, unasked: true };
        const { status, startedAt, commit } = entry;
        const lag = status &&
          commit && { sinceMs: clock.monotonic() - commit.seenAt, before: commit.lag, now: lagOf(status) };
        return {
          pod: pod.metadata.name,
          ...(status && { status }),
          ...(startedAt && { startedAt }),
          ...(lag && { lag }),
        };
      }),
    run: async (signal) => {
      while (!signal.aborted) {
        tick(signal);
        await clock.sleep(tickMs, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
        });
      }
      await Promise.all(looks);
    },
  };
}

const fresh = (now: number): Known => ({
  nextAt: now,
  busy: false,
  failures: 0,
  status: undefined,
  startedAt: undefined,
  looked: false,
  ready: false,
  commit: undefined,
});

const isUnasked = (pod: Pod, { looked, ready }: Known) => !looked || (isReady(pod) && !ready);

const pipelineOf = (pod: KubernetesObject) =>
  keyOf({ namespace: pod.metadata.namespace, name: pod.metadata.labels?.[labels.pipeline] ?? '' });
