import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { buildBinaries } from './binaries.ts';
import * as configuration from './configuration.ts';
import { lives, record, recordedNames, startProcess, stopProcess } from './processes.ts';
import { type ClusterSettings, nodeAddress } from './settings.ts';
import { finish, output, run as sh } from './shell.ts';

const kubernetesOrder = ['kube-proxy', 'coredns', 'scheduler', 'controller-manager', 'containerd', 'apiserver', 'etcd'];

/** A command inside the cluster's network namespace. (`ip netns exec` would hide the cgroup mounts.) */
export const within = (s: ClusterSettings, command: readonly string[]): [string, ...string[]] => [
  'nsenter',
  `--net=/run/netns/${s.netns}`,
  ...command,
];

/** Environment of programs that talk to the cluster. */
export const environment = (s: ClusterSettings): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${s.bin}:${process.env.PATH}`,
  KUBECONFIG: s.kubeconfig,
  MAILMILL_CLUSTER_NAME: s.name,
});

async function inside(s: ClusterSettings, ...command: string[]): Promise<string> {
  const [program, ...args] = within(s, command);
  return output(program, args, { env: environment(s) });
}

async function eventually(s: ClusterSettings, seconds: number, what: string, check: () => Promise<unknown>) {
  for (const end = Date.now() + seconds * 1000; ; await delay(200)) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > end) throw new Error(`no ${what} after ${seconds} s; see ${s.run}/*.log`, { cause: error });
    }
  }
}

/** Whether this cluster runs. */
export const isUp = (s: ClusterSettings): boolean => lives(join(s.run, 'kubelet.pid'));

/**
 * Starts a one-node Kubernetes and returns when the node is Ready. What a killed run of the same name left behind is
 * removed first. Needs root, Linux and the packages of test/packages.mjs.
 */
export async function up(s: ClusterSettings, log: (line: string) => void): Promise<void> {
  await buildBinaries(s, log);
  const owner = join(s.run, 'up.pid');
  if (lives(owner)) throw new Error(`another process is starting cluster ${s.name}`);
  await down(s);
  for (const directory of ['cni', 'certs', 'kubelet', 'pods'])
    mkdirSync(join(s.run, directory), { recursive: true, mode: 0o755 });
  record(owner, process.pid);
  try {
    await network(s);
    await controlPlane(s);
    await runtime(s);
    await node(s);
  } finally {
    rmSync(owner, { force: true });
  }
}

