import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A real etcd and kube-apiserver on loopback: no nodes, no controllers, everything else of the API. */
export interface ApiServer {
  /** `https://127.0.0.1:<port>`. */
  readonly url: string;
  /** Bearer token of a member of system:masters. */
  readonly token: string;
  /** PEM of the certificate to trust. */
  readonly ca: string;
  /** Path of a kubeconfig with all of that. */
  readonly kubeconfig: string;
  /** Directory of kubectl and helm. */
  readonly bin: string;
  /** One JSON request; `body` objects are sent as JSON, strings as YAML. Never throws on an HTTP status. */
  call(method: string, path: string, body?: unknown, contentType?: string): Promise<ApiAnswer>;
  stop(): Promise<void>;
}

export interface ApiAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the server answers; a test asserts what it needs
  readonly body: any;
}

const cache =
  process.env.CLUSTER_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mailmill-cluster');
const bin = join(cache, 'bin');

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts both; ready when it resolves (some 5 s). Throws with what to run when the binaries are not there. */
export async function start(): Promise<ApiServer> {
  for (const name of ['etcd', 'kube-apiserver']) {
    if (!existsSync(join(bin, name))) {
      throw new Error(`${join(bin, name)} is missing; \`npm run test:cluster\` builds it (Go, some minutes, once)`);
    }
  }
  const dir = await mkdtemp(join(tmpdir(), 'mailmill-apiserver-'));
  const [clients, peers, port] = [await freePort(), await freePort(), await freePort()];
  const token = 'admin';
  const keys = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  await Promise.all([
    writeFile(join(dir, 'sa.key'), keys.privateKey),
    writeFile(join(dir, 'sa.pub'), keys.publicKey),
    writeFile(join(dir, 'tokens.csv'), `${token},admin,1,"system:masters"\n`),
  ]);

  const children: ChildProcess[] = [];
  const run = (name: string, args: readonly string[]) => {
    const child = spawn(join(bin, name), args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(join(dir, `${name}.log`));
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    children.push(child);
  };
  const orphans = () => {
    for (const child of children) child.kill('SIGKILL');
  };
  process.once('exit', orphans);
  const stop = async () => {
    for (const child of children.toReversed()) await end(child);
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
    // Loopback cannot be the endpoint of the `kubernetes` Service.
    '--endpoint-reconciler-type=none',
  ]);

  const url = `https://127.0.0.1:${port}`;
  const crt = join(dir, 'certs', 'apiserver.crt');
  try {
    await ready(url, token, crt, children, dir);
  } catch (error) {
    await stop();
    throw error;
  }
  const ca = await readFile(crt, 'utf8');
  const kubeconfig = join(dir, 'kubeconfig');
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster: { server: url, 'certificate-authority': crt } }],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'admin' } }],
      'current-context': 'c',
    }),
  );
  const call = (method: string, path: string, body?: unknown, contentType?: string) =>
    ask({ method, url: url + path, token, ca, body, contentType });
  return { url, token, ca, kubeconfig, bin, call, stop };
}

/** Applies `crds/*.yaml` of this checkout; resolves when the API server serves the new resources. */
export async function installCrds(server: ApiServer): Promise<void> {
  const directory = new URL('../../crds/', import.meta.url);
  for (const file of await readdir(directory)) {
    const crd = await readFile(new URL(file, directory), 'utf8');
    const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldValidation=Strict';
    const made = await server.call('POST', path, crd);
    if (made.status !== 201) throw new Error(`crds/${file} is refused: ${made.body.message}`);
    const { group, names, versions } = made.body.spec;
    const deadline = Date.now() + 20_000;
    while ((await server.call('GET', `/apis/${group}/${versions[0].name}/${names.plural}`)).status !== 200) {
      if (Date.now() > deadline) throw new Error(`crds/${file} is not served after 20 s`);
      await sleep(100);
    }
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited;
  clearTimeout(killer);
}

async function ready(
  url: string,
  token: string,
  crt: string,
  children: readonly ChildProcess[],
  dir: string,
): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const dead = children.find((child) => child.exitCode !== null || child.signalCode !== null);
    if (dead || Date.now() > deadline) {
      const name = dead?.spawnfile.endsWith('etcd') ? 'etcd' : 'kube-apiserver';
      const log = await readFile(join(dir, `${name}.log`), 'utf8').catch(() => '');
      throw new Error(`no API server: ${dead ? `${name} ended` : 'not ready after 60 s'}\n${log.slice(-2000)}`);
    }
    if (existsSync(crt)) {
      const ca = await readFile(crt, 'utf8');
      const answer = await ask({ method: 'GET', url: `${url}/readyz`, token, ca }).catch(() => undefined);
      if (answer?.status === 200) return;
    }
    await sleep(100);
  }
}

interface Question {
  readonly method: string;
  readonly url: string;
  readonly token: string;
  readonly ca: string;
  readonly body?: unknown;
  readonly contentType?: string | undefined;
}

function ask({ method, url, token, ca, body, contentType }: Question): Promise<ApiAnswer> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const type = contentType ?? (typeof body === 'string' ? 'application/yaml' : 'application/json');
  const { promise, resolve, reject } = Promise.withResolvers<ApiAnswer>();
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json', 'content-type': type };
  const outgoing = request(url, { method, headers, ca, timeout: 30_000 }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () => {
      const answer = Buffer.concat(chunks).toString();
      resolve({ status: response.statusCode ?? 0, body: answer.startsWith('{') ? JSON.parse(answer) : answer });
    });
  });
  outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${url}: no answer in 30 s`)));
  outgoing.on('error', reject);
  outgoing.end(text);
  return promise;
}
