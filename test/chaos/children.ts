import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import {
  configMaps,
  cronJobs,
  deployments,
  type KubernetesObject,
  networkPolicies,
  podDisruptionBudgets,
  type ResourceType,
} from '../../src/kubernetes/objects.ts';
import { labels, managedBy } from '../../src/operator/names.ts';

const kinds: readonly ResourceType<never>[] = [
  configMaps,
  deployments,
  cronJobs,
  networkPolicies,
  podDisruptionBudgets,
] as unknown as readonly ResourceType<never>[];

/** Every child as text, by `Kind namespace/name`, without what differs from run to run: uids, versions, times, who wrote what when. */
export async function childrenOf(client: KubernetesClient, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const type of kinds) {
    const selector = `${labels.managedBy}=${managedBy}`;
    const { items } = await client.list<KubernetesObject>(type as unknown as ResourceType, {
      labelSelector: selector,
      limit: 500,
      signal,
    });
    for (const item of items) {
      const { namespace, name } = item.metadata;
      found.set(`${item.kind} ${namespace}/${name}`, JSON.stringify(normalised(item), undefined, 1));
    }
  }
  return found;
}

function normalised({ metadata, ...rest }: KubernetesObject): unknown {
  const { labels: own, ownerReferences = [] } = metadata;
  // Revisions of Deployments count the controller's rollouts; ours are in the names.
  const { 'deployment.kubernetes.io/revision': _, ...annotations } = metadata.annotations ?? {};
  const { status: __, ...spec } = rest as typeof rest & { readonly status?: unknown };
  const owners = ownerReferences.map(({ kind, name, controller }) => `${kind} ${name} ${controller}`).sort();
  // Of owners, uids differ from run to run, and the hash of what was applied with them.
  const { 'mailmill.io/applied': ___, ...kept } = annotations;
  return { ...spec, labels: own, annotations: kept, owners };
}

/** What differs, the first lines of it. */
export function differences(
  expected: ReadonlyMap<string, string>,
  found: ReadonlyMap<string, string>,
): readonly string[] {
  const lines: string[] = [];
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const [one, other] = [expected.get(key), found.get(key)];
    if (one === undefined) lines.push(`${key} is too many`);
    else if (other === undefined) lines.push(`${key} is missing`);
    else if (one !== other) {
      const [a, b] = [one.split('\n'), other.split('\n')];
      const at = a.findIndex((line, i) => line !== b[i]);
      lines.push(`${key}: ${a[at]?.trim()} became ${b[at]?.trim()}`);
    }
  }
  return lines;
}
