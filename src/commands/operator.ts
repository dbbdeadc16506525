import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { createClient, loadAccess } from '../kubernetes/client.ts';
import { kubernetesMetrics } from '../kubernetes/metrics.ts';
import { readConfig } from '../operator/config.ts';
import { runOperator } from '../operator/operator.ts';
import { createLogger } from '../telemetry/log.ts';
import type { Command } from './command.ts';

const usage = `usage: mailmill operator

Makes workers of the resources in a cluster; the Helm chart starts it. Takes the cluster of KUBECONFIG, of ~/.kube/config or
of its pod.

Environment: MAILMILL_NAMESPACE (its own), MAILMILL_WORKER_IMAGE, MAILMILL_STATUS_KEY_FILE (a key of at least 16 random
bytes), MAILMILL_WATCH_NAMESPACES (comma list; empty: all), MAILMILL_WORKER_IMAGE_PULL_POLICY (IfNotPresent),
MAILMILL_LEASE_NAME (mailmill-operator), MAILMILL_HTTP_HOST (127.0.0.1), MAILMILL_HTTP_PORT (8080),
MAILMILL_ROLLOUT_DEADLINE_SECONDS (600), MAILMILL_STALL_DEADLINE_SECONDS (900), MAILMILL_STATUS_POLL_SECONDS (15),
MAILMILL_WORKER_RESOURCES and MAILMILL_WORKER_EGRESS (JSON: default resources of workers, rules of their NetworkPolicy),
MAILMILL_LOG_LEVEL (info; debug).`;

export const command: Command = {
  name: 'operator',
  summary: 'make workers of the resources in a cluster (the Helm chart starts it)',
  usage,
  async run(args, io) {
    parseArgs({ args: [...args], options: {} });
    const log = createLogger({ stream: io.stdout, level: io.env.MAILMILL_LOG_LEVEL === 'debug' ? 'debug' : 'info' });
    const config = await readConfig(io.env, `${hostname()}_${randomUUID().slice(0, 8)}`);
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    const metrics = kubernetesMetrics(registry);
    const access = await loadAccess(io.env);
    const connect = () => createClient(access, { metrics, userAgent: `mailmill-operator/${config.identity}` });
    const [client, electionClient] = [connect(), connect()];
    log.info('operator started', {
      identity: config.identity,
      namespaces: config.watchNamespaces.join(',') || 'all',
      image: config.workerImage,
    });
    try {
      await runOperator({ config, client, electionClient, registry, metrics, log }, io.signal);
      log.info('operator ended', { identity: config.identity });
      return 0;
    } finally {
      client.close();
      electionClient.close();
    }
  },
};
