import type { EmailPipelineSpec } from '../../src/api/email-pipeline.ts';
import type { WorkerStatus } from '../../src/api/worker-status.ts';
import { isNotFound } from '../../src/kubernetes/errors.ts';
import {
  deployments,
  emailPipelines,
  type KubernetesObject,
  type Live,
  mailboxSources,
  pods,
  type ResourceType,
  secrets,
} from '../../src/kubernetes/objects.ts';
import { eventually } from '../support/processes.ts';
import { type Bench, signal, write } from './cluster.ts';
import { account, brief, imapSpec, pipelineSpec } from './fixtures.ts';

/** The `data` of a Secret. */
export const encoded = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));

/** What a worker that is well says, but for `change`. */
export function status(namespace: string, name: string, change: object = {}): WorkerStatus {
  const since = new Date().toISOString();
  const well = { ok: true, since };
  return {
    version: 1,
    worker: name,
    startedAt: since,
    pipelines: [
      {
        namespace,
        pipeline: name,
        revision: '',
        ready: true,
        store: well,
        sinks: [{ name: 'warehouse', ...well }],
        accounts: [
          account({ folders: [{ name: 'INBOX', state: 'Live', checkedAt: since, lagMessages: 0, lagSeconds: 0 }] }),
        ],
        counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
        runs: [],
        ...change,
      },
    ],
  };
}

/** The first owner, as `Kind/name`. */
export const controller = ({ metadata }: Live<KubernetesObject>) => {
  const [owner] = metadata.ownerReferences ?? [];
  return owner && `${owner.kind}/${owner.name}`;
};

/** What tests do as a tenant and as the kubelet, on a bench that is there once a test runs. */
export function tenantsOf(bench: () => Bench) {
  async function secret(namespace: string, name: string, values: Readonly<Record<string, string>>): Promise<void> {
    const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data: encoded(values) };
    await bench().client.create(secrets, object, write);
  }

  async function tenant(namespace: string): Promise<void> {
    await bench().namespace(namespace);
    await secret(namespace, 'support-imap', { username: 'support', password: 'first' });
    await secret(namespace, 'analytics-db', { uri: 'postgresql://a' });
    await secret(namespace, 'mailmill-store', { uri: 'postgresql://s' });
    await source(namespace);
  }

  const source = (namespace: string) =>
    bench().client.create(
      mailboxSources,
      {
        apiVersion: 'mailmill.io/v1alpha1',
        kind: 'MailboxSource',
        metadata: { name: 'support', namespace },
        spec: imapSpec,
      },
      write,
    );

  const pipeline = (namespace: string, name: string, spec: Partial<EmailPipelineSpec> = {}) =>
    bench().client.create(
      emailPipelines,
      {
        apiVersion: 'mailmill.io/v1alpha1',
        kind: 'EmailPipeline',
        metadata: { name, namespace, labels: { 'argocd.argoproj.io/instance': 'tenant' } },
        spec: { ...pipelineSpec, ...spec },
      },
      write,
    );

  const patch = (namespace: string, name: string, spec: object) =>
    bench().client.patch(emailPipelines, { namespace, name }, 'merge', { spec }, write);

  const conditionsOf = async (namespace: string, name: string) =>
    (await bench().client.get(emailPipelines, { namespace, name }, { signal })).status?.conditions;

  const has = (namespace: string, name: string, ...wanted: string[]) =>
    eventually(async () => {
      const found = brief(await conditionsOf(namespace, name));
      return wanted.every((each) => found.includes(each));
    }, 20_000).catch(async (error: unknown) => {
      throw new Error(`${wanted}: ${JSON.stringify(await conditionsOf(namespace, name), null, 1)}`, { cause: error });
    });

  const list = async <T extends KubernetesObject>(type: ResourceType<T>, namespace: string) =>
    (await bench().client.list(type, { namespace, signal })).items;

  const workload = (namespace: string, name: string) =>
    bench().client.find(deployments, { namespace, name }, { signal });

  /** As kubelet and mail server: every worker of the newest template becomes ready and well. */
  async function becomeReady(namespace: string, name: string): Promise<void> {
    bench().workers.statuses.set(`${namespace}/${name}`, status(namespace, name));
    await eventually(async () => {
      for (const pod of await list(pods, namespace)) {
        const ready = pod.status?.conditions?.some(({ type, status: held }) => type === 'Ready' && held === 'True');
        const labels = pod.metadata.labels ?? {};
        const streams = labels['mailmill.io/pipeline'] === name && labels['mailmill.io/role'] === 'stream';
        // One of a template that is replaced at once may be gone by now.
        if (streams && !ready && !pod.metadata.deletionTimestamp)
          await bench()
            .kubelet(pod, true)
            .catch((error: unknown) => {
              if (!isNotFound(error)) throw error;
            });
        // Nobody else ends what has no kubelet.
        if (pod.metadata.deletionTimestamp) await bench().client.delete(pods, pod.metadata, { signal });
      }
      const object = await bench().client.get(emailPipelines, { namespace, name }, { signal });
      const found = brief(object.status?.conditions);
      return (
        object.status?.observedGeneration === object.metadata.generation &&
        found.includes('Ready=True/RolledOut') &&
        found.includes('Reconciling=False/Settled')
      );
    }, 30_000);
  }

  /** Nothing is written for two seconds. */
  async function quiet(): Promise<void> {
    const leases = (writes: readonly string[]) => writes.filter((each) => !each.includes(' leases/'));
    let before = leases(await bench().operatorWrites());
    let since = Date.now();
    await eventually(async () => {
      const now = leases(await bench().operatorWrites());
      if (now.length !== before.length) {
        before = now;
        since = Date.now();
      }
      return Date.now() - since > 2_000;
    }, 30_000);
  }

  return { secret, tenant, source, pipeline, patch, conditionsOf, has, list, workload, becomeReady, quiet };
}
