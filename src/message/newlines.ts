import type { Defects } from './sanitize.ts';

const CR = 0x0d;
const LF = 0x0a;
const COLON = 0x3a;

/** Whether lines of `raw` end in CR alone: a header field (or a blank line) follows the first one. */
function hasCarriageReturnLines(raw: Buffer): boolean {
  const cr = raw.indexOf(CR);
  if (cr === -1 || raw[cr + 1] === LF) return false;
  const lf = raw.indexOf(LF);
  if (lf !== -1 && lf < cr) return false;
  if (lf === -1 || raw[cr + 1] === CR) return true;
  for (let i = cr + 1; i < lf; i++) {
    const byte = raw[i] ?? 0;
    if (byte === COLON) return i > cr + 1;
    if (byte <= 0x20 || byte >= 0x7f) return byte === CR;
  }
  return false;
}

/** `raw`, or a copy with LF for every lone CR when its lines end in CR (`CR_LINES`). */
export function normaliseNewlines(raw: Buffer, defects: Defects): Buffer {
  if (!hasCarriageReturnLines(raw)) return raw;
  defects.add('CR_LINES', 'message');
  const copy = Buffer.from(raw);
  for (let i = copy.indexOf(CR); i !== -1; i = copy.indexOf(CR, i + 1)) if (copy[i + 1] !== LF) copy[i] = LF;
  return copy;
}
