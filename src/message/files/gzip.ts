import zlib from 'node:zlib';
import type { FileBudget } from './budget.ts';
import { brokenArchive, inflate, inflateStart } from './inflate.ts';

const headerFlag = { crc: 2, extra: 4, name: 8, comment: 16 } as const;
const fixedHeader = 10;
const trailer = 8;

export const isGzip = (bytes: Buffer): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Where the deflate stream of the member at `start` begins, -1 when its header is not whole (RFC 1952 §2.3). */
function streamStart(bytes: Buffer, start: number): number {
  const flags = bytes[start + 3];
  if (flags === undefined || bytes[start + 2] !== 8) return -1;
  let position = start + fixedHeader;
  if ((flags & headerFlag.extra) !== 0) {
    if (position + 2 > bytes.length) return -1;
    position += 2 + bytes.readUInt16LE(position);
  }
  for (const flag of [headerFlag.name, headerFlag.comment]) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, position);
    if (end === -1) return -1;
    position = end + 1;
  }
  if ((flags & headerFlag.crc) !== 0) position += 2;
  return position <= bytes.length ? position : -1;
}

/**
 * All members of a gzip file (RFC 1952). What follows the last one is left: some senders add a newline, or zeros.
 *
 * @throws MailmillError `REPORT_ARCHIVE_BROKEN`, `REPORT_TOO_LARGE`
 */
export function gunzip(bytes: Buffer, budget: FileBudget): Buffer {
  const members: Buffer[] = [];
  for (let position = 0; position === 0 || isGzip(bytes.subarray(position)); ) {
    const start = streamStart(bytes, position);
    if (start === -1) throw brokenArchive('gzip header');
    const { bytes: member, used } = inflate(bytes.subarray(start), budget);
    const end = start + used;
    if (end + trailer > bytes.length) throw brokenArchive('gzip trailer');
    if (bytes.readUInt32LE(end) !== zlib.crc32(member)) throw brokenArchive('gzip checksum');
    if (bytes.readUInt32LE(end + 4) !== member.length % 2 ** 32) throw brokenArchive('gzip length');
    members.push(member);
    position = end + trailer;
  }
  return members.length === 1 && members[0] !== undefined ? members[0] : Buffer.concat(members);
}

/** The first bytes that come of a gzip file; empty when it cannot be read. */
export function gunzipStart(bytes: Buffer): Buffer {
  const start = streamStart(bytes, 0);
  return start === -1 ? Buffer.alloc(0) : inflateStart(bytes.subarray(start));
}