async function network(s: ClusterSettings): Promise<void> {
  await sh('ip', ['netns', 'add', s.netns]);
  await inside(s, 'ip', 'link', 'set', 'lo', 'up');
  await inside(s, 'ip', 'link', 'add', 'node0', 'type', 'veth', 'peer', 'name', 'node1'); // a link that carries the address
  await inside(s, 'ip', 'link', 'set', 'node1', 'up');
  await inside(s, 'ip', 'address', 'add', `${nodeAddress}/24`, 'dev', 'node0');
  await inside(s, 'ip', 'link', 'set', 'node0', 'up');
  await inside(s, 'ip', 'route', 'add', 'default', 'dev', 'node0'); // service addresses must route somewhere to be rewritten
  await inside(s, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
}

function start(s: ClusterSettings, name: string, ...command: string[]): void {
  const [program = '', ...args] = command;
  startProcess(s.run, name, within(s, [join(s.bin, program), ...args]), environment(s));
}

function write(s: ClusterSettings, file: string, content: string): string {
  const path = join(s.run, file);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

async function controlPlane(s: ClusterSettings): Promise<void> {
  const key = join(s.run, 'sa.key');
  await sh('openssl', ['genrsa', '-out', key, '2048']);
  await sh('openssl', ['rsa', '-in', key, '-pubout', '-out', join(s.run, 'sa.pub')]);
  for (const user of configuration.users)
    write(s, user === 'admin' ? 'kubeconfig' : `${user}.kubeconfig`, configuration.kubeconfig(s, user));

  start(s, 'etcd', 'etcd', '--data-dir', join(s.run, 'etcd'), '--unsafe-no-fsync');
  start(
    s,
    'apiserver',
    'kube-apiserver',
    '--etcd-servers=http://127.0.0.1:2379',
    `--cert-dir=${s.run}/certs`,
    `--bind-address=${nodeAddress}`,
    `--advertise-address=${nodeAddress}`,
    '--secure-port=6443',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${s.run}/sa.pub`,
    `--service-account-signing-key-file=${key}`,
    `--token-auth-file=${write(s, 'tokens.csv', configuration.tokens)}`,
    '--authorization-mode=Node,RBAC',
    '--service-cluster-ip-range=10.96.0.0/16',
    '--allow-privileged',
    '--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement',
    '--kubelet-preferred-address-types=InternalIP',
    `--audit-policy-file=${write(s, 'audit-policy.yaml', configuration.auditPolicy)}`,
    `--audit-log-path=${s.auditLog}`,
  );
  await eventually(s, 120, 'API server', () => inside(s, 'kubectl', 'get', '--raw', '/readyz'));
  start(
    s,
    'controller-manager',
    'kube-controller-manager',
    `--kubeconfig=${s.run}/controller-manager.kubeconfig`,
    '--leader-elect=false',
    `--service-account-private-key-file=${key}`,
    `--root-ca-file=${s.run}/certs/apiserver.crt`,
    '--use-service-account-credentials',
  );
  start(s, 'scheduler', 'kube-scheduler', `--kubeconfig=${s.run}/scheduler.kubeconfig`, '--leader-elect=false');
}

async function runtime(s: ClusterSettings): Promise<void> {
  write(s, 'cni/10-pods.conflist', configuration.podNetworkConfiguration(s));
  start(s, 'containerd', 'containerd', '-c', write(s, 'containerd.toml', configuration.containerd(s)));
  await eventually(s, 60, 'containerd', () => sh(join(s.bin, 'ctr'), ['-a', s.containerdSocket, 'version']));
  const archive = join(s.cache, 'pause.tar');
  if (!existsSync(archive)) await pauseImage(s, archive);
  await load(s, archive);
}

async function pauseImage(s: ClusterSettings, archive: string): Promise<void> {
  const directory = join(s.run, 'pause');
  mkdirSync(directory, { recursive: true });
  await sh('cp', [join(s.bin, 'pause'), directory]);
  writeFileSync(join(directory, 'Containerfile'), 'FROM scratch\nCOPY pause /pause\nENTRYPOINT ["/pause"]\n');
  const buildah = (...args: string[]) => sh('buildah', ['--storage-driver', 'vfs', ...args]);
  await buildah('build', '--isolation', 'chroot', '-q', '-t', 'localhost/pause:1', directory);
  await buildah('push', '-q', 'localhost/pause:1', `oci-archive:${archive}.new:localhost/pause:1`);
  await sh('mv', [`${archive}.new`, archive]);
}

async function node(s: ClusterSettings): Promise<void> {
  start(
    s,
    'kubelet',
    'kubelet',
    `--config=${write(s, 'kubelet.yaml', configuration.kubelet(s))}`,
    `--kubeconfig=${s.run}/kubelet.kubeconfig`,
    `--root-dir=${s.run}/kubelet`,
    '--hostname-override=node',
    `--node-ip=${nodeAddress}`,
  );
  start(s, 'kube-proxy', 'kube-proxy', `--config=${write(s, 'proxy.yaml', configuration.proxy(s))}`);
  start(s, 'coredns', 'coredns', '-conf', write(s, 'Corefile', configuration.dns(s)));
  await eventually(s, 120, 'Ready node', () =>
    inside(s, 'kubectl', 'wait', 'node/node', '--for=condition=Ready', '--timeout=2s'),
  );
  await eventually(s, 60, 'default service account', () => inside(s, 'kubectl', 'get', 'serviceaccount/default'));
}

/** Makes an OCI archive an image of the node, under the name that it holds. */
export const load = (s: ClusterSettings, archive: string): Promise<void> =>
  sh(join(s.bin, 'ctr'), ['-a', s.containerdSocket, '-n', 'k8s.io', 'images', 'import', archive]);

/** Network namespaces of pods, as the containers' specifications name them; they outlive a killed runtime. */
function podNamespaces(s: ClusterSettings): readonly string[] {
  const tasks = join(s.run, 'containerd/state/io.containerd.runtime.v2.task/k8s.io');
  if (!existsSync(tasks)) return [];
  const found = new Set<string>();
  for (const id of readdirSync(tasks)) {
    const file = join(tasks, id, 'config.json');
    if (!existsSync(file)) continue;
    const text = readFileSync(file, 'utf8');
    for (const match of text.matchAll(/"path":"(?:\/var)?\/run\/netns\/(cni-[-0-9a-f]+)"/g)) found.add(match[1] ?? '');
  }
  return [...found];
}

async function endNamespace(name: string): Promise<void> {
  const { code, stdout } = await finish('ip', ['netns', 'pids', name]);
  if (code !== 0) return; // there is no such namespace
  for (const pid of stdout.split('\n').map(Number)) {
    if (pid === 0 || pid === process.pid || pid === process.ppid) continue;
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
  await finish('ip', ['netns', 'del', name]);
}

/** Ends every process of the cluster and removes its namespaces, mounts and state. Does nothing when there is none. */
export async function down(s: ClusterSettings): Promise<void> {
  if (!existsSync(s.run) && !existsSync(`/run/netns/${s.netns}`)) return;
  const pods = podNamespaces(s);
  await stopProcess(s.run, 'kubelet');
  if (lives(join(s.run, 'containerd.pid'))) await removeTasks(s);
  for (const name of kubernetesOrder) await stopProcess(s.run, name);
  for (const name of recordedNames(s.run)) if (name !== 'up') await stopProcess(s.run, name);
  for (const name of [...pods, s.netns]) await endNamespace(name);
  const mounts = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((path) => path.startsWith(`${s.run}/`))
    .sort()
    .reverse();
  for (const path of mounts) await finish('umount', ['-l', path]);
  const results = '/var/lib/cni/results'; // what the network plugins remember of each pod
  for (const file of existsSync(results) ? readdirSync(results) : [])
    if (file.startsWith(`mailmill-${s.name}-`)) rmSync(join(results, file));
  rmSync(s.run, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

async function removeTasks(s: ClusterSettings): Promise<void> {
  const ctr = (...args: string[]) => finish(join(s.bin, 'ctr'), ['-a', s.containerdSocket, '-n', 'k8s.io', ...args]);
  const tasks = (await ctr('tasks', 'ls', '-q')).stdout.split('\n').filter(Boolean);
  await Promise.all(tasks.map((task) => ctr('tasks', 'rm', '-f', task)));
}
