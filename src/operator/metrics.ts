import { Gauge, type Registry } from 'prom-client';
import type { Condition } from '../api/conditions.ts';
import type { Caches } from './caches.ts';

/** Conditions that are worth an alert. */
const watched: ReadonlySet<string> = new Set(['Ready', 'Stalled', 'Connected', 'Flowing', 'Delivering']);
const values = { True: 1, False: 0, Unknown: -1 } as const;

/** Conditions of pipelines and sources, read off the caches when somebody scrapes: nothing is held in between. */
export function conditionMetrics(registry: Registry, { pipelines, sources }: Pick<Caches, 'pipelines' | 'sources'>) {
  const registers = [registry];
  const help = (of: string) => `Conditions of ${of}, by type: 1 True, 0 False, -1 Unknown.`;
  new Gauge({
    name: 'mailmill_pipeline_condition',
    help: help('pipelines'),
    labelNames: ['namespace', 'pipeline', 'type'] as const,
    registers,
    collect() {
      this.reset();
      for (const { metadata, status } of pipelines.reflector.cache.list())
        for (const { type, value } of alerting(status?.conditions))
          this.set({ namespace: metadata.namespace ?? '', pipeline: metadata.name, type }, value);
    },
  });
  new Gauge({
    name: 'mailmill_source_condition',
    help: help('sources'),
    labelNames: ['namespace', 'source', 'type'] as const,
    registers,
    collect() {
      this.reset();
      for (const { metadata, status } of sources.reflector.cache.list())
        for (const { type, value } of alerting(status?.conditions))
          this.set({ namespace: metadata.namespace ?? '', source: metadata.name, type }, value);
    },
  });
}

const alerting = (conditions: readonly Condition[] = []) =>
  conditions.filter(({ type }) => watched.has(type)).map(({ type, status }) => ({ type, value: values[status] }));
