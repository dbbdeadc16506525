import { describe, expect, test } from 'vitest';
import {
  configMaps,
  deployments,
  emailPipelineRuns,
  emailPipelines,
  events,
  jobs,
  type KubernetesObject,
  mailboxSources,
  networkPolicies,
  podDisruptionBudgets,
  pods,
  type ResourceType,
  secrets,
} from '../../src/kubernetes/objects.ts';
import { eventually } from '../support/processes.ts';
import { operatorAtWork } from './at-work.ts';
import { signal, write } from './cluster.ts';
import { account, brief, messageOf } from './fixtures.ts';
import { controller, encoded, status } from './tenants.ts';

const { bench, tenant, pipeline, patch, conditionsOf, has, list, workload, becomeReady, quiet, restart } =
  operatorAtWork();

describe('a streaming pipeline', () => {
  const ns = 'streaming';

  test('gets its children, owned, with our labels only', async () => {
    await tenant(ns);
    await pipeline(ns, 'orders', { replicas: 2 });
    await has(ns, 'orders', 'Ready=False/RollingOut', 'Valid=True/Valid', 'CredentialsResolved=True/Resolved');
    const children = [
      ...(await list(configMaps, ns)),
      ...(await list(deployments, ns)),
      ...(await list(podDisruptionBudgets, ns)),
    ].filter((object) => object.metadata.name !== 'kube-root-ca.crt');
    expect(children.map((child) => child.kind)).toEqual(['ConfigMap', 'Deployment', 'PodDisruptionBudget']);
    for (const child of children) {
      expect(controller(child)).toBe('EmailPipeline/orders');
      expect(child.metadata.labels).toMatchObject({
        'app.kubernetes.io/managed-by': 'mailmill',
        'mailmill.io/pipeline': 'orders',
      });
      expect(Object.keys(child.metadata.labels ?? {}).filter((label) => label.includes('argocd'))).toEqual([]);
    }
    const policy = await eventually(() =>
      bench().client.find(networkPolicies, { namespace: ns, name: 'mailmill-workers' }, { signal }),
    );
    expect(policy.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['orders']);
    const sourceConditions = (await bench().client.get(mailboxSources, { namespace: ns, name: 'support' }, { signal }))
      .status?.conditions;
    expect(brief(sourceConditions)).toContain('Valid=True/Valid');
  });

  test('says in the worker’s words why it is not ready', async () => {
    const ill = {
      ok: false,
      code: 'IMAP_AUTH_REJECTED',
      message: 'the server rejects the login',
      since: new Date().toISOString(),
    };
    bench().workers.statuses.set(
      `${ns}/orders`,
      status(ns, 'orders', { ready: false, accounts: [account({ role: 'Standby', connection: ill, folders: [] })] }),
    );
    const found = await eventually(async () => {
      const all = await list(pods, ns);
      return all.length > 0 && all;
    });
    for (const pod of found) await bench().kubelet(pod, false);
    await has(ns, 'orders', 'Connected=False/ImapAuthRejected', 'Ready=False/RollingOut');
    expect(messageOf(await conditionsOf(ns, 'orders'), 'Ready')).toMatch(
      /IMAP_AUTH_REJECTED: the server rejects the login/,
    );
  });

  test('is ready and well once its workers are; the revision is good', async () => {
    await becomeReady(ns, 'orders');
    await has(
      ns,
      'orders',
      'Connected=True/Connected',
      'Flowing=True/Flowing',
      'Delivering=True/Delivering',
      'Stalled=False/NotStalled',
    );
    const object = await bench().client.get(emailPipelines, { namespace: ns, name: 'orders' }, { signal });
    expect(object.status).toMatchObject({
      observedGeneration: object.metadata.generation,
      lastGoodRevision: object.status?.revision,
      lastGoodGeneration: object.metadata.generation,
    });
  });

  test('is left alone when nothing changes, and after a restart of the operator', async () => {
    await quiet();
    const before = (await bench().operatorWrites()).filter((each) => !each.includes(' leases/'));
    await restart();
    await eventually(async () => {
      const writes = await bench().operatorWrites();
      return writes.filter((each) => each.includes(' leases/')).length > 2;
    });
    await quiet();
    expect((await bench().operatorWrites()).filter((each) => !each.includes(' leases/')).slice(before.length)).toEqual(
      [],
    );
  });

  test('a relabelled Secret changes nothing; a changed value rolls the workers', async () => {
    const name = { namespace: ns, name: 'support-imap' };
    const hash = async () =>
      (await workload(ns, 'orders'))?.spec?.template.metadata?.annotations?.['mailmill.io/secrets-hash'];
    const before = await hash();
    await bench().client.patch(
      secrets,
      name,
      'merge',
      { metadata: { labels: { team: 'a' } }, data: encoded({ note: 'x' }) },
      write,
    );
    await quiet();
    expect(await hash()).toBe(before);
    await bench().client.patch(secrets, name, 'merge', { data: encoded({ password: 'second' }) }, write);
    await eventually(async () => (await hash()) !== before);
    await has(ns, 'orders', 'Ready=True/RolledOut', 'Reconciling=True/RollingOut');
    // Why workers are replaced stands in an event, whatever is noted on the Deployment by the same write.
    await eventually(async () =>
      (await list(events, ns)).some(
        ({ reason, note }) =>
          reason === 'Updated' &&
          note === 'Deployment orders: spec.template.metadata.annotations.mailmill.io/secrets-hash',
      ),
    );
    await becomeReady(ns, 'orders');
    await has(ns, 'orders', 'Reconciling=False/Settled');
  });

  test('a broken spec keeps the old workload; suspending works even so', async () => {
    const before = await workload(ns, 'orders');
    await patch(ns, 'orders', { steps: [{ name: 'typo', filter: 'subjct == "x"' }] });
    await has(ns, 'orders', 'Stalled=True/SpecInvalid', 'Ready=False/SpecInvalid', 'Flowing=True/Flowing');
    expect((await workload(ns, 'orders'))?.spec).toEqual(before?.spec);
    await patch(ns, 'orders', { suspend: true });
    await eventually(async () => (await workload(ns, 'orders'))?.spec?.replicas === 0);
    expect((await workload(ns, 'orders'))?.spec?.template).toEqual(before?.spec?.template);
    await patch(ns, 'orders', { steps: null });
    await eventually(async () => {
      for (const pod of await list(pods, ns))
        if (pod.metadata.deletionTimestamp) await bench().client.delete(pods, pod.metadata, { signal });
      return brief(await conditionsOf(ns, 'orders')).includes('Ready=True/Suspended');
    });
    await patch(ns, 'orders', { suspend: null });
    await becomeReady(ns, 'orders');
  });

  test('an edited child is healed, and the event says what differed', async () => {
    const change = { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } };
    await bench().client.patch(deployments, { namespace: ns, name: 'orders' }, 'merge', change, write);
    await eventually(
      async () => (await workload(ns, 'orders'))?.spec?.template.spec?.terminationGracePeriodSeconds === 60,
    );
    const noted = await eventually(async () =>
      (await list(events, ns)).find(({ note }) => note?.includes('terminationGracePeriodSeconds: 1 → 60')),
    );
    expect(noted.reason).toBe('Updated');
    await becomeReady(ns, 'orders');
  });

  test('whatever else is edited or deleted by hand comes back', async () => {
    const { client } = bench();
    const revision = (await client.get(emailPipelines, { namespace: ns, name: 'orders' }, { signal })).status?.revision;
    const policy = { namespace: ns, name: 'mailmill-workers' };
    const budget = { namespace: ns, name: 'orders' };
    const kept = await client.get(networkPolicies, policy, { signal });
    await client.patch(networkPolicies, policy, 'merge', { spec: { egress: [], policyTypes: ['Ingress'] } }, write);
    await eventually(async () => {
      const healed = await client.get(networkPolicies, policy, { signal });
      return JSON.stringify(healed.spec) === JSON.stringify(kept.spec);
    });
    await client.patch(podDisruptionBudgets, budget, 'merge', { spec: { maxUnavailable: 2 } }, write);
    await eventually(
      async () => (await client.get(podDisruptionBudgets, budget, { signal })).spec?.maxUnavailable === 1,
    );
    for (const [type, name] of [
      [configMaps, `orders-${revision}`],
      [podDisruptionBudgets, 'orders'],
      [networkPolicies, 'mailmill-workers'],
      [deployments, 'orders'],
    ] as const) {
      const of = { namespace: ns, name };
      const { uid } = (await client.get<KubernetesObject>(type as ResourceType, of, { signal })).metadata;
      await client.delete(type, of, { signal });
      await eventually(async () => {
        const again = await client.find<KubernetesObject>(type as ResourceType, of, { signal });
        return again !== undefined && again.metadata.uid !== uid;
      });
    }
    await becomeReady(ns, 'orders');
  });

  test('its workload is healed and comes back as it was while a generation is wrong', async () => {
    const before = await workload(ns, 'orders');
    await patch(ns, 'orders', { steps: [{ name: 'typo', filter: 'subjct == "x"' }] });
    await has(ns, 'orders', 'Stalled=True/SpecInvalid');
    const harm = { spec: { template: { spec: { terminationGracePeriodSeconds: 1 } } } };
    await bench().client.patch(deployments, { namespace: ns, name: 'orders' }, 'merge', harm, write);
    await eventually(
      async () => (await workload(ns, 'orders'))?.spec?.template.spec?.terminationGracePeriodSeconds === 60,
    );
    await bench().client.delete(deployments, { namespace: ns, name: 'orders' }, { signal });
    const after = await eventually(async () => {
      const again = await workload(ns, 'orders');
      return again?.metadata.uid !== before?.metadata.uid && again;
    });
    expect(after.spec).toEqual(before?.spec);
    await patch(ns, 'orders', { steps: [{ name: 'big', filter: 'size > 1' }] });
    await becomeReady(ns, 'orders');
    // What was changed stands in an event, not only its hash.
    await eventually(async () =>
      (await list(events, ns)).some(
        ({ note }) => note?.startsWith('Deployment orders: ') && note.endsWith(' (steps)') && note.includes(' → '),
      ),
    );
  }, 90_000);

  test('a run on demand asks a worker and ends with its result, once', async () => {
    const name = { namespace: ns, name: 'now' };
    await bench().client.create(
      emailPipelineRuns,
      {
        apiVersion: 'mailmill.io/v1alpha1',
        kind: 'EmailPipelineRun',
        metadata: name,
        spec: { pipeline: { name: 'orders' } },
      },
      write,
    );
    const request = await eventually(
      () => bench().workers.asked.at(-1) as { name: string; specHash: string } | undefined,
    );
    expect(request).toEqual({ name: 'now', specHash: expect.stringMatching(/^[0-9a-f]{16}$/) });
    const time = '2026-11-21T12:00:00.000Z';
    const result = {
      ...request,
      revision: 'r',
      state: 'Succeeded',
      startedAt: time,
      finishedAt: time,
      read: 3,
      delivered: 2,
      dropped: 1,
      dead: 0,
    };
    bench().workers.statuses.set(`${ns}/orders`, status(ns, 'orders', { runs: [result] }));
    await eventually(
      async () => (await bench().client.get(emailPipelineRuns, name, { signal })).status?.state === 'Succeeded',
    );
    expect((await bench().client.get(emailPipelineRuns, name, { signal })).status).toMatchObject({
      read: 3,
      delivered: 2,
      dropped: 1,
      dead: 0,
    });
    await quiet();
    const asked = bench().workers.asked.length;
    bench().workers.statuses.set(`${ns}/orders`, status(ns, 'orders'));
    await patch(ns, 'orders', { retention: '30d' });
    await becomeReady(ns, 'orders');
    expect(bench().workers.asked.length).toBe(asked);
  });

  test('deleting it leaves nothing behind', async () => {
    await bench().client.delete(emailPipelineRuns, { namespace: ns, name: 'now' }, { signal });
    await bench().client.delete(emailPipelines, { namespace: ns, name: 'orders' }, { signal });
    await eventually(async () => {
      for (const pod of await list(pods, ns)) await bench().client.delete(pods, pod.metadata, { signal });
      const left = await Promise.all([
        list(configMaps, ns),
        list(deployments, ns),
        list(podDisruptionBudgets, ns),
        list(networkPolicies, ns),
        list(jobs, ns),
        list(pods, ns),
      ]);
      return left.flat().every(({ metadata }) => metadata.name === 'kube-root-ca.crt');
    }, 30_000);
  });
});
