import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { clusterSettings } from './settings.ts';
import { output, run } from './shell.ts';

const root = new URL('../..', import.meta.url).pathname;
const node = join(root, 'node_modules/node/bin/node');
const kept = 3;

/** An image in a file, under the name that it gets when it is loaded. */
export interface ImageArchive {
  readonly name: string;
  readonly archive: string;
}

function contentHash(paths: readonly string[]): string {
  const hash = createHash('sha256');
  const visit = (path: string) => {
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) visit(join(path, name));
    else
      hash
        .update(`${relative(root, path)}\0`)
        .update(readFileSync(path))
        .update('\0');
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest('hex').slice(0, 16);
}

const inputs = [
  'src',
  'crds',
  'package.json',
  'package-lock.json',
  'Dockerfile',
  'test/build.mjs',
  'test/cluster/image.ts',
];

/**
 * The product's image, built by buildah from files of this machine alone: its base is made from the Node of node_modules
 * and the libraries that it loads. Cached by a hash of what goes into it.
 */
export async function buildImage(log: (line: string) => void): Promise<ImageArchive> {
  const directory = join(clusterSettings().cache, 'images');
  mkdirSync(directory, { recursive: true });
  const hash = contentHash(inputs);
  const name = `localhost/mailmill:${hash}`;
  const archive = join(directory, `mailmill-${hash}.tar`);
  if (!existsSync(archive)) {
    log(`building image ${name}`);
    const work = join(directory, `work-${process.pid}`);
    try {
      await build(work, name, archive);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
    forgetOld(directory);
  }
  return { name, archive };
}

async function build(work: string, name: string, archive: string): Promise<void> {
  const buildah = (...args: string[]) =>
    run('buildah', [
      '--storage-driver',
      'vfs',
      '--root',
      join(work, 'storage'),
      '--runroot',
      join(work, 'run'),
      ...args,
    ]);
  const make = (context: string, file: string, tag: string, ...more: string[]) =>
    buildah('build', '--isolation', 'chroot', '--pull-never', '-q', '-f', file, '-t', tag, ...more, context);

  const base = join(work, 'base');
  await baseContext(join(base, 'files'));
  writeFileSync(
    join(base, 'Containerfile'),
    'FROM scratch\nCOPY files/ /\nENV PATH=/usr/local/bin:/usr/bin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt\n',
  );
  await make(base, join(base, 'Containerfile'), 'localhost/mailmill-base:1');

  const context = join(work, 'context');
  await run(process.execPath, [join(root, 'test/build.mjs'), '--context', context], { cwd: root });
  await make(context, join(root, 'Dockerfile'), name, '--build-arg', 'BASE_IMAGE=localhost/mailmill-base:1');
  await buildah('push', '-q', name, `oci-archive:${archive}.new:${name}`);
  await run('mv', [`${archive}.new`, archive]);
}

/** A root file system with Node, the libraries that it loads, a user and the public certificate authorities. */
async function baseContext(directory: string): Promise<void> {
  const put = (from: string, to: string) => {
    mkdirSync(dirname(join(directory, to)), { recursive: true });
    copyFileSync(from, join(directory, to)); // what links point to
  };
  put(node, '/usr/bin/node');
  for (const match of (await output('ldd', [node])).matchAll(/(\/\S+) \(0x/g)) {
    const library = match[1];
    if (library !== undefined) put(library, library);
  }
  put('/etc/ssl/certs/ca-certificates.crt', '/etc/ssl/certs/ca-certificates.crt');
  const text = (file: string, content: string) => writeFileSync(join(directory, file), content);
  text('etc/passwd', 'root:x:0:0:root:/:/sbin/nologin\nmailmill:x:65532:65532:mailmill:/tmp:/sbin/nologin\n');
  text('etc/group', 'root:x:0:\nmailmill:x:65532:\n');
  text('etc/nsswitch.conf', 'hosts: files dns\n');
  mkdirSync(join(directory, 'tmp'));
  await run('chmod', ['1777', join(directory, 'tmp')]);
}

function forgetOld(directory: string): void {
  const archives = readdirSync(directory)
    .filter((file) => /^mailmill-[0-9a-f]+\.tar$/.test(file))
    .map((file) => ({ file, time: statSync(join(directory, file)).mtimeMs }))
    .sort((a, b) => b.time - a.time);
  for (const { file } of archives.slice(kept)) rmSync(join(directory, file));
}

if (import.meta.main) {
  const image = await buildImage((line) => process.stderr.write(`image: ${line}\n`));
  process.stdout.write(`${JSON.stringify(image)}\n`);
}
