import { spawn } from 'node:child_process';
import { buildBinaries, buildGitopsBinaries } from './binaries.ts';
import { down, environment, isUp, load, up, within } from './node.ts';
import { openSession } from './session.ts';
import { clusterSettings } from './settings.ts';

const usage = `A real one-node Kubernetes (API server, etcd, scheduler, controllers, kubelet, containerd, kube-proxy, CoreDNS)
in a network namespace of its own. Needs root on Linux.

  node test/cluster/cluster.ts build           build every binary from its Go module (cached)
  node test/cluster/cluster.ts up              start it, or do nothing when it runs; prints the kubeconfig's path
  node test/cluster/cluster.ts load FILE.tar   import an OCI archive as an image of the node
  node test/cluster/cluster.ts exec CMD …      run CMD inside its network, with kubectl and helm on the PATH
  node test/cluster/cluster.ts vitest ARGS …   run cluster tests with the image of this checkout; the cluster stays up
  node test/cluster/cluster.ts gitops ARGS …   the same for the tests with Argo CD
  node test/cluster/cluster.ts down            stop everything and remove its state

MAILMILL_CLUSTER_NAME names the cluster; the default belongs to this checkout.
`;

const log = (line: string) => process.stderr.write(`cluster: ${line}\n`);

function execute(command: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

async function main([verb, ...args]: readonly string[]): Promise<number> {
  const settings = clusterSettings();
  const [file] = args;
  switch (verb) {
    case 'build':
      await buildBinaries(settings, log);
      return 0;
    case 'up':
      if (!isUp(settings)) await up(settings, log);
      process.stdout.write(`${settings.kubeconfig}\n`);
      return 0;
    case 'down':
      await down(settings);
      return 0;
    case 'load':
      if (file === undefined) break;
      await load(settings, file);
      return 0;
    case 'exec':
      if (file === undefined) break;
      return execute(within(settings, args), environment(settings));
    case 'gitops':
    case 'vitest': {
      const project = verb === 'vitest' ? 'cluster' : verb;
      if (project === 'gitops') await buildGitopsBinaries(settings, log);
      // Building the release before takes minutes: only for who asks for it, or for everything.
      const upgrade = project === 'cluster' && (args.length === 0 || args.some((arg) => arg.includes('upgrade')));
      const session = await openSession(log, { upgrade });
      const vitest = [
        'node_modules/vitest/vitest.mjs',
        'run',
        '--config=test/vitest.config.ts',
        `--project=${project}`,
      ];
      return execute(session.wrap([process.execPath, ...vitest, ...args]), session.env);
    }
  }
  process.stderr.write(usage);
  return 2;
}

process.exitCode = await main(process.argv.slice(2));
