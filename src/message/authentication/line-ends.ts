const CR = 0x0d;
const LF = 0x0a;

/** The message with CRLF for every LF that stands alone, as it was signed; the same buffer when there is none. */
export function withCarriageReturns(raw: Buffer): Buffer {
  let alone = 0;
  for (let i = raw.indexOf(LF); i !== -1; i = raw.indexOf(LF, i + 1)) if (raw[i - 1] !== CR) alone++;
  if (alone === 0) return raw;
  const result = Buffer.allocUnsafe(raw.length + alone);
  let from = 0;
  let to = 0;
  for (let i = raw.indexOf(LF); i !== -1; i = raw.indexOf(LF, i + 1)) {
    if (raw[i - 1] === CR) continue;
    to += raw.copy(result, to, from, i);
    result[to++] = CR;
    from = i;
  }
  raw.copy(result, to, from);
  return result;
}
