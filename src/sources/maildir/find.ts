import fs from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../abort.ts';
import { hasMessageId } from '../message-id.ts';
import { keyOf } from './names.ts';
import { headerOf, readRegular } from './read.ts';

/** A message file that was found. */
export interface FoundFile {
  readonly key: string;
  readonly time: Date;
}

/** Message files of one folder whose header has this Message-ID, sorted by time and key. Reads at most `limit` bytes of each file. */
export async function filesWithMessageId(
  dir: string,
  messageId: string,
  limit: number,
  signal: AbortSignal,
): Promise<readonly FoundFile[]> {
  const found = new Map<string, FoundFile>();
  // A client may rename files while we look: what went from under our eyes has another name at the second look.
  for (let look = 0, moved = true; moved && look < 3; look++) {
    moved = false;
    for (const sub of ['new', 'cur'])
      for (const name of await fs.readdir(path.join(dir, sub), { encoding: 'buffer' })) {
        throwIfAborted(signal);
        if (name[0] === 0x2e || found.has(keyOf(name))) continue;
        const file = Buffer.concat([Buffer.from(`${path.join(dir, sub)}/`), name]);
        const stat = await fs.lstat(file).catch(() => undefined);
        const bytes = stat && (await readRegular(file, limit));
        if (!bytes) moved ||= !stat?.isDirectory() && !stat?.isSymbolicLink();
        else if (hasMessageId(headerOf(bytes), messageId))
          found.set(keyOf(name), { key: keyOf(name), time: stat.mtime });
      }
  }
  return [...found.values()].sort((a, b) => a.time.getTime() - b.time.getTime() || (a.key < b.key ? -1 : 1));
}
