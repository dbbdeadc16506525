import type { KubernetesClient } from '../kubernetes/client-api.ts';
import type { Log } from '../kubernetes/log.ts';
import type { KubernetesMetrics } from '../kubernetes/metrics.ts';
import {
  configMaps,
  cronJobs,
  deployments,
  emailPipelineRuns,
  emailPipelines,
  jobs,
  type KubernetesObject,
  type Live,
  mailboxSources,
  networkPolicies,
  type Pod,
  podDisruptionBudgets,
  pods,
  type ResourceType,
  services,
} from '../kubernetes/objects.ts';
import { createReflector, type Reflector } from '../kubernetes/reflector.ts';
import type { Indexers } from '../kubernetes/store.ts';
import { createTurns } from '../kubernetes/turns.ts';
import { childSelector, labels } from './names.ts';
import { createOverlay, type Overlay } from './overlay.ts';

/** Index of children and runs: `namespace/pipeline`. */
export const byPipeline = 'pipeline';
/** Index of pipelines, and of children of sources: `namespace/source`. */
export const bySource = 'source';

/** One kind of objects: what is known of it, and what changes. */
export interface Cached<T extends KubernetesObject> {
  readonly reflector: Reflector<T>;
  readonly objects: Overlay<T>;
}

export interface CachesOptions {
  readonly client: KubernetesClient;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly metrics: KubernetesMetrics;
  readonly log: Log;
}

export type Caches = ReturnType<typeof createCaches>;

const inNamespace = (object: KubernetesObject, name: string) => `${object.metadata.namespace}/${name}`;

/** `namespace/pipeline` of a child, by its label. */
export function pipelineKeyOf(object: KubernetesObject): string | undefined {
  const name = object.metadata.labels?.[labels.pipeline];
  return name === undefined ? undefined : inNamespace(object, name);
}

/** `namespace/source` of a child of a source, by its label. */
export function sourceKeyOf(object: KubernetesObject): string | undefined {
  const name = object.metadata.labels?.[labels.source];
  return name === undefined ? undefined : inNamespace(object, name);
}

const childIndex: Indexers<KubernetesObject> = {
  [bySource]: (object) => {
    const key = sourceKeyOf(object);
    return key === undefined ? [] : [key];
  },
  [byPipeline]: (object) => {
    const key = pipelineKeyOf(object);
    return key === undefined ? [] : [key];
  },
};

/** What a list needs until it is decoded is most of the memory of a start; one that hangs must not hold up all others. */
const listsAtOnce = 2;

/** Caches of everything that the operator looks at but Secrets; nothing is read before `run`. */
export function createCaches({ client, namespaces, metrics, log }: CachesOptions) {
  const all: Reflector<never>[] = [];
  const turns = createTurns(listsAtOnce);
  const cached = <T extends KubernetesObject>(
    type: ResourceType<T>,
    options: { labelSelector?: string; indexers?: Indexers<T>; transform?: (object: Live<T>) => Live<T> } = {},
  ): Cached<T> => {
    const reflector = createReflector<T>({ client, type, namespaces, metrics, log, turns, ...options });
    // Only started and waited for, which needs no type of object.
    all.push(reflector as unknown as Reflector<never>);
    return { reflector, objects: createOverlay(reflector, options.indexers ?? {}) };
  };
  const children = { labelSelector: childSelector, indexers: childIndex };
  return {
    sources: cached(mailboxSources),
    pipelines: cached(emailPipelines, {
      indexers: { [bySource]: (pipeline) => [inNamespace(pipeline, pipeline.spec.source.name)] },
    }),
    runs: cached(emailPipelineRuns, {
      indexers: { [byPipeline]: (run) => [inNamespace(run, run.spec.pipeline.name)] },
    }),
    configMaps: cached(configMaps, children),
    deployments: cached(deployments, children),
    cronJobs: cached(cronJobs, children),
    jobs: cached(jobs, children),
    podDisruptionBudgets: cached(podDisruptionBudgets, children),
    pods: cached(pods, { ...children, transform: shrinkPod }),
    services: cached(services, children),
    networkPolicies: cached(networkPolicies, children),
    isSynced: () => all.every((reflector) => reflector.isSynced()),
    synced: () => Promise.all(all.map((reflector) => reflector.synced)),
    run: async (signal: AbortSignal) => {
      await Promise.all(all.map((reflector) => reflector.run(signal)));
    },
  };
}

/** Pods are looked at, never written: of thousands only the facts are kept. */
function shrinkPod(pod: Live<Pod>): Live<Pod> {
  const { name, namespace, uid, resourceVersion, labels: own, ownerReferences, deletionTimestamp } = pod.metadata;
  const { phase, podIP, conditions, containerStatuses, reason, message } = pod.status ?? {};
  const { creationTimestamp } = pod.metadata;
  return {
    apiVersion: pod.apiVersion,
    kind: pod.kind,
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      labels: own,
      ownerReferences,
      creationTimestamp,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
    },
    status: {
      phase,
      podIP,
      reason,
      message,
      conditions: conditions?.filter(({ type }) => type === 'Ready' || type === 'PodScheduled'),
      containerStatuses,
    },
  };
}
