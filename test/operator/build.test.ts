import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import type { EmailPipelineSpec } from '../../src/api/email-pipeline.ts';
import type { KubernetesObject } from '../../src/kubernetes/objects.ts';
import { revisionConfigMap, revisionOf } from '../../src/operator/build/config-map.ts';
import {
  deployment,
  originalDeployment,
  podDisruptionBudget,
  withLastGood,
  withOrigin,
} from '../../src/operator/build/deployment.ts';
import { checkJob, cronJob, preflightJob, runJob } from '../../src/operator/build/jobs.ts';
import { workersNetworkPolicy } from '../../src/operator/build/network-policy.ts';
import { reconcileCronJob } from '../../src/operator/build/reconcile-job.ts';
import { compiled, config, pipeline, source } from './fixtures.ts';

/** As it goes to the API server. */
const yaml = (object: KubernetesObject) =>
  dump(JSON.parse(JSON.stringify(object)), { lineWidth: 120, sortKeys: false });
const golden = (name: string) => new URL(`./golden/${name}.yaml`, import.meta.url).pathname;

const revision = compiled();
const maildir = compiled(
  pipeline(),
  source({ maildir: { persistentVolumeClaim: { claimName: 'mail', subPath: 'team' } } }),
);
const template: EmailPipelineSpec['template'] = {
  resources: { requests: { memory: '2Gi' }, limits: { cpu: '2' } },
  nodeSelector: { disk: 'fast' },
  tolerations: [{ key: 'mail', operator: 'Exists', effect: 'NoSchedule' }],
  topologySpreadConstraints: [
    { topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 1 },
  ],
  priorityClassName: 'high',
  imagePullSecrets: [{ name: 'registry' }],
  labels: { team: 'a', 'mailmill.io/role': 'mine' },
  annotations: { note: 'x' },
};
const input = { revision, template: undefined, secretsHash: 'abc' };

const manifests: readonly (readonly [string, KubernetesObject])[] = [
  ['config-map', revisionConfigMap(revision)],
  ['deployment', withOrigin(deployment({ ...input, replicas: 1 }, config), 'def')],
  [
    'deployment-maildir-template',
    withLastGood(deployment({ ...input, revision: maildir, template, replicas: 2 }, config), 'abc'),
  ],
  ['pod-disruption-budget', podDisruptionBudget('team-a', 'orders')],
  [
    'cron-job',
    cronJob(
      {
        ...{ ...input, schedule: '0 2 * * *', work: {}, timeZone: 'Europe/Zurich', suspend: false },
        ...{ lastGood: 'abc', specHash: 'def' },
      },
      config,
    ),
  ],
  [
    'reconcile-cron-job',
    reconcileCronJob(
      {
        ...{ revision, template: undefined, schedule: '0 3 * * *', timeZone: undefined, suspend: false },
        since: '2026-11-21T12:00:00Z',
      },
      config,
    ),
  ],
  ['check-job', checkJob(input, config)],
  [
    'preflight-job',
    preflightJob({ ...input, baseline: 'abc', beside: undefined, messages: 100, maxErrorRate: 0.01 }, config),
  ],
  ['run-job', runJob({ revision, template: undefined, run: 'now', specHash: '0123456789abcdef', work: {} }, config)],
  [
    'run-job-replay',
    runJob(
      {
        ...{ revision, template: undefined, run: 'mend', specHash: 'fedcba9876543210' },
        work: { replay: { only: 'Dead', since: '2026-11-01' }, dryRun: true },
      },
      config,
    ),
  ],
  ['network-policy', workersNetworkPolicy('team-a')],
  [
    'network-policy-egress',
    workersNetworkPolicy('team-a', {
      workerEgress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 993 }, { port: 5432 }] }],
    }),
  ],
  [
    'deployment-defaults',
    deployment(
      { ...input, template: { resources: { limits: { cpu: '2' } } }, replicas: 1 },
      { ...config, workerResources: { requests: { cpu: '500m', memory: '512Mi' }, limits: { memory: '512Mi' } } },
    ),
  ],
];

describe('desired objects', () => {
  test.each(manifests)('%s', async (name, object) => {
    await expect(yaml(object)).toMatchFileSnapshot(golden(name));
  });

  test('a revision is read back from its ConfigMap, and nothing else is', () => {
    expect(revisionOf(revisionConfigMap(revision))).toEqual(revision);
    const map = { ...revisionConfigMap(revision), data: { 'revision.json': '{"version": 2}' } };
    expect(revisionOf(map)).toBeUndefined();
    expect(revisionOf({ ...map, data: { 'revision.json': 'no JSON' } })).toBeUndefined();
  });

  test('of the same things they are the same objects, and of others never', () => {
    const other = { ...config, workerImage: 'other' };
    const made = (change: object = {}, spec = 'def', by = config) =>
      originalDeployment({ ...input, replicas: 1, ...change }, spec, by);
    const first = made();
    expect(first).toEqual(withOrigin(deployment({ ...input, replicas: 1 }, config), 'def'));
    expect(made()).toBe(first);
    for (const changed of [made({ replicas: 2 }), made({ secretsHash: 'x' }), made({ template }), made({}, 'x')])
      expect(changed).not.toEqual(first);
    expect(made({}, 'def', other).spec?.template.spec?.containers[0]?.image).toBe('other');
    expect(made()).toEqual(first);
    expect(withLastGood(first, 'a')).toBe(withLastGood(first, 'a'));
    expect(withLastGood(first, 'b')).not.toEqual(withLastGood(first, 'a'));
    expect(revisionConfigMap(revision)).toBe(revisionConfigMap(revision));
  });

  test('defaults never contradict what the pipeline asks for', () => {
    const resources = (asked: NonNullable<EmailPipelineSpec['template']>['resources']) =>
      deployment({ ...input, template: { resources: asked }, replicas: 1 }, config).spec?.template.spec?.containers[0]
        ?.resources;
    expect(resources(undefined)).toEqual({ requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } });
    expect(resources({ requests: { memory: '2Gi' } })).toEqual({
      requests: { cpu: '100m', memory: '2Gi' },
      limits: {},
    });
    expect(resources({ limits: { memory: '128Mi', cpu: '50m' } })).toEqual({
      requests: {},
      limits: { memory: '128Mi', cpu: '50m' },
    });
  });

  test('a check has another name for other Secrets and another image', () => {
    const name = (hash: string, image: string) =>
      checkJob({ ...input, secretsHash: hash }, { ...config, workerImage: image }).metadata.name;
    expect(new Set([name('a', 'x'), name('b', 'x'), name('a', 'y')]).size).toBe(3);
    expect(name('a', 'x')).toBe(name('a', 'x'));
  });
});
