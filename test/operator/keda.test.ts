import { readdirSync, readFileSync } from 'node:fs';
import { load, loadAll } from 'js-yaml';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { MailmillResource } from '../../src/api/resources.ts';
import { workerMetrics } from '../../src/telemetry/metrics.ts';

const root = new URL('../../', import.meta.url);
const text = (file: string) => readFileSync(new URL(file, root), 'utf8');

interface ScaledObject {
  readonly spec: {
    readonly scaleTargetRef: { readonly apiVersion: string; readonly kind: string; readonly name: string };
    readonly minReplicaCount: number;
    readonly maxReplicaCount: number;
    readonly triggers: readonly { readonly metadata: { readonly query: string } }[];
  };
}
interface Definition {
  readonly spec: { readonly versions: readonly { readonly subresources?: { readonly scale?: object } }[] };
}
const { spec } = load(text('manifests/samples/keda/scaled-object.yaml')) as ScaledObject;

test('the ScaledObject scales a streaming pipeline of the samples by its scale subresource', () => {
  const files = readdirSync(new URL('manifests/samples/imap/', root)).filter((file) => file.endsWith('.yaml'));
  const samples = files.flatMap((file) => loadAll(text(`manifests/samples/imap/${file}`)) as MailmillResource[]);
  const target = samples.find(
    ({ apiVersion, kind, metadata }) =>
      apiVersion === spec.scaleTargetRef.apiVersion &&
      kind === spec.scaleTargetRef.kind &&
      metadata.name === spec.scaleTargetRef.name,
  );
  expect(target?.kind).toBe('EmailPipeline');
  // A fixed number in Git would be put back by self-heal.
  expect(target?.spec).not.toHaveProperty('replicas');
  expect(target?.spec).not.toHaveProperty('schedule');
  const [version] = (load(text('crds/emailpipelines.yaml')) as Definition).spec.versions;
  expect(version?.subresources?.scale).toEqual({
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.replicas',
    labelSelectorPath: '.status.selector',
  });
  // To zero only what somebody else wakes again; one account has use for one worker, and one that stands by.
  expect([spec.minReplicaCount, spec.maxReplicaCount]).toEqual([1, 2]);
});

test('it asks for a metric that workers have, with labels that they set', async () => {
  const registry = new Registry();
  const { lagMessages } = workerMetrics(registry);
  const name = spec.scaleTargetRef.name;
  lagMessages.set({ namespace: 'shop', pipeline: name, source: 'helpdesk' }, 7);
  const [, metric = '', selector = ''] = /^sum\((\w+)\{(.*)\}\)$/.exec(spec.triggers[0]?.metadata.query ?? '') ?? [];
  const line = (await registry.metrics()).split('\n').find((each) => each.startsWith(`${metric}{`)) ?? '';
  for (const label of selector.split(/, */)) expect(line).toContain(label);
  expect(selector).toContain(`pipeline="${name}"`);
});
