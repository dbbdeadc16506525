const korean = new TextDecoder('euc-kr');
const chinese = new TextDecoder('gbk');

const ESC = 0x1b;
const LF = 0x0a;
const SO = 0x0e;
const SI = 0x0f;
const TILDE = 0x7e;
const OPEN = 0x7b;
const CLOSE = 0x7d;
/** No character in GBK. */
const INVALID = 0xff;

/** Whether `ESC $)C` stands at `i`: the designation that begins ISO-2022-KR. */
const designates = (bytes: Buffer, i: number): boolean =>
  bytes[i] === ESC && bytes[i + 1] === 0x24 && bytes[i + 2] === 0x29 && bytes[i + 3] === 0x43;

/** ISO-2022-KR (RFC 1557): KS X 1001 between SO and SI; a line's end shifts back. Invalid pairs become U+FFFD. */
export function decodeIso2022Kr(bytes: Buffer): string {
  const eightBit = Buffer.alloc(bytes.length);
  let length = 0;
  let shifted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (designates(bytes, i)) i += 3;
    else if (byte === SO || byte === SI) shifted = byte === SO;
    else {
      if (byte === LF) shifted = false;
      eightBit[length++] = shifted && byte > 0x20 ? byte | 0x80 : byte;
    }
  }
  return korean.decode(eightBit.subarray(0, length));
}

/**
 * ISO-2022-CN (RFC 1922): GB 2312, designated by `ESC $)A`, between SO and SI; a line's end shifts back. What is designated otherwise
 * (CNS 11643, ISO-IR-165) and invalid pairs become U+FFFD.
 */
export function decodeIso2022Cn(bytes: Buffer): string {
  const eightBit = Buffer.alloc(bytes.length);
  let length = 0;
  let shifted = false;
  let simplified = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (byte === ESC && bytes[i + 1] === 0x24) {
      // `)` designates what SO shifts to, `*` and `+` the planes of single shifts.
      if (bytes[i + 2] === 0x29) simplified = bytes[i + 3] === 0x41;
      i += 3;
    } else if (byte === ESC && (bytes[i + 1] === 0x4e || bytes[i + 1] === 0x4f)) {
      eightBit[length++] = INVALID;
      i += 3;
    } else if (byte === SO || byte === SI) shifted = byte === SO;
    else {
      if (byte === LF) shifted = false;
      if (!shifted || byte <= 0x20) eightBit[length++] = byte;
      else if (simplified) eightBit[length++] = byte | 0x80;
      else {
        eightBit[length++] = INVALID;
        i += 1;
      }
    }
  }
  return chinese.decode(eightBit.subarray(0, length));
}

/** HZ (RFC 1843): GB 2312 between `~{` and `~}`, `~~` a tilde, `~` at a line's end nothing. Invalid pairs become U+FFFD. */
export function decodeHz(bytes: Buffer): string {
  const eightBit = Buffer.alloc(bytes.length);
  let length = 0;
  let shifted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    const next = bytes[i + 1] ?? 0;
    if (shifted && byte === TILDE && next === CLOSE) {
      shifted = false;
      i++;
    } else if (shifted && byte > 0x20) {
      eightBit[length++] = byte | 0x80;
      // The second byte of a pair may be a tilde.
      if (next > 0x20) {
        eightBit[length++] = next | 0x80;
        i++;
      }
    } else if (!shifted && byte === TILDE && (next === OPEN || next === TILDE || next === LF)) {
      shifted = next === OPEN;
      if (next === TILDE) eightBit[length++] = TILDE;
      i++;
    } else {
      if (byte === LF) shifted = false;
      eightBit[length++] = byte;
    }
  }
  return chinese.decode(eightBit.subarray(0, length));
}
