import type { Defects } from './defects.ts';
import { firstMarked, marksOf } from './four-bytes.ts';

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/** How lines of `raw` end, by the first that ends in a CR: in CR alone when a header field (or a blank line) follows it. */
function lineEnds(raw: Buffer): 'usual' | 'cr' | 'repeated' {
  const cr = raw.indexOf(CR);
  if (cr === -1 || raw[cr + 1] === LF) return 'usual';
  const lf = raw.indexOf(LF);
  if (lf !== -1 && lf < cr) return 'usual';
  if (lf === -1) return 'cr';
  if (raw[cr + 1] === CR) return cr + carriageReturnsAt(raw, cr) === lf ? 'repeated' : 'cr';
  for (let i = cr + 1; i < lf; i++) {
    const byte = raw[i] ?? 0;
    if (byte === COLON) return i > cr + 1 ? 'cr' : 'usual';
    if (byte <= 0x20 || byte >= 0x7f) return byte === CR ? 'cr' : 'usual';
  }
  return 'usual';
}

/**
 * `raw`, or a copy with LF for every lone CR when its lines end in CR (`CR_LINES`), and with CRLF when they end in several CRs before
 * the LF (`CR_REPEATED`), as what converts them twice makes. Lines that end in LF alone are no defect: Maildir and mbox keep mail so.
 */
export function normaliseNewlines(raw: Buffer, defects: Defects): Buffer {
  const ends = lineEnds(raw);
  if (ends === 'usual') return raw;
  if (ends === 'repeated') {
    defects.add('CR_REPEATED', 'message');
    return Buffer.from(raw.toString('latin1').replace(/(?<!\r)\r+\n/g, '\r\n'), 'latin1');
  }
  defects.add('CR_LINES', 'message');
  const copy = Buffer.from(raw);
  for (let i = copy.indexOf(CR); i !== -1; i = copy.indexOf(CR, i + 1)) if (copy[i + 1] !== LF) copy[i] = LF;
  return copy;
}

/** Kept for all texts up to this length: each is decoded before the next is made. */
const keptLength = 262_144;
const kept = Buffer.allocUnsafeSlow(keptLength);
const keptView = new DataView(kept.buffer);

/** How many CRs stand from `start` on. */
function carriageReturnsAt(bytes: Buffer, start: number): number {
  let end = start;
  while (bytes[end] === CR) end++;
  return end - start;
}

/**
 * Bytes of a charset that holds ASCII with LF for every CRLF, and for every CR CRLF: what converts or encodes lines twice makes those. Eight
 * at a time, because it is done to every text, and a string would become a rope of lines. Valid until the next call.
 */
export function withLf(bytes: Buffer): Buffer {
  const first = bytes.indexOf(CR);
  if (first === -1) return bytes;
  const end = bytes.length;
  const isKept = end <= keptLength;
  const out = isKept ? kept : Buffer.allocUnsafeSlow(end);
  const target = isKept ? keptView : new DataView(out.buffer);
  const source = new DataView(bytes.buffer, bytes.byteOffset, end);
  let length = 0;
  let i = 0;
  while (i <= end - 8) {
    const low = source.getInt32(i, true);
    const high = source.getInt32(i + 4, true);
    target.setInt32(length, low, true);
    target.setInt32(length + 4, high, true);
    const inLow = marksOf(low, CR);
    const inHigh = marksOf(high, CR);
    if ((inLow | inHigh) === 0) {
      i += 8;
      length += 8;
      continue;
    }
    const before = inLow !== 0 ? firstMarked(inLow) : 4 + firstMarked(inHigh);
    i += before;
    length += before;
    if (bytes[i + 1] === LF) {
      i++;
      continue;
    }
    const run = carriageReturnsAt(bytes, i);
    i += run;
    if (bytes[i] === LF) continue;
    out.fill(CR, length, length + run);
    length += run;
  }
  while (i < end) {
    const run = carriageReturnsAt(bytes, i);
    i += run;
    if (bytes[i] !== LF) {
      out.fill(CR, length, length + run);
      length += run;
    }
    if (i < end) out[length++] = bytes[i++] ?? 0;
  }
  return out.subarray(0, length);
}
