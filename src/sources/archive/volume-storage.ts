import fs from 'node:fs/promises';
import path from 'node:path';
import { MailmillError, stalled, transient } from '../../telemetry/errors.ts';
import { throwIfAborted } from '../abort.ts';
import type { SegmentStorage } from './storage.ts';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

function volumeError(error: unknown): MailmillError {
  if (error instanceof MailmillError) return error;
  const code = codeOf(error);
  const cause = { cause: error };
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return stalled(
      'ARCHIVE_DENIED',
      "the archive's volume may not be written or read; give this process the right to it",
      cause,
    );
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return stalled('ARCHIVE_FULL', "the archive's volume is full; enlarge it, or shorten archive.retention", cause);
  const reason = typeof code === 'string' ? ` (${code})` : '';
  return transient(
    'ARCHIVE_UNAVAILABLE',
    `the archive's volume does not answer as it should${reason}; it is tried again`,
    cause,
  );
}

const missing = (error: unknown): undefined => {
  if (codeOf(error) === 'ENOENT') return undefined;
  throw error;
};

async function sync(file: string): Promise<void> {
  await using handle = await fs.open(file, 'r');
  await handle.sync();
}

const unfinished = '.part';

/** Segments as files below a directory. A file that is there under its name is whole and on the disk. */
export class VolumeStorage implements SegmentStorage {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  async #do<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    throwIfAborted(signal);
    try {
      return await action();
    } catch (error) {
      throw volumeError(error);
    }
  }

  write(name: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
    return this.#do(signal, async () => {
      const file = path.join(this.#root, name);
      const directory = path.dirname(file);
      const made = await fs.mkdir(directory, { recursive: true });
      {
        await using handle = await fs.open(`${file}${unfinished}`, 'w', 0o640);
        await handle.writeFile(bytes);
        await handle.sync();
      }
      await fs.rename(`${file}${unfinished}`, file);
      await sync(directory);
      // New directories are entries of others.
      if (made !== undefined)
        for (let above = path.dirname(directory); above.startsWith(this.#root); above = path.dirname(above))
          await sync(above);
    });
  }

  read(name: string, position: number, length: number, signal: AbortSignal): Promise<Buffer | undefined> {
    return this.#do(signal, async () => {
      try {
        await using handle = await fs.open(path.join(this.#root, name), 'r');
        const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position);
        return buffer.subarray(0, bytesRead);
      } catch (error) {
        return missing(error);
      }
    });
  }

  readAll(name: string, signal: AbortSignal): Promise<Buffer | undefined> {
    return this.#do(signal, () => fs.readFile(path.join(this.#root, name)).catch(missing));
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#do(signal, async () => {
      for (const end of ['', unfinished]) await fs.rm(path.join(this.#root, `${name}${end}`), { force: true });
    });
  }

  async *list(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const found = await this.#do(signal, () =>
      fs.readdir(this.#root, { recursive: true, withFileTypes: true }).catch(missing),
    );
    for (const entry of found ?? [])
      if (entry.isFile())
        yield path.relative(this.#root, path.join(entry.parentPath, entry.name)).replace(/\.part$/, '');
  }
}
