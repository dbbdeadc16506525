import { hash as digest } from 'node:crypto';
import { applyObject, checkOwner } from '../kubernetes/apply.ts';
import type { KubernetesClient } from '../kubernetes/client-api.ts';
import {
  configMaps,
  cronJobs,
  deployments,
  type EmailPipeline,
  type EmailPipelineRun,
  type Job,
  jobs,
  type KubernetesObject,
  type Live,
  type MailboxSource,
  networkPolicies,
  podDisruptionBudgets,
  type ResourceType,
  services,
} from '../kubernetes/objects.ts';
import { stalled } from '../telemetry/errors.ts';
import type { Cached, Caches } from './caches.ts';
import type { Child, Deletion, Patch } from './decide/decision.ts';

/** Tells what was done about a child, for an event; of what was created, its kind and name. */
export type Told = (reason: 'Created' | 'Updated' | 'Deleted', note: string) => void;

/** The only hands of the operator on children. Each method answers whether it wrote. Throws what `applyObject` and the client throw. */
export interface Children {
  apply(
    owner: Live<EmailPipeline> | Live<MailboxSource>,
    child: Child,
    told: Told,
    signal: AbortSignal,
  ): Promise<boolean>;
  patch(
    owner: Live<EmailPipeline> | Live<MailboxSource>,
    change: Patch,
    told: Told,
    signal: AbortSignal,
  ): Promise<boolean>;
  delete(deletion: Deletion, told: Told, signal: AbortSignal): Promise<boolean>;
  /** A Job of a run; made once and never changed. */
  start(owner: Live<EmailPipelineRun>, job: Job, told: Told, signal: AbortSignal): Promise<boolean>;
}

/** One kind of children. */
interface Kind {
  readonly type: ResourceType;
  readonly cached: Cached<KubernetesObject>;
  /** See `applyObject`. */
  readonly unmistakable: boolean;
}

// The kind of an object says which entry is its own; the types cannot follow that.
const kind = <T extends KubernetesObject>(type: ResourceType<T>, cached: Cached<T>, unmistakable = false) =>
  ({ type, cached, unmistakable }) as unknown as Kind;

export function createChildren(client: KubernetesClient, caches: Caches): Children {
  const kinds: Readonly<Record<string, Kind>> = {
    // Its name is a hash of what is in it.
    ConfigMap: kind(configMaps, caches.configMaps, true),
    // Its selector cannot be changed, and names the pipeline.
    Deployment: kind(deployments, caches.deployments, true),
    CronJob: kind(cronJobs, caches.cronJobs),
    Job: kind(jobs, caches.jobs),
    PodDisruptionBudget: kind(podDisruptionBudgets, caches.podDisruptionBudgets),
    Service: kind(services, caches.services),
    NetworkPolicy: kind(networkPolicies, caches.networkPolicies),
  };
  const kindOf = (object: KubernetesObject): Kind => {
    const found = kinds[object.kind];
    if (found === undefined) {
      throw stalled('CHILD_KIND_UNKNOWN', `the operator has no children of kind ${object.kind}; update mailmill`);
    }
    return found;
  };

  /** Objects as the caches have them that were compared already, with what, and its hash: most looks find nothing new. */
  const found = new WeakMap<Live<KubernetesObject>, { readonly desired: KubernetesObject; readonly wanted: string }>();
  const apply = async (owner: Live<KubernetesObject>, desired: KubernetesObject, told: Told, signal: AbortSignal) => {
    const { type, cached, unmistakable } = kindOf(desired);
    const live = cached.objects.get(desired.metadata);
    const known = live && found.get(live);
    if (known?.desired === desired) return false;
    const wanted = digest('sha256', `${owner.metadata.uid}${JSON.stringify(desired)}`);
    if (live !== undefined && known?.wanted === wanted) {
      found.set(live, { desired, wanted });
      return false;
    }
    const wrote = cached.objects.begin(desired.metadata);
    const applied = await applyObject(client, type, desired, live, owner, { signal, unmistakable });
    wrote(applied.object);
    if (!applied.changed) {
      found.set(applied.object, { desired, wanted });
      return false;
    }
    const what = `${desired.kind} ${desired.metadata.name}`;
    if (applied.difference === 'created') told('Created', what);
    // Our own bookkeeping is no news.
    else if (!applied.difference?.startsWith('metadata.annotations')) told('Updated', `${what}: ${applied.difference}`);
    return true;
  };

  return {
    apply,
    start: apply,
    patch: async (owner, { object, patch, why }, told, signal) => {
      const { type, cached } = kindOf(object);
      checkOwner(object, owner);
      const wrote = cached.objects.begin(object.metadata);
      wrote(await client.patch(type, object.metadata, 'merge', patch, { signal }));
      told('Updated', `${object.kind} ${object.metadata.name}: ${why}`);
      return true;
    },
    delete: async ({ object, why }, told, signal) => {
      const { type, cached } = kindOf(object);
      const { name, namespace, uid } = object.metadata;
      const wrote = cached.objects.begin({ name, namespace });
      const done = await client.delete(type, object.metadata, { signal, uid });
      wrote(undefined);
      if (done) told('Deleted', `${object.kind} ${name} deleted: ${why}`);
      return done;
    },
  };
}
