import type {
  V1ConfigMap,
  V1CronJob,
  V1Deployment,
  V1Job,
  V1Lease,
  V1NetworkPolicy,
  V1Pod,
  V1PodDisruptionBudget,
  V1Secret,
  V1Service,
} from '@kubernetes/client-node';
import type { EmailPipelineSpec, EmailPipelineStatus } from '../api/email-pipeline.ts';
import type { EmailPipelineRunSpec, EmailPipelineRunStatus } from '../api/email-pipeline-run.ts';
import type { MailboxSourceSpec, MailboxSourceStatus } from '../api/mailbox-source.ts';
import type { Wire } from './wire.ts';

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  /** RFC 3339, whole seconds. */
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
}

/** Any object of the API; the typed ones add their own fields. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** An object that came from the API server: what the server always sets is there. */
export type Live<T extends KubernetesObject> = T & {
  readonly metadata: { readonly uid: string; readonly resourceVersion: string };
};

/** What names a resource in the API; `T` is the type of its objects. */
export interface ResourceType<T extends KubernetesObject = KubernetesObject> {
  /** Empty for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Never set; ties the type of the objects to the resource. */
  readonly _object?: T;
}

/** Where an object is. `namespace` is absent for cluster-scoped kinds. */
export interface ObjectName {
  readonly namespace?: string;
  readonly name: string;
}

type Typed<T> = KubernetesObject & Omit<Wire<T>, 'apiVersion' | 'kind' | 'metadata'>;

export type ConfigMap = Typed<V1ConfigMap>;
export type Secret = Typed<V1Secret>;
export type Service = Typed<V1Service>;
export type Pod = Typed<V1Pod>;
export type Deployment = Typed<V1Deployment>;
export type Job = Typed<V1Job>;
export type CronJob = Typed<V1CronJob>;
export type Lease = Typed<V1Lease>;
export type NetworkPolicy = Typed<V1NetworkPolicy>;
export type PodDisruptionBudget = Typed<V1PodDisruptionBudget>;

/** An event of `events.k8s.io/v1`. */
export interface Event extends KubernetesObject {
  /** RFC 3339 with microseconds. */
  readonly eventTime: string;
  readonly reportingController: string;
  readonly reportingInstance: string;
  readonly action: string;
  readonly reason: string;
  readonly type: 'Normal' | 'Warning';
  readonly note: string;
  readonly regarding: ObjectReference;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
}

export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
}

export interface MailboxSource extends KubernetesObject {
  readonly spec: MailboxSourceSpec;
  readonly status?: MailboxSourceStatus;
}
export interface EmailPipeline extends KubernetesObject {
  readonly spec: EmailPipelineSpec;
  readonly status?: EmailPipelineStatus;
}
export interface EmailPipelineRun extends KubernetesObject {
  readonly spec: EmailPipelineRunSpec;
  readonly status?: EmailPipelineRunStatus;
}

const namespaced = <T extends KubernetesObject>(group: string, version: string, plural: string, kind: string) =>
  ({ group, version, plural, kind, namespaced: true }) satisfies ResourceType<T> as ResourceType<T>;

export const configMaps = namespaced<ConfigMap>('', 'v1', 'configmaps', 'ConfigMap');
export const secrets = namespaced<Secret>('', 'v1', 'secrets', 'Secret');
export const services = namespaced<Service>('', 'v1', 'services', 'Service');
export const pods = namespaced<Pod>('', 'v1', 'pods', 'Pod');
export const namespaces: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'namespaces',
  kind: 'Namespace',
  namespaced: false,
};
export const deployments = namespaced<Deployment>('apps', 'v1', 'deployments', 'Deployment');
export const jobs = namespaced<Job>('batch', 'v1', 'jobs', 'Job');
export const cronJobs = namespaced<CronJob>('batch', 'v1', 'cronjobs', 'CronJob');
export const leases = namespaced<Lease>('coordination.k8s.io', 'v1', 'leases', 'Lease');
export const events = namespaced<Event>('events.k8s.io', 'v1', 'events', 'Event');
export const networkPolicies = namespaced<NetworkPolicy>('networking.k8s.io', 'v1', 'networkpolicies', 'NetworkPolicy');
export const podDisruptionBudgets = namespaced<PodDisruptionBudget>(
  'policy',
  'v1',
  'poddisruptionbudgets',
  'PodDisruptionBudget',
);
export const mailboxSources = namespaced<MailboxSource>('mailmill.io', 'v1alpha1', 'mailboxsources', 'MailboxSource');
export const emailPipelines = namespaced<EmailPipeline>('mailmill.io', 'v1alpha1', 'emailpipelines', 'EmailPipeline');
export const emailPipelineRuns = namespaced<EmailPipelineRun>(
  'mailmill.io',
  'v1alpha1',
  'emailpipelineruns',
  'EmailPipelineRun',
);

/** `apiVersion` of a resource's objects: `v1`, `apps/v1`. */
export const apiVersionOf = (type: ResourceType) =>
  type.group === '' ? type.version : `${type.group}/${type.version}`;

/** `namespace/name`, or `name` of a cluster-scoped object: the key of caches and queues. */
export const keyOf = (object: ObjectName) =>
  object.namespace === undefined ? object.name : `${object.namespace}/${object.name}`;

/** Reads back what `keyOf` made. */
export function nameOf(key: string): ObjectName {
  const slash = key.indexOf('/');
  return slash === -1 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

/** The reference that makes `owner` the controller of an object. The owner must be a live one (it has a uid). */
export function controllerReference(owner: Live<KubernetesObject>): OwnerReference {
  const { apiVersion, kind, metadata } = owner;
  // blockOwnerDeletion would need the right to update finalizers of the owner (OwnerReferencesPermissionEnforcement).
  return { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
}

/** The reference to the controller of an object, if it has one. */
export const controllerOf = (object: KubernetesObject) =>
  object.metadata.ownerReferences?.find((reference) => reference.controller === true);
