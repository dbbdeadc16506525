import { transient } from '../telemetry/errors.ts';
import type { KubernetesClient } from './client-api.ts';

/**
 * A client that writes only while `holds` says so; otherwise a write throws Transient `LEADERSHIP_LOST`. A process that was paused beyond its
 * lease goes on with what it was at before any of its timers fires: this stops it.
 */
export function fencedClient(client: KubernetesClient, holds: () => boolean): KubernetesClient {
  const fenced =
    <A extends readonly unknown[], R>(write: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (!holds())
        throw transient('LEADERSHIP_LOST', 'this process leads no longer: its lease may be held by another');
      return write(...args);
    };
  return {
    ...client,
    // Generic methods lose their type parameter on the way; what goes in and out is the same.
    create: fenced(client.create) as KubernetesClient['create'],
    update: fenced(client.update) as KubernetesClient['update'],
    patch: fenced(client.patch) as KubernetesClient['patch'],
    apply: fenced(client.apply) as KubernetesClient['apply'],
    updateStatus: fenced(client.updateStatus) as KubernetesClient['updateStatus'],
    delete: fenced(client.delete),
  };
}
