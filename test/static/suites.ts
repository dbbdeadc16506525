import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGitopsBinaries } from '../cluster/binaries.ts';
import { down } from '../cluster/node.ts';
import { openSession } from '../cluster/session.ts';
import { clusterSettings } from '../cluster/settings.ts';
import { checks } from './checks.ts';
import type { Needs } from './machine.ts';
import { add, failure, nothing, type Tally, tallyFile } from './tally.ts';

/** What a suite may use of its surroundings. */
export interface Surroundings {
  log(line: string): void;
  readonly signal: AbortSignal;
}

export interface Suite {
  readonly name: string;
  readonly needs: Needs;
  run(surroundings: Surroundings): Promise<Tally>;
}

const root = new URL('../..', import.meta.url).pathname;

function spawned(command: readonly string[], env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<number> {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: 'inherit' });
    const stop = () => child.kill('SIGTERM');
    signal.addEventListener('abort', stop, { once: true });
    child.on('error', reject);
    child.on('exit', (code) => {
      signal.removeEventListener('abort', stop);
      resolve(code ?? 1);
    });
  });
}

async function vitest(
  project: string,
  { signal }: Surroundings,
  wrap = (command: readonly string[]) => command,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Tally> {
  const directory = mkdtempSync(join(tmpdir(), 'mailmill-report-'));
  const report = join(directory, 'report.json');
  try {
    const command = [
      process.execPath,
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--config=test/vitest.config.ts',
      `--project=${project}`,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
    ];
    return tallyFile(report, await spawned(wrap(command), env, signal), root);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function staticChecks({ log, signal }: Surroundings): Promise<Tally> {
  let sum = nothing;
  for (const check of checks) {
    signal.throwIfAborted();
    try {
      await check.run();
      log(`✓ ${check.name}`);
      sum = { ...sum, passed: sum.passed + 1 };
    } catch (error) {
      log(`✗ ${check.name}\n${error instanceof Error ? error.message : String(error)}`);
      sum = add(sum, failure(`static: ${check.name}`));
    }
  }
  return sum;
}

const clusterTests = (surroundings: Surroundings) => inCluster('cluster', surroundings);

async function gitopsTests(surroundings: Surroundings): Promise<Tally> {
  await buildGitopsBinaries(clusterSettings(), surroundings.log);
  return inCluster('gitops', surroundings);
}

async function inCluster(project: string, surroundings: Surroundings): Promise<Tally> {
  try {
    const session = await openSession(surroundings.log, { upgrade: project === 'cluster' });
    return await vitest(project, surroundings, session.wrap, session.env);
  } finally {
    if (!process.env.KUBECONFIG) await down(clusterSettings());
  }
}

const nodeOnly: Needs = { packages: [], commands: [], root: false };
const mailServer: Needs = { packages: ['dovecot-imapd', 'openssl'], commands: ['dovecot', 'openssl'], root: true };
const integration: Needs = {
  packages: [...mailServer.packages, 'cyrus-common', 'prometheus'],
  commands: [...mailServer.commands, 'go', 'promtool'],
  root: true,
};
const crash: Needs = {
  packages: [...mailServer.packages, 'iproute2', 'postfix'],
  commands: [...mailServer.commands, 'go', 'ip', 'postfix', 'unshare'],
  root: true,
};
const cluster: Needs = process.env.KUBECONFIG
  ? { ...mailServer, commands: [...mailServer.commands, 'go'] }
  : {
      packages: [
        ...mailServer.packages,
        ...[
          'buildah',
          'conntrack',
          'containernetworking-plugins',
          'git',
          'iproute2',
          'nftables',
          'procps',
          'prometheus',
          'runc',
        ],
      ],
      commands: [
        ...mailServer.commands,
        'buildah',
        'conntrack',
        'git',
        'go',
        'ip',
        'nft',
        'nsenter',
        'prometheus',
        'runc',
        'sysctl',
      ],
      root: true,
    };

const gitops: Needs = {
  ...cluster,
  packages: [...new Set([...cluster.packages, 'git', 'redis-server'])],
  commands: [...new Set([...cluster.commands, 'git', 'redis-server'])],
};

/** Every suite, cheapest first. */
export const suites: readonly Suite[] = [
  { name: 'static', needs: nodeOnly, run: staticChecks },
  { name: 'unit', needs: nodeOnly, run: (surroundings) => vitest('unit', surroundings) },
  { name: 'thorough', needs: nodeOnly, run: (surroundings) => vitest('thorough', surroundings) },
  { name: 'integration', needs: integration, run: (surroundings) => vitest('integration', surroundings) },
  { name: 'crash', needs: crash, run: (surroundings) => vitest('crash', surroundings) },
  { name: 'cluster', needs: cluster, run: clusterTests },
  { name: 'gitops', needs: gitops, run: gitopsTests },
];
