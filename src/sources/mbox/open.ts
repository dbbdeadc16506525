import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import { fileGone } from './errors.ts';
import type { ReadAt } from './scan.ts';

/** Opens a regular file without following a link. Throws Transient `FOLDER_GONE` when it is something else. */
export async function openRegular(file: string): Promise<fs.FileHandle> {
  // Without O_NONBLOCK a named pipe would hang.
  const handle = await fs.open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw fileGone();
}

/** Reads anywhere in an open file. */
export const reader =
  (handle: fs.FileHandle): ReadAt =>
  async (position, length) => {
    const buffer = Buffer.allocUnsafe(Math.max(0, length));
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  };
