import fs from 'node:fs/promises';

/** A lock file older than this was left behind by a program that died; milliseconds. */
const staleMs = 300_000;

/** What of a file's stat tells it from others. */
export interface FileId {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Device and inode as /proc/locks writes them. */
function lockName({ dev, ino }: FileId): string {
  const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
  const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
  const hex = (value: bigint) => value.toString(16).padStart(2, '0');
  return `${hex(major)}:${hex(minor)}:${ino}`;
}

/** Whether a line of /proc/locks is a lock for writing on this file, not one that only waits. */
export const holdsWriteLock = (line: string, id: FileId): boolean => {
  const words = line.trim().split(/\s+/);
  return words[1] !== '->' && words[3] === 'WRITE' && words[5] === lockName(id);
};

/**
 * Whether somebody is writing to an mbox file: its lock file is there, or Linux tells of a flock or fcntl lock for writing. Nothing is
 * locked here: the file may be on a read-only volume, and what is read is checked anyway.
 */
export async function isLocked(file: string, id: FileId, now: number): Promise<boolean> {
  const dotLock = await fs.lstat(`${file}.lock`).catch(() => undefined);
  if (dotLock && now - dotLock.mtimeMs < staleMs) return true;
  // Not there on other systems; then lock files and the checks of what was read must do.
  const locks = await fs.readFile('/proc/locks', 'utf8').catch(() => '');
  return locks.split('\n').some((line) => holdsWriteLock(line, id));
}
