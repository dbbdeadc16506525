import { readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { describe, expect, test } from 'vitest';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import type { Caches } from '../../src/operator/caches.ts';
import { conditionMetrics } from '../../src/operator/metrics.ts';
import { collectorMetrics } from '../../src/telemetry/collector-metrics.ts';
import { overview } from '../../src/telemetry/dashboards/overview.ts';
import { grafanaJson } from '../../src/telemetry/dashboards/panels.ts';
import { workerMetrics } from '../../src/telemetry/metrics.ts';
import { reconcileMetrics } from '../../src/telemetry/reconcile-metrics.ts';

const none = { reflector: { cache: { list: () => [] } } };
const registry = new Registry();
collectDefaultMetrics({ register: registry });
workerMetrics(registry);
collectorMetrics(registry);
kubernetesMetrics(registry);
reconcileMetrics(registry, () => []);
conditionMetrics(registry, { pipelines: none, sources: none } as unknown as Caches);
const known = new Set(
  registry.getMetricsAsArray().flatMap(({ name }) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]),
);

/** Names of metrics in a query: everything that looks like one of ours or of the libraries'. */
const metricsIn = (expr: string) =>
  expr.match(/\b(mailmill|controller_runtime|rest_client|workqueue|leader_election|process)_[a-z_]+/g) ?? [];

describe('the overview dashboard', () => {
  const panels = overview.rows.flatMap((row) => row.panels);

  test.each(panels.map((panel) => [panel.title, panel] as const))('%s asks for metrics that there are', (_, panel) => {
    for (const { expr } of panel.queries) {
      const named = metricsIn(expr);
      expect(named.length).toBeGreaterThan(0);
      for (const name of named) expect(known).toContain(name);
    }
  });

  test('has panels that do not overlap and whose ids are their own', () => {
    const { panels: laid } = grafanaJson(overview) as {
      readonly panels: readonly {
        readonly id: number;
        readonly gridPos: { x: number; y: number; w: number; h: number };
      }[];
    };
    expect(new Set(laid.map(({ id }) => id)).size).toBe(laid.length);
    for (const [i, { gridPos: a }] of laid.entries()) {
      expect(a.x + a.w).toBeLessThanOrEqual(24);
      for (const { gridPos: b } of laid.slice(i + 1))
        expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true);
    }
  });
});

test('alerts ask for metrics that there are, and say what to do', () => {
  const file = new URL('../../charts/mailmill/files/alerts.yaml', import.meta.url);
  const { groups } = load(readFileSync(file, 'utf8')) as {
    readonly groups: readonly {
      readonly rules: readonly {
        readonly alert: string;
        readonly expr: string;
        readonly labels: { readonly severity: string };
        readonly annotations: { readonly summary: string; readonly description: string };
      }[];
    }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  expect(rules.length).toBeGreaterThanOrEqual(7);
  for (const { expr, labels, annotations } of rules) {
    for (const name of metricsIn(expr)) expect(known).toContain(name);
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(annotations.summary.length).toBeGreaterThan(10);
    expect(annotations.description.length).toBeGreaterThan(80);
  }
});

test('the README names every alert', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const file = readFileSync(new URL('../../charts/mailmill/files/alerts.yaml', import.meta.url), 'utf8');
  const alerts = [...file.matchAll(/- alert: (\w+)/g)].map((match) => match[1]);
  expect(alerts.length).toBeGreaterThan(6);
  for (const alert of alerts) expect(readme).toContain(`| \`${alert}\` |`);
});
