import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dump } from 'js-yaml';
import { run } from '../cluster/shell.ts';

/** A Git repository as a platform team has it, with a bare one that Argo CD reads. */
export interface Repository {
  readonly url: string;
  /** Writes files (objects as YAML documents; `undefined` removes), commits and pushes. */
  commit(message: string, files: Readonly<Record<string, readonly object[] | undefined>>): Promise<void>;
  /** Copies a directory into the work tree; it is part of the next commit. */
  copy(from: string, to: string): void;
}

export async function createRepository(directory: string): Promise<Repository> {
  const bare = join(directory, 'mail.git');
  const tree = join(directory, 'work');
  const env = {
    ...process.env,
    GIT_AUTHOR_NAME: 'Platform',
    GIT_AUTHOR_EMAIL: 'platform@example.com',
    GIT_COMMITTER_NAME: 'Platform',
    GIT_COMMITTER_EMAIL: 'platform@example.com',
  };
  const git = (...args: string[]) => run('git', ['-C', tree, ...args], { env });
  await run('git', ['init', '-q', '--bare', '-b', 'main', bare]);
  await run('git', ['init', '-q', '-b', 'main', tree]);
  return {
    url: `file://${bare}`,
    copy: (from, to) => cpSync(from, join(tree, to), { recursive: true }),
    async commit(message, files) {
      for (const [file, objects] of Object.entries(files)) {
        const path = join(tree, file);
        mkdirSync(dirname(path), { recursive: true });
        if (objects === undefined) rmSync(path, { force: true });
        else writeFileSync(path, objects.map((object) => dump(object)).join('---\n'));
      }
      await git('add', '-A');
      await git('commit', '-q', '-m', message);
      await git('push', '-q', bare, 'main');
    },
  };
}
