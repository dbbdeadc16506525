import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { finish } from '../cluster/shell.ts';

/** What a suite needs of the machine beside node_modules. */
export interface Needs {
  /** Debian packages. */
  readonly packages: readonly string[];
  /** Commands, for machines that are not Debian. */
  readonly commands: readonly string[];
  readonly root: boolean;
}

const isRoot = process.getuid?.() === 0;

/** Whether this machine can install whatever is missing: root on Debian. There, nothing may be left out. */
export const installs = isRoot && process.platform === 'linux' && existsSync('/etc/debian_version');

const searched = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin'];
const hasCommand = (name: string) => searched.some((directory) => existsSync(join(directory, name)));

async function missingPackages(names: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await finish('dpkg-query', ['-W', '-f', '$' + '{Status} $' + '{Package}\n', ...names]);
  const installed = new Set(stdout.split('\n'));
  return names.filter((name) => !installed.has(`install ok installed ${name}`));
}

async function apt(...args: string[]): Promise<void> {
  // RUNLEVEL=1: packages must not start their services; tests start their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const { code, stdout, stderr } = await finish('apt-get', ['-q', ...args], { env });
  if (code !== 0) throw new Error(`apt-get ${args.join(' ')}: exit code ${code}\n${`${stdout}${stderr}`.slice(-4000)}`);
}

/** Installs what is missing where that is possible; returns what is still missing, as sentences. */
export async function prepare(needs: Needs, log: (line: string) => void): Promise<readonly string[]> {
  if (installs) {
    const packages = await missingPackages(needs.packages);
    if (packages.length > 0) {
      log(`installing ${packages.join(' ')}`);
      await apt('update');
      await apt('install', '-y', '--no-install-recommends', ...packages);
    }
  }
  const missing = needs.commands.filter((name) => !hasCommand(name)).map((name) => `the command ${name} is missing`);
  return needs.root && !isRoot ? [...missing, 'it needs root on Linux'] : missing;
}
