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

/** What Argo CD 3.2 has in its image; Helm 4 renders differently. */
const gitops: readonly Component[] = [
  {
    name: 'argocd',
    binaries: { argocd: 'github.com/argoproj/argo-cd/v3 v3.2.6' },
    async build(bin) {
      const go = ['build', '-ldflags', stripped, '-o', join(bin, 'argocd'), 'tool'];
      await run('go', go, { cwd: join(here, 'argocd'), env: goEnv });
    },
  },
];
const gitopsImage: readonly Component[] = [
  installed('helm.sh/helm/v3', 'helm.sh/helm/v3/cmd/helm', 'v3.18.4', 'helm'),
  installed('sigs.k8s.io/kustomize/kustomize/v5', 'sigs.k8s.io/kustomize/kustomize/v5', 'v5.7.0', 'kustomize'),
];

/** Where Argo CD's own tools are, and its manifests. */
export const gitopsTools = (settings: ClusterSettings) => ({
  bin: join(settings.bin, 'argocd-tools'),
  /** Argo CD's directory in Go's module cache. */
  async module(): Promise<string> {
    const name = 'github.com/argoproj/argo-cd/v3';
    const options = { cwd: join(here, 'argocd'), env: goEnv };
    await run('go', ['mod', 'download', name], options);
    return (await output('go', ['list', '-m', '-f', '{{.Dir}}', name], options)).trim();
  },
});

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
export const buildBinaries = (settings: ClusterSettings, log: (line: string) => void): Promise<void> =>
  buildInto(settings.bin, components, log);

/** The same for Argo CD and its tools. */
export async function buildGitopsBinaries(settings: ClusterSettings, log: (line: string) => void): Promise<void> {
  await buildInto(settings.bin, gitops, log);
  await buildInto(gitopsTools(settings).bin, gitopsImage, log);
}

async function buildInto(bin: string, wanted: readonly Component[], log: (line: string) => void): Promise<void> {
  mkdirSync(bin, { recursive: true });
  for (const component of wanted) {
    if (await isBuilt(component, bin)) continue;
    log(`building ${component.name} into ${bin}`);
    await component.build(bin);
    if (!(await isBuilt(component, bin))) throw new Error(`${component.name} was built with another version`);
  }
}
