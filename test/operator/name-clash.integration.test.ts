import { afterAll, beforeAll, expect, test } from 'vitest';
import { configMaps, cronJobs, deployments, emailPipelines, jobs } from '../../src/kubernetes/objects.ts';
import { type Bench, signal, startBench, write } from './cluster.ts';
import { messageOf } from './fixtures.ts';
import { controller, tenantsOf } from './tenants.ts';

let bench: Bench;
const { tenant, pipeline, conditionsOf, has, list } = tenantsOf(() => bench);

beforeAll(async () => {
  bench = await startBench();
  await bench.operator();
}, 120_000);

afterAll(async () => {
  await bench?.stop();
}, 60_000);

test('a pipeline whose children would have names of another one’s starts nothing, says whose, and goes on when they are free', async () => {
  const ns = 'namesakes';
  const schedule = '0 2 * * *';
  await tenant(ns);
  await pipeline(ns, 'mail', { reconcile: { schedule } });
  await has(ns, 'mail', 'Stalled=False/NotStalled');
  await pipeline(ns, 'mail-reconcile', { schedule });
  await has(ns, 'mail-reconcile', 'Stalled=True/NameTaken', 'Ready=False/NameTaken', 'Valid=False/NameTaken');
  expect(messageOf(await conditionsOf(ns, 'mail-reconcile'), 'Stalled')).toContain(
    'the CronJob mail-reconcile belongs to EmailPipeline "mail" (by its spec.reconcile) as well as to this EmailPipeline (give one of the two another name',
  );
  const children = async () =>
    (await Promise.all([configMaps, deployments, cronJobs, jobs].map((type) => list(type, ns))))
      .flat()
      .flatMap((child) => controller(child) ?? []);
  expect((await children()).filter((owner) => owner === 'EmailPipeline/mail-reconcile')).toEqual([]);
  // The one that was there first does not notice.
  await has(ns, 'mail', 'Stalled=False/NotStalled');
  await bench.client.delete(emailPipelines, { namespace: ns, name: 'mail' }, write);
  await has(ns, 'mail-reconcile', 'Stalled=False/NotStalled', 'Ready=False/Checking', 'Valid=True/Valid');
  expect(signal.aborted).toBe(false);
}, 60_000);
