import { readFileSync } from 'node:fs';
import { finish } from '../cluster/shell.ts';

/** A check of the repository itself. Throws an error whose message is what a person needs to mend it. */
export interface Check {
  readonly name: string;
  run(): Promise<void>;
}

const root = new URL('../..', import.meta.url).pathname;

const program = (name: string, command: string, ...args: string[]): Check => ({
  name,
  async run() {
    const { code, stdout, stderr } = await finish(command, args, { cwd: root });
    if (code !== 0) throw new Error(`${command} ${args.join(' ')}: exit code ${code}\n${stdout}${stderr}`);
  },
});

async function tracked(): Promise<readonly string[]> {
  const { code, stdout } = await finish('git', ['ls-files', '-z'], { cwd: root });
  if (code !== 0) throw new Error('git ls-files failed; run the static checks in a clone');
  return stdout.split('\0').filter(Boolean);
}

/** What may stand at the top of the repository; everything else has a place in one of these. */
const topLevel: ReadonlySet<string> = new Set([
  'Dockerfile',
  'LICENSE',
  'README.md',
  'charts',
  'crds',
  'manifests',
  'package-lock.json',
  'package.json',
  'src',
  'test',
  'tsconfig.json',
]);

const top: Check = {
  name: 'the top level holds only what belongs there',
  async run() {
    const names = new Set((await tracked()).map((file) => file.split('/')[0] ?? ''));
    const strange = [...names].filter((name) => !name.startsWith('.') && !topLevel.has(name));
    if (strange.length > 0) throw new Error(`not known at the top level: ${strange.join(', ')}`);
  },
};

const registries: Check = {
  name: 'no file names a package registry',
  async run() {
    const { stdout } = await finish('npm', ['config', 'get', 'registry'], { cwd: root });
    const urls = [stdout.trim(), ...(process.env.GOPROXY ?? '').split(/[,|]/)];
    const hosts = new Set(['registry.npmjs' + '.org', 'proxy.golang' + '.org']);
    for (const url of urls) if (URL.canParse(url)) hosts.add(new URL(url).host);
    const found: string[] = [];
    for (const file of await tracked()) {
      if (file.endsWith('go.sum')) continue;
      const text = readFileSync(`${root}${file}`, 'latin1');
      for (const host of hosts) if (host !== '' && text.includes(host)) found.push(`${file}: ${host}`);
    }
    if (found.length > 0)
      throw new Error(`a lock file or setting fixes where packages come from:\n${found.join('\n')}`);
  },
};

const lock: Check = {
  name: 'versions are exact and the lock file fits',
  async run() {
    const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as Record<string, unknown>;
    const locked = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as {
      packages: Record<string, unknown>;
    };
    const own = (locked.packages[''] ?? {}) as Record<string, unknown>;
    for (const kind of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      const wanted = (manifest[kind] ?? {}) as Record<string, string>;
      const loose = Object.entries(wanted).filter(([, version]) => !/^\d+\.\d+\.\d+(-[-.\w]+)?$/.test(version));
      if (loose.length > 0) throw new Error(`${kind} without an exact version: ${loose.join(' ')}`);
      if (JSON.stringify(Object.entries(wanted).sort()) !== JSON.stringify(Object.entries(own[kind] ?? {}).sort()))
        throw new Error(`${kind} differ between package.json and package-lock.json; run: npm install`);
    }
  },
};

/** Every static check, cheapest first. */
export const checks: readonly Check[] = [
  top,
  registries,
  lock,
  program('format and lint', 'biome', 'ci', '--colors=off', '.'),
  program('generated files are fresh', process.execPath, 'test/generate/main.ts', '--check'),
  program('imports follow the one direction', 'depcruise', '--config', '.dependency-cruiser.cjs', 'src'),
  program('types', 'tsc', '--noEmit'),
];
