import { createHash } from 'node:crypto';
import { stalled, waiting } from '../telemetry/errors.ts';
import type { ApplyOptions, KubernetesClient } from './client-api.ts';
import { isRecord } from './decode.ts';
import { type Difference, findDifference, tellDifference } from './difference.ts';
import { isConflict } from './errors.ts';
import {
  controllerOf,
  controllerReference,
  type KubernetesObject,
  type Live,
  type OwnerReference,
  type ResourceType,
} from './objects.ts';

/** What an apply did. `difference` is the path that made it necessary: `spec.replicas: 1 → 2`, or `created`. */
export interface Applied<T extends KubernetesObject> {
  readonly changed: boolean;
  readonly difference?: string;
  readonly object: T;
}

/**
 * Hash of everything that was applied. A field that is no longer desired leaves no trace in what remains desired:
 * this notices it, and the API server, which knows what we owned, removes it.
 */
export const appliedAnnotation = 'mailmill.io/applied';

/** When to look again at a child that is being deleted. */
const terminatingMs = 5_000;

/**
 * Who owns a child: one object, as its controller; or several that share it (a NetworkPolicy of a namespace), all of
 * them listed, none being the controller.
 */
export type Owner = Live<KubernetesObject> | readonly Live<KubernetesObject>[];

export interface ApplyObjectOptions extends ApplyOptions {
  /**
   * A stranger of this name cannot be without a field that differs (a Deployment's selector, a name that is a hash): what no cache knows
   * is then made at once, without force, and looked for only when the API server tells of a conflict. Default false.
   */
  readonly unmistakable?: boolean;
}

/**
 * Makes `desired` (all fields that we want to own, and no other) so by server-side apply, unless `live` has every
 * desired field already. The owner references and the annotation `mailmill.io/applied` are added. Pass what the cache
 * knows as `live`, not shrunk; when it knows nothing, the API server is asked before anything is taken over (but see `unmistakable`).
 * Throws Stalled `CHILD_NOT_OWNED` when the object exists and is not the owner's, Waiting `CHILD_TERMINATING` while
 * an old one is being deleted, and KubernetesError from the API server.
 */
export async function applyObject<T extends KubernetesObject>(
  client: KubernetesClient,
  type: ResourceType<T>,
  desired: T,
  live: Live<T> | undefined,
  owner: Owner,
  { unmistakable = false, ...options }: ApplyObjectOptions,
): Promise<Applied<Live<T>>> {
  const { signal, timeoutMs } = options;
  const owned = { ...desired, metadata: { ...desired.metadata, ownerReferences: referencesTo(owner) } };
  const hash = createHash('sha256').update(canonical(owned)).digest('hex').slice(0, 16);
  const annotations = { ...desired.metadata.annotations, [appliedAnnotation]: hash };
  const complete = { ...owned, metadata: { ...owned.metadata, annotations } };
  if (live === undefined && unmistakable) {
    try {
      return {
        changed: true,
        difference: 'created',
        object: await client.apply(type, complete, { ...options, force: false }),
      };
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
  const present = live ?? (await client.find(type, desired.metadata, { signal, timeoutMs }));
  if (present === undefined) {
    return { changed: true, difference: 'created', object: await client.apply(type, complete, options) };
  }
  checkOwner(present, owner);
  const { metadata, ...what } = owned;
  const difference = findDifference(what, present);
  const noted = difference ?? findDifference({ metadata }, present);
  if (noted === undefined && present.metadata.annotations?.[appliedAnnotation] === hash) {
    return { changed: false, object: present };
  }
  const object = await client.apply(type, complete, options);
  // What an object is to be, or is no longer to be, says more than what is noted on it.
  const said = difference ?? removed(contentOf(present), contentOf(object)) ?? noted;
  const told = said ?? removed(notesOf(present), notesOf(object));
  return {
    changed: true,
    difference: told === undefined ? 'a field is no longer desired' : tellDifference(told),
    object,
  };
}

/** The first desired field that `live` lacks or has otherwise, as text: see `tellDifference`. */
export function firstDifference(desired: unknown, live: unknown): string | undefined {
  const difference = findDifference(desired, live);
  return difference === undefined ? undefined : tellDifference(difference);
}

const isShared = (owner: Owner): owner is readonly Live<KubernetesObject>[] => Array.isArray(owner);

const referencesTo = (owner: Owner): readonly OwnerReference[] =>
  isShared(owner)
    ? owner.map((one) => ({ ...controllerReference(one), controller: false }))
    : [controllerReference(owner)];

/** Throws unless `live` is the owner's and stays: see `applyObject`. */
export function checkOwner(live: Live<KubernetesObject>, owner: Owner): void {
  const controller = controllerOf(live);
  const what = `${live.kind} ${live.metadata.name}`;
  const references = live.metadata.ownerReferences ?? [];
  // Of a shared child the owners come and go: any reference to their kind makes it ours.
  const own = isShared(owner)
    ? controller === undefined && references.some(({ kind }) => owner.some((one) => one.kind === kind))
    : controller?.uid === owner.metadata.uid;
  if (!own) {
    const whose = controller === undefined ? 'is not ours' : `belongs to ${controller.kind} ${controller.name}`;
    const next = 'rename or delete it, or rename the resource that needs it';
    throw stalled('CHILD_NOT_OWNED', `${what} is in the way: it ${whose}; ${next}`);
  }
  if (live.metadata.deletionTimestamp !== undefined) {
    const text = `${what} is being deleted; it is made anew once it is gone`;
    throw waiting('CHILD_TERMINATING', text, { retryAfterMs: terminatingMs });
  }
}

/** JSON with sorted keys. */
const canonical = (value: unknown) =>
  JSON.stringify(value, (_, part: unknown) =>
    isRecord(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );

/** Something is no longer desired: what the server removed is what `before` has beyond. */
function removed(before: unknown, after: unknown): Difference | undefined {
  const difference = findDifference(before, after);
  return difference && { ...difference, desired: difference.live, live: difference.desired };
}

function contentOf(object: KubernetesObject & { readonly status?: unknown }): unknown {
  const { metadata: _, status: __, ...content } = object;
  return content;
}

const notesOf = ({ metadata }: KubernetesObject) => ({
  labels: metadata.labels,
  annotations: { ...metadata.annotations, [appliedAnnotation]: '' },
});
