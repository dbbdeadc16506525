import { transient } from '../telemetry/errors.ts';
import type { KubernetesClient } from './client-api.ts';
import { type Clock, microTime, systemClock } from './clock.ts';
import { type Log, silent, told } from './log.ts';
import type { KubernetesMetrics } from './metrics.ts';
import { type Event, events, type KubernetesObject, keyOf } from './objects.ts';
import { type Rate, TokenBucket } from './token-bucket.ts';

export interface EventRecorderOptions {
  readonly client: KubernetesClient;
  /** `reportingController`: `mailmill.io/operator`. */
  readonly controller: string;
  /** `reportingInstance`: the pod's name. */
  readonly instance: string;
  /** Repeats of the same event within this time become a series; default 360,000. */
  readonly aggregateMs?: number;
  /** New events an object may have: a bucket; default 25 at once, one more each 300 s (client-go's). */
  readonly perObject?: { readonly burst: number; readonly refillMs: number };
  /** How fast normal events are written; warnings never wait for it. Default: as fast as the API server takes them. */
  readonly pace?: Rate;
  /** Warnings, and normal events, waiting to be written; beyond it new ones are dropped and counted; default 1,000 each. */
  readonly pending?: number;
  readonly metrics?: KubernetesMetrics;
  readonly log?: Log;
  readonly clock?: Clock;
}

export interface EventNote {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, at most 128 characters. */
  readonly reason: string;
  /** What the controller did: `Reconcile`, `Rollout`; at most 128 characters. */
  readonly action: string;
  /** For people; cut at 1,024 bytes. */
  readonly note: string;
}

export interface EventRecorder {
  /** Never blocks, never throws; written in the background. */
  record(object: KubernetesObject, event: EventNote): void;
  /** Writes until `signal` is aborted, then what is pending within 2 s. Call once. */
  run(signal: AbortSignal): Promise<void>;
}

/** One event that was seen, and what of it is still to be written. */
interface Entry {
  readonly key: string;
  readonly event: Event;
  count: number;
  lastAt: number;
  /** Whether the API server has the object. */
  written: boolean;
  queued: boolean;
  /** When its series was last written, by the monotonic clock. */
  flushedAt: number;
}

/** Repeats are told at once the first time, then at most this often. */
const seriesMs = 60_000;
const maxEntries = 4_096;
const writeTimeoutMs = 10_000;
const drainMs = 2_000;
/** Between two looks whether one more may be written. */
const paceMs = 50;

