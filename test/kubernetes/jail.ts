import { once } from 'node:events';
import net from 'node:net';
import { call } from '../support/control-plane/call.ts';
import type { ControlPlane } from '../support/control-plane/control-plane.ts';
import { eventually } from '../support/processes.ts';

interface Inmate {
  /** `system:serviceaccount:NAMESPACE:NAME`, who may create ConfigMaps and list Secrets here. */
  readonly user: string;
  readonly token: string;
  readonly namespace: string;
}

/**
 * Until it is freed, the API server's priority and fairness answers 429 to whatever the user asks: its level has room for one request
 * alone, and that one waits for an admission webhook that never answers.
 */
export async function jail(plane: ControlPlane, { user, token, namespace }: Inmate): Promise<() => Promise<void>> {
  const sockets: net.Socket[] = [];
  const silent = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {}); // reset by the API server
  });
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');

  const made: string[] = [];
  const make = async (path: string, kind: string, more: object) => {
    const apiVersion = path.split('/').slice(2, 4).join('/');
    const body = { apiVersion, kind, metadata: { name: 'jail' }, ...more };
    const answer = await plane.call('POST', path, body);
    if (answer.status !== 201) throw new Error(`${kind}: ${JSON.stringify(answer.body)}`);
    made.push(`${path}/jail`);
  };
  const flowControl = '/apis/flowcontrol.apiserver.k8s.io/v1';
  const [, , ns, name] = user.split(':');
  await make(
    '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    'ValidatingWebhookConfiguration',
    {
      webhooks: [
        {
          name: 'jail.example.com',
          clientConfig: { url: `https://127.0.0.1:${address.port}/` },
          rules: [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'] }],
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
          failurePolicy: 'Ignore',
          timeoutSeconds: 30,
          sideEffects: 'None',
          admissionReviewVersions: ['v1'],
        },
      ],
    },
  );
  await make(`${flowControl}/prioritylevelconfigurations`, 'PriorityLevelConfiguration', {
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 0,
        lendablePercent: 0,
        borrowingLimitPercent: 0,
        limitResponse: { type: 'Reject' },
      },
    },
  });
  await make(`${flowControl}/flowschemas`, 'FlowSchema', {
    spec: {
      matchingPrecedence: 2,
      priorityLevelConfiguration: { name: 'jail' },
      rules: [
        {
          subjects: [{ kind: 'ServiceAccount', serviceAccount: { namespace: ns, name } }],
          resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], namespaces: ['*'], clusterScope: true }],
        },
      ],
    },
  });

  const of = `${plane.url}/api/v1/namespaces/${namespace}`;
  const asked = { token, ca: plane.ca };
  const occupy = () =>
    call({ ...asked, method: 'POST', url: `${of}/configmaps`, body: { metadata: { generateName: 'jail-' } } });
  const occupying: Promise<unknown>[] = [];
  await eventually(async () => {
    if (sockets.length === 0) occupying.push(occupy());
    return (await call({ ...asked, method: 'GET', url: `${of}/secrets` })).status === 429;
  }, 20_000);
  return async () => {
    for (const path of made) await plane.call('DELETE', path);
    for (const socket of sockets) socket.destroy();
    silent.close();
    await Promise.all(occupying);
  };
}
