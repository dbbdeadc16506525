import type { ApplyOptions, KubernetesClient } from './client.ts';
import type { KubernetesObject, Live, ResourceType } from './objects.ts';

/** What an apply did. `difference` is the path that made it necessary: `spec.replicas: 1 → 2`, or `created`. */
export interface Applied<T extends KubernetesObject> {
  readonly changed: boolean;
  readonly difference?: string;
  readonly object: T;
}

/**
 * Makes `desired` (all fields that we want to own, and no other) so by server-side apply, unless `live` has every
 * desired field already. The controller reference to `owner` is added. Throws Stalled `CHILD_NOT_OWNED` when `live`
 * exists and is not controlled by `owner`; KubernetesError from the API server.
 */
export declare function applyObject<T extends KubernetesObject>(
  client: KubernetesClient,
  type: ResourceType<T>,
  desired: T,
  live: Live<T> | undefined,
  owner: Live<KubernetesObject>,
  options: ApplyOptions,
): Promise<Applied<Live<T>>>;

/**
 * Path and values of the first desired field that `live` lacks or has otherwise: `spec.replicas: 1 → 2`; undefined when
 * desired ⊆ live. What only the live object has (defaults, other managers' fields) does not count. Values of
 * Secrets and of ConfigMaps' data never appear in it, only their paths.
 */
export declare function firstDifference(desired: unknown, live: unknown): string | undefined;
