import type { KubernetesClient } from '../../../src/kubernetes/client.ts';
import { isConflict, isNotFound } from '../../../src/kubernetes/errors.ts';
import { type Live, type Pod, pods } from '../../../src/kubernetes/objects.ts';
import { createReflector } from '../../../src/kubernetes/reflector.ts';
import { labels } from '../../../src/operator/names.ts';
import { isReady } from '../../../src/operator/pods.ts';

/** Tries, half a second apart: an API server that is restarted on a busy machine is away for half a minute. */
const patience = 240;

/**
 * Plays the kubelets of a cluster: each pod of ours runs and is ready at once, at a loopback address of its own. Works until
 * `signal` is aborted.
 */
export async function playKubelet(client: KubernetesClient, signal: AbortSignal): Promise<void> {
  let serial = 0;
  const failures: unknown[] = [];
  const ready = async (pod: Live<Pod>) => {
    serial += 1;
    const podIP = `127.${1 + (serial >> 16)}.${(serial >> 8) & 255}.${serial & 255}`;
    const time = new Date().toISOString();
    const conditions = ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: time,
    }));
    const status = { phase: 'Running', podIP, podIPs: [{ ip: podIP }], startTime: time, conditions };
    await client.patch(pods, pod.metadata, 'merge', { status }, { signal, subresource: 'status' });
  };
  const begun = new Set<string>();
  const run = async (pod: Live<Pod>) => {
    for (let tries = 0; !signal.aborted; tries++) {
      try {
        return await ready(pod);
      } catch (error) {
        if (isNotFound(error) || isConflict(error) || signal.aborted) return;
        if (tries === patience) {
          failures.push(error);
          return;
        }
        await new Promise((resolve) => setTimeout(resolve, 500)); // the API server is away
      }
    }
  };
  const running = new Set<Promise<void>>();
  const reflector = createReflector<Pod>({
    client,
    type: pods,
    labelSelector: labels.pipeline,
    backoffMs: [100, 1_000],
  });
  reflector.onChange(({ type, object }) => {
    const { uid, deletionTimestamp } = object.metadata;
    if (type === 'deleted' || deletionTimestamp !== undefined || isReady(object) || begun.has(uid)) return;
    begun.add(uid);
    const one: Promise<void> = run(object).finally(() => running.delete(one));
    running.add(one);
  });
  await reflector.run(signal);
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
}
