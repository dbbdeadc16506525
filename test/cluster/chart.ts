import type { Cluster } from './harness.ts';

export const chart = new URL('../../charts/mailmill', import.meta.url).pathname;

/** Where the operator of the tests runs. */
export const operatorNamespace = 'mailmill-system';

export interface InstallOptions {
  /** Namespaces whose Secrets the operator may read. */
  readonly tenants: readonly string[];
  /** More values; short deadlines are the default here. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Directory of the chart, and the image `repository:tag`; default: those of this checkout. */
  readonly release?: { readonly chart: string; readonly image: string };
}

/** Installs or upgrades the chart with the image under test and waits until the operator is ready. */
export async function installChart(cluster: Cluster, { tenants, values = {}, release }: InstallOptions): Promise<void> {
  const [, repository, tag] = /^(.+):([^:/]+)$/.exec(release?.image ?? '') ?? [];
  const settings: Record<string, unknown> = {
    'image.repository': repository ?? cluster.image.repository,
    'image.tag': tag ?? cluster.image.tag,
    'image.pullPolicy': 'IfNotPresent',
    'operator.rolloutDeadlineSeconds': 45,
    'operator.stallDeadlineSeconds': 45,
    'operator.statusPollSeconds': 2,
    tenants,
    ...values,
  };
  await cluster.helm([
    'upgrade',
    '--install',
    'mailmill',
    release?.chart ?? chart,
    '--namespace',
    operatorNamespace,
    '--create-namespace',
    ...Object.entries(settings).flatMap(([key, value]) => ['--set-json', `${key}=${JSON.stringify(value)}`]),
  ]);
  await cluster.kubectl([
    '-n',
    operatorNamespace,
    'rollout',
    'status',
    'deployment/mailmill-operator',
    '--timeout=120s',
  ]);
}

/** Removes the chart, and the Lease: Helm takes the right to release it away before the operator ends. */
export async function uninstallChart(cluster: Cluster): Promise<void> {
  await cluster.helm(['uninstall', 'mailmill', '--namespace', operatorNamespace, '--ignore-not-found', '--wait']);
  await cluster.kubectl(['-n', operatorNamespace, 'delete', 'lease', 'mailmill-operator', '--ignore-not-found']);
}
