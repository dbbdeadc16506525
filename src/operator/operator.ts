import type { Registry } from 'prom-client';
import type { KubernetesClient } from '../kubernetes/client-api.ts';
import { type Clock, systemClock } from '../kubernetes/clock.ts';
import { createController } from '../kubernetes/controller.ts';
import { createEventRecorder, type EventRecorder } from '../kubernetes/events.ts';
import { fencedClient } from '../kubernetes/fence.ts';
import { createLeaderElection } from '../kubernetes/leader-election.ts';
import type { Log } from '../kubernetes/log.ts';
import type { KubernetesMetrics } from '../kubernetes/metrics.ts';
import { createQueue } from '../kubernetes/queue.ts';
import { reconcileMetrics } from '../telemetry/reconcile-metrics.ts';
import { type Caches, createCaches } from './caches.ts';
import { createChildren } from './children.ts';
import { createCollectors } from './collectors.ts';
import { createCompiler } from './compiler.ts';
import type { OperatorConfig } from './config.ts';
import { serveProbes } from './http.ts';
import { conditionMetrics } from './metrics.ts';
import { labels } from './names.ts';
import { createObserver, type Observer } from './observe.ts';
import { createReconcilers } from './reconcile.ts';
import { reconcileFigures } from './reconcile-figures.ts';
import { createRollouts } from './rollouts.ts';
import { createSecretReader } from './secrets.ts';
import { createStatusPace } from './status-pace.ts';
import { createStatusPoller } from './status-poller.ts';
import { together } from './together.ts';
import { connectTriggers, type Queues, wakeRuns, wakeWorkload } from './triggers.ts';
import { createWorkerClient, type WorkerClient } from './worker-client.ts';

export interface OperatorOptions {
  readonly config: OperatorConfig;
  readonly client: KubernetesClient;
  /** For the Lease alone: a renewal must not queue behind other requests. */
  readonly electionClient: KubernetesClient;
  readonly registry: Registry;
  readonly metrics: KubernetesMetrics;
  readonly log: Log;
  readonly workers?: WorkerClient;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  /** Gets the port of the probes once they are served. */
  readonly listening?: (port: number) => void;
}

/** Pipelines worked on at once. */
const pipelineWorkers = 8;
const backoffMs = [200, 60_000] as const;
/** Of events that nobody has to act on: what Kubernetes' own controllers may ask of an API server. */
const eventPace = { perSecond: 20, burst: 30 };

/**
 * Runs the operator until `signal` is aborted: caches are kept warm, and whoever holds the Lease works. Throws Transient
 * `LEADERSHIP_LOST` when the Lease was lost; the process should end then.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { config, client, registry, metrics, log, listening } = options;
  const caches = createCaches({ client, namespaces: config.watchNamespaces, metrics, log });
  conditionMetrics(registry, caches);
  reconcileMetrics(registry, reconcileFigures(caches));
  const election = createLeaderElection({
    client: options.electionClient,
    lease: { namespace: config.namespace, name: config.leaseName },
    identity: config.identity,
    metrics,
    log,
  });
  await together(signal, [
    (ended) => caches.run(ended),
    (ended) => serveProbes({ ...config.http, registry, ready: caches.isSynced }, ended, listening),
    (ended) =>
      election.lead(ended, (leading) =>
        work({ ...options, client: fencedClient(client, election.isLeader) }, caches, leading),
      ),
  ]);
}

/** What the leader does. */
async function work(options: OperatorOptions, caches: Caches, signal: AbortSignal): Promise<void> {
  const { config, client, metrics, log, clock = systemClock, random = Math.random } = options;
  await untilSynced(caches, signal);
  if (signal.aborted) return;
  const { workers = createWorkerClient() } = options;
  const queue = (name: string) => createQueue({ name, backoffMs, metrics, clock });
  const queues: Queues = {
    pipeline: queue('pipeline'),
    source: queue('source'),
    run: queue('run'),
    namespace: queue('namespace'),
  };
  const compiler = createCompiler();
  const digests = new Map<string, string>();
  const poller = createStatusPoller({
    pods: () => caches.pods.reflector.cache.list(),
    status: (pod, aborted) => {
      const { namespace = '', labels: own } = pod.metadata;
      const token = config.keys.token(namespace, own?.[labels.pipeline] ?? '');
      return workers.status(pod.status?.podIP ?? '', token, aborted);
    },
    onLook: (key, news) => {
      const digest = observer.digest(key);
      if (!news && digests.get(key) === digest) return;
      digests.set(key, digest);
      wakeWorkload(queues, key);
      wakeRuns(caches, queues, key);
    },
    intervalMs: config.statusPollMs,
    clock,
    random,
  });
  const secrets = createSecretReader({
    client,
    keys: config.keys,
    metrics,
    log,
    onChange: (namespace, name) => {
      const { pipelines, sources } = observer.dependents(namespace, name);
      for (const key of pipelines) queues.pipeline.add(key);
      for (const key of sources) queues.source.add(key);
    },
  });
  const collectors = createCollectors({ workers, keys: config.keys, clock, maxAgeMs: config.collectorLookMs * 0.9 });
  const observer: Observer = createObserver({ caches, secrets, poller, compiler, collectors, clock });
  const events = createEventRecorder({
    client,
    controller: 'mailmill.io/operator',
    instance: config.identity,
    pace: eventPace,
    metrics,
    log,
  });
  // Events are gone after an hour; whoever looks for what happened at night finds it in the log.
  const recorder: EventRecorder = {
    ...events,
    record: (object, what) => {
      const { kind, metadata } = object;
      const { reason, note } = what;
      const fields = { kind, namespace: metadata.namespace, name: metadata.name, reason };
      log[what.type === 'Warning' ? 'warn' : 'info'](note, fields);
      events.record(object, what);
    },
  };
  const children = createChildren(client, caches);
  const rollouts = createRollouts(caches, config.rolloutConcurrency, (key) => wakeWorkload(queues, key));
  const pace = createStatusPace(clock);
  const tools = { client, config, caches, observer, children, recorder, workers, rollouts, pace };
  const reconcilers = createReconcilers(tools);
  const controller = (name: keyof Queues, concurrent: number) =>
    createController({
      name,
      queue: queues[name],
      reconcile: reconcilers[name],
      workers: concurrent,
      metrics,
      log,
      clock,
    });
  const controllers = [
    controller('pipeline', pipelineWorkers),
    controller('source', 2),
    controller('run', 4),
    controller('namespace', 2),
  ];
  const disconnect = [
    rollouts.end,
    caches.pipelines.reflector.onChange(({ type, object }) => {
      if (type !== 'deleted') return;
      compiler.forget(object.metadata.uid);
      digests.delete(`${object.metadata.namespace}/${object.metadata.name}`);
    }),
    caches.sources.reflector.onChange(({ type, object }) => {
      if (type === 'deleted') compiler.forget(object.metadata.uid);
    }),
  ];
  // Secrets and poller first: the first reconcile asks both.
  const running = together(signal, [
    (ended) => secrets.run(ended),
    (ended) => poller.run(ended),
    (ended) => recorder.run(ended),
    ...controllers.map((each) => (ended: AbortSignal) => each.run(ended)),
  ]);
  disconnect.push(connectTriggers(caches, queues));
  try {
    await running;
  } finally {
    for (const end of disconnect) end();
    for (const each of Object.values(queues)) each.shutdown();
  }
}

/** Decisions on half a picture would delete and rebuild what is there. */
async function untilSynced(caches: Caches, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([caches.synced(), aborted]);
}
