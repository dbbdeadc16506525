import { existsSync, readFileSync, statSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { isUp, load, up } from './node.ts';
import { type ClusterSettings, clusterSettings } from './settings.ts';
import { type Finished, finish, output, type ShellOptions } from './shell.ts';

/** A Kubernetes object as JSON; tests look into it where they know it. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly generation?: number;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
    readonly deletionTimestamp?: string;
  };
  // biome-ignore lint/suspicious/noExplicitAny: the shape of each kind is the API server's business
  readonly [field: string]: any;
}

/** One line of the API server's audit log, the part that tests read. */
export interface AuditEvent {
  readonly verb: string;
  readonly requestURI: string;
  readonly requestReceivedTimestamp: string;
  readonly user: { readonly username: string };
  readonly objectRef?: {
    readonly resource: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code: number };
}

export interface Cluster {
  readonly kubeconfig: string;
  /** Address of this machine that pods reach; servers of a test listen on it. */
  readonly host: string;
  /** The product's image, known to the nodes. */
  readonly image: { readonly repository: string; readonly tag: string };
  /** Standard output; throws when kubectl fails. */
  kubectl(args: readonly string[], options?: ShellOptions): Promise<string>;
  /** kubectl whatever its exit code. */
  tryKubectl(args: readonly string[], options?: ShellOptions): Promise<Finished>;
  helm(args: readonly string[]): Promise<string>;
  /** Creates or changes objects as a person does: `kubectl apply`. */
  apply(...objects: readonly object[]): Promise<void>;
  /** One object; undefined when there is none. `what` as in `deployment/name`. */
  find(namespace: string, what: string): Promise<KubeObject | undefined>;
  get(namespace: string, what: string): Promise<KubeObject>;
  list(namespace: string, kinds: string, selector?: string): Promise<readonly KubeObject[]>;
  loadImage(archive: string): Promise<void>;
  /** `kill -9` of a pod's only container; where the nodes are not ours, the pod is deleted by force. */
  kill(namespace: string, pod: string): Promise<void>;
  /** Undefined where the API server is not ours (KUBECONFIG). */
  auditLog(): readonly AuditEvent[] | undefined;
}

function isInside(settings: ClusterSettings): boolean {
  const file = `/run/netns/${settings.netns}`;
  return existsSync(file) && statSync(file).ino === statSync('/proc/self/ns/net').ino;
}

function ownAddress(): string {
  for (const addresses of Object.values(networkInterfaces()))
    for (const { family, internal, address } of addresses ?? []) if (family === 'IPv4' && !internal) return address;
  throw new Error('this machine has no address that pods could reach; set MAILMILL_TEST_HOST');
}

function imageName(): { repository: string; tag: string } {
  const [, repository, tag] = /^(.+):([^:/]+)$/.exec(process.env.MAILMILL_TEST_IMAGE ?? '') ?? [];
  if (!repository || !tag) {
    throw new Error(
      'MAILMILL_TEST_IMAGE must name the image under test as repository:tag; npm run test:cluster sets it',
    );
  }
  return { repository, tag };
}

/**
 * The cluster of this test run: the one that KUBECONFIG names, else our own, which `npm run test:cluster` (or
 * `node test/cluster/cluster.ts vitest`) has started and in whose network this process must run.
 */
export async function startCluster(): Promise<Cluster> {
  const settings = clusterSettings();
  const foreign = process.env.KUBECONFIG !== undefined && process.env.KUBECONFIG !== settings.kubeconfig;
  if (!foreign) {
    if (!isInside(settings)) {
      throw new Error(
        'cluster tests run inside the network of their cluster: npm run test:cluster, or node test/cluster/cluster.ts vitest',
      );
    }
    if (!isUp(settings)) await up(settings, (line) => process.stderr.write(`cluster: ${line}\n`));
  }
  const kubeconfig = foreign ? (process.env.KUBECONFIG ?? '') : settings.kubeconfig;
  const env = { ...process.env, KUBECONFIG: kubeconfig, PATH: `${settings.bin}:${process.env.PATH}` };
  const kubectl = (args: readonly string[], options: ShellOptions = {}) => output('kubectl', args, { ...options, env });
  const tryKubectl = (args: readonly string[], options: ShellOptions = {}) =>
    finish('kubectl', args, { ...options, env });

  const cluster: Cluster = {
    kubeconfig,
    host: process.env.MAILMILL_TEST_HOST ?? ownAddress(),
    image: imageName(),
    kubectl,
    tryKubectl,
    helm: (args) => output('helm', args, { env }),
    async apply(...objects) {
      const list = { apiVersion: 'v1', kind: 'List', items: objects };
      await kubectl(['apply', '-f', '-'], { input: JSON.stringify(list) });
    },
    async find(namespace, what) {
      const text = await kubectl(['-n', namespace, 'get', what, '--ignore-not-found', '-o', 'json']);
      return text.trim() === '' ? undefined : (JSON.parse(text) as KubeObject);
    },
    async get(namespace, what) {
      return JSON.parse(await kubectl(['-n', namespace, 'get', what, '-o', 'json'])) as KubeObject;
    },
    async list(namespace, kinds, selector) {
      const more = selector === undefined ? [] : ['-l', selector];
      const text = await kubectl(['-n', namespace, 'get', kinds, ...more, '-o', 'json']);
      return (JSON.parse(text) as { items: KubeObject[] }).items;
    },
    loadImage: (archive) => load(settings, archive),
    async kill(namespace, pod) {
      if (foreign) {
        await kubectl(['-n', namespace, 'delete', 'pod', pod, '--grace-period=0', '--force']);
        return;
      }
      const { status } = await cluster.get(namespace, `pod/${pod}`);
      const id = String(status.containerStatuses[0].containerID).replace('containerd://', '');
      await output('ctr', ['-a', settings.containerdSocket, '-n', 'k8s.io', 'tasks', 'kill', '-s', 'SIGKILL', id], {
        env,
      });
    },
    auditLog() {
      if (foreign) return undefined;
      return readFileSync(settings.auditLog, 'utf8')
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as AuditEvent);
    },
  };
  return cluster;
}
