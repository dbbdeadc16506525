import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { Registry } from 'prom-client';
import type { CollectorStatus } from '../../src/api/collector-status.ts';
import type { WorkerStatus } from '../../src/api/worker-status.ts';
import { fileAccess } from '../../src/kubernetes/access.ts';
import { createClient, type KubernetesClient } from '../../src/kubernetes/client.ts';
import { kubernetesMetrics } from '../../src/kubernetes/metrics.ts';
import { type Live, type Pod, pods } from '../../src/kubernetes/objects.ts';
import type { OperatorConfig } from '../../src/operator/config.ts';
import { createKeys } from '../../src/operator/keys.ts';
import { runOperator } from '../../src/operator/operator.ts';
import { createWorkerClient } from '../../src/operator/worker-client.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { brief, startControlPlane } from '../support/control-plane/control-plane.ts';
import { freePorts } from '../support/free-port.ts';
import { eventually } from '../support/processes.ts';
import {
  grantSecrets,
  makeNamespace,
  makeOperatorAccount,
  operatorToken,
  operatorUser,
  systemNamespace,
} from './account.ts';

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
  operator(config?: Partial<OperatorConfig>): Promise<() => Promise<void>>;
  /** As the kubelet: the pod runs at the stub's address, ready or not. */
  kubelet(pod: Live<Pod>, ready: boolean, status?: Pod['status']): Promise<void>;
  /** As the kubelet: the pod of a Job has ended, once there is one. */
  finish(namespace: string, job: string, exitCode: number, message?: string): Promise<void>;
  readonly workers: StubWorkers;
  /** A kubeconfig of an administrator. */
  readonly kubeconfig: string;
  stop(): Promise<void>;
}

/** One server that answers for all workers. */
export interface StubWorkers {
  /** What `/status` says to who has the token of this pipeline (`namespace/name`) or source (`namespace/source/name`). */
  readonly statuses: Map<string, WorkerStatus | CollectorStatus>;
  /** Bodies of POST /runs. */
  readonly asked: unknown[];
}

export async function startBench(): Promise<Bench> {
  const plane = await startControlPlane({
    controllers: [
      'deployment',
      'replicaset',
      'garbagecollector',
      'job',
      'cronjob',
      'namespace',
      'disruption',
      'endpoint',
    ],
    controllerFlags: ['--concurrent-gc-syncs=5'],
  });
  const client = createClient(plane.access('admin'), { userAgent: 'test' });
  const [stubPort] = (await freePorts(1)) as [number];
  const { server, workers } = stub(stubPort);
  await once(server, 'listening');
  await plane.installCrds();
  const stops: (() => Promise<void>)[] = [];

  const bench: Bench = {
    client,
    workers,
    kubeconfig: await plane.kubeconfig('other'),
    operatorWrites: async () => (await plane.writes(operatorUser)).map(brief),
    namespace: async (name, tenant = true) => {
      await makeNamespace(client, name, signal);
      if (tenant) await bench.grantSecrets(name);
    },
    grantSecrets: (name) => grantSecrets(client, name, signal),
    operator: async (change = {}) => {
      const mine = fileAccess({ server: plane.url, ca: plane.ca, token: await operatorToken(client, signal) });
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
            collectorLookMs: 1_000,
            stallDeadlineMs: 900_000,
            namespace: systemNamespace,
            watchNamespaces: [],
            keys,
            leaseName: 'mailmill-operator',
            http: { host: '127.0.0.1', port: 0 },
            statusPollMs: 1_000,
            identity: `test-${process.pid}-${performance.now()}`,
            ...change,
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
    async finish(namespace, job, exitCode, message) {
      const pod = await eventually(async () =>
        (await client.list(pods, { namespace, signal })).items.find(({ metadata }) =>
          metadata.ownerReferences?.some(({ name }) => name === job),
        ),
      );
      const time = new Date().toISOString();
      const terminated = { exitCode, startedAt: time, finishedAt: time, ...(message && { message }) };
      await this.kubelet(pod, false, {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [
          { name: 'worker', image: '', imageID: '', ready: false, restartCount: 0, state: { terminated } },
        ],
      } as never);
    },
    stop: async () => {
      const stopped = await Promise.allSettled(stops.map((stop) => stop()));
      server.close();
      server.closeAllConnections();
      client.close();
      await plane.stop();
      const failed = stopped.find((one) => one.status === 'rejected');
      if (failed) throw failed.reason;
    },
  };
  await makeOperatorAccount(client, signal);
  return bench;
}

const loud = { ...silentLogger, info: console.log, warn: console.log, debug: () => {} };

function stub(port: number): { readonly server: Server; readonly workers: StubWorkers } {
  const workers: StubWorkers = { statuses: new Map(), asked: [] };
  const server = createServer((request, response) => {
    const token = request.headers.authorization?.slice('Bearer '.length);
    const found = [...workers.statuses].find(([key]) => {
      const slash = key.indexOf('/');
      return keys.token(key.slice(0, slash), key.slice(slash + 1)) === token;
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
