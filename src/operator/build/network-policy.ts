import type { NetworkPolicy } from '../../kubernetes/objects.ts';
import type { DecisionConfig, EgressRule } from '../config.ts';
import { labels, managedBy, networkPolicyName } from '../names.ts';

const anyTcp: EgressRule = { ports: [{ protocol: 'TCP', port: 1, endPort: 65535 }] };
const dns = (protocol: 'TCP' | 'UDP') => ({ protocol, port: 53 });

/** What processes of ours that handle mail may reach. */
export const workersEgress = ({ workerEgress }: Pick<DecisionConfig, 'workerEgress'>): EgressRule[] =>
  workerEgress === undefined
    ? [anyTcp, { ports: [dns('UDP')] }]
    : [{ ports: [dns('UDP'), dns('TCP')] }, ...workerEgress];

/**
 * Of all workers in a namespace: they are reached for probes, metrics and status alone. What they reach is not limited
 * by address unless the chart does (`networkPolicy.egress`): mail servers and databases are named by the pipelines, wherever they are.
 */
export function workersNetworkPolicy(
  namespace: string,
  { workerEgress }: Pick<DecisionConfig, 'workerEgress'> = {},
): NetworkPolicy {
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
      egress: workersEgress({ workerEgress }),
    },
  };
}
