import { afterAll, beforeAll, expect, test } from 'vitest';
import { isNotFound } from '../../src/kubernetes/errors.ts';
import { deployments, emailPipelines, mailboxSources, pods, secrets } from '../../src/kubernetes/objects.ts';
import { eventually } from '../support/processes.ts';
import { type Bench, signal, startBench, write } from './cluster.ts';
import { brief, imapSpec, pipelineSpec } from './fixtures.ts';

const namespace = 'storm';
const image = 'registry.example.com/mailmill:2';
const apiVersion = 'mailmill.io/v1alpha1';
let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
  await bench.namespace(namespace);
  const data = { uri: btoa('x'), token: btoa('x'), username: btoa('x'), password: btoa('x') };
  for (const name of ['mailmill-store', 'analytics-db', 'push-token', 'support-imap']) {
    await bench.client.create(
      secrets,
      { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data },
      write,
    );
  }
}, 120_000);
afterAll(() => bench?.stop(), 60_000);

/** As the kubelet: who is told to end ends; those of `ready` become ready. */
async function kubelet(ready: (deployment: string) => boolean): Promise<void> {
  for (const pod of (await bench.client.list(pods, { namespace, signal })).items) {
    const of = pod.metadata.name.replace(/-[^-]+-[^-]+$/, '');
    const done = pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
    try {
      if (pod.metadata.deletionTimestamp) await bench.client.delete(pods, pod.metadata, { signal });
      else if (!done && ready(of)) await bench.kubelet(pod, true);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
const conditions = async (): Promise<Readonly<Record<string, readonly string[]>>> => {
  const of = { namespace, signal };
  const [sources, pipelines] = [
    await bench.client.list(mailboxSources, of),
    await bench.client.list(emailPipelines, of),
  ];
  return Object.fromEntries(
    [...sources.items, ...pipelines.items].map(({ metadata, status }) => [metadata.name, brief(status?.conditions)]),
  );
};
/** Deployments that have the new image. */
const replaced = async () =>
  (await bench.client.list(deployments, { namespace, signal })).items
    .filter(({ spec }) => spec?.template.spec?.containers[0]?.image === image)
    .map(({ metadata }) => metadata.name);

test('with a new image one workload rolls at a time, a collector as a pipeline, and an edit waits for nobody', async () => {
  const http = { http: { auth: { secretRef: { name: 'push-token' } } } };
  for (const [name, spec] of [
    ['a', http],
    ['b', http],
    ['support', imapSpec],
  ] as const)
    await bench.client.create(
      mailboxSources,
      { apiVersion, kind: 'MailboxSource', metadata: { name, namespace }, spec },
      write,
    );
  const orders = { apiVersion, kind: 'EmailPipeline', metadata: { name: 'orders', namespace }, spec: pipelineSpec };
  await bench.client.create(emailPipelines, orders, write);
  const stop = await bench.operator();
  await eventually(async () => {
    await kubelet(() => true);
    const all = await conditions();
    return ['a', 'b', 'orders'].every((name) => all[name]?.includes('Ready=True/RolledOut'));
  }, 60_000);
  await stop();
  await bench.operator({ workerImage: image, rolloutConcurrency: 1 });
  const waiting = await eventually(async () => {
    const all = await conditions();
    const names = ['a', 'b', 'orders'].filter((name) => all[name]?.includes('Reconciling=True/RolloutQueued'));
    return names.length === 2 && names;
  }, 60_000);
  const [first = ''] = await replaced();
  expect(await replaced()).toHaveLength(1);
  expect(waiting.map((name) => (name === 'orders' ? name : `${name}-collector`))).not.toContain(first);
  // Its owner wants another thing of one that waits: it rolls as well.
  const [edited = ''] = waiting;
  const spec = edited === 'orders' ? { retention: '60d' } : { http: { limits: { messageSize: '1Mi' } } };
  const type = edited === 'orders' ? emailPipelines : mailboxSources;
  await bench.client.patch(type, { namespace, name: edited }, 'merge', { spec }, write);
  await eventually(async () => (await replaced()).length === 2, 20_000);
  expect((await conditions())[waiting[1]!]).toContain('Reconciling=True/RolloutQueued');
  await eventually(async () => {
    await kubelet(() => true);
    const all = await conditions();
    return (
      ['a', 'b', 'orders'].every((name) => all[name]?.includes('Ready=True/RolledOut')) &&
      (await replaced()).length === 3
    );
  }, 60_000);
}, 240_000);