/** Makes an `EventRecorder`; see there. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  const { client, metrics, log = silent, clock = systemClock } = options;
  const { aggregateMs = 360_000, pending: maxPending = 1_000 } = options;
  const perObject = options.perObject ?? { burst: 25, refillMs: 300_000 };
  const entries = new Map<string, Entry>();
  const buckets = new Map<string, TokenBucket>();
  const warnings: Entry[] = [];
  const normal: Entry[] = [];
  const pace = options.pace && new TokenBucket(options.pace, clock);
  const waiting = () => warnings.length + normal.length;
  let wake: (() => void) | undefined;
  let serial = 0;

  const count = (outcome: 'written' | 'dropped' | 'failed') => metrics?.events.inc({ outcome });

  const enqueue = (entry: Entry) => {
    if (entry.queued) return;
    const queue = entry.event.type === 'Warning' ? warnings : normal;
    if (queue.length >= maxPending) {
      count('dropped');
      return;
    }
    entry.queued = true;
    queue.push(entry);
    wake?.();
  };

  const bucketOf = (uid: string) => {
    const known = buckets.get(uid);
    const rate = { perSecond: 1000 / perObject.refillMs, burst: perObject.burst };
    const bucket = known ?? new TokenBucket(rate, clock);
    keepRecent(buckets, uid, bucket);
    return bucket;
  };

  const record = (object: KubernetesObject, what: EventNote) => {
    const uid = object.metadata.uid ?? keyOf(object.metadata);
    const key = [object.kind, uid, what.type, what.reason, what.action, what.note].join('\0');
    const now = clock.monotonic();
    const known = entries.get(key);
    if (known !== undefined && now - known.lastAt < aggregateMs) {
      keepRecent(entries, key, known);
      known.count += 1;
      known.lastAt = now;
      if (now - known.flushedAt >= seriesMs || known.count === 2) enqueue(known);
      return;
    }
    if (!bucketOf(uid).tryTake()) {
      count('dropped');
      return;
    }
    serial += 1;
    const event = eventOf(object, what, options, clock.now(), serial);
    const entry: Entry = { key, event, count: 1, lastAt: now, written: false, queued: false, flushedAt: now };
    keepRecent(entries, key, entry);
    enqueue(entry);
  };

  const write = async (entry: Entry, signal: AbortSignal) => {
    entry.queued = false;
    const request = { signal, timeoutMs: writeTimeoutMs };
    const series =
      entry.count > 1 ? { series: { count: entry.count, lastObservedTime: microTime(clock.now()) } } : undefined;
    entry.flushedAt = clock.monotonic();
    try {
      if (entry.written && series !== undefined) {
        await client.patch(events, entry.event.metadata, 'merge', series, request);
      } else {
        await client.create(events, { ...entry.event, ...series }, request);
      }
      entry.written = true;
      count('written');
    } catch (error) {
      count('failed');
      // Events expire: the next repeat begins a new one.
      entries.delete(entry.key);
      log.info('an event could not be written; it is not retried', { reason: entry.event.reason, ...told(error) });
    }
  };

  const next = (signal: AbortSignal) =>
    new Promise<void>((resolve) => {
      const go = () => {
        signal.removeEventListener('abort', go);
        wake = undefined;
        resolve();
      };
      wake = go;
      signal.addEventListener('abort', go, { once: true });
      if (waiting() > 0 || signal.aborted) go();
    });

  /** One at a time, and normal ones no faster than `pace`: events never compete with the work that they tell about. */
  const drain = async (signal: AbortSignal, hurry: AbortSignal) => {
    while (!signal.aborted && waiting() > 0) {
      const paced = !hurry.aborted && warnings.length === 0 && pace !== undefined;
      if (paced && !pace.tryTake()) {
        await clock.sleep(paceMs, hurry).catch(() => {}); // the process ends: what is pending goes at once
        continue;
      }
      const entry = warnings.shift() ?? normal.shift();
      if (entry !== undefined) await write(entry, signal);
    }
  };

  return {
    record: (object, what) => {
      try {
        record(object, what);
      } catch (error) {
        count('failed');
        log.warn('an event could not be recorded', { reason: what.reason, ...told(error) });
      }
    },
    run: async (signal) => {
      // What is under way when the process ends gets a little time; then everything stops.
      const writing = new AbortController();
      const ending = new AbortController();
      const end = () =>
        clock.sleep(drainMs, ending.signal).then(
          () => writing.abort(transient('EVENTS_DRAIN', 'the process ends; pending events are dropped')),
          () => {},
        );
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      while (!signal.aborted) {
        await next(signal);
        await drain(writing.signal, signal);
      }
      ending.abort();
      for (const _ of [...warnings.splice(0), ...normal.splice(0)]) count('dropped');
    },
  };
}

/** Puts a key last, and drops the first ones beyond the bound. */
function keepRecent<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= maxEntries) return;
    map.delete(oldest);
  }
}

function eventOf(
  object: KubernetesObject,
  what: EventNote,
  by: EventRecorderOptions,
  now: number,
  serial: number,
): Event {
  const { name, namespace, uid } = object.metadata;
  // Unique among instances and restarts without a random source: the time, and a number within the process.
  const suffix = `${now.toString(16)}${serial.toString(16)}`;
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { name: `${name.slice(0, 220)}.${suffix}`, namespace: namespace ?? 'default' },
    eventTime: microTime(now),
    reportingController: by.controller,
    reportingInstance: by.instance.slice(0, 128),
    action: what.action.slice(0, 128),
    reason: what.reason.slice(0, 128),
    type: what.type,
    note: cut(what.note, 1_024),
    regarding: { apiVersion: object.apiVersion, kind: object.kind, name, namespace, uid },
  };
}

/** At most `bytes` of UTF-8, not through a character. */
function cut(text: string, bytes: number): string {
  if (Buffer.byteLength(text) <= bytes) return text;
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes - 3));
  return `${text.slice(0, read)}…`;
}
