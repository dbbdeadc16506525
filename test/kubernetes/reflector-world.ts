import { Registry } from 'prom-client';
import { expect } from 'vitest';
import { createClient, type KubernetesClient } from '../../src/kubernetes/client.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { type ConfigMap, configMaps } from '../../src/kubernetes/objects.ts';
import { createReflector, type ReflectorOptions } from '../../src/kubernetes/reflector.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';
import { type ScriptedServer, type Step, startScriptedServer } from './scripted-server.ts';

/**
 * A reflector of ConfigMaps against a scripted server, on a clock that stands still.
 * @param ends gets what ends it.
 */
export async function setUp(
  ends: (() => Promise<void>)[],
  script: readonly Step[],
  more: Partial<ReflectorOptions<ConfigMap>> = {},
) {
  const server: ScriptedServer = await startScriptedServer(...script);
  const clock: ManualClock = manualClock();
  const registry = new Registry();
  const metrics = kubernetesMetrics(registry);
  const client: KubernetesClient = createClient(server.access, { clock, metrics, random: () => 0.5 });
  const reflector = createReflector<ConfigMap>({
    client,
    type: configMaps,
    clock,
    metrics,
    random: () => 0.5,
    backoffMs: [1_000, 8_000],
    ...more,
  });
  const changes: string[] = [];
  reflector.onChange(({ type, object }) =>
    changes.push(`${type} ${object.metadata.name}@${object.metadata.resourceVersion}`),
  );
  const stop = new AbortController();
  const running = reflector.run(stop.signal);
  ends.push(async () => {
    stop.abort();
    await running;
    client.close();
    await server.close();
  });
  const watches = () => server.asked.filter(({ query }) => query.has('watch'));
  return {
    server,
    clock,
    reflector,
    changes,
    stop,
    running,
    registry,
    watches,
    lists: () => server.asked.filter(({ query }) => !query.has('watch')),
    /** Waits on the network, not on time. */
    until: (condition: () => boolean) => expect.poll(condition, { timeout: 5_000, interval: 5 }).toBe(true),
    /** Waits until the reflector sleeps and for the request that it then makes; answers how long it slept. */
    pause: async () => {
      await expect.poll(() => clock.sleeping, { timeout: 5_000, interval: 5 }).toBe(1);
      const [wait, before] = [clock.next ?? 0, server.asked.length];
      await clock.advance(wait);
      await expect.poll(() => server.asked.length, { timeout: 5_000, interval: 5 }).toBeGreaterThan(before);
      return wait;
    },
  };
}

/** A watch in which nothing happens. */
export const quiet: Step = (answer) => answer.events();
