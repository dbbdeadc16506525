import { cnsCharacter } from './cns-11643.ts';

const korean = new TextDecoder('euc-kr');
const chinese = new TextDecoder('gbk');

const ESC = 0x1b;
const LF = 0x0a;
const SO = 0x0e;
const SI = 0x0f;
const TILDE = 0x7e;
const OPEN = 0x7b;
const CLOSE = 0x7d;

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

/** Character sets of ISO-2022-CN by the last byte of what designates them (RFC 1922 §2): GB 2312 and the planes of CNS 11643. */
const GB_2312 = 0x41;
const planesByDesignation = new Map(Array.from({ length: 7 }, (_, i) => [0x47 + i, i + 1]));

/** Text of bytes in GB 2312 with characters of CNS 11643 in between. */
class MixedChinese {
  readonly #bytes: Buffer;
  #length = 0;
  #text = '';

  constructor(size: number) {
    this.#bytes = Buffer.alloc(size);
  }

  add(byte: number): void {
    this.#bytes[this.#length++] = byte;
  }

  /** A character of the set that is designated so, from two bytes of seven bits; U+FFFD of sets that are not read (ISO-IR-165). */
  addTraditional(designation: number, row: number, column: number): void {
    this.#text += this.#decoded() + cnsCharacter(planesByDesignation.get(designation) ?? 0, row - 0x20, column - 0x20);
  }

  #decoded(): string {
    const text = chinese.decode(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return text;
  }

  finish(): string {
    return this.#text + this.#decoded();
  }
}

/**
 * ISO-2022-CN (RFC 1922): GB 2312 or CNS 11643, as `ESC $)` designates, between SO and SI, and characters of further planes behind
 * single shifts; a line's end shifts back. Invalid pairs and ISO-IR-165 become U+FFFD.
 */
export function decodeIso2022Cn(bytes: Buffer): string {
  const text = new MixedChinese(bytes.length);
  const at = (i: number) => bytes[i] ?? 0;
  /** What `)`, `*` and `+` designate: the set of SO, of SS2 and of SS3. */
  const designated = [0, 0, 0];
  let shifted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = at(i);
    if (byte === ESC && at(i + 1) === 0x24) {
      const place = at(i + 2) - 0x29;
      if (place >= 0 && place < designated.length) designated[place] = at(i + 3);
      i += 3;
    } else if (byte === ESC && (at(i + 1) === 0x4e || at(i + 1) === 0x4f)) {
      text.addTraditional(designated[at(i + 1) - 0x4d] ?? 0, at(i + 2), at(i + 3));
      i += 3;
    } else if (byte === SO || byte === SI) shifted = byte === SO;
    else {
      if (byte === LF) shifted = false;
      if (!shifted || byte <= 0x20) text.add(byte);
      else if (designated[0] === GB_2312) text.add(byte | 0x80);
      else {
        text.addTraditional(designated[0] ?? 0, byte, at(i + 1));
        i++;
      }
    }
  }
  return text.finish();
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
