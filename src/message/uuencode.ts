import type { Defects } from './defects.ts';

/** A file that stood uuencoded in a text. */
export interface UuencodedFile {
  readonly name: string;
  readonly content: Buffer;
}

export interface UuencodedText {
  /** The text without the files, as it was when there is none. */
  readonly rest: Buffer;
  readonly files: readonly UuencodedFile[];
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
/** The other way to write a zero, which loses no blanks at line ends. */
const GRAVE = 0x60;
/** Most files that are taken out of one text; what follows stays text. */
const maxFiles = 1_000;
/** Longest line that can begin a file. */
const maxBeginLine = 1_024;
const marker = Buffer.from('begin ');

/** Where the line from `start` ends, without its CR. */
interface Line {
  readonly end: number;
  readonly next: number;
}

function lineAt(bytes: Buffer, start: number): Line {
  const lf = bytes.indexOf(LF, start);
  const stop = lf === -1 ? bytes.length : lf;
  return { end: stop > start && bytes[stop - 1] === CR ? stop - 1 : stop, next: lf === -1 ? bytes.length : lf + 1 };
}

/** Name of the file that a line begins (`begin 644 name`), or null. */
function nameIn(bytes: Buffer, start: number, end: number): string | null {
  if (end - start > maxBeginLine) return null;
  const name = /^begin [0-7]{3,4} +(\S.*)$/.exec(bytes.toString('latin1', start, end))?.[1];
  return name === undefined ? null : Buffer.from(name.trim(), 'latin1').toString('utf8');
}

/** Bytes that a data line holds by its first character, or -1 when it is none. */
function lengthOf(bytes: Buffer, start: number, end: number): number {
  const first = bytes[start] ?? 0;
  if (end === start || first < SPACE || first > GRAVE) return -1;
  const length = (first - SPACE) & 0x3f;
  const characters = end - start - 1;
  // Blanks at the end may have been lost on the way, one character may be a checksum.
  if (characters > Math.ceil(length / 3) * 4 + 1) return -1;
  for (let i = start + 1; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte < SPACE || byte > GRAVE) return -1;
  }
  return length;
}

/** Decodes the characters of one data line into `out`; missing ones are blanks. */
function decodeLine(bytes: Buffer, start: number, end: number, length: number, out: Buffer, at: number): void {
  const value = (i: number) => (i < end ? ((bytes[i] ?? SPACE) - SPACE) & 0x3f : 0);
  for (let i = start, done = 0; done < length; i += 4, done += 3) {
    const word = (value(i) << 18) | (value(i + 1) << 12) | (value(i + 2) << 6) | value(i + 3);
    out[at + done] = word >> 16;
    if (done + 1 < length) out[at + done + 1] = (word >> 8) & 0xff;
    if (done + 2 < length) out[at + done + 2] = word & 0xff;
  }
}

/** What stands behind a `begin`. */
interface Block {
  /** Bytes that its lines hold; -1 when it has no end. */
  readonly size: number;
  /** Lines of data were read. */
  readonly hasData: boolean;
  /** Where the data ends. */
  readonly end: number;
  /** Behind what was read. */
  readonly next: number;
}

/** Looks at the lines from `start` up to `end`. */
function measure(bytes: Buffer, start: number): Block {
  let position = start;
  let size = 0;
  let hasData = false;
  while (position < bytes.length) {
    const line = lineAt(bytes, position);
    if (line.end - position === 3 && bytes.toString('latin1', position, line.end) === 'end')
      return { size, hasData, end: position, next: line.next };
    if (line.end > position) {
      const length = lengthOf(bytes, position, line.end);
      if (length === -1) return { size: -1, hasData, end: position, next: position };
      hasData = true;
      size += length;
    }
    position = line.next;
  }
  return { size: -1, hasData, end: position, next: position };
}

function decode(bytes: Buffer, start: number, { size, end }: Block): Buffer {
  const out = Buffer.allocUnsafe(size);
  let at = 0;
  for (let position = start; position < end; ) {
    const line = lineAt(bytes, position);
    const length = line.end > position ? lengthOf(bytes, position, line.end) : 0;
    decodeLine(bytes, position + 1, line.end, length, out, at);
    at += length;
    position = line.next;
  }
  return out;
}

/** Whether a text may hold uuencoded files: a quick look that most texts end with. */
export const mayHoldUuencoded = (bytes: Buffer): boolean => {
  const at = bytes.indexOf(marker);
  return at !== -1 && (at === 0 || bytes[at - 1] === LF || bytes.indexOf('\nbegin ', at) !== -1);
};

/**
 * Takes uuencoded files (`begin 644 name` … `end`, POSIX.1-2017 `uuencode`, historical algorithm) out of a text. A block that
 * breaks off or has other lines in it stays text (`UUENCODE_INVALID`). Linear: what was read of a broken block is not read again.
 */
export function takeUuencoded(bytes: Buffer, defects: Defects): UuencodedText {
  const files: UuencodedFile[] = [];
  const rest: Buffer[] = [];
  let kept = 0;
  let position = 0;
  while (files.length < maxFiles) {
    const found = bytes.indexOf(marker, position);
    if (found === -1) break;
    position = found + marker.length;
    if (found > 0 && bytes[found - 1] !== LF) continue;
    const line = lineAt(bytes, found);
    const name = nameIn(bytes, found, line.end);
    if (name === null) continue;
    const block = measure(bytes, line.next);
    position = block.next;
    if (!block.hasData) continue;
    if (block.size === -1) {
      defects.add('UUENCODE_INVALID', 'text');
      continue;
    }
    rest.push(bytes.subarray(kept, found));
    kept = block.next;
    files.push({ name, content: decode(bytes, line.next, block) });
  }
  if (files.length === maxFiles && bytes.indexOf(marker, position) !== -1) defects.add('UNPACK_LIMIT', 'text');
  if (files.length === 0) return { rest: bytes, files };
  rest.push(bytes.subarray(kept));
  return { rest: Buffer.concat(rest), files };
}
