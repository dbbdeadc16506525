import fs from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../abort.ts';
import { byName, type FolderSelection, isSelected } from '../folder-patterns.ts';
import { isMissing, isNotRegular, mboxMissing, notMbox } from './errors.ts';
import { openRegular, reader } from './open.ts';

/** An mbox file. */
export interface MboxFile {
  /** Its path below the directory, with `/`; the file's own name when the source is one file. */
  readonly name: string;
  readonly path: string;
  readonly selected: boolean;
}

const maxDepth = 16;
const maxFiles = 10_000;
/** Files that mail programs keep beside mbox files. */
const companions = /\.(lock|msf|dat|index|cache)$/i;

/** Whether a file is empty or begins with a From_ line, blank lines before it apart. */
async function beginsLikeMbox(file: string): Promise<boolean> {
  try {
    await using handle = await openRegular(file);
    const start = await reader(handle)(0, 16);
    return start.length === 0 || /^[\r\n]*From /.test(start.toString('latin1'));
  } catch (error) {
    if (isMissing(error) || isNotRegular(error)) return false;
    throw error;
  }
}

/**
 * The mbox files of a source, sorted by name: `root` itself, or what lies below it. Hidden files, links, lock files and the like are left
 * out, and so is what does not look like an mbox file. Throws Stalled `MBOX_MISSING`, `MBOX_NOT_MBOX`.
 */
export async function mboxFiles(
  root: string,
  selection: FolderSelection,
  signal: AbortSignal,
): Promise<readonly MboxFile[]> {
  const stat = await fs.stat(root).catch((error: unknown) => {
    throw isMissing(error) ? mboxMissing(root, error) : error;
  });
  if (stat.isFile()) {
    if (!(await beginsLikeMbox(root))) throw notMbox(root);
    return [{ name: path.basename(root), path: root, selected: true }];
  }
  const found: MboxFile[] = [];
  const visit = async (directory: string, prefix: string, depth: number): Promise<void> => {
    throwIfAborted(signal);
    for (const entry of await fs.readdir(directory, { withFileTypes: true })) {
      if (entry.name.startsWith('.') || found.length >= maxFiles) continue;
      const name = `${prefix}${entry.name}`;
      const file = path.join(directory, entry.name);
      if (entry.isDirectory() && depth < maxDepth) await visit(file, `${name}/`, depth + 1);
      if (!entry.isFile() || companions.test(entry.name)) continue;
      if (await beginsLikeMbox(file)) found.push({ name, path: file, selected: isSelected(name, selection) });
    }
  };
  await visit(root, '', 0);
  return found.sort(byName);
}
