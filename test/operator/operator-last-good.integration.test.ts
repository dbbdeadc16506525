import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EmailPipelineSpec } from '../../src/api/email-pipeline.ts';
import { emailPipelines, mailboxSources, pods } from '../../src/kubernetes/objects.ts';
import { isReady } from '../../src/operator/pods.ts';
import { eventually } from '../support/processes.ts';
import { type Bench, signal, startBench, write } from './cluster.ts';
import { tenantsOf } from './tenants.ts';

let bench: Bench;
const { tenant, pipeline, patch, has, list, workload, becomeReady, quiet } = tenantsOf(() => bench);

beforeAll(async () => {
  bench = await startBench();
}, 120_000);

afterAll(async () => {
  await bench?.stop();
}, 60_000);

/** How often somebody who leads has said so. */
const leases = async () => (await bench.operatorWrites()).filter((each) => each.includes(' leases/')).length;
const image = (version: number) => `registry.example.com/mailmill:${version}`;
const step = (filter: string) => [{ name: 'wanted', filter }];

const rejected: readonly (readonly [string, string, Partial<EmailPipelineSpec>, string])[] = [
  ['that does not compile', 'invalid', { steps: step('subjct == "x"') }, 'Stalled=True/SpecInvalid'],
  ['whose workers never become ready', 'unready', { steps: step('size > 1') }, 'Ready=False/RollingOut'],
  [
    'whose preflight does not pass',
    'untried',
    { steps: step('size > 1'), rollout: { preflight: {} } },
    'Ready=False/Preflight',
  ],
];

test.each(rejected)(
  'a generation %s leaves the old revision running, whatever happens beside it',
  async (_, ns, spec, says) => {
    const stop = await bench.operator({ workerImage: image(1) });
    await tenant(ns);
    await pipeline(ns, 'orders');
    await becomeReady(ns, 'orders');
    const orders = async () =>
      (await bench.client.get(emailPipelines, { namespace: ns, name: 'orders' }, { signal })).status;
    const { lastGoodRevision = '', lastGoodGeneration } = (await orders()) ?? {};
    const good = async () =>
      (await list(pods, ns)).filter(
        (pod) =>
          pod.metadata.labels?.['mailmill.io/revision'] === lastGoodRevision &&
          pod.metadata.labels['mailmill.io/role'] === 'stream' &&
          pod.metadata.deletionTimestamp === undefined &&
          isReady(pod),
      );
    const runs = await good();
    expect(runs).toHaveLength(1);
    const still = async () => {
      await quiet();
      expect((await good()).map(({ metadata }) => metadata.uid)).toEqual(runs.map(({ metadata }) => metadata.uid));
      expect(await orders()).toMatchObject({ lastGoodRevision, lastGoodGeneration });
    };

    await patch(ns, 'orders', spec);
    await has(ns, 'orders', says);
    await still();
    const host = { spec: { imap: { host: 'elsewhere.example.com' } } };
    await bench.client.patch(mailboxSources, { namespace: ns, name: 'support' }, 'merge', host, write);
    await still();
    await stop();
    const led = await leases();
    const stopNext = await bench.operator({ workerImage: image(2) });
    await eventually(async () => (await leases()) > led + 2);
    await has(ns, 'orders', says);
    await still();

    // Whoever wants it to stop is obeyed at once even so.
    await patch(ns, 'orders', { suspend: true });
    await eventually(async () => (await workload(ns, 'orders'))?.spec?.replicas === 0);
    await bench.client.delete(emailPipelines, { namespace: ns, name: 'orders' }, { signal });
    // The garbage collector learns only every half minute which kinds there are, and ours are new.
    await eventually(async () => (await workload(ns, 'orders')) === undefined, 60_000);
    await stopNext();
  },
  120_000,
);
