import type { KubernetesClient } from '../../../src/kubernetes/client.ts';
import {
  type EmailPipeline,
  emailPipelines,
  type KubernetesObject,
  type Live,
  type MailboxSource,
  mailboxSources,
  type Secret,
  secrets,
} from '../../../src/kubernetes/objects.ts';
import { grantSecrets, makeNamespace } from '../account.ts';
import type { StubPipeline } from './workers.ts';

export interface Population {
  readonly namespaces: readonly string[];
  readonly sources: readonly MailboxSource[];
  readonly pipelines: readonly EmailPipeline[];
}

const apiVersion = 'mailmill.io/v1alpha1';

/** `pipelines` over `sources` in `namespaces`, each dealt out in turn. */
export function population(pipelines: number, sources: number, namespaces: number): Population {
  const names = Array.from({ length: namespaces }, (_, i) => `team-${i}`);
  const each = sources / namespaces;
  if (!Number.isInteger(each) || pipelines < 1) throw new Error('as many sources in each namespace');
  return {
    namespaces: names,
    sources: Array.from({ length: sources }, (_, i) => ({
      apiVersion,
      kind: 'MailboxSource',
      metadata: { name: `mail-${Math.floor(i / namespaces)}`, namespace: names[i % namespaces]! },
      spec: {
        imap: {
          host: 'imap.example.com',
          auth: { secretRef: { name: 'login' } },
          folders: { include: ['INBOX', 'Archive/**'], exclude: ['**/Drafts'] },
          since: '90d',
        },
      },
    })),
    pipelines: Array.from({ length: pipelines }, (_, i) => ({
      apiVersion,
      kind: 'EmailPipeline',
      metadata: { name: `orders-${Math.floor(i / namespaces)}`, namespace: names[i % namespaces]! },
      spec: {
        source: { name: `mail-${Math.floor(i / namespaces) % each}` },
        steps: [
          { name: 'wanted', filter: `subject.matches("(?i)^order #[0-9]+") && size < ${1_000_000 + i}` },
          { name: 'read', set: { customer: 'from.domain', orderNumber: 'int(subject.extract("#([0-9]+)"))' } },
          { name: 'slim', unset: ['html', 'headers', 'attachments'] },
        ],
        sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'db', key: 'uri' }, table: `orders_${i}` } }],
        storeRef: { name: 'db', key: 'uri' },
      },
    })),
  };
}

/** Namespaces with their Secrets, which the operator may read. */
export async function makeSurroundings(client: KubernetesClient, of: Population, signal: AbortSignal): Promise<void> {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const secret = (namespace: string, name: string, data: Readonly<Record<string, string>>): Secret => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace },
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
  });
  for (const namespace of of.namespaces) {
    await makeNamespace(client, namespace, signal);
    await grantSecrets(client, namespace, signal);
    const login = secret(namespace, 'login', { username: 'support@example.com', password: 'secret' });
    await client.create(secrets, login, { signal });
    await client.create(secrets, secret(namespace, 'db', { uri: 'postgresql://db.example.com/db' }), { signal });
  }
}

/** Creates every source, then every pipeline, `concurrency` at a time, as `kubectl apply` and Argo CD would. */
export async function applyAll(
  client: KubernetesClient,
  { sources, pipelines }: Population,
  signal: AbortSignal,
  concurrency = 16,
): Promise<void> {
  const each = async <T>(items: readonly T[], make: (item: T) => Promise<unknown>) => {
    const left = [...items];
    const worker = async () => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await make(item);
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
  };
  await each(sources, (source) => client.create(mailboxSources, source, { signal }));
  await each(pipelines, (pipeline) => client.create(emailPipelines, pipeline, { signal }));
}

export const stubOf = ({ metadata, spec }: EmailPipeline): StubPipeline => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  source: spec.source.name,
  sinks: spec.sinks.map(({ name }) => name),
});

type WithStatus = KubernetesObject & {
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
  };
};

/** What a person waits for after `kubectl apply`. */
export const isDone = ({ metadata, status }: Live<WithStatus>): boolean =>
  status?.observedGeneration === metadata.generation &&
  (status?.conditions?.some(({ type, status: held }) => type === 'Ready' && held === 'True') ?? false);

/** Whether nothing is left that a look at the worker would change. */
export const isSettled = (object: Live<WithStatus>): boolean =>
  isDone(object) && !(object.status?.conditions ?? []).some(({ status }) => status === 'Unknown');
