import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

const latency = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const queueLatency = [0.0001, 0.001, 0.01, 0.1, 0.5, 1, 5, 10, 60, 300, 1000];

/** Metrics of this folder under the names that people already chart (client-go's, controller-runtime's). */
export function kubernetesMetrics(registry: Registry) {
  const registers = [registry];
  return {
    requests: new Counter({
      name: 'rest_client_requests_total',
      help: 'Requests to the API server by status code (or <error>) and method.',
      labelNames: ['code', 'method'] as const,
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'rest_client_request_duration_seconds',
      help: 'Seconds until the API server answered (for a watch: until its headers), by verb.',
      labelNames: ['verb'] as const,
      buckets: latency,
      registers,
    }),
    depth: new Gauge({
      name: 'workqueue_depth',
      help: 'Keys ready and not yet taken.',
      labelNames: ['name'] as const,
      registers,
    }),
    adds: new Counter({
      name: 'workqueue_adds_total',
      help: 'Keys that became ready.',
      labelNames: ['name'] as const,
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'workqueue_queue_duration_seconds',
      help: 'Seconds a key stood ready before it was taken.',
      labelNames: ['name'] as const,
      buckets: queueLatency,
      registers,
    }),
    workSeconds: new Histogram({
      name: 'workqueue_work_duration_seconds',
      help: 'Seconds a key was worked on.',
      labelNames: ['name'] as const,
      buckets: queueLatency,
      registers,
    }),
    retries: new Counter({
      name: 'workqueue_retries_total',
      help: 'Keys added again with backoff.',
      labelNames: ['name'] as const,
      registers,
    }),
    reconciles: new Counter({
      name: 'controller_runtime_reconcile_total',
      help: 'Reconciles by controller and result (success, error, requeue, requeue_after).',
      labelNames: ['controller', 'result'] as const,
      registers,
    }),
    reconcileErrors: new Counter({
      name: 'controller_runtime_reconcile_errors_total',
      help: 'Reconciles that failed.',
      labelNames: ['controller'] as const,
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'controller_runtime_reconcile_time_seconds',
      help: 'Seconds a reconcile took.',
      labelNames: ['controller'] as const,
      buckets: latency,
      registers,
    }),
    lists: new Counter({
      name: 'mailmill_reflector_lists_total',
      help: 'Complete lists by resource; more than a few an hour is a relist storm.',
      labelNames: ['resource'] as const,
      registers,
    }),
    watches: new Counter({
      name: 'mailmill_reflector_watches_total',
      help: 'Watch streams by resource and how they ended (timeout, expired, error).',
      labelNames: ['resource', 'result'] as const,
      registers,
    }),
    objects: new Gauge({
      name: 'mailmill_reflector_objects',
      help: 'Objects in the cache by resource.',
      labelNames: ['resource'] as const,
      registers,
    }),
    leader: new Gauge({
      name: 'leader_election_master_status',
      help: '1 while this process leads.',
      labelNames: ['name'] as const,
      registers,
    }),
    events: new Counter({
      name: 'mailmill_events_total',
      help: 'Kubernetes events by outcome (written, dropped, failed).',
      labelNames: ['outcome'] as const,
      registers,
    }),
  };
}

export type KubernetesMetrics = ReturnType<typeof kubernetesMetrics>;
