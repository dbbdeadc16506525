import { asMailmillError, type MailmillError } from '../telemetry/errors.ts';
import { Backoff } from './backoff.ts';
import type { KubernetesClient } from './client-api.ts';
import type { Clock } from './clock.ts';
import { isExpired } from './errors.ts';
import { type Log, told } from './log.ts';
import type { KubernetesMetrics } from './metrics.ts';
import type { KubernetesObject, Live, ResourceType } from './objects.ts';
import type { Turns } from './turns.ts';

/** Where a list and watch of one scope puts what it sees. */
export interface Sink<T extends KubernetesObject> {
  /** The complete scope as it is now. */
  replace(items: readonly Live<T>[]): void;
  set(object: Live<T>): void;
  delete(object: Live<T>): void;
}

export interface ListWatchOptions<T extends KubernetesObject> {
  readonly client: KubernetesClient;
  readonly type: ResourceType<T>;
  readonly namespace: string | undefined;
  readonly labelSelector: string | undefined;
  readonly fieldSelector: string | undefined;
  readonly metadataOnly: boolean;
  readonly transform: (object: Live<T>) => Live<T>;
  readonly pageSize: number;
  /** Whose turn it is to list. */
  readonly turns: Turns;
  readonly watchTimeoutMs: readonly [min: number, max: number];
  readonly idleMs: number | undefined;
  readonly backoffMs: readonly [first: number, max: number];
  readonly metrics: KubernetesMetrics | undefined;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  /** What keeps this scope from being current; undefined once it is again. */
  readonly report: (problem: MailmillError | undefined) => void;
}

/** A stream that lived this long was healthy: the next failure starts the backoff anew. */
const healthyMs = 10_000;
/** A list of many pages over a slow link. */
const listTimeoutMs = 120_000;

/**
 * Mirrors one namespace (or all) into `sink` until `signal` is aborted: one list, then watches, each resumed from the
 * last version seen. Only an expired version (410) costs a new list. Every failure waits: 429 as long as asked,
 * others with growing, jittered backoff, so that neither a restarted API server nor a small watch cache is stormed.
 */
export async function listWatch<T extends KubernetesObject>(
  options: ListWatchOptions<T>,
  sink: Sink<T>,
  signal: AbortSignal,
): Promise<void> {
  const { client, type, namespace, metrics, log, clock, random } = options;
  const backoff = new Backoff(options.backoffMs, random);
  const selection = {
    namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    metadataOnly: options.metadataOnly,
  };
  let version: string | undefined;

  const list = async () => {
    metrics?.lists.inc({ resource: type.plural });
    const { items, resourceVersion } = await options.turns(
      () =>
        client.list(type, {
          ...selection,
          limit: options.pageSize,
          timeoutMs: listTimeoutMs,
          transform: options.transform,
          signal,
        }),
      signal,
    );
    sink.replace(items);
    options.report(undefined);
    version = resourceVersion;
  };

  const watch = async (resourceVersion: string) => {
    const [min, max] = options.watchTimeoutMs;
    const timeoutSeconds = Math.max(1, Math.round((min + random() * (max - min)) / 1000));
    const stream = client.watch(type, {
      ...selection,
      resourceVersion,
      timeoutSeconds,
      idleMs: options.idleMs,
      onOpen: () => options.report(undefined),
      signal,
    });
    for await (const event of stream) {
      if (event.type === 'BOOKMARK') {
        version = event.resourceVersion;
        continue;
      }
      if (event.type === 'DELETED') sink.delete(event.object);
      else sink.set(options.transform(event.object));
      // After the sink has it: what was not taken in is seen again.
      version = event.object.metadata.resourceVersion;
    }
  };

  const pause = async (error: unknown) => {
    const problem = asMailmillError(error);
    const { family, retryAfterMs } = problem;
    // An expired version is part of normal life: the list that follows decides.
    if (!isExpired(error)) options.report(problem);
    const wait = Math.max(backoff.next(), (retryAfterMs ?? 0) * (1 + random() / 4));
    log[family === 'Stalled' ? 'warn' : 'info'](`watch of ${type.plural} interrupted; continued after a pause`, {
      ...told(error),
      waitMs: wait,
    });
    await clock.sleep(wait, signal);
  };

  while (!signal.aborted) {
    const start = clock.monotonic();
    let watched = false;
    try {
      if (version === undefined) await list();
      if (version === undefined) continue;
      watched = true;
      await watch(version);
      if (signal.aborted) break;
      metrics?.watches.inc({ resource: type.plural, result: 'ended' });
      if (clock.monotonic() - start >= 1000) backoff.reset();
      // A server that ends each watch at once must not be asked in a tight loop.
      else await clock.sleep(backoff.next(), signal);
    } catch (error) {
      if (signal.aborted) break;
      if (watched) metrics?.watches.inc({ resource: type.plural, result: isExpired(error) ? 'expired' : 'error' });
      if (isExpired(error)) version = undefined;
      if (watched && clock.monotonic() - start >= healthyMs) backoff.reset();
      await pause(error).catch((interrupted: unknown) => {
        if (!signal.aborted) throw interrupted;
      });
    }
  }
}
