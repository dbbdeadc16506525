import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterSettings } from './settings.ts';
import { output, run } from './shell.ts';

const kubernetesVersion = 'v1.36.3';
const here = new URL('binaries', import.meta.url).pathname;

interface Component {
  readonly name: string;
  /** Binary → module and version that `go version -m` must tell of it; the binary is its own stamp. */
  readonly binaries: Readonly<Record<string, string>>;
  build(bin: string): Promise<void>;
}

const goEnv = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false' };
const stripped = '-s -w';

const tools = (directory: string, bin: string, flags: readonly string[]) =>
  run('go', ['build', ...flags, '-o', `${bin}/`, 'tool'], { cwd: join(here, directory), env: goEnv });

const installed = (module: string, path: string, version: string, name: string): Component => ({
  name,
  binaries: { [name]: `${module} ${version}` },
  build: (bin) => run('go', ['install', '-ldflags', stripped, `${path}@${version}`], { env: { ...goEnv, GOBIN: bin } }),
});

const kubernetes = `k8s.io/kubernetes ${kubernetesVersion}`;
const containerd = 'github.com/containerd/containerd/v2 v2.2.0';

const components: readonly Component[] = [
  {
    name: 'kubernetes',
    binaries: {
      'kube-apiserver': kubernetes,
      'kube-controller-manager': kubernetes,
      'kube-proxy': kubernetes,
      'kube-scheduler': kubernetes,
      kubectl: kubernetes,
      kubelet: kubernetes,
      etcd: 'go.etcd.io/etcd/server/v3 v3.6.8',
    },
    async build(bin) {
      const [, major, minor] = /^v(\d+)\.(\d+)/.exec(kubernetesVersion) ?? [];
      const version = 'k8s.io/component-base/version';
      const ldflags = `${stripped} -X ${version}.gitVersion=${kubernetesVersion} -X ${version}.gitMajor=${major} -X ${version}.gitMinor=${minor}`;
      await tools('kubernetes', bin, ['-ldflags', ldflags]);
      renameSync(join(bin, 'server'), join(bin, 'etcd'));
    },
  },
  {
    name: 'containerd',
    binaries: { containerd, 'containerd-shim-runc-v2': containerd, ctr: containerd },
    build: (bin) => tools('containerd', bin, ['-ldflags', stripped, '-tags', 'no_btrfs no_devmapper no_zfs no_aufs']),
  },
  {
    name: 'pause',
    binaries: { pause: '' },
    build: (bin) =>
      run('go', ['build', '-ldflags', stripped, '-o', join(bin, 'pause'), '.'], {
        cwd: join(here, 'pause'),
        env: goEnv,
      }),
  },
  installed('github.com/coredns/coredns', 'github.com/coredns/coredns', 'v1.15.0', 'coredns'),
  installed('helm.sh/helm/v4', 'helm.sh/helm/v4/cmd/helm', 'v4.3.1', 'helm'),
];

async function isBuilt(component: Component, bin: string): Promise<boolean> {
  for (const [name, module] of Object.entries(component.binaries)) {
    const file = join(bin, name);
    if (!existsSync(file)) return false;
    if (module === '') continue;
    const told = await output('go', ['version', '-m', file]).catch(() => undefined);
    if (told === undefined) continue; // no Go on this machine: what is there must do
    if (!told.replaceAll('\t', ' ').includes(` mod ${module} `)) return false;
  }
  return true;
}

/** Builds what is missing or of another version, from Go modules. Minutes from nothing, a second afterwards. */
export async function buildBinaries(settings: ClusterSettings, log: (line: string) => void): Promise<void> {
  mkdirSync(settings.bin, { recursive: true });
  for (const component of components) {
    if (await isBuilt(component, settings.bin)) continue;
    log(`building ${component.name} into ${settings.bin}`);
    await component.build(settings.bin);
    if (!(await isBuilt(component, settings.bin))) throw new Error(`${component.name} was built with another version`);
  }
}
