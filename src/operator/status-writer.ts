import { isDeepStrictEqual } from 'node:util';
import type { KubernetesClient } from '../kubernetes/client-api.ts';
import { isRecord } from '../kubernetes/decode.ts';
import { isConflict, isNotFound } from '../kubernetes/errors.ts';
import type { KubernetesObject, Live, ResourceType } from '../kubernetes/objects.ts';
import { waiting } from '../telemetry/errors.ts';
import type { Cached } from './caches.ts';

type WithStatus = KubernetesObject & { readonly status?: object };

/** Time for the watch to catch up with what somebody else wrote. */
const behindMs = 250;

/**
 * The one place that writes a status: only when it differs, and only onto the version that the decision looked at.
 * Answers whether it wrote. Throws Waiting `CACHE_BEHIND` when the object moved on, else KubernetesError.
 */
export async function writeStatus<T extends WithStatus>(
  client: KubernetesClient,
  type: ResourceType<T>,
  { objects }: Cached<T>,
  live: Live<T>,
  status: object,
  signal: AbortSignal,
): Promise<boolean> {
  // What is undefined is not there once it is JSON.
  const wanted: unknown = JSON.parse(JSON.stringify(status));
  const change = mergePatch(live.status ?? {}, wanted);
  if (change === undefined) return false;
  const { resourceVersion, uid } = live.metadata;
  const patch = { metadata: { resourceVersion, uid }, status: change };
  try {
    const wrote = objects.begin(live.metadata);
    wrote(await client.patch(type, live.metadata, 'merge', patch, { signal, subresource: 'status' }));
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    if (!isConflict(error)) throw error;
    throw waiting('CACHE_BEHIND', 'the object changed while it was looked at; it is looked at again', {
      cause: error,
      retryAfterMs: behindMs,
    });
  }
}

/** JSON merge patch (RFC 7386) from one value to another; `undefined` when they are the same. */
export function mergePatch(before: unknown, after: unknown): unknown {
  if (isDeepStrictEqual(before, after)) return undefined;
  if (!isRecord(before) || !isRecord(after)) return after;
  const patch: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(after)) {
    const change = mergePatch(before[key], value);
    if (change !== undefined) patch[key] = change;
  }
  for (const key of Object.keys(before)) if (!(key in after)) patch[key] = null;
  return patch;
}
