import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { stalled } from '../telemetry/errors.ts';
import type { ClusterAccess } from './access.ts';

/** Access by everything that kubeconfigs can say: credential plugins (exec, OIDC), proxies, several files merged. */
export function pluginAccess(files: readonly string[]): ClusterAccess {
  const config = new KubeConfig();
  for (const [index, file] of files.entries()) {
    if (index === 0) config.loadFromFile(file);
    else {
      const more = new KubeConfig();
      more.loadFromFile(file);
      config.mergeConfig(more);
    }
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw stalled('KUBECONFIG_INVALID', 'the kubeconfig has no current-context with a cluster; set one');
  }
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    credentials: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername, headers = {}, auth, agent } = options;
      const proxied = cluster.proxyUrl !== undefined && typeof agent === 'object';
      return {
        headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
        tls: { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername },
        ...(typeof auth === 'string' ? { basic: auth } : {}),
        ...(proxied ? { agent } : {}),
      };
    },
  };
}
