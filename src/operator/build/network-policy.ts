import type { NetworkPolicy } from '../../kubernetes/objects.ts';
import { labels, managedBy, networkPolicyName } from '../names.ts';

/**
 * Of all workers in a namespace: they are reached for probes, metrics and status alone. What they reach is not limited
 * by address: mail servers and databases are named by the pipelines, wherever they are.
 */
export function workersNetworkPolicy(namespace: string): NetworkPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: networkPolicyName, namespace, labels: { [labels.managedBy]: managedBy } },
    spec: {
      podSelector: {
        matchLabels: { [labels.managedBy]: managedBy },
        matchExpressions: [{ key: labels.pipeline, operator: 'Exists' }],
      },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ ports: [{ protocol: 'TCP', port: 8080 }] }],
      egress: [{ ports: [{ protocol: 'TCP', port: 1, endPort: 65535 }] }, { ports: [{ protocol: 'UDP', port: 53 }] }],
    },
  };
}
