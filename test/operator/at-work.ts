import { afterAll, beforeAll } from 'vitest';
import { type Bench, startBench } from './cluster.ts';
import { tenantsOf } from './tenants.ts';

/** A control plane with an operator for all tests of the file that calls this, and what they do as tenants and as the kubelet. */
export function operatorAtWork() {
  let bench: Bench | undefined;
  let stop: () => Promise<void>;
  const started = (): Bench => {
    if (!bench) throw new Error('the bench is there once tests run');
    return bench;
  };
  beforeAll(async () => {
    bench = await startBench();
    stop = await bench.operator();
  }, 120_000);
  afterAll(async () => {
    await bench?.stop();
  }, 60_000);
  return {
    ...tenantsOf(started),
    bench: started,
    /** Ends the operator and starts another one. */
    restart: async () => {
      await stop();
      stop = await started().operator();
    },
  };
}
