/** UTF-16 units below which room for the longest UTF-8 is cheaper than counting it. */
const shortText = 16_384;
/** UTF-16 units up to which a loop beats a call into the runtime. */
const loopText = 48;
/** A buffer doubles up to this step: one of a large message must not double. */
const growBytes = 2 ** 20;
/** 2000-01-01 in milliseconds since 1970, where PostgreSQL's timestamps begin. */
const epochMs = 946_684_800_000;

/** By byte: whether a JSON string needs an escape for it. */
const escaped = new Uint8Array(256);
escaped.fill(1, 0, 0x20);
escaped[0x22] = 1;
escaped[0x5c] = 1;

/** By ASCII code: the value of a hexadecimal digit; 255 for what is none. */
const hexDigits = new Uint8Array(128).fill(255);
for (const [value, digit] of Array.from('0123456789abcdef').entries()) {
  hexDigits[digit.charCodeAt(0)] = value;
  hexDigits[digit.toUpperCase().charCodeAt(0)] = value;
}

const nothing = Buffer.alloc(0);

/** Frees what a buffer alone lies in. */
function freeOwn(buffer: Buffer): void {
  if (buffer.length === buffer.buffer.byteLength && buffer.buffer instanceof ArrayBuffer) buffer.buffer.transfer(0);
}

/** `text` as PostgreSQL can keep it: U+0000 becomes U+FFFD. (Lone surrogates become it when text is written as UTF-8.) */
export const withoutNul = (text: string): string => (text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text);

/**
 * Builds values in PostgreSQL's binary format, each behind its length in 4 bytes, as array elements and the fields of COPY are. No
 * escaping, and the server neither parses text nor compares time zones. `mark` and `reset` take back what turns out not to fit.
 */
export class BinaryWriter {
  #buffer: Buffer;
  readonly #head: number;
  #end: number;
  #mark: number;

  /** @param head bytes at the beginning that the caller fills in at the end. */
  constructor(bytes: number, head = 0) {
    this.#buffer = Buffer.allocUnsafe(head + bytes);
    this.#head = head;
    this.#end = head;
    this.#mark = head;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#end;
  }

  /** Bytes that fit without more memory. */
  get capacity(): number {
    return this.#buffer.length;
  }

  /** Forgets what was written, the head included. */
  clear(): void {
    this.#end = this.#head;
    this.#mark = this.#head;
  }

