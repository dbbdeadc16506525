import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join } from 'node:path';

const checkout = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

/** Where one test cluster lives. Two clusters with different names share nothing but the cache of binaries. */
export interface ClusterSettings {
  readonly name: string;
  /** Network namespace that every process of the cluster is in. */
  readonly netns: string;
  /** Directory of its state: logs, pid files, etcd, images. */
  readonly run: string;
  readonly cache: string;
  readonly bin: string;
  readonly kubeconfig: string;
  readonly auditLog: string;
  readonly containerdSocket: string;
}

/** Address of the node inside the namespace; host processes of a test listen on it for the pods. */
export const nodeAddress = '10.99.0.1';

/** Address in the pods' network of the bridge that joins them. */
export const podNetwork = '10.244.0.0/24';

/**
 * Settings from the environment: MAILMILL_CLUSTER_NAME (default: made from the checkout's path, so that two checkouts
 * do not meet) and MAILMILL_CLUSTER_CACHE.
 */
export function clusterSettings(env: NodeJS.ProcessEnv = process.env): ClusterSettings {
  const name = env.MAILMILL_CLUSTER_NAME ?? `mm-${createHash('sha256').update(checkout).digest('hex').slice(0, 6)}`;
  if (!/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/.test(name))
    throw new Error(`MAILMILL_CLUSTER_NAME must be at most 12 of a-z, 0-9 and -: ${name}`);
  const cache = env.MAILMILL_CLUSTER_CACHE ?? join(env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mailmill-cluster');
  const run = `/run/mailmill-test/${name}`;
  return {
    name,
    netns: name,
    run,
    cache,
    bin: join(cache, 'bin'),
    kubeconfig: join(run, 'kubeconfig'),
    auditLog: join(run, 'audit.log'),
    containerdSocket: join(run, 'containerd.sock'),
  };
}
