import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { stalled } from '../../telemetry/errors.ts';
import { runProgram } from './processes.ts';

/** The account that PostgreSQL runs as where this process is root: it refuses root. */
export interface ServerAccount {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const noServer = 'run as another user than root, or name a server with --store URI';

async function accountOf(name: string): Promise<ServerAccount | undefined> {
  const [uid, gid] = await Promise.all([runProgram('id', ['-u', name], {}), runProgram('id', ['-g', name], {})]);
  return uid.code === 0 && gid.code === 0 ? { uid: Number(uid.words), gid: Number(gid.words) } : undefined;
}

/**
 * The system account `postgres`, made when it is missing; undefined when this process is not root and runs the server itself. Throws
 * Stalled `EMBEDDED_POSTGRES_ACCOUNT`.
 */
export async function serverAccount(): Promise<ServerAccount | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const there = await accountOf('postgres');
  if (there) return there;
  const made = await runProgram(
    'useradd',
    ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', 'postgres'],
    {},
  );
  const account = await accountOf('postgres');
  if (account) return account;
  throw stalled(
    'EMBEDDED_POSTGRES_ACCOUNT',
    `PostgreSQL does not run as root and there is no account for it (useradd postgres: ${made.words}); make one, ${noServer}`,
  );
}

/** Directory of the npm package with the binaries for this machine. */
export function packageDirectory(): string {
  try {
    const own = createRequire(import.meta.url).resolve('embedded-postgres');
    return dirname(dirname(createRequire(own).resolve(`@embedded-postgres/${process.platform}-${process.arch}`)));
  } catch (error) {
    throw stalled(
      'EMBEDDED_POSTGRES_MISSING',
      `there is no embedded PostgreSQL for ${process.platform} on ${process.arch} here; run npm ci with optional packages, or name a server with --store URI`,
      { cause: error },
    );
  }
}

const inside = (native: string): PostgresBinaries => ({
  initdb: join(native, 'bin', 'initdb'),
  postgres: join(native, 'bin', 'postgres'),
});

/** Packages may lose the mode of their files on the way. */
function makeExecutable(binaries: PostgresBinaries): void {
  for (const file of [binaries.initdb, binaries.postgres])
    try {
      chmodSync(file, 0o755);
    } catch {
      // Not our file, or a read-only one: whether it can be run is seen by running it.
    }
}

/**
 * Programs of the embedded PostgreSQL that `account` can run. Where its directory is closed to that account (a checkout below /root), they are
 * copied to `copies` once. Throws Stalled `EMBEDDED_POSTGRES_MISSING` or `EMBEDDED_POSTGRES_BROKEN`.
 */
export async function postgresBinaries(
  account: ServerAccount | undefined,
  copies: string,
  note: (line: string) => void,
  directory = packageDirectory(),
): Promise<PostgresBinaries> {
  const installed = inside(join(directory, 'native'));
  makeExecutable(installed);
  const works = (binaries: PostgresBinaries) =>
    runProgram(binaries.postgres, ['--version'], { ...account, cwd: '/', env: {} });
  const first = await works(installed);
  if (first.code === 0) return installed;
  const broken = (words: string) =>
    stalled(
      'EMBEDDED_POSTGRES_BROKEN',
      `the embedded PostgreSQL in ${directory} does not run here (${words}); try npm rebuild, or name a server with --store URI`,
    );
  if (account === undefined) throw broken(first.words);
  const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string };
  const target = join(copies, `postgresql-${version}`);
  if (!existsSync(target)) {
    note(
      `${directory} is closed to the account that runs PostgreSQL; its programs are copied to ${target} (60 MB, once)`,
    );
    const partial = `${target}.${process.pid}`;
    mkdirSync(copies, { recursive: true, mode: 0o755 });
    cpSync(join(directory, 'native'), partial, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(partial, target);
    } catch (error) {
      rmSync(partial, { recursive: true, force: true });
      if (!existsSync(target)) throw error; // else another process was faster
    }
  }
  const copied = inside(target);
  const second = await works(copied);
  if (second.code !== 0) throw broken(second.words);
  return copied;
}
