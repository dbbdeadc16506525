import type { KubernetesClient } from '../kubernetes/client-api.ts';
import { isForbidden } from '../kubernetes/errors.ts';
import type { Log } from '../kubernetes/log.ts';
import type { KubernetesMetrics } from '../kubernetes/metrics.ts';
import { type Secret, secrets } from '../kubernetes/objects.ts';
import { createReflector, type Reflector } from '../kubernetes/reflector.ts';
import type { Keys } from './keys.ts';
import type { SecretState, Secrets } from './snapshot.ts';

export interface SecretReaderOptions {
  readonly client: KubernetesClient;
  readonly keys: Keys;
  readonly metrics: KubernetesMetrics;
  readonly log: Log;
  /** A Secret of a namespace changed in some way; without a name: any of them may have. */
  readonly onChange: (namespace: string, name: string | undefined) => void;
}

/** Knows which keys Secrets have and whether their values changed, and keeps no value. */
export interface SecretReader {
  /** States of these Secrets. The namespace is watched (metadata only) from the first call on. Throws KubernetesError. */
  read(namespace: string, names: Iterable<string>, signal: AbortSignal): Promise<Secrets>;
  /** Nobody needs a Secret of this namespace any more: its watch ends, until `read` is called for it again. */
  leave(namespace: string): void;
  /** Watches until `signal` is aborted. Call once, before `read`. */
  run(signal: AbortSignal): Promise<void>;
}

/** One GET of a Secret: `version` is what it had, `seen` what the watch had when it was asked for. */
interface Reading {
  readonly version: string;
  readonly seen: string | undefined;
  readonly state: SecretState;
}

/** Of one namespace. */
interface Watch {
  readonly reflector: Reflector<Secret>;
  readonly stop: AbortController;
}

/** A namespace that gets its RoleBinding is noticed within this time. */
const watchBackoffMs = [800, 10_000] as const;

export function createSecretReader(options: SecretReaderOptions): SecretReader {
  const { client, keys, metrics, log, onChange } = options;
  const watches = new Map<string, Watch>();
  const readings = new Map<string, Reading>();
  const asked = new Map<string, Promise<SecretState>>();
  const running = new Set<Promise<void>>();
  let until: AbortSignal | undefined;

  const start = ({ reflector, stop }: Watch, signal: AbortSignal) => {
    const one: Promise<void> = reflector.run(AbortSignal.any([signal, stop.signal])).finally(() => running.delete(one));
    running.add(one);
  };

  const watch = (namespace: string): Reflector<Secret> => {
    const known = watches.get(namespace);
    if (known !== undefined) return known.reflector;
    // A namespace without the RoleBinding fails at each try; its condition says so, the log need not.
    const quiet: Log = { debug: log.debug, info: log.debug, warn: log.debug };
    const reflector = createReflector<Secret>({
      client,
      type: secrets,
      namespaces: [namespace],
      metadataOnly: true,
      backoffMs: watchBackoffMs,
      metrics,
      log: quiet,
    });
    const made = { reflector, stop: new AbortController() };
    watches.set(namespace, made);
    reflector.onChange(({ type, object }) => {
      if (type === 'deleted') readings.delete(`${namespace}/${object.metadata.name}`);
      onChange(namespace, object.metadata.name);
    });
    reflector.synced.then(
      () => onChange(namespace, undefined),
      () => {}, // the process ends, or nobody needs it any more
    );
    if (until !== undefined) start(made, until);
    return reflector;
  };

  const get = async (namespace: string, name: string, seen: string | undefined, signal: AbortSignal) => {
    try {
      const secret = await client.find(secrets, { namespace, name }, { signal, timeoutMs: 10_000 });
      if (secret === undefined) return { kind: 'Missing' } as const;
      const hmacs = new Map(
        Object.entries(secret.data ?? {}).map(([key, encoded]) => {
          const value = Buffer.from(encoded, 'base64');
          return [key, value.length === 0 ? '' : keys.value(namespace, { name, key }, value)];
        }),
      );
      const state: SecretState = { kind: 'Present', hmacs };
      readings.set(`${namespace}/${name}`, { version: secret.metadata.resourceVersion, seen, state });
      return state;
    } catch (error) {
      if (isForbidden(error)) return { kind: 'Forbidden' } as const;
      throw error;
    }
  };

  const stateOf = (namespace: string, name: string, signal: AbortSignal): Promise<SecretState> | SecretState => {
    const reflector = watch(namespace);
    if (isForbidden(reflector.problem())) return { kind: 'Forbidden' };
    const key = `${namespace}/${name}`;
    const seen = reflector.cache.get({ namespace, name })?.metadata.resourceVersion;
    if (seen === undefined && reflector.isSynced()) return { kind: 'Missing' };
    const reading = readings.get(key);
    if (seen !== undefined && (reading?.version === seen || reading?.seen === seen)) return reading.state;
    // Only with a question that was asked knowing the same: an older one may have an older answer.
    const question = `${key}@${seen}`;
    const pending = asked.get(question);
    if (pending !== undefined) return pending;
    const answer = get(namespace, name, seen, signal).finally(() => asked.delete(question));
    asked.set(question, answer);
    return answer;
  };

  return {
    read: async (namespace, names, signal) => {
      const states = [...new Set(names)].map(async (name) => [name, await stateOf(namespace, name, signal)] as const);
      return new Map(await Promise.all(states));
    },
    leave: (namespace) => {
      watches.get(namespace)?.stop.abort(new Error(`nobody needs a Secret of namespace ${namespace} any more`));
      watches.delete(namespace);
      for (const key of readings.keys()) if (key.startsWith(`${namespace}/`)) readings.delete(key);
    },
    run: async (signal) => {
      until = signal;
      for (const watched of watches.values()) start(watched, signal);
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve();
        else signal.addEventListener('abort', () => resolve(), { once: true });
      });
      await Promise.all(running);
    },
  };
}
