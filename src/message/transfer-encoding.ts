import { decodeBase64 } from './base64.ts';
import type { Defects } from './defects.ts';
import { firstMarked, marksOf } from './four-bytes.ts';
import { takeUuencoded } from './uuencode.ts';

const hex = new Int8Array(256).fill(-1);
for (let i = 0; i < 10; i++) hex[0x30 + i] = i;
for (let i = 0; i < 6; i++) hex[0x41 + i] = hex[0x61 + i] = 10 + i;

/** Value of a hexadecimal digit's code, -1 for every other. */
export const hexDigit = (code: number): number => (code < 256 ? (hex[code] ?? -1) : -1);

const EQUALS = 0x3d;
const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;

/**
 * Quoted-printable bytes decoded (RFC 2045 §6.7): soft line breaks joined, blanks at line ends dropped, what is no escape
 * kept as it stands (`QUOTED_PRINTABLE_INVALID`). Newlines stay as they are.
 */
function decodeQuotedPrintable(bytes: Buffer, defects: Defects): Buffer {
  const end = bytes.length;
  const out = Buffer.allocUnsafe(end);
  const source = new DataView(bytes.buffer, bytes.byteOffset, end);
  const target = new DataView(out.buffer, out.byteOffset, end);
  const wordsEnd = end - 4;
  let length = 0;
  /** Bytes of `out` whose end is no literal blank: behind the last escape, soft break or line. */
  let kept = 0;
  for (let i = 0; i < end; ) {
    const byte = bytes[i] ?? 0;
    if (byte === EQUALS) {
      const high = i + 2 < end ? (hex[bytes[i + 1] ?? 0] ?? -1) : -1;
      const low = high >= 0 ? (hex[bytes[i + 2] ?? 0] ?? -1) : -1;
      if (low >= 0) {
        out[length++] = (high << 4) | low;
        i += 3;
      } else {
        const next = softBreak(bytes, i + 1);
        if (next === -1) {
          out[length++] = byte;
          defects.add('QUOTED_PRINTABLE_INVALID', 'part');
        }
        i = next === -1 ? i + 1 : next;
      }
      kept = length;
    } else if (byte === LF) {
      const isCrlf = length > kept && out[length - 1] === CR;
      length = withoutBlanks(out, isCrlf ? length - 1 : length, kept);
      if (isCrlf) out[length++] = CR;
      out[length++] = LF;
      kept = length;
      i++;
    } else {
      out[length++] = byte;
      i++;
      // Most of a text is words: four bytes at a time.
      while (i <= wordsEnd) {
        const word = source.getInt32(i, true);
        const marks = marksOf(word, EQUALS) | marksOf(word, LF);
        target.setInt32(length, word, true);
        const plain = marks === 0 ? 4 : firstMarked(marks);
        i += plain;
        length += plain;
        if (marks !== 0) break;
      }
    }
  }
  return out.subarray(0, withoutBlanks(out, length, kept));
}

/** Length of `out` without the blanks that stand behind `kept` at its end. */
function withoutBlanks(out: Buffer, length: number, kept: number): number {
  let end = length;
  while (end > kept && (out[end - 1] === SPACE || out[end - 1] === TAB)) end--;
  return end;
}

/** Position behind a soft line break whose `=` stands before `start`, or -1. */
function softBreak(bytes: Buffer, start: number): number {
  let position = start;
  while (bytes[position] === SPACE || bytes[position] === TAB) position++;
  if (position >= bytes.length) return position;
  if (bytes[position] === LF) return position + 1;
  if (bytes[position] === CR) return bytes[position + 1] === LF ? position + 2 : position + 1;
  return -1;
}

/** Names that uuencode goes by. */
const uuencodings = new Set(['x-uuencode', 'uuencode', 'x-uue', 'uue']);

/** Encodings that change nothing, with what is often written for them. */
const identities = new Set(['', '7bit', '8bit', 'binary', '7-bit', '8-bit', '7bits', '8bits', 'none']);

/** A part's bytes decoded by its Content-Transfer-Encoding; one that nobody knows (`ENCODING_UNKNOWN`) leaves them as they are. */
export function decodeTransfer(bytes: Buffer, encoding: string, defects: Defects): Buffer {
  if (encoding === 'base64') return decodeBase64(bytes, defects);
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(bytes, defects);
  if (uuencodings.has(encoding)) return takeUuencoded(bytes, defects).files[0]?.content ?? bytes;
  if (!identities.has(encoding)) defects.add('ENCODING_UNKNOWN', 'part');
  return bytes;
}
