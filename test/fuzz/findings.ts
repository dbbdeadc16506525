import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import type { Plain } from '../../src/commands/parse/plain.ts';
import type { Case, Fault } from './target.ts';

/** An input that once broke something, kept as a test for ever: `findings/<target>/<hash>.json`. */
interface Finding {
  /** What it was, in one line. */
  readonly what: string;
  /** The bytes as latin1 text; gzip in base64 when they are many. */
  readonly text?: string;
  readonly gzip?: string;
  readonly expected?: Plain;
}

export interface KeptCase extends Case {
  readonly file: string;
  readonly what: string;
}

const folder = path.join(import.meta.dirname, 'findings');
/** Bytes up to which a finding stays readable. */
const readable = 8_192;

/** Every finding of a target, by name. */
export function keptCases(target: string): readonly KeptCase[] {
  const directory = path.join(folder, target);
  if (!fs.existsSync(directory)) return [];
  return fs
    .readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .sort()
    .map((file) => {
      const { what, text, gzip, expected }: Finding = JSON.parse(fs.readFileSync(path.join(directory, file), 'utf8'));
      const bytes =
        gzip === undefined ? Buffer.from(text ?? '', 'latin1') : zlib.gunzipSync(Buffer.from(gzip, 'base64'));
      return { file, what, bytes, ...(expected !== undefined && { expected }) };
    });
}

/** Targets that have findings. */
export const targetsWithFindings = (): readonly string[] =>
  fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => !name.includes('.')) : [];

/** Keeps a case; gives the file's path. The line that tells what it was is to be rewritten by who mends it. */
export function keep(target: string, one: Case, fault: Fault): string {
  const hash = createHash('sha256').update(one.bytes).digest('hex').slice(0, 12);
  const directory = path.join(folder, target);
  fs.mkdirSync(directory, { recursive: true });
  const bytes =
    one.bytes.length <= readable
      ? { text: one.bytes.toString('latin1') }
      : { gzip: zlib.gzipSync(one.bytes, { level: 9 }).toString('base64') };
  const what = `${fault.kind}: ${fault.detail.split('\n')[0]?.slice(0, 300)}`;
  const finding: Finding = { what, ...bytes, ...(one.expected !== undefined && { expected: one.expected }) };
  const file = path.join(directory, `${hash}.json`);
  fs.writeFileSync(file, `${JSON.stringify(finding, null, 2)}\n`);
  return file;
}
