import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { load, loadAll } from 'js-yaml';
import { expect, test } from 'vitest';
import { leaderPermissions, type Permission, permissions, secretPermissions } from '../../src/operator/permissions.ts';
import { chart, installChart, operatorNamespace, uninstallChart } from './chart.ts';
import { startCluster } from './harness.ts';
import { finish } from './shell.ts';

const required = ['--set', 'image.repository=example.com/mailmill,statusKey.existingSecret=key'];

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}

const render = (...args: string[]): readonly Rendered[] =>
  loadAll(execFileSync('helm', ['template', 'mailmill', chart, ...required, ...args], { encoding: 'utf8' })).filter(
    (object): object is Rendered => object !== null && object !== undefined,
  );

const names = (objects: readonly Rendered[], ...kinds: string[]) =>
  objects
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`)
    .sort();

test('helm lint finds nothing', async () => {
  const { code, stdout, stderr } = await finish('helm', ['lint', '--strict', chart, ...required]);
  expect(code, `${stdout}${stderr}`).toBe(0);
});

test.each([
  ['a misspelt value', 'image.repositry=x', /repositry/],
  ['a replica count that is no number', 'operator.replicas=many', /operator\/replicas/],
  ['a pull policy that does not exist', 'image.pullPolicy=Sometimes', /pullPolicy/],
  ['a namespace that cannot exist', 'tenants={Team_A}', /tenants/],
  ['a deadline of no time', 'operator.stallDeadlineSeconds=0', /stallDeadlineSeconds/],
  ['a tenant that is not watched', 'tenants={b},watch.namespaces={a}', /tenant b is not among watch.namespaces/],
  ['cluster-wide Secrets in listed namespaces', 'secrets.clusterWide=true,watch.namespaces={a}', /clusterWide/],
])('%s is refused', async (_, values, says) => {
  const { code, stderr } = await finish('helm', ['template', 'mailmill', chart, ...required, '--set', values]);
  expect(code).not.toBe(0);
  expect(stderr).toMatch(says);
});

test('without a repository or a key it says what to set', async () => {
  const bare = await finish('helm', ['template', 'mailmill', chart]);
  expect(bare.code).not.toBe(0);
  expect(bare.stderr).toMatch(/image\.repository|statusKey\.existingSecret/);
});

/** One line for each verb on each resource; names of objects aside. */
const granted = (rules: readonly Rule[]) =>
  rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}.${group}`)),
      ),
    )
    .sort();

const wanted = (table: readonly Permission[]) =>
  granted(table.map(({ apiGroup, resource, verbs }) => ({ apiGroups: [apiGroup], resources: [resource], verbs })));

