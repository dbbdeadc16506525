import zlib from 'node:zlib';
import { stalled } from '../../telemetry/errors.ts';
import type { FileBudget } from './budget.ts';
import { brokenArchive, inflate, inflateStart } from './inflate.ts';

/** One file of a ZIP archive, still packed. */
export interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly crc32: number;
  readonly packedSize: number;
  readonly size: number;
  /** Where its data begins in the archive. */
  readonly start: number;
}

const signature = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50 } as const;
const length = { local: 30, central: 46, end: 22 } as const;
const longestComment = 65_535;
/** Most files of an archive that is looked into: a report is one. */
const maxEntries = 64;
const encrypted = 1;
const stored = 0;
const deflated = 8;

export const isZip = (bytes: Buffer): boolean =>
  bytes.length >= length.end && (bytes.readUInt32LE(0) === signature.local || bytes.readUInt32LE(0) === signature.end);

const unsupported = (what: string) =>
  stalled('REPORT_ARCHIVE_UNSUPPORTED', `the packed report cannot be read: ${what}; ask its sender for plain gzip`);

/** Where the end record stands whose comment ends with the file; -1 when there is none. */
function findEnd(bytes: Buffer): number {
  const least = Math.max(0, bytes.length - length.end - longestComment);
  let fallback = -1;
  for (let at = bytes.length - length.end; at >= least; at--) {
    if (bytes[at] !== 0x50 || bytes.readUInt32LE(at) !== signature.end) continue;
    if (at + length.end + bytes.readUInt16LE(at + 20) === bytes.length) return at;
    // Senders add a newline behind the archive.
    if (fallback === -1) fallback = at;
  }
  return fallback;
}

/** Names are never used as paths; one that tries to be somewhere else is still the sign of an attack. */
function checkName(name: string): void {
  const parts = name.split(/[/\\]/);
  const outside = name.startsWith('/') || name.startsWith('\\') || /^[A-Za-z]:/.test(name) || parts.includes('..');
  if (outside || name.includes('\0')) throw unsupported('a file in it has a path that leads out of the archive');
}

/** Where the data of the entry begins whose local header is at `at`, which must agree with the directory. */
function dataStart(bytes: Buffer, at: number, name: Buffer): number {
  if (at + length.local > bytes.length || bytes.readUInt32LE(at) !== signature.local)
    throw brokenArchive('ZIP local header');
  const nameLength = bytes.readUInt16LE(at + 26);
  const start = at + length.local;
  if (!bytes.subarray(start, start + nameLength).equals(name)) throw brokenArchive('ZIP names differ');
  return start + nameLength + bytes.readUInt16LE(at + 28);
}

/**
 * The files of a ZIP archive by its central directory; folders are left out. Checked are bounds, names, and that no two
 * files share bytes (the trick of bombs that nest without nesting).
 *
 * @throws MailmillError `REPORT_ARCHIVE_BROKEN`, `REPORT_ARCHIVE_UNSUPPORTED`
 */
export function zipEntries(bytes: Buffer): readonly ZipEntry[] {
  const end = findEnd(bytes);
  if (end === -1) throw brokenArchive('ZIP end record');
  const count = bytes.readUInt16LE(end + 10);
  const size = bytes.readUInt32LE(end + 12);
  const offset = bytes.readUInt32LE(end + 16);
  if (count === 0xffff || size === 0xffffffff || offset === 0xffffffff) throw unsupported('it is a ZIP64 archive');
  if (bytes.readUInt16LE(end + 4) !== 0 || bytes.readUInt16LE(end + 8) !== count)
    throw unsupported('it is one of several volumes');
  if (count > maxEntries) throw unsupported(`it holds more than ${maxEntries} files`);
  if (offset + size > end) throw brokenArchive('ZIP directory');
  const entries: ZipEntry[] = [];
  const taken: (readonly [from: number, to: number])[] = [];
  let at = offset;
  for (let i = 0; i < count; i++) {
    if (at + length.central > end || bytes.readUInt32LE(at) !== signature.central)
      throw brokenArchive('ZIP directory entry');
    const packedSize = bytes.readUInt32LE(at + 20);
    const nameEnd = at + length.central + bytes.readUInt16LE(at + 28);
    if (nameEnd > end) throw brokenArchive('ZIP directory entry');
    const rawName = bytes.subarray(at + length.central, nameEnd);
    const name = rawName.toString('utf8');
    checkName(name);
    if ((bytes.readUInt16LE(at + 8) & encrypted) !== 0) throw unsupported('it is encrypted');
    const local = bytes.readUInt32LE(at + 42);
    const start = dataStart(bytes, local, rawName);
    if (start + packedSize > offset) throw brokenArchive('ZIP file data');
    taken.push([local, start + packedSize]);
    const entry = {
      name,
      method: bytes.readUInt16LE(at + 10),
      crc32: bytes.readUInt32LE(at + 16),
      packedSize,
      size: bytes.readUInt32LE(at + 24),
      start,
    };
    if (!name.endsWith('/')) entries.push(entry);
    at = nameEnd + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  taken.sort((a, b) => a[0] - b[0]);
  let previous = 0;
  for (const [from, to] of taken) {
    if (from < previous) throw brokenArchive('files of the ZIP archive overlap');
    previous = to;
  }
  return entries;
}

/**
 * One file of the archive, stored or deflated.
 *
 * @throws MailmillError `REPORT_ARCHIVE_BROKEN`, `REPORT_ARCHIVE_UNSUPPORTED`, `REPORT_TOO_LARGE`
 */
export function readEntry(bytes: Buffer, entry: ZipEntry, budget: FileBudget): Buffer {
  const packed = bytes.subarray(entry.start, entry.start + entry.packedSize);
  let content: Buffer;
  if (entry.method === stored) {
    budget.spend(packed.length);
    content = packed;
  } else if (entry.method === deflated) content = inflate(packed, budget).bytes;
  else throw unsupported(`its compression method is ${entry.method}`);
  if (content.length !== entry.size || zlib.crc32(content) !== entry.crc32) throw brokenArchive('ZIP checksum');
  return content;
}

/** The first bytes of the first file, from the archive's beginning alone; empty when they cannot be read. */
export function zipStart(bytes: Buffer): Buffer {
  if (bytes.length < length.local || bytes.readUInt32LE(0) !== signature.local) return Buffer.alloc(0);
  const method = bytes.readUInt16LE(8);
  const data = bytes.subarray(length.local + bytes.readUInt16LE(26) + bytes.readUInt16LE(28));
  if (method === stored) return data;
  return method === deflated ? inflateStart(data) : Buffer.alloc(0);
}
