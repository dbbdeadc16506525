import { decodeBase64 } from './base64.ts';
import type { Defects } from './sanitize.ts';

const hex = new Int8Array(256).fill(-1);
for (let i = 0; i < 10; i++) hex[0x30 + i] = i;
for (let i = 0; i < 6; i++) hex[0x41 + i] = hex[0x61 + i] = 10 + i;

/** Value of a hexadecimal digit's code, -1 for every other. */
export const hexDigit = (code: number): number => (code < 256 ? (hex[code] ?? -1) : -1);

const EQUALS = 0x3d;
const LF = 0x0a;
const CR = 0x0d;

/**
 * Quoted-printable bytes decoded (RFC 2045 §6.7): soft line breaks joined, blanks at line ends dropped, what is no escape
 * kept as it stands. Newlines stay as they are.
 */
export function decodeQuotedPrintable(bytes: Buffer): Buffer {
  let equals = bytes.indexOf(EQUALS);
  const trailing =
    bytes.includes(' \n') || bytes.includes(' \r\n') || bytes.includes('\t\n') || bytes.includes('\t\r\n');
  if (equals === -1 && !trailing && !endsBlank(bytes)) return bytes;
  const out = Buffer.allocUnsafe(bytes.length);
  const end = bytes.length;
  let length = 0;
  let position = 0;
  while (position < end) {
    if (equals === -1) equals = end;
    // A run without escapes is copied whole; blanks before its newlines go.
    length = trailing
      ? copyTrimmed(bytes, position, equals, out, length)
      : copyRun(bytes, position, equals, out, length);
    position = equals;
    if (position >= end) break;
    const high = hexDigit(bytes[position + 1] ?? 0);
    const low = hexDigit(bytes[position + 2] ?? 0);
    if (high >= 0 && low >= 0) {
      out[length++] = (high << 4) | low;
      position += 3;
    } else {
      const next = softBreak(bytes, position + 1);
      if (next !== -1) position = next;
      else out[length++] = bytes[position++] ?? 0;
    }
    equals = position < end && bytes[position] === EQUALS ? position : bytes.indexOf(EQUALS, position);
  }
  // Blanks at the very end are line-end blanks too, unless an escape made them.
  const tail = trailingBlanks(bytes);
  return out.subarray(0, length - Math.min(tail, length));
}

const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09;
const endsBlank = (bytes: Buffer) => isBlank(bytes[bytes.length - 1]);

function trailingBlanks(bytes: Buffer): number {
  let count = 0;
  while (count < bytes.length && isBlank(bytes[bytes.length - 1 - count])) count++;
  const before = bytes[bytes.length - 1 - count];
  return before === EQUALS ? 0 : count; // "= " at the end is a soft break, already gone
}

/** Position behind a soft line break that starts behind its `=`, or -1. */
function softBreak(bytes: Buffer, start: number): number {
  let position = start;
  while (isBlank(bytes[position])) position++;
  if (position >= bytes.length) return position;
  if (bytes[position] === LF) return position + 1;
  if (bytes[position] === CR) return bytes[position + 1] === LF ? position + 2 : position + 1;
  return -1;
}

function copyRun(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  if (end - start > 24) {
    from.copy(to, at, start, end);
    return at + end - start;
  }
  let length = at;
  for (let i = start; i < end; i++) to[length++] = from[i] ?? 0;
  return length;
}

function copyTrimmed(from: Buffer, start: number, end: number, to: Buffer, at: number): number {
  let length = at;
  let blanks = 0;
  for (let i = start; i < end; i++) {
    const byte = from[i] ?? 0;
    if (byte === LF || (byte === CR && from[i + 1] === LF)) {
      length -= blanks;
      blanks = 0;
    } else if (byte === 0x20 || byte === 0x09) blanks++;
    else if (byte !== CR) blanks = 0;
    to[length++] = byte;
  }
  return length;
}

/** A part's bytes decoded by its Content-Transfer-Encoding; every other encoding than these two is identity. */
export function decodeTransfer(bytes: Buffer, encoding: string, defects: Defects): Buffer {
  if (encoding === 'base64') return decodeBase64(bytes, defects);
  if (encoding === 'quoted-printable') return decodeQuotedPrintable(bytes);
  return bytes;
}
