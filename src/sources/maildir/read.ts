import { constants } from 'node:fs';
import fs from 'node:fs/promises';
import { isMissing, isNotRegular } from './errors.ts';

export { headerOf } from '../header-block.ts';

/** At most `limit` bytes of a regular file, without following a link; undefined when there is none. */
export async function readRegular(file: Buffer, limit = Number.POSITIVE_INFINITY): Promise<Buffer | undefined> {
  let handle: fs.FileHandle;
  try {
    // Without O_NONBLOCK a named pipe would hang.
    handle = await fs.open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error) || isNotRegular(error)) return undefined;
    throw error;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) return undefined;
    if (stat.size <= limit) return await handle.readFile();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(limit), 0, limit, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
