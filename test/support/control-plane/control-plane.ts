import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterAccess, fileAccess } from '../../../src/kubernetes/access.ts';
import { clusterSettings } from '../../cluster/settings.ts';
import { freePorts } from '../free-port.ts';
import { eventually } from '../processes.ts';
import { auditPolicy, readWrites, type Write } from './audit.ts';
import { type ApiAnswer, call } from './call.ts';

/**
 * A real etcd and kube-apiserver on loopback, with controllers if wanted and without nodes, that a test may restart,
 * starve and compact.
 */
export interface ControlPlane {
  /** `https://127.0.0.1:<port>`. */
  readonly url: string;
  /** PEM of the certificate to trust. */
  readonly ca: string;
  /** Directory of kubectl and helm. */
  readonly bin: string;
  /** Access of `user`, a member of system:masters; each has a token of its own for the audit log. `port`: of a proxy. */
  access(user?: User, port?: number): ClusterAccess;
  /** Writes a kubeconfig with a bearer token, and returns its path. */
  kubeconfig(token: string): Promise<string>;
  /** One request of the administrator: see `call`. */
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer>;
  /** Applies `crds/*.yaml` of this checkout; resolves when the API server serves the new resources. */
  installCrds(): Promise<void>;
  /** Stops the API server alone (gracefully, or at once), and starts it again, on the same port. */
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  startApiServer(): Promise<void>;
  /** Forgets all history of etcd up to now. */
  compact(): Promise<void>;
  /** Write requests of a user that the audit log has. */
  writes(user: string): Promise<readonly Write[]>;
  /** Pids of what runs: `etcd`, `kube-apiserver`, `kube-controller-manager`. */
  pid(name: string): number | undefined;
  stop(): Promise<void>;
}

export interface ControlPlaneOptions {
  /** Added to the API server's. */
  readonly flags?: readonly string[];
  /** Controllers of the controller manager, which runs as the user `other`; absent: it does not run. */
  readonly controllers?: readonly string[];
  /** Added to the controller manager's. */
  readonly controllerFlags?: readonly string[];
  /** Users whose writes the audit log has; default: all. Each write that it has costs the API server one more encoding of the object. */
  readonly audited?: readonly string[];
}

const users = ['admin', 'operator', 'other', 'kubelet'] as const;
export type User = (typeof users)[number];

/** `verb resource/name`, as tests compare it. */
export const brief = ({ verb, resource, name }: Write) => `${verb} ${resource}/${name}`;

