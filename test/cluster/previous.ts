import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageArchive } from './image.ts';
import { clusterSettings } from './settings.ts';
import { finish, output, run } from './shell.ts';

const root = new URL('../..', import.meta.url).pathname;
const chartFile = 'charts/mailmill/Chart.yaml';

/** The release before this one, as users have it: its chart and its image. */
export interface Previous {
  readonly version: string;
  readonly commit: string;
  /** Directory of its chart. */
  readonly chart: string;
  readonly image: ImageArchive;
}

const versionOf = (text: string) => /^version: *['"]?(\d+\.\d+\.\d+)/m.exec(text)?.[1];
const isLower = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true }) < 0;

/** The newest commit before HEAD whose chart has a lower version than this checkout's. Throws with what to do when there is none. */
export async function findPrevious(directory = root): Promise<{ readonly commit: string; readonly version: string }> {
  const git = (...args: string[]) => finish('git', ['-C', directory, ...args]);
  const current = versionOf(readFileSync(join(directory, chartFile), 'utf8'));
  if (current === undefined) throw new Error(`${chartFile} has no version`);
  const changes = await git('rev-list', 'HEAD', '--', chartFile);
  // The version changes with the file alone: the commit before each change has what was before it.
  for (const candidate of [
    'HEAD',
    ...changes.stdout
      .split('\n')
      .filter(Boolean)
      .map((commit) => `${commit}^`),
  ]) {
    const { code, stdout } = await git('show', `${candidate}:${chartFile}`);
    const version = code === 0 ? versionOf(stdout) : undefined;
    if (version === undefined || !isLower(version, current)) continue;
    return { commit: (await git('rev-parse', candidate)).stdout.trim(), version };
  }
  const shallow = (await git('rev-parse', '--is-shallow-repository')).stdout.trim() === 'true';
  const next = shallow
    ? 'this clone is shallow: git fetch --unshallow'
    : changes.code === 0
      ? `${chartFile} never had another version`
      : 'this is no clone of the repository: the upgrade is tested from its history';
  throw new Error(`no commit has a chart of a lower version than ${current}; ${next}`);
}

/** Gets the history that a shallow clone lacks, where it can be had; where not, `findPrevious` says what to do. */
async function deepen(): Promise<void> {
  const { stdout } = await finish('git', ['-C', root, 'rev-parse', '--is-shallow-repository']);
  if (stdout.trim() === 'true') await finish('git', ['-C', root, 'fetch', '--quiet', '--unshallow']);
}

/**
 * Builds the release before this one in a worktree of its own, with the dependencies that it had. Its chart and the name of its image
 * are cached by the commit. Needs git, and the package registry once.
 */
export async function buildPrevious(log: (line: string) => void): Promise<Previous> {
  await deepen();
  const found = await findPrevious();
  const cache = join(clusterSettings().cache, 'releases', found.commit);
  const chart = join(cache, 'chart');
  const record = join(cache, 'image.json');
  if (existsSync(record)) {
    const image = JSON.parse(readFileSync(record, 'utf8')) as ImageArchive;
    if (existsSync(image.archive)) {
      const now = new Date();
      utimesSync(image.archive, now, now); // the images that were used longest ago are forgotten
      return { ...found, chart, image };
    }
  }
  log(`building release ${found.version} of commit ${found.commit.slice(0, 12)}`);
  const work = mkdtempSync(join(tmpdir(), 'mailmill-release-'));
  const tree = join(work, 'tree');
  try {
    await run('git', ['-C', root, 'worktree', 'add', '--detach', tree, found.commit]);
    await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: tree });
    const image = JSON.parse(await output(process.execPath, ['test/cluster/image.ts'], { cwd: tree })) as ImageArchive;
    rmSync(cache, { recursive: true, force: true });
    mkdirSync(cache, { recursive: true });
    cpSync(join(tree, 'charts/mailmill'), chart, { recursive: true });
    writeFileSync(record, JSON.stringify(image));
    return { ...found, chart, image };
  } finally {
    await finish('git', ['-C', root, 'worktree', 'remove', '--force', tree]);
    rmSync(work, { recursive: true, force: true });
  }
}
