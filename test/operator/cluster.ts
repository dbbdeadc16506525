import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { Registry } from 'prom-client';
import type { WorkerStatus } from '../../src/api/worker-status.ts';
import { fileAccess } from '../../src/kubernetes/access.ts';
import { createClient, type KubernetesClient } from '../../src/kubernetes/client.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import {
  type KubernetesObject,
  type Live,
  namespaces,
  type Pod,
  pods,
  type ResourceType,
} from '../../src/kubernetes/objects.ts';
import { createKeys } from '../../src/operator/keys.ts';
import { runOperator } from '../../src/operator/operator.ts';
import { leaderPermissions, type Permission, permissions, secretPermissions } from '../../src/operator/permissions.ts';
import { createWorkerClient } from '../../src/operator/worker-client.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { startControlPlane } from '../kubernetes/control-plane.ts';
import { freePorts } from '../support/free-port.ts';
import { eventually } from '../support/processes.ts';

/** Namespaces admit only pods of this Pod Security level. */
const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };

type Any = KubernetesObject & Readonly<Record<string, unknown>>;
const cluster = (
  group: string,
  version: string,
  plural: string,
  kind: string,
  namespaced = false,
): ResourceType<Any> => ({
  group,
  version,
  plural,
  kind,
  namespaced,
});
const definitions = cluster('apiextensions.k8s.io', 'v1', 'customresourcedefinitions', 'CustomResourceDefinition');
const clusterRoles = cluster('rbac.authorization.k8s.io', 'v1', 'clusterroles', 'ClusterRole');
const clusterRoleBindings = cluster('rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', 'ClusterRoleBinding');
const roleBindings = cluster('rbac.authorization.k8s.io', 'v1', 'rolebindings', 'RoleBinding', true);
const serviceAccounts = cluster('', 'v1', 'serviceaccounts', 'ServiceAccount', true);

export const systemNamespace = 'mailmill-system';
export const operatorUser = `system:serviceaccount:${systemNamespace}:mailmill-operator`;
export const keys = createKeys(Buffer.from('the key of an operator under test'));
export const signal = AbortSignal.timeout(600_000);
export const write = { signal };

