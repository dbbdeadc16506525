import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { finish, run } from '../cluster/shell.ts';

const cache = () =>
  process.env.MAILMILL_TEST_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'mailmill-test');

/** A minute that nobody else has built in is long enough for a lock to be one of a process that died. */
const staleMs = 600_000;

/** A program out of a Go module, built into a cache outside of the checkout when it is not there or of another version. Some minutes at first. */
export async function goBinary(module: string, path: string, version: string): Promise<string> {
  const bin = join(cache(), 'bin');
  const file = join(bin, path.slice(path.lastIndexOf('/') + 1));
  if (await isBuilt(file, `${module} ${version}`)) return file;
  await mkdir(bin, { recursive: true });
  const release = await lock(`${file}.lock`);
  try {
    if (await isBuilt(file, `${module} ${version}`)) return file;
    const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '-buildvcs=false', GOBIN: bin };
    await run('go', ['install', '-ldflags', '-s -w', `${path}@${version}`], { env });
    return file;
  } finally {
    await release();
  }
}

/** The binary is its own stamp. */
async function isBuilt(file: string, wanted: string): Promise<boolean> {
  if (!existsSync(file)) return false;
  const { code, stdout } = await finish('go', ['version', '-m', file]).catch(() => ({ code: 1, stdout: '' }));
  return code !== 0 || stdout.replaceAll('\t', ' ').includes(` mod ${wanted} `);
}

/** Test files build in processes of their own. */
async function lock(file: string): Promise<() => Promise<void>> {
  for (const since = Date.now(); ; await sleep(500)) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(String(process.pid));
      await handle.close();
      return () => rm(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const holder = Number(await readFile(file, 'utf8').catch(() => '0'));
      if (Date.now() - since > staleMs || (holder > 0 && !existsSync(`/proc/${holder}`)))
        await rm(file, { force: true });
    }
  }
}
