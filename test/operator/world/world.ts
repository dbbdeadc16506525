import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type KubernetesClient } from '../../../src/kubernetes/client.ts';
import { createKeys } from '../../../src/operator/keys.ts';
import { type ControlPlane, startControlPlane } from '../../support/control-plane/control-plane.ts';
import { freePorts } from '../../support/free-port.ts';
import { makeOperatorAccount, operatorToken, operatorUser } from '../account.ts';
import { playKubelet } from './kubelet.ts';
import { type OperatorProcess, startOperatorProcess } from './process.ts';
import { type StubWorkers, startStubWorkers } from './workers.ts';

/** A real control plane and stub workers, and operators as processes that may do what the chart grants. */
export interface OperatorWorld {
  readonly plane: ControlPlane;
  /** Administrator. */
  readonly client: KubernetesClient;
  readonly workers: StubWorkers;
  readonly signal: AbortSignal;
  /** Starts one more operator process and waits until it is ready. */
  operator(env?: Readonly<Record<string, string>>): Promise<OperatorProcess>;
  stop(): Promise<void>;
}

const inside = 'MAILMILL_TEST_LOOPBACK';

/**
 * Runs this program once more in a network namespace of its own, where all of 127.0.0.0/8 and port 8080 are free, and ends with it. Returns
 * when this is that second run. Needs root.
 */
export function enterLoopback(): void {
  if (process.env[inside] !== undefined) return;
  const script = 'ip link set lo up && exec "$@"';
  const command = ['--net', 'sh', '-c', script, 'sh', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status, error } = spawnSync('unshare', command, { stdio: 'inherit', env: { ...process.env, [inside]: '1' } });
  if (error) throw new Error('a network namespace is needed: unshare, ip, and root', { cause: error });
  process.exit(status ?? 1);
}

const controllers = ['deployment', 'replicaset', 'garbagecollector', 'job', 'cronjob', 'namespace', 'disruption'];
/** The controllers' own limit of 20 requests a second would be all that is measured. Everything else is as Kubernetes has it. */
const unlimited = ['--kube-api-qps=2000', '--kube-api-burst=4000'];

/**
 * Starts it. The audit log has what operators write, and nothing of what the controllers and the kubelet do.
 * @param program launcher of the operators: `src/mailmill.mjs` here or in a compiled form.
 */
export async function startOperatorWorld(program: string): Promise<OperatorWorld> {
  const plane = await startControlPlane({ controllers, controllerFlags: unlimited, audited: [operatorUser] });
  const dir = await mkdtemp(join(tmpdir(), 'mailmill-operators-'));
  const ended = new AbortController();
  const { signal } = ended;
  const client = createClient(plane.access('admin'), { userAgent: 'test' });
  const kubelet = createClient(plane.access('kubelet'), { userAgent: 'kubelet' });
  const key = 'the key of operators under test';
  const keyFile = join(dir, 'key');
  await writeFile(keyFile, key);
  await plane.installCrds();
  await makeOperatorAccount(client, signal);
  const kubeconfig = await plane.kubeconfig(await operatorToken(client, signal));
  const workers = await startStubWorkers(createKeys(Buffer.from(key)));
  let failure: unknown;
  const pods = playKubelet(kubelet, signal).catch((error: unknown) => {
    failure = error;
  });
  const operators: OperatorProcess[] = [];
  return {
    plane,
    client,
    workers,
    signal,
    operator: async (env = {}) => {
      const [port] = (await freePorts(1)) as [number];
      const log = join(dir, `operator-${operators.length}.log`);
      const one = await startOperatorProcess({ program, kubeconfig, keyFile, port, log, env });
      operators.push(one);
      return one;
    },
    stop: async () => {
      for (const one of operators) if (!one.ended) one.signal('SIGKILL');
      await Promise.all(operators.map((one) => one.exit()));
      ended.abort();
      await pods;
      await workers.stop();
      client.close();
      kubelet.close();
      await plane.stop();
      await rm(dir, { recursive: true, force: true });
      if (failure !== undefined) throw failure;
    },
  };
}