/** A real API server with the controllers of Deployments, Jobs, CronJobs and garbage; the test plays the kubelet. */
export interface Bench {
  readonly client: KubernetesClient;
  /** Writes of the operator's service account. */
  operatorWrites(): Promise<readonly string[]>;
  /** Makes a namespace; with `tenant` the operator may read its Secrets. */
  namespace(name: string, tenant?: boolean): Promise<void>;
  grantSecrets(namespace: string): Promise<void>;
  /** Starts an operator with the permissions of `src/operator/permissions.ts` and no others. Returns what stops it. */
  operator(): Promise<() => Promise<void>>;
  /** As the kubelet: the pod runs at the stub's address, ready or not. */
  kubelet(pod: Live<Pod>, ready: boolean, status?: Pod['status']): Promise<void>;
  readonly workers: StubWorkers;
  /** A kubeconfig of an administrator. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** One server that answers for all workers. */
export interface StubWorkers {
  /** What `/status` says to who has the token of this pipeline. */
  readonly statuses: Map<string, WorkerStatus>;
  /** Bodies of POST /runs. */
  readonly asked: unknown[];
}

const cache =
  process.env.CLUSTER_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mailmill-cluster');

export async function startBench(): Promise<Bench> {
  const manager = join(cache, 'bin', 'kube-controller-manager');
  if (!existsSync(manager)) throw new Error(`${manager} is missing; \`npm run test:cluster\` builds it`);
  const plane = await startControlPlane();
  const dir = await mkdtemp(join(tmpdir(), 'mailmill-operator-'));
  const access = plane.access('admin');
  const client = createClient(access, { userAgent: 'test' });
  const { ca } = (await access.credentials()).tls;
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: { server: plane.url, 'certificate-authority-data': Buffer.from(String(ca)).toString('base64') },
        },
      ],
      users: [{ name: 'u', user: { token: 'other' } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
    }),
  );
  const [managerPort, stubPort] = (await freePorts(2)) as [number, number];
  const log = openSync(join(dir, 'manager.log'), 'a');
  const controllers = 'deployment,replicaset,garbagecollector,job,cronjob,namespace,disruption,endpoint';
  const child: ChildProcess = spawn(
    manager,
    [
      `--kubeconfig=${kubeconfig}`,
      `--controllers=${controllers}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${managerPort}`,
      `--cert-dir=${join(dir, 'certs')}`,
      '--concurrent-gc-syncs=5',
    ],
    { stdio: ['ignore', log, log] },
  );
  closeSync(log);
  const orphan = () => child.kill('SIGKILL');
  process.once('exit', orphan);
  const { server, workers } = stub(stubPort);
  await once(server, 'listening');

  for (const file of await readdir(new URL('../../crds/', import.meta.url))) {
    const crd = load(await readFile(new URL(`../../crds/${file}`, import.meta.url), 'utf8')) as Any;
    await client.create(definitions, crd, write);
    const { group, names, versions } = crd.spec as {
      group: string;
      names: { plural: string; kind: string };
      versions: { name: string }[];
    };
    const served = cluster(group, versions[0]!.name, names.plural, names.kind, true);
    await eventually(
      () =>
        client.listPage(served, { signal }).then(
          () => true,
          () => false,
        ),
      20_000,
    );
  }
  const stops: (() => Promise<void>)[] = [];

  const bench: Bench = {
    client,
    workers,
    kubeconfig,
    operatorWrites: () => plane.writes(operatorUser),
    namespace: async (name, tenant = true) => {
      await client.create(
        namespaces,
        { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: restricted } },
        write,
      );
      if (tenant) await bench.grantSecrets(name);
    },
    grantSecrets: async (name) => {
      await client.create(
        roleBindings,
        {
          ...binding('RoleBinding', 'mailmill-secret-reader'),
          metadata: { name: 'mailmill-secret-reader', namespace: name },
        },
        write,
      );
    },
    operator: async () => {
      const answer = await client.create(
        {
          ...serviceAccounts,
          plural: 'serviceaccounts/mailmill-operator/token',
          kind: 'TokenRequest',
        } as ResourceType<Any>,
        {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          metadata: { name: '', namespace: systemNamespace },
          spec: {},
        },
        write,
      );
      const { token } = answer.status as { token: string };
      const mine = fileAccess({ server: plane.url, ca: String(ca), token });
      const registry = new Registry();
      const metrics = kubernetesMetrics(registry);
      const own = createClient(mine, { metrics });
      const ended = new AbortController();
      let failure: unknown;
      const running = runOperator(
        {
          config: {
            workerImage: 'registry.example.com/mailmill:1',
            workerImagePullPolicy: 'IfNotPresent',
            rolloutDeadlineMs: 600_000,
            rolloutConcurrency: 20,
            stallDeadlineMs: 900_000,
            namespace: systemNamespace,
            watchNamespaces: [],
            keys,
            leaseName: 'mailmill-operator',
            http: { host: '127.0.0.1', port: 0 },
            statusPollMs: 1_000,
            identity: `test-${process.pid}-${performance.now()}`,
          },
          client: own,
          electionClient: own,
          registry,
          metrics,
          log: process.env.MAILMILL_TEST_LOG === undefined ? silentLogger : loud,
          workers: createWorkerClient(stubPort),
        },
        ended.signal,
      ).catch((error: unknown) => {
        failure = error;
      });
      const stop = async () => {
        ended.abort();
        await running;
        own.close();
        if (failure !== undefined) throw failure;
      };
      stops.push(stop);
      return stop;
    },
    kubelet: async (pod, ready, status) => {
      const conditions = [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: new Date().toISOString() },
      ];
      const patch = { status: { phase: 'Running', podIP: '127.0.0.1', conditions, ...status } };
      await client.patch(pods, pod.metadata, 'merge', patch, { ...write, subresource: 'status' });
    },
    stop: async () => {
      const stopped = await Promise.allSettled(stops.map((stop) => stop()));
      server.close();
      server.closeAllConnections();
      const exited = child.exitCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      process.off('exit', orphan);
      await exited;
      client.close();
      await plane.stop();
      await rm(dir, { recursive: true, force: true });
      const failed = stopped.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
  await rights(client);
  return bench;
}

const loud = { ...silentLogger, info: console.log, warn: console.log, debug: () => {} };

/** The operator may do exactly what its table says. */
async function rights(client: KubernetesClient): Promise<void> {
  await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: systemNamespace } }, write);
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'mailmill-operator', namespace: systemNamespace },
  };
  await client.create(serviceAccounts, account, write);
  const role = (name: string, table: readonly Permission[]): Any => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name },
    rules: table.map(({ apiGroup, resource, verbs }) => ({ apiGroups: [apiGroup], resources: [resource], verbs })),
  });
  await client.create(clusterRoles, role('mailmill-operator', [...permissions, ...leaderPermissions]), write);
  await client.create(clusterRoles, role('mailmill-secret-reader', secretPermissions), write);
  await client.create(
    clusterRoleBindings,
    { ...binding('ClusterRoleBinding', 'mailmill-operator'), metadata: { name: 'mailmill-operator' } },
    write,
  );
}

const binding = (kind: string, role: string): Any => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name: role },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ kind: 'ServiceAccount', name: 'mailmill-operator', namespace: systemNamespace }],
});

function stub(port: number): { readonly server: Server; readonly workers: StubWorkers } {
  const workers: StubWorkers = { statuses: new Map(), asked: [] };
  const server = createServer((request, response) => {
    const token = request.headers.authorization?.slice('Bearer '.length);
    const found = [...workers.statuses].find(([key]) => {
      const [namespace = '', pipeline = ''] = key.split('/');
      return keys.token(namespace, pipeline) === token;
    });
    if (found === undefined) {
      response.writeHead(401).end();
    } else if (request.method === 'POST') {
      let text = '';
      request.on('data', (chunk) => {
        text += chunk;
      });
      request.on('end', () => {
        workers.asked.push(JSON.parse(text));
        response.writeHead(202).end('{}');
      });
    } else response.writeHead(200).end(JSON.stringify(found[1]));
  });
  server.listen(port, '127.0.0.1');
  return { server, workers };
}
