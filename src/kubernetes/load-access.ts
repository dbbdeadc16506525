import { access as accessible, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stalled } from '../telemetry/errors.ts';
import { type ClusterAccess, fileAccess } from './access.ts';
import { readKubeConfig } from './kubeconfig.ts';

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface AccessEnvironment {
  readonly KUBECONFIG?: string;
  readonly HOME?: string;
  readonly KUBERNETES_SERVICE_HOST?: string;
  readonly KUBERNETES_SERVICE_PORT?: string;
}

/**
 * Access by $KUBECONFIG, ~/.kube/config or the pod's service account, in this order. Throws Stalled
 * `KUBERNETES_ACCESS_MISSING` when there is none of them, `KUBECONFIG_INVALID` when what there is cannot be used.
 *
 * `@kubernetes/client-node` (some 90 MB of memory) is loaded only for what needs it: credential plugins, proxies and
 * several kubeconfigs merged into one.
 */
export async function loadAccess(
  env: AccessEnvironment = process.env,
  serviceAccountDir = serviceAccount,
): Promise<ClusterAccess> {
  const named = (env.KUBECONFIG ?? '').split(':').filter((path) => path !== '');
  const home = env.HOME === undefined ? undefined : join(env.HOME, '.kube', 'config');
  const files = named.length > 0 ? named : home !== undefined && (await exists(home)) ? [home] : [];
  if (files.length > 0) {
    const [file, ...others] = files;
    const plain = others.length === 0 ? await readKubeConfig(file!) : undefined;
    if (plain !== undefined) return plain;
    const { pluginAccess } = await import('./plugin-access.ts');
    return pluginAccess(files);
  }
  return podAccess(env, serviceAccountDir);
}

async function podAccess(env: AccessEnvironment, dir: string): Promise<ClusterAccess> {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const tokenFile = join(dir, 'token');
  if (host === undefined || !(await exists(tokenFile))) {
    const next = 'set KUBECONFIG, or run in a pod with a service account token';
    throw stalled('KUBERNETES_ACCESS_MISSING', `no way to the API server is known: ${next}`);
  }
  const namespace = join(dir, 'namespace');
  return fileAccess({
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    caFile: join(dir, 'ca.crt'),
    tokenFile,
    namespace: (await exists(namespace)) ? (await readFile(namespace, 'utf8')).trim() : undefined,
  });
}

const exists = (path: string) =>
  accessible(path).then(
    () => true,
    () => false,
  );
