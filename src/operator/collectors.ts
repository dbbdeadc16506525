import type { CollectorStatus } from '../api/collector-status.ts';
import type { Clock } from '../kubernetes/clock.ts';
import type { Live, Pod } from '../kubernetes/objects.ts';
import type { Keys } from './keys.ts';
import { collectorTokenName } from './names.ts';
import { isEnding } from './pods.ts';
import type { CollectorSnapshot } from './snapshot.ts';
import type { WorkerClient } from './worker-client.ts';

export interface CollectorsOptions {
  readonly workers: Pick<WorkerClient, 'collector'>;
  readonly keys: Keys;
  readonly clock: Clock;
  /** What was said is good for this long. */
  readonly maxAgeMs: number;
}

/** Asks collectors how they are. */
export interface Collectors {
  /** What the running ones of these pods of a source say; asked when what they said before is old. Never throws but for the signal. */
  ask(
    of: { readonly namespace: string; readonly source: string },
    pods: readonly Live<Pod>[],
    signal: AbortSignal,
  ): Promise<CollectorSnapshot['workers']>;
}

interface Answer {
  readonly at: number;
  readonly version: string;
  readonly status: CollectorStatus | undefined;
}

/** Answers kept: two for each of a thousand sources, and what has gone. */
const maxAnswers = 4_096;

export function createCollectors({ workers, keys, clock, maxAgeMs }: CollectorsOptions): Collectors {
  const answers = new Map<string, Answer>();
  const ask = async (pod: Live<Pod>, token: string, signal: AbortSignal): Promise<CollectorStatus | undefined> => {
    const { uid, resourceVersion: version } = pod.metadata;
    const known = answers.get(uid);
    // A pod that changed may have become ready.
    if (known?.version === version && clock.monotonic() - known.at < maxAgeMs) return known.status;
    let status: CollectorStatus | undefined;
    try {
      status = await workers.collector(pod.status?.podIP ?? '', token, signal);
    } catch {
      signal.throwIfAborted();
      // Unreachable is Unknown.
    }
    if (answers.size >= maxAnswers) answers.clear();
    answers.set(uid, { at: clock.monotonic(), version, status });
    return status;
  };
  return {
    ask: ({ namespace, source }, pods, signal) => {
      const token = keys.token(namespace, collectorTokenName(source));
      const running = pods.filter(
        (pod) => pod.status?.phase === 'Running' && pod.status.podIP !== undefined && !isEnding(pod),
      );
      return Promise.all(
        running.map(async (pod) => {
          const status = await ask(pod, token, signal);
          return { pod: pod.metadata.name, ...(status === undefined ? {} : { status }) };
        }),
      );
    },
  };
}
