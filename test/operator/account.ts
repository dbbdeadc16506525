import type { KubernetesClient } from '../../src/kubernetes/client.ts';
import { type KubernetesObject, namespaces, type ResourceType } from '../../src/kubernetes/objects.ts';
import { leaderPermissions, type Permission, permissions, secretPermissions } from '../../src/operator/permissions.ts';

type Any = KubernetesObject & Readonly<Record<string, unknown>>;
const type = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced: boolean,
): ResourceType<Any> => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});
const rbac = 'rbac.authorization.k8s.io';
const clusterRoles = type(rbac, 'v1', 'clusterroles', 'ClusterRole', false);
const clusterRoleBindings = type(rbac, 'v1', 'clusterrolebindings', 'ClusterRoleBinding', false);
const roleBindings = type(rbac, 'v1', 'rolebindings', 'RoleBinding', true);
const serviceAccounts = type('', 'v1', 'serviceaccounts', 'ServiceAccount', true);

export const systemNamespace = 'mailmill-system';
export const operatorUser = `system:serviceaccount:${systemNamespace}:mailmill-operator`;

/** Namespaces admit only pods of this Pod Security level. */
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

/** Makes a namespace of a tenant. */
export async function makeNamespace(client: KubernetesClient, name: string, signal: AbortSignal): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: restricted } };
  await client.create(namespaces, object, { signal });
}

/** The operator may read the Secrets of a namespace. */
export async function grantSecrets(client: KubernetesClient, namespace: string, signal: AbortSignal): Promise<void> {
  const name = 'mailmill-secret-reader';
  await client.create(roleBindings, { ...binding('RoleBinding', name), metadata: { name, namespace } }, { signal });
}

/** The operator's service account; it may do exactly what `src/operator/permissions.ts` says, as in the chart. */
export async function makeOperatorAccount(client: KubernetesClient, signal: AbortSignal): Promise<void> {
  const write = { signal };
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace } }, write);
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'mailmill-operator', namespace: systemNamespace },
  };
  await client.create(serviceAccounts, account, write);
  const role = (name: string, table: readonly Permission[]): Any => ({
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRole',
    metadata: { name },
    rules: table.map(({ apiGroup, resource, verbs }) => ({ apiGroups: [apiGroup], resources: [resource], verbs })),
  });
  await client.create(clusterRoles, role('mailmill-operator', [...permissions, ...leaderPermissions]), write);
  await client.create(clusterRoles, role('mailmill-secret-reader', secretPermissions), write);
  const all = { ...binding('ClusterRoleBinding', 'mailmill-operator'), metadata: { name: 'mailmill-operator' } };
  await client.create(clusterRoleBindings, all, write);
}

/** A token of that account, good for an hour. */
export async function operatorToken(client: KubernetesClient, signal: AbortSignal): Promise<string> {
  const tokens = { ...serviceAccounts, plural: 'serviceaccounts/mailmill-operator/token', kind: 'TokenRequest' };
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name: '', namespace: systemNamespace },
    spec: {},
  };
  const { status } = await client.create(tokens, request, { signal });
  return (status as { readonly token: string }).token;
}

const binding = (kind: string, role: string): Any => ({
  apiVersion: `${rbac}/v1`,
  kind,
  metadata: { name: role },
  roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', name: 'mailmill-operator', namespace: systemNamespace }],
});