  /** Gives its memory back, which the collector would be late to do. Nothing may be written any more. */
  free(): void {
    freeOwn(this.#buffer);
    this.#buffer = nothing;
    this.clear();
  }

  mark(): void {
    this.#mark = this.#end;
  }

  reset(): void {
    this.#end = this.#mark;
  }

  /** What was written, the head included; valid until the next write. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#end);
  }

  null(): void {
    this.#reserve(4);
    this.#int32(-1);
  }

  /** Text as UTF-8; a lone surrogate becomes U+FFFD. The caller takes care of U+0000. */
  text(value: string): void {
    const at = this.open();
    this.#utf8(value);
    this.close(at);
  }

  uuid(value: string): void {
    this.#reserve(20);
    this.#int32(16);
    const buffer = this.#buffer;
    const start = this.#end;
    let digits = 0;
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i);
      if (code === 0x2d) continue;
      const digit = code < 128 ? hexDigits[code]! : 255;
      if (digit === 255 || digits === 32) throw new TypeError('not a UUID');
      const at = start + (digits >> 1);
      buffer[at] = (digits & 1) === 0 ? digit << 4 : buffer[at]! | digit;
      digits += 1;
    }
    if (digits !== 32) throw new TypeError('not a UUID');
    this.#end = start + 16;
  }

  blob(bytes: Uint8Array): void {
    this.#reserve(4 + bytes.length);
    this.#int32(bytes.length);
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** Bytes that are given as hexadecimal digits. */
  hex(value: string): void {
    const bytes = value.length >> 1;
    this.#reserve(4 + bytes);
    this.#int32(bytes);
    if (this.#buffer.write(value, this.#end, bytes, 'hex') !== bytes) throw new TypeError('not hexadecimal');
    this.#end += bytes;
  }

  boolean(value: boolean): void {
    this.#reserve(5);
    this.#int32(1);
    this.#buffer[this.#end++] = value ? 1 : 0;
  }

  int32(value: number): void {
    this.#reserve(8);
    this.#int32(4);
    this.#int32(value);
  }

  /** A number must be a safe integer. */
  int64(value: number | bigint): void {
    this.#reserve(12);
    this.#int32(8);
    if (typeof value === 'bigint') {
      this.#end = this.#buffer.writeBigInt64BE(value, this.#end);
      return;
    }
    const high = Math.floor(value / 2 ** 32);
    this.#int32(high);
    this.#int32(value - high * 2 ** 32);
  }

  float64(value: number): void {
    this.#reserve(12);
    this.#int32(8);
    this.#end = this.#buffer.writeDoubleBE(value, this.#end);
  }

  /** @param ms since 1970, whole. */
  timestamp(ms: number): void {
    const microseconds = (ms - epochMs) * 1000;
    this.int64(Number.isSafeInteger(microseconds) ? microseconds : BigInt(ms - epochMs) * 1000n);
  }

  /** Leaves room for a length; `close` fills it in. */
  open(): number {
    this.#reserve(4);
    const at = this.#end;
    this.#end = at + 4;
    return at;
  }

  close(at: number): void {
    this.#buffer.writeInt32BE(this.#end - at - 4, at);
  }

  /** A plain 16-bit number, without its length. */
  rawInt16(value: number): void {
    this.#reserve(2);
    this.#buffer[this.#end++] = value >> 8;
    this.#buffer[this.#end++] = value;
  }

  /** A plain 32-bit number, without its length. */
  rawInt32(value: number): void {
    this.#reserve(4);
    this.#int32(value);
  }

  rawByte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#end++] = value;
  }

  /** A range of what another one holds. */
  rawRange(from: BinaryWriter, start: number, end: number): void {
    this.#reserve(end - start);
    this.#end += from.#buffer.copy(this.#buffer, this.#end, start, end);
  }

  /** ASCII without a length: what JSON is made of beside strings. */
  rawAscii(text: string): void {
    this.#reserve(text.length);
    const buffer = this.#buffer;
    for (let i = 0; i < text.length; i++) buffer[this.#end++] = text.charCodeAt(i);
  }

  /** A JSON string without a length. U+0000 and lone surrogates, which jsonb refuses, become U+FFFD. */
  rawJsonString(text: string): void {
    const { length } = text;
    this.#reserve(2 + (length < shortText ? length * 3 : Buffer.byteLength(text)));
    const buffer = this.#buffer;
    const start = this.#end;
    let at = start + 1;
    buffer[start] = 0x22;
    if (length <= loopText) {
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code >= 0x80 || escaped[code] === 1) {
          at = -1;
          break;
        }
        buffer[at++] = code;
      }
    } else at = -1;
    if (at === -1) {
      at = start + 1 + buffer.write(text, start + 1, 'utf8');
      for (let i = start + 1; i < at; i++)
        if (escaped[buffer[i]!] === 1) {
          this.#utf8(JSON.stringify(withoutNul(text).toWellFormed()));
          return;
        }
    }
    buffer[at] = 0x22;
    this.#end = at + 1;
  }

  #utf8(text: string): void {
    this.#reserve(text.length < shortText ? text.length * 3 : Buffer.byteLength(text));
    this.#end += this.#buffer.write(text, this.#end, 'utf8');
  }

  #int32(value: number): void {
    const buffer = this.#buffer;
    const at = this.#end;
    buffer[at] = value >>> 24;
    buffer[at + 1] = value >>> 16;
    buffer[at + 2] = value >>> 8;
    buffer[at + 3] = value;
    this.#end = at + 4;
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length + Math.min(this.#buffer.length, growBytes), needed));
    this.#buffer.copy(larger, 0, 0, this.#end);
    freeOwn(this.#buffer);
    this.#buffer = larger;
  }
}
