import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gitopsTools } from '../cluster/binaries.ts';
import { eventually } from '../cluster/eventually.ts';
import type { Cluster } from '../cluster/harness.ts';
import { clusterSettings } from '../cluster/settings.ts';
import { output } from '../cluster/shell.ts';

/** A real Argo CD (controllers, repo server, redis) as processes of this machine, against the cluster of the tests. */
export interface ArgoCd extends AsyncDisposable {
  readonly directory: string;
  /** Argo CD fetches at its own pace; this makes it look at once, as a webhook does. */
  refresh(application: string): Promise<void>;
}

const redis = '127.0.0.1:6379';
const repoServer = '127.0.0.1:8081';

export async function startArgoCd(cluster: Cluster): Promise<ArgoCd> {
  const settings = clusterSettings();
  const tools = gitopsTools(settings);
  const manifests = join(await tools.module(), 'manifests');
  await removeArgoCd(cluster);
  await cluster.kubectl(['create', 'namespace', 'argocd']);
  await cluster.kubectl(['apply', '--server-side', '-k', join(manifests, 'crds')]);
  await cluster.kubectl(['apply', '--server-side', '-n', 'argocd', '-k', join(manifests, 'base/config')]);
  // Its API server would make one; we run none.
  const signature = randomBytes(32).toString('base64');
  await cluster.kubectl([
    ...['-n', 'argocd', 'patch', 'secret', 'argocd-secret', '--type=merge'],
    ...['-p', JSON.stringify({ stringData: { 'server.secretkey': signature } })],
  ]);

  const directory = mkdtempSync(join(tmpdir(), 'mailmill-argocd-'));
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, 'tmp'));
  const children: ChildProcess[] = [];
  const start = (name: string, command: string, ...args: string[]) => {
    const log = openSync(join(directory, `${name}.log`), 'a');
    const child = spawn(command, args, {
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        KUBECONFIG: cluster.kubeconfig,
        PATH: `${tools.bin}:${settings.bin}:${process.env.PATH}`,
        TMPDIR: join(directory, 'tmp'),
        ARGOCD_BINARY_NAME: `argocd-${name}`,
        ARGOCD_FAKE_IN_CLUSTER: 'true',
        ARGOCD_GPG_ENABLED: 'false',
      },
    });
    closeSync(log);
    children.push(child);
  };
  const argocd = join(settings.bin, 'argocd');
  start('redis', 'redis-server', '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', directory);
  start(
    'repo-server',
    argocd,
    ...['--redis', redis, '--address', '127.0.0.1', '--metrics-address', '127.0.0.1'],
    // Otherwise it serves a branch's old commit for 3 minutes.
    ...['--revision-cache-expiration', '2s'],
  );
  start(
    'application-controller',
    argocd,
    ...['--namespace', 'argocd', '--redis', redis, '--repo-server', repoServer],
    ...['--app-resync', '5', '--app-resync-jitter', '0', '--persist-resource-health'],
  );
  start(
    'applicationset-controller',
    argocd,
    ...['--namespace', 'argocd', '--argocd-repo-server', repoServer, '--enable-leader-election=false'],
    ...['--metrics-addr', '127.0.0.1:8090', '--probe-addr', '127.0.0.1:8091', '--webhook-addr', '127.0.0.1:7000'],
  );
  for (const port of [8084, 8082]) {
    await eventually(
      `Argo CD answers on ${port}`,
      async () => {
        const { ok } = await fetch(`http://127.0.0.1:${port}/healthz`);
        if (!ok) throw new Error('not healthy');
      },
      { seconds: 60 },
    );
  }
  return {
    directory,
    async refresh(application) {
      const annotation = 'argocd.argoproj.io/refresh=normal';
      await cluster.kubectl(['-n', 'argocd', 'annotate', 'application', application, annotation, '--overwrite']);
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL'); // nothing they hold is worth a graceful end
      await removeArgoCd(cluster);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Nobody is left to honour the Applications' finalizers. */
async function removeArgoCd(cluster: Cluster): Promise<void> {
  const found = await cluster.tryKubectl(['-n', 'argocd', 'get', 'applications,applicationsets', '-o', 'name']);
  for (const name of found.stdout.split('\n').filter(Boolean))
    await cluster.tryKubectl(['-n', 'argocd', 'patch', name, '--type=merge', '-p', '{"metadata":{"finalizers":null}}']);
  await cluster.kubectl(['delete', 'namespace', 'argocd', '--ignore-not-found', '--wait']);
}

/** Health of an object by the scripts of a ConfigMap, as Argo CD computes it without libraries. */
export async function healthBy(configMap: string, object: string): Promise<{ status: string; message: string }> {
  const argocd = join(clusterSettings().bin, 'argocd');
  const args = ['admin', 'settings', 'resource-overrides', 'health', object, '--argocd-cm-path', configMap];
  const text = await output(argocd, args);
  const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(text)?.[1] ?? '';
  return { status: field('STATUS'), message: field('MESSAGE') };
}