/** Starts it; ready when it resolves (some 5 s). Throws with what to run when the binaries are not there. */
export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const { bin } = clusterSettings();
  const needed = ['etcd', 'kube-apiserver', ...(options.controllers === undefined ? [] : ['kube-controller-manager'])];
  for (const name of needed) {
    if (!existsSync(join(bin, name))) {
      throw new Error(`${join(bin, name)} is missing; \`npm run test:cluster\` builds it (Go, some minutes, once)`);
    }
  }
  const dir = await mkdtemp(join(tmpdir(), 'mailmill-control-plane-'));
  const ports = (await freePorts(4)) as [number, number, number, number];
  const [clients, peers, port, managerPort] = ports;
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await Promise.all([
    writeFile(join(dir, 'sa.key'), keys.privateKey),
    writeFile(join(dir, 'sa.pub'), keys.publicKey),
    writeFile(join(dir, 'tokens.csv'), users.map((user, id) => `${user},${user},${id},"system:masters"\n`).join('')),
    writeFile(join(dir, 'audit.yaml'), JSON.stringify(auditPolicy(options.audited))),
  ]);

  const children = new Map<string, ChildProcess>();
  const run = (name: string, args: readonly string[]) => {
    const log = openSync(join(dir, `${name}.log`), 'a');
    children.set(name, spawn(join(bin, name), args, { stdio: ['ignore', log, log] }));
    closeSync(log);
  };
  const kill = async (name: string, signal: NodeJS.Signals) => {
    const child = children.get(name);
    children.delete(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const impatient = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(impatient);
  };
  const orphans = () => {
    for (const child of children.values()) child.kill('SIGKILL');
  };
  process.once('exit', orphans);

  const url = `https://127.0.0.1:${port}`;
  const crt = join(dir, 'certs', 'apiserver.crt');
  const isReady = async () => {
    if (!existsSync(crt)) return false;
    const ca = await readFile(crt, 'utf8');
    const answer = await call({ method: 'GET', url: `${url}/readyz`, token: 'admin', ca }).catch(() => undefined);
    return answer?.status === 200;
  };
  const startApiServer = async () => {
    run('kube-apiserver', [
      `--etcd-servers=http://127.0.0.1:${clients}`,
      `--cert-dir=${join(dir, 'certs')}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${port}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(dir, 'sa.pub')}`,
      `--service-account-signing-key-file=${join(dir, 'sa.key')}`,
      `--token-auth-file=${join(dir, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-cluster-ip-range=10.96.0.0/16',
      // Without a service-account controller nobody makes the `default` account that this plugin asks for.
      '--disable-admission-plugins=ServiceAccount',
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      // Loopback cannot be the endpoint of the `kubernetes` Service.
      '--endpoint-reconciler-type=none',
      `--audit-policy-file=${join(dir, 'audit.yaml')}`,
      `--audit-log-path=${join(dir, 'audit.log')}`,
      '--audit-log-maxsize=4000',
      '--audit-log-mode=blocking',
      ...(options.flags ?? []),
    ]);
    await eventually(isReady, 60_000);
  };
  const stop = async () => {
    for (const name of [...children.keys()].reverse()) await kill(name, 'SIGKILL');
    process.off('exit', orphans);
    await rm(dir, { recursive: true, force: true });
  };
  const kubeconfig = async (token: string) => {
    const file = join(dir, `kubeconfig-${token.slice(-8)}`);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: url, 'certificate-authority': crt } }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'c',
    };
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  };

  run('etcd', [
    `--data-dir=${join(dir, 'etcd')}`,
    '--unsafe-no-fsync',
    `--listen-client-urls=http://127.0.0.1:${clients}`,
    `--advertise-client-urls=http://127.0.0.1:${clients}`,
    `--listen-peer-urls=http://127.0.0.1:${peers}`,
    `--initial-advertise-peer-urls=http://127.0.0.1:${peers}`,
    `--initial-cluster=default=http://127.0.0.1:${peers}`,
  ]);
  try {
    await startApiServer();
  } catch (error) {
    const log = await readFile(join(dir, 'kube-apiserver.log'), 'utf8').catch(() => '');
    await stop();
    throw new Error(`no API server: ${log.slice(-2000)}`, { cause: error });
  }
  if (options.controllers !== undefined) {
    run('kube-controller-manager', [
      `--kubeconfig=${await kubeconfig('other')}`,
      `--controllers=${options.controllers.join(',')}`,
      '--leader-elect=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${managerPort}`,
      `--cert-dir=${join(dir, 'manager-certs')}`,
      ...(options.controllerFlags ?? []),
    ]);
  }

  const ca = await readFile(crt, 'utf8');
  const ask = (method: string, path: string, body?: unknown, contentType?: string) =>
    call({ method, url: url + path, token: 'admin', ca, body, contentType });
  const etcd = async (path: string, body: unknown): Promise<unknown> => {
    const to = `http://127.0.0.1:${clients}/v3/${path}`;
    const answer = await fetch(to, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };

  return {
    url,
    ca,
    bin,
    kubeconfig,
    call: ask,
    access: (user = 'admin', through = port) =>
      fileAccess({ server: `https://127.0.0.1:${through}`, caFile: crt, token: user }),
    installCrds: () => installCrds(ask),
    stopApiServer: (signal = 'SIGKILL') => kill('kube-apiserver', signal),
    startApiServer,
    compact: async () => {
      const status = (await etcd('maintenance/status', {})) as { header: { revision: string } };
      await etcd('kv/compaction', { revision: status.header.revision, physical: true });
    },
    writes: (user) => readWrites(join(dir, 'audit.log'), user),
    pid: (name) => children.get(name)?.pid,
    stop,
  };
}

async function installCrds(ask: ControlPlane['call']): Promise<void> {
  const directory = new URL('../../../crds/', import.meta.url);
  for (const file of await readdir(directory)) {
    const crd = await readFile(new URL(file, directory), 'utf8');
    const made = await ask(
      'POST',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict',
      crd,
    );
    if (made.status !== 201) throw new Error(`crds/${file} is refused: ${made.body.message}`);
    const { group, names, versions } = made.body.spec;
    const path = `/apis/${group}/${versions[0].name}/${names.plural}`;
    await eventually(async () => (await ask('GET', path)).status === 200, 20_000);
  }
}
