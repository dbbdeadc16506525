import { createRequire } from 'node:module';
import type * as Prometheus from 'prom-client';

// The package's own entry loads a push gateway with HTTP and HTTPS clients, and OpenTelemetry: 40 ms of each start for what a worker does not use.
const load = createRequire(import.meta.url);

export const Registry: typeof Prometheus.Registry = load('prom-client/lib/registry.js');
export const Counter: typeof Prometheus.Counter = load('prom-client/lib/counter.js');
export const Gauge: typeof Prometheus.Gauge = load('prom-client/lib/gauge.js');
export const Histogram: typeof Prometheus.Histogram = load('prom-client/lib/histogram.js');

export type Registry = Prometheus.Registry;

/** Metrics of the process itself (CPU, memory, event loop, garbage collection), counted from the call on. */
export async function collectProcessMetrics(registry: Registry): Promise<void> {
  const { collectDefaultMetrics } = await import('prom-client');
  collectDefaultMetrics({ register: registry });
}
