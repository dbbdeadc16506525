import type { Defects } from './defects.ts';

const EQUALS = 0x3d;
const LF = 0x0a;
const CR = 0x0d;
/** Bytes at the end that are looked at for text behind the data. */
const tailLength = 8_192;
/** Encoded bytes of one piece: small enough for memory that is at hand, large enough to pay for the call. */
const pieceLength = 65_536;

const alphabet = new Uint8Array(256);
for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\t\n\r ')
  alphabet[char.charCodeAt(0)] = 1;

/** Position of the first byte from `start` on that is neither of the alphabet nor a blank, or -1. */
function firstForeign(bytes: Buffer, start: number): number {
  const end = bytes.length;
  let i = start;
  // Four at a time, for most data is nothing else.
  for (; i + 3 < end; i += 4) {
    const first = (alphabet[bytes[i] ?? 0] ?? 0) & (alphabet[bytes[i + 1] ?? 0] ?? 0);
    const second = (alphabet[bytes[i + 2] ?? 0] ?? 0) & (alphabet[bytes[i + 3] ?? 0] ?? 0);
    if ((first & second) === 0) break;
  }
  for (; i < end; i++) if (alphabet[bytes[i] ?? 0] !== 1) return i;
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

/** Length of the first line without its end, 0 when it is the only one. */
function lineWidth(bytes: Buffer): number {
  const lf = bytes.indexOf(LF);
  return lf === -1 ? 0 : lengthBefore(bytes, lf + 1);
}

/**
 * Where the data ends: a line with foreign bytes that follows an empty or a short line is text that somebody appended, such
 * as a mailing list's footer; foreign bytes elsewhere are noise.
 */
function endOfData(bytes: Buffer, full: number): number {
  let last = bytes.length;
  while (last > 0 && (bytes[last - 1] ?? 0) <= 0x20) last--;
  if (firstForeign(bytes, Math.max(0, last - tailLength)) === -1) return bytes.length;
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
 * joined, text behind the data is left out (`BASE64_TEXT_SKIPPED`, `BASE64_INVALID`).
 */
export const decodeBase64 = (bytes: Buffer, defects?: Defects): Buffer => decodeLines(bytes, lineWidth(bytes), defects);

/** Characters of the data up to `end` when nothing but line ends is in it. */
function charactersIn(bytes: Buffer, width: number, end: number): number {
  let last = end;
  while (last > 0 && ((bytes[last - 1] ?? 0) <= 0x20 || bytes[last - 1] === EQUALS)) last--;
  const step = bytes.indexOf(LF) + 1;
  const lines = step === 0 ? 0 : Math.floor(last / step);
  return last - lines * (step - width);
}

/** The data that ends at `end`, with the padding of its pieces. */
function decodeData(bytes: Buffer, end: number): Buffer {
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

function decodeLines(bytes: Buffer, width: number, defects: Defects | undefined): Buffer {
  const end = endOfData(bytes, width);
  if (end < bytes.length) defects?.add('BASE64_TEXT_SKIPPED', 'part');
  const data = decodeData(bytes, end);
  // Each byte is looked at only where lines differ in length or hold something else.
  if (defects !== undefined && charactersIn(bytes, width, end) !== Math.ceil((data.length * 4) / 3)) {
    const foreign = firstForeign(bytes, 0);
    if (foreign !== -1 && foreign < end) defects.add('BASE64_INVALID', 'part');
  }
  return data;
}

/** Whether the lines from `start` on are all `step` bytes long and end in `end`. */
function areRegular(bytes: Buffer, start: number, step: number, count: number, end: number): boolean {
  for (let i = 0, at = start + step - 1; i < count; i++, at += step)
    if (bytes[at] !== LF || (end === 2 && bytes[at - 1] !== CR)) return false;
  return true;
}

/**
 * Decodes as `decodeBase64` does, but piece by piece, so that a large attachment is never held decoded: a piece is valid
 * only until the next one.
 */
export function decodeBase64Pieces(bytes: Buffer, defects: Defects, take: (piece: Buffer) => void): void {
  const width = lineWidth(bytes);
  const step = bytes.indexOf(LF) + 1;
  let position = 0;
  if (bytes.length > 2 * pieceLength && width > 0 && width % 4 === 0 && step <= Math.min(width + 2, pieceLength)) {
    const lines = Math.floor(pieceLength / step);
    const size = lines * step;
    const expected = (lines * width * 3) / 4;
    const piece = Buffer.allocUnsafeSlow(expected);
    // Lines of one length that decode to what their length says hold nothing but the alphabet: four characters never part.
    while (position + size <= bytes.length && areRegular(bytes, position, step, lines, step - width)) {
      if (piece.write(bytes.toString('latin1', position, position + size), 'base64') !== expected) break;
      take(piece);
      position += size;
    }
  }
  take(decodeLines(bytes.subarray(position), width, defects));
}
