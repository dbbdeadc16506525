import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ClusterAccess, fileAccess } from '../../src/kubernetes/access.ts';
import { freePorts } from '../support/free-port.ts';
import { eventually } from '../support/processes.ts';

/** A real etcd and kube-apiserver on loopback that a test may restart, starve and compact; audit log included. */
export interface ControlPlane {
  /** Access of `user`, a member of system:masters; each has a token of its own for the audit log. `port`: of a proxy. */
  access(user?: string, port?: number): ClusterAccess;
  readonly url: string;
  /** Stops the API server alone (gracefully, or at once), and starts it again, on the same port. */
  stopApiServer(signal?: NodeJS.Signals): Promise<void>;
  startApiServer(): Promise<void>;
  /** Forgets all history of etcd up to now. */
  compact(): Promise<void>;
  /** Write requests of `user` that the audit log has, as `verb resource/name`. */
  writes(user: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

const cache =
  process.env.CLUSTER_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mailmill-cluster');
const bin = (name: string) => join(cache, 'bin', name);
const users = ['admin', 'operator', 'other'];

/** Starts both and waits until the API is ready. `flags` are added to the API server's. */
export async function startControlPlane(flags: readonly string[] = []): Promise<ControlPlane> {
  for (const name of ['etcd', 'kube-apiserver']) {
    if (!existsSync(bin(name))) throw new Error(`${bin(name)} is missing; \`npm run test:cluster\` builds it`);
  }
  const dir = await mkdtemp(join(tmpdir(), 'mailmill-control-plane-'));
  const [clients, peers, port] = (await freePorts(3)) as [number, number, number];
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await writeFile(join(dir, 'sa.key'), keys.privateKey);
  await writeFile(join(dir, 'sa.pub'), keys.publicKey);
  await writeFile(
    join(dir, 'tokens.csv'),
    users.map((user, id) => `${user},${user},${id},"system:masters"\n`).join(''),
  );
  await writeFile(
    join(dir, 'audit.yaml'),
    JSON.stringify({
      apiVersion: 'audit.k8s.io/v1',
      kind: 'Policy',
      omitStages: ['RequestReceived'],
      rules: [{ level: 'Metadata', verbs: ['create', 'update', 'patch', 'delete'] }, { level: 'None' }],
    }),
  );

  const children = new Map<string, ChildProcess>();
  const run = (name: string, args: readonly string[]) => {
    const log = openSync(join(dir, `${name}.log`), 'a');
    children.set(name, spawn(bin(name), args, { stdio: ['ignore', log, log] }));
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
      '--disable-admission-plugins=ServiceAccount',
      '--enable-admission-plugins=OwnerReferencesPermissionEnforcement',
      '--endpoint-reconciler-type=none',
      `--audit-policy-file=${join(dir, 'audit.yaml')}`,
      `--audit-log-path=${join(dir, 'audit.log')}`,
      '--audit-log-mode=blocking',
      ...flags,
    ]);
    await eventually(async () => existsSync(crt) && (await isReady(url, crt)), 60_000);
  };
  const stop = async () => {
    await kill('kube-apiserver', 'SIGKILL');
    await kill('etcd', 'SIGKILL');
    process.off('exit', orphans);
    await rm(dir, { recursive: true, force: true });
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

  const etcd = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await fetch(`http://127.0.0.1:${clients}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`etcd ${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };

  return {
    url,
    access: (user = 'admin', through = port) =>
      fileAccess({ server: `https://127.0.0.1:${through}`, caFile: crt, token: user }),
    stopApiServer: (signal = 'SIGKILL') => kill('kube-apiserver', signal),
    startApiServer,
    compact: async () => {
      const status = (await etcd('maintenance/status', {})) as { header: { revision: string } };
      await etcd('kv/compaction', { revision: status.header.revision, physical: true });
    },
    writes: async (user) => {
      const log = await readFile(join(dir, 'audit.log'), 'utf8');
      return log
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as AuditEvent)
        .filter((event) => event.user.username === user)
        .map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.name}`);
    },
    stop,
  };
}

interface AuditEvent {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly name?: string };
}

async function isReady(url: string, crt: string): Promise<boolean> {
  const ca = await readFile(crt);
  return new Promise((resolve) => {
    const headers = { authorization: 'Bearer admin' };
    const asked = request(`${url}/readyz`, { ca, headers, timeout: 2_000, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on('timeout', () => asked.destroy());
    asked.on('error', () => resolve(false));
    asked.end();
  });
}