test.each([
  ['cluster-wide', []],
  ['for listed namespaces', ['--set', 'watch.namespaces={a},tenants={a}']],
])('the operator may do what it needs and nothing else, %s', (_, args) => {
  const objects = render(...args);
  const rulesOf = (name: string) =>
    objects.find(({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && metadata.name === name)?.rules ?? [];
  expect(granted(rulesOf('mailmill-operator'))).toEqual(wanted(permissions));
  expect(granted(rulesOf('mailmill-secret-reader'))).toEqual(wanted(secretPermissions));
  expect(granted(rulesOf('mailmill-operator-leader'))).toEqual(wanted(leaderPermissions));
});

test('by default the operator works in every namespace and reads no Secret', () => {
  const objects = render();
  expect(names(objects, 'ClusterRole', 'Role')).toEqual([
    'ClusterRole mailmill-edit',
    'ClusterRole mailmill-operator',
    'ClusterRole mailmill-secret-reader',
    'ClusterRole mailmill-view',
    'Role default/mailmill-operator-leader',
  ]);
  expect(names(objects, 'ClusterRoleBinding', 'RoleBinding')).toEqual([
    'ClusterRoleBinding mailmill-operator',
    'RoleBinding default/mailmill-operator-leader',
  ]);
});

test('whoever may view or edit a namespace may do so with our resources, and nothing beyond', () => {
  const rulesOf = (name: string) => render().find(({ metadata }) => metadata.name === name)?.rules ?? [];
  const each = (...verbs: string[]) =>
    verbs.flatMap((verb) =>
      ['emailpipelineruns', 'emailpipelines', 'mailboxsources'].map((resource) => `${verb} ${resource}.mailmill.io`),
    );
  const scale = ['get', 'patch', 'update'].map((verb) => `${verb} emailpipelines/scale.mailmill.io`);
  expect(granted(rulesOf('mailmill-view'))).toEqual(each('get', 'list', 'watch').sort());
  const edit = each('create', 'delete', 'deletecollection', 'patch', 'update');
  expect(granted(rulesOf('mailmill-edit'))).toEqual([...edit, ...scale].sort());
  expect(names(render('--set', 'rbac.aggregate=false'), 'ClusterRole')).not.toContain('ClusterRole mailmill-edit');
});

test('with listed namespaces nothing is cluster-wide but the resource definitions', () => {
  const objects = render('--set', 'watch.namespaces={a,b},tenants={a}');
  expect(names(objects, 'ClusterRole', 'ClusterRoleBinding')).toEqual([]);
  expect(names(objects, 'Role')).toEqual([
    'Role a/mailmill-operator',
    'Role a/mailmill-secret-reader',
    'Role b/mailmill-operator',
    'Role default/mailmill-operator-leader',
  ]);
  expect(names(objects, 'RoleBinding')).toEqual([
    'RoleBinding a/mailmill-operator',
    'RoleBinding a/mailmill-secret-reader',
    'RoleBinding b/mailmill-operator',
    'RoleBinding default/mailmill-operator-leader',
  ]);
});

test('resource definitions stay when the release goes, for Helm and for Argo CD', () => {
  const definitions = render().filter(({ kind }) => kind === 'CustomResourceDefinition');
  expect(definitions).toHaveLength(3);
  for (const { metadata } of definitions) {
    expect(metadata).toMatchObject({
      annotations: {
        'helm.sh/resource-policy': 'keep',
        'argocd.argoproj.io/sync-options': 'Prune=false,Delete=false',
      },
    });
  }
  expect(render('--set', 'crds.install=false').some(({ kind }) => kind === 'CustomResourceDefinition')).toBe(false);
});

test('a PodDisruptionBudget from two replicas, PodMonitors when asked for', () => {
  expect(names(render(), 'PodDisruptionBudget', 'PodMonitor')).toEqual([]);
  const objects = render('--set', 'operator.replicas=2,monitoring.podMonitor.enabled=true');
  expect(names(objects, 'PodDisruptionBudget', 'PodMonitor')).toEqual([
    'PodDisruptionBudget default/mailmill-operator',
    'PodMonitor default/mailmill-operator',
    'PodMonitor default/mailmill-workers',
  ]);
});

test('what all workers get and may reach is passed to the operator', () => {
  interface Operator extends Rendered {
    readonly spec: {
      readonly template: {
        readonly spec: {
          readonly containers: readonly { readonly env: readonly { name: string; value?: string }[] }[];
        };
      };
    };
  }
  const env = (...args: string[]) => {
    const operator = render(...args).find(({ kind }) => kind === 'Deployment') as Operator;
    const list = operator.spec.template.spec.containers.flatMap((container) => container.env);
    return (name: string) => list.find((each) => each.name === name)?.value;
  };
  const bare = env();
  expect(bare('MAILMILL_WORKER_EGRESS')).toBeUndefined();
  expect(JSON.parse(bare('MAILMILL_WORKER_RESOURCES') ?? '')).toEqual({
    requests: { cpu: '100m', memory: '256Mi' },
    limits: { memory: '1Gi' },
  });
  const set = env('--set', 'networkPolicy.egress[0].ports[0].port=993,operator.heapMiB=512');
  expect(JSON.parse(set('MAILMILL_WORKER_EGRESS') ?? '')).toEqual([{ ports: [{ port: 993 }] }]);
  expect(set('NODE_OPTIONS')).toBe('--max-old-space-size=512 --max-semi-space-size=8');
});

test('rendering twice gives the same: nothing drifts under Argo CD', () => {
  expect(render('--set', 'tenants={a}')).toEqual(render('--set', 'tenants={a}'));
});

test('every value of values.yaml is described by the schema', async () => {
  const { stdout } = await finish('helm', ['show', 'values', chart]);
  const schema = JSON.parse(readFileSync(`${chart}/values.schema.json`, 'utf8')) as Schema;
  const missing = (value: unknown, of: Schema | undefined, path: string): readonly string[] => {
    if (of === undefined) return [path];
    if (value === null || typeof value !== 'object' || Array.isArray(value) || !of.properties) return [];
    return Object.entries(value).flatMap(([key, inner]) => missing(inner, of.properties?.[key], `${path}.${key}`));
  };
  expect(missing(load(stdout), schema, 'values')).toEqual([]);
});

test('an upgrade keeps the key that tokens are made from', async () => {
  const cluster = await startCluster();
  const key = async () => (await cluster.get(operatorNamespace, 'secret/mailmill-status-key')).data.key as string;
  const values = { 'operator.replicas': 0 };
  try {
    await installChart(cluster, { tenants: [], values });
    const before = await key();
    expect(Buffer.from(before, 'base64').length).toBeGreaterThanOrEqual(32);
    await installChart(cluster, { tenants: ['default'], values });
    expect(await key()).toBe(before);
  } finally {
    await uninstallChart(cluster);
  }
});

test('alerts and dashboards when asked for, as the files have them', () => {
  const kinds = (objects: readonly Rendered[]) => names(objects, 'PrometheusRule', 'ConfigMap');
  expect(kinds(render())).toEqual([]);
  const monitored = 'monitoring.prometheusRule.enabled=true,monitoring.dashboards.enabled=true';
  const objects = render('--set', monitored) as readonly (Rendered & {
    readonly spec?: unknown;
    readonly data?: Readonly<Record<string, string>>;
  })[];
  expect(kinds(objects)).toEqual(['ConfigMap default/mailmill-dashboards', 'PrometheusRule default/mailmill']);
  const file = (name: string) => readFileSync(`${chart}/files/${name}`, 'utf8');
  expect(objects.find(({ kind }) => kind === 'PrometheusRule')?.spec).toEqual(load(file('alerts.yaml')));
  const dashboards = objects.find(({ kind }) => kind === 'ConfigMap')?.data ?? {};
  expect(JSON.parse(dashboards['overview.json'] ?? '')).toEqual(JSON.parse(file('dashboards/overview.json')));
});
