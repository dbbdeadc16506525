import fs from 'node:fs';
import path from 'node:path';
import { spamAssassin } from '../message/corpus.ts';

const data = path.resolve(import.meta.dirname, '../../../shared/data');

function* files(folder: string): Generator<Buffer> {
  if (!fs.existsSync(folder)) return;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* files(file);
    else if (entry.name.endsWith('.eml')) yield fs.readFileSync(file);
  }
}

/**
 * Real messages to begin with, of at most 64 KiB: every fortieth of the SpamAssassin corpus and, with MAILMILL_FUZZ_SHARED=1,
 * the conformance data beside this checkout. Without that the same everywhere.
 */
export function seeds(): readonly Buffer[] {
  const result: Buffer[] = [];
  let index = 0;
  for (const { raw } of spamAssassin()) if (index++ % 40 === 0) result.push(raw);
  if (process.env.MAILMILL_FUZZ_SHARED === '1')
    for (const folder of ['mime', 'bounces', 'reports']) result.push(...files(path.join(data, folder)));
  return result.filter((raw) => raw.length <= 65_536);
}
