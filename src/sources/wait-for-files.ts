import { type FSWatcher, watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds between looks at the files where the system tells nothing (network file systems). */
const lookEvery = 1_000;

/** A directory whose changes are hints to look. */
export interface WatchedDirectory {
  readonly dir: string;
  /** Only this name in it is of interest; absent: all. */
  readonly name?: string;
}

function watched({ dir, name }: WatchedDirectory, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(dir, (_event, which) => {
      if (name === undefined || which === null || which === name) changed();
    });
    return watcher.on('error', () => watcher.close());
  } catch {
    // No watches left, or none on this file system: looking is enough.
    return undefined;
  }
}

/** Looks at files when the system tells of a change, and every second, until `look` says that something is new, `ms` passed or the signal aborted. */
export async function waitForFiles(
  directories: readonly WatchedDirectory[],
  ms: number,
  signal: AbortSignal,
  look: () => Promise<boolean>,
): Promise<'changed' | 'timeout'> {
  const hint = new AbortController();
  const end = performance.now() + ms;
  const watchers = directories.map((directory) => watched(directory, () => hint.abort()));
  try {
    for (;;) {
      if (signal.aborted) return 'timeout';
      if (await look()) return 'changed';
      const left = end - performance.now();
      if (left <= 0) return 'timeout';
      const stop = hint.signal.aborted ? signal : AbortSignal.any([signal, hint.signal]);
      await sleep(Math.min(left, lookEvery), undefined, { signal: stop }).catch(() => undefined);
    }
  } finally {
    for (const watcher of watchers) watcher?.close();
  }
}
