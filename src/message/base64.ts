import type { Defects } from './sanitize.ts';

const EQUALS = 0x3d;
const LF = 0x0a;
/** Bytes at the end that are looked at for text behind the data. */
const tailLength = 8_192;

const alphabet = new Uint8Array(256);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\t\n\r ')
  alphabet[char.charCodeAt(0)] = 1;

/** Position of the first byte from `start` on that is neither of the alphabet nor a blank, or -1. */
function firstForeign(bytes: Buffer, start: number): number {
  for (let i = start; i < bytes.length; i++) if (alphabet[bytes[i] ?? 0] !== 1) return i;
  return -1;
}

/** Bytes of the line before `lineStart` without blanks at its end, -1 when there is none. */
function lengthBefore(bytes: Buffer, lineStart: number): number {
  if (lineStart === 0) return -1;
  const previous = lineStart < 2 ? 0 : bytes.lastIndexOf(LF, lineStart - 2) + 1;
  let end = lineStart - 1;
  while (end > previous && (bytes[end - 1] ?? 0) <= 0x20) end--;
  return end - previous;
}

/**
 * Where the data ends: a line with foreign bytes that follows an empty or a short line is text that somebody appended, such
 * as a mailing list's footer; foreign bytes elsewhere are noise.
 */
function endOfData(bytes: Buffer): number {
  if (firstForeign(bytes, Math.max(0, bytes.length - tailLength)) === -1) return bytes.length;
  const lf = bytes.indexOf(LF);
  const full = lf === -1 ? 0 : lengthBefore(bytes, lf + 1);
  let position = 0;
  for (;;) {
    const foreign = firstForeign(bytes, position);
    if (foreign === -1) return bytes.length;
    const line = bytes.lastIndexOf(LF, foreign) + 1;
    if (line > 0 && lengthBefore(bytes, line) < full) return line;
    const next = bytes.indexOf(LF, foreign);
    if (next === -1) return bytes.length;
    position = next + 1;
  }
}

/**
 * Base64 bytes decoded (RFC 2045 §6.8): what is outside the alphabet is skipped, pieces that were padded one by one are
 * joined, text behind the data is left out (`BASE64_TEXT_SKIPPED`).
 */
export function decodeBase64(bytes: Buffer, defects?: Defects): Buffer {
  const end = endOfData(bytes);
  if (end < bytes.length) defects?.add('BASE64_TEXT_SKIPPED', 'part');
  const padding = bytes.indexOf(EQUALS);
  if (padding === -1 || padding >= end) return Buffer.from(bytes.toString('latin1', 0, end), 'base64');
  let rest = padding;
  while (rest < end && (bytes[rest] === EQUALS || (bytes[rest] ?? 0) <= 0x20)) rest++;
  if (rest >= end) return Buffer.from(bytes.toString('latin1', 0, padding), 'base64');
  const parts: Buffer[] = [];
  for (const part of bytes.toString('latin1', 0, end).split('='))
    if (part !== '') parts.push(Buffer.from(part, 'base64'));
  return Buffer.concat(parts);
}
