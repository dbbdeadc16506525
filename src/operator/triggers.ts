import { controllerOf, type EmailPipeline, type KubernetesObject, keyOf, type Live } from '../kubernetes/objects.ts';
import type { Queue } from '../kubernetes/queue.ts';
import type { Reflector } from '../kubernetes/reflector.ts';
import { byPipeline, bySource, type Caches, pipelineKeyOf, sourceKeyOf } from './caches.ts';
import { isOver } from './decide/run.ts';
import { type Candidate, clashCandidates } from './name-clash.ts';
import { labels, networkPolicyName } from './names.ts';
import { sourceOfArchiver } from './source-workloads.ts';

export interface Queues {
  readonly pipeline: Queue;
  readonly source: Queue;
  readonly run: Queue;
  readonly namespace: Queue;
}

/** Many pipelines of a namespace come and go together; one write for all of them. */
const namespaceDelayMs = 500;
/** Where the NetworkPolicy is there already, only its owners change. */
const ownersDelayMs = 5_000;
/** The same of those that read one source: all that changes for each other is that they are more or fewer. */
const companionsDelayMs = 1_000;

/** Children change in bursts, a Deployment with its pods: one look at all of it. While many wait to be looked at, a longer one. */
const burstMs = 100;
const crowdedMs = 1_000;
const crowd = 20;

/** Wakes whoever is concerned by a change in a cache. Everything that is there already wakes somebody at once. Returns what ends it. */
export function connectTriggers(caches: Caches, queues: Queues): () => void {
  const endings = [
    caches.pipelines.reflector.onChange((change) => {
      const { object } = change;
      if (change.type === 'updated' && !changedSpec(change.old, object)) {
        queues.pipeline.addAfter(keyOf(object.metadata), burst(queues));
      } else queues.pipeline.add(keyOf(object.metadata));
      wakeRuns(caches, queues, keyOf(object.metadata));
      if (change.type !== 'updated' || changedSpec(change.old, object))
        wakeNamesakes(queues, { kind: 'EmailPipeline', name: object.metadata.name }, object.metadata.namespace);
      if (change.type !== 'updated') wakeCompanions(caches, queues, object);
      else if (changedSpec(change.old, object)) {
        wakeCompanions(caches, queues, change.old);
        wakeCompanions(caches, queues, object);
      }
    }),
    caches.sources.reflector.onChange((change) => {
      const { object } = change;
      queues.source.add(keyOf(object.metadata));
      if (object.spec.archive !== undefined)
        queues.namespace.addAfter(object.metadata.namespace ?? '', namespaceDelayMs);
      if (change.type === 'updated' && !changedSpec(change.old, object)) return;
      wakeNamesakes(queues, { kind: 'MailboxSource', name: object.metadata.name }, object.metadata.namespace);
      for (const { metadata } of caches.pipelines.reflector.cache.byIndex(bySource, keyOf(object.metadata))) {
        queues.pipeline.add(keyOf(metadata));
      }
    }),
    caches.runs.reflector.onChange(({ type, object }) => {
      if (type !== 'deleted' && !isOver(object.status)) queues.run.add(keyOf(object.metadata));
      // The next one of its pipeline waits for this.
      else wakeRuns(caches, queues, keyOf({ namespace: object.metadata.namespace, name: object.spec.pipeline.name }));
    }),
    caches.networkPolicies.reflector.onChange(({ type, object }) => {
      queues.namespace.addAfter(object.metadata.namespace ?? '', type === 'deleted' ? namespaceDelayMs : ownersDelayMs);
    }),
    wakeOwner(caches.networkPolicies.reflector, queues),
    wakeOwner(caches.services.reflector, queues),
    wakeOwner(caches.configMaps.reflector, queues),
    wakeOwner(caches.deployments.reflector, queues),
    wakeOwner(caches.cronJobs.reflector, queues),
    wakeOwner(caches.jobs.reflector, queues),
    wakeOwner(caches.podDisruptionBudgets.reflector, queues),
    wakeOwner(caches.pods.reflector, queues),
  ];
  return () => {
    for (const end of endings) end();
  };
}

const burst = ({ pipeline }: Queues) => (pipeline.depth > crowd ? crowdedMs : burstMs);

const changedSpec = (old: Live<KubernetesObject>, now: Live<KubernetesObject>) =>
  old.metadata.generation !== now.metadata.generation ||
  old.metadata.deletionTimestamp !== now.metadata.deletionTimestamp ||
  old.metadata.uid !== now.metadata.uid;

/** Others that read the same source, the source, and the namespace's NetworkPolicy. */
function wakeCompanions(caches: Caches, queues: Queues, { metadata, spec }: Live<EmailPipeline>): void {
  const source = `${metadata.namespace}/${spec.source.name}`;
  queues.source.addAfter(source, companionsDelayMs);
  for (const reader of caches.pipelines.reflector.cache.byIndex(bySource, source)) {
    if (reader.metadata.uid !== metadata.uid) queues.pipeline.addAfter(keyOf(reader.metadata), companionsDelayMs);
  }
  const { namespace = '' } = metadata;
  const there = caches.networkPolicies.reflector.cache.get({ namespace, name: networkPolicyName }) !== undefined;
  queues.namespace.addAfter(namespace, there ? ownersDelayMs : namespaceDelayMs);
}

/** Those who may have given way to it, or must now. */
function wakeNamesakes({ pipeline, source }: Queues, changed: Candidate, namespace: string | undefined): void {
  for (const { kind, name } of clashCandidates(changed)) {
    const queue = kind === 'EmailPipeline' ? pipeline : source;
    queue.addAfter(keyOf({ namespace, name }), burstMs);
  }
}

/** Wakes the runs of a pipeline that are not over. */
export function wakeRuns(caches: Caches, queues: Queues, pipeline: string): void {
  for (const run of caches.runs.reflector.cache.byIndex(byPipeline, pipeline)) {
    if (!isOver(run.status)) queues.run.add(keyOf(run.metadata));
  }
}

/** Wakes whose workload has this key: a pipeline, or a source with an archive. */
export function wakeWorkload({ pipeline, source }: Queues, key: string, afterMs = 0): void {
  const archived = sourceOfArchiver(key);
  if (archived !== undefined) source.addAfter(archived, afterMs);
  pipeline.addAfter(key, afterMs);
}

/** A child belongs to a pipeline, to a source, or to a run: by its controller, and by its labels where that is a Job. */
function wakeOwner<T extends KubernetesObject>(reflector: Reflector<T>, queues: Queues): () => void {
  return reflector.onChange(({ object }) => {
    const { namespace, labels: own } = object.metadata;
    const run = own?.[labels.run];
    const controller = controllerOf(object);
    if (controller?.kind === 'EmailPipelineRun') queues.run.add(keyOf({ namespace, name: controller.name }));
    else if (run !== undefined) queues.run.add(keyOf({ namespace, name: run }));
    else {
      const source = sourceKeyOf(object);
      if (source !== undefined) queues.source.addAfter(source, burst(queues));
      const pipeline = pipelineKeyOf(object);
      if (pipeline !== undefined) wakeWorkload(queues, pipeline, burst(queues));
    }
  });
}
