import type { ConfigMap, Deployment, NetworkPolicy, PodDisruptionBudget, Service } from '../../kubernetes/objects.ts';
import { type CollectorRevision, collectorPort, collectorSecrets } from '../../pipeline/collector/revision.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations, collectorName, collectorSelector, collectorTokenName, labels, sourceLabels } from '../names.ts';
import { workersEgress } from './network-policy.ts';
import {
  fileOf,
  filesMount,
  filesOf,
  httpPort,
  probes,
  processEnv,
  resourcesOf,
  restrictedContainer,
  restrictedPod,
  secretSources,
} from './pod.ts';

/** Senders try again, but not all of them for long: one stays while the other is moved. */
export const collectorReplicas = 2;
const sourceKey = 'source.json';
const containerName = 'collector';
const listener = 'listener';

/** ConfigMap of one compiled form of a source. */
export const collectorConfigName = (source: string, hash: string) => `${collectorName(source)}-${hash}`;

/** Everything that takes the mail of an `smtp` or `http` source in, in the order in which it is applied. */
export function collectorObjects(
  revision: CollectorRevision,
  secretsHash: string,
  config: DecisionConfig,
): readonly [ConfigMap, Deployment, Service, NetworkPolicy, PodDisruptionBudget] {
  return [
    configMap(revision),
    deployment(revision, secretsHash, config),
    service(revision),
    networkPolicy(revision, config),
    podDisruptionBudget(revision),
  ];
}

const metadata = ({ namespace, source }: CollectorRevision, name = collectorName(source)) => ({
  name,
  namespace,
  labels: sourceLabels(source),
});

function configMap(revision: CollectorRevision): ConfigMap {
  const { source, hash } = revision;
  const named = metadata(revision, collectorConfigName(source, hash));
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...named, labels: { ...named.labels, [labels.revision]: hash } },
    immutable: true,
    data: { [sourceKey]: JSON.stringify(revision) },
  };
}

/** Listeners; a new one listens before an old one goes. */
function deployment(revision: CollectorRevision, secretsHash: string, config: DecisionConfig): Deployment {
  const { namespace, source, hash } = revision;
  const selector = collectorSelector(source);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(revision),
    spec: {
      replicas: collectorReplicas,
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: Math.ceil(config.rolloutDeadlineMs / 1000),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: selector },
      template: {
        metadata: {
          labels: { ...selector, [labels.revision]: hash },
          annotations: { [annotations.secretsHash]: secretsHash },
        },
        spec: {
          ...restrictedPod,
          containers: [
            {
              name: containerName,
              image: config.workerImage,
              imagePullPolicy: config.workerImagePullPolicy,
              args: ['collector', '--pod', '--source', fileOf(sourceKey)],
              env: processEnv(config.keys.tokenSha256(namespace, collectorTokenName(source))),
              ports: [
                { name: 'http', containerPort: httpPort },
                { name: listener, containerPort: collectorPort(revision) },
              ],
              ...probes(true),
              resources: resourcesOf(undefined, config.workerResources),
              securityContext: restrictedContainer,
              volumeMounts: [filesMount, { name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          volumes: [
            filesOf(collectorConfigName(source, hash), secretSources(collectorSecrets(revision))),
            { name: 'tmp', emptyDir: {} },
          ],
          topologySpreadConstraints: [
            {
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'ScheduleAnyway',
              maxSkew: 1,
              labelSelector: { matchLabels: selector },
            },
          ],
        },
      },
    },
  };
}

/** What senders connect to: the source's own name. */
function service(revision: CollectorRevision): Service {
  const { source } = revision;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(revision, source),
    spec: {
      type: 'ClusterIP',
      selector: collectorSelector(source),
      ports: [{ name: listener, port: collectorPort(revision), targetPort: listener, protocol: 'TCP' }],
    },
  };
}

function networkPolicy(revision: CollectorRevision, config: DecisionConfig): NetworkPolicy {
  const { source } = revision;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadata(revision),
    spec: {
      podSelector: { matchLabels: collectorSelector(source) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          ports: [
            { protocol: 'TCP', port: httpPort },
            { protocol: 'TCP', port: collectorPort(revision) },
          ],
        },
      ],
      egress: workersEgress(config),
    },
  };
}

function podDisruptionBudget(revision: CollectorRevision): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: metadata(revision),
    spec: { maxUnavailable: 1, selector: { matchLabels: collectorSelector(revision.source) } },
  };
}
