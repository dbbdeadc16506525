import { decodeCharset } from '../charsets.ts';
import { Defects } from '../defects.ts';

/** Types of properties (MS-OXCDATA §2.11.1). */
const types = {
  short: 0x0002,
  long: 0x0003,
  float: 0x0004,
  double: 0x0005,
  currency: 0x0006,
  appTime: 0x0007,
  error: 0x000a,
  boolean: 0x000b,
  object: 0x000d,
  longLong: 0x0014,
  string8: 0x001e,
  unicode: 0x001f,
  time: 0x0040,
  guid: 0x0048,
  binary: 0x0102,
} as const;
const multiple = 0x1000;

/** Bytes of a value of fixed size with its padding (MS-OXTNEF §2.1.3.4). */
const sizes = new Map<number, number>([
  [types.short, 4],
  [types.long, 4],
  [types.float, 4],
  [types.double, 8],
  [types.currency, 8],
  [types.appTime, 8],
  [types.error, 4],
  [types.boolean, 4],
  [types.longLong, 8],
  [types.time, 8],
  [types.guid, 16],
]);
const variable: ReadonlySet<number> = new Set([types.object, types.string8, types.unicode, types.binary]);

/** A property's first value. */
interface Value {
  readonly type: number;
  readonly bytes: Buffer;
}

/** Properties by their identifier; named ones (0x8000 and above) are left out. */
export class Properties {
  readonly #values: ReadonlyMap<number, Value>;
  readonly #codepage: string;

  constructor(values: ReadonlyMap<number, Value>, codepage: string) {
    this.#values = values;
    this.#codepage = codepage;
  }

  /** Text of a string property without its final U+0000; empty when there is none. */
  text(id: number): string {
    const value = this.#values.get(id);
    if (value?.type === types.unicode) return untilNul(value.bytes.toString('utf16le'));
    if (value?.type === types.string8) return stringOf(value.bytes, this.#codepage);
    return '';
  }

  /** Bytes of a binary or object property; null when there is none. */
  bytes(id: number): Buffer | null {
    const value = this.#values.get(id);
    if (value?.type === types.object) return value.bytes.subarray(16); // behind the interface identifier
    return value !== undefined && variable.has(value.type) ? value.bytes : null;
  }

  /** A 32-bit integer or a boolean; 0 when there is none. */
  number(id: number): number {
    const value = this.#values.get(id);
    return value !== undefined && value.bytes.length >= 4 && sizes.get(value.type) === 4
      ? value.bytes.readUInt32LE()
      : 0;
  }
}

const untilNul = (text: string): string => {
  const nul = text.indexOf('\0');
  return nul === -1 ? text : text.slice(0, nul);
};

/** Text of 8-bit bytes in a code page, up to their first zero byte. */
export const stringOf = (bytes: Buffer, codepage: string): string =>
  untilNul(decodeCharset(bytes, codepage, 'attachment', new Defects()));

/** Charset of a Windows code page. */
export function charsetOf(codepage: number): string {
  if (codepage === 65_001) return 'utf-8';
  if (codepage === 20_127 || codepage === 0) return 'us-ascii';
  const iso = codepage >= 28_591 && codepage <= 28_606 ? codepage - 28_590 : 0;
  if (iso > 0) return `iso-8859-${iso}`;
  return (
    { 20866: 'koi8-r', 21866: 'koi8-u', 50220: 'iso-2022-jp', 51932: 'euc-jp', 54936: 'gb18030' }[codepage] ??
    `cp${codepage}`
  );
}

export interface ReadProperties {
  readonly properties: Properties;
  /** Everything up to the declared number could be read. */
  readonly complete: boolean;
}

/**
 * Reads a counted list of properties: `attMsgProps` or `attAttachment` (MS-OXTNEF §2.1.3.4). What cannot be read ends it. Of
 * several values of one property the first is kept. Linear in the length of `bytes`.
 */
export function readProperties(bytes: Buffer, codepage: string): ReadProperties {
  const values = new Map<number, Value>();
  const reader = new PropertyReader(bytes);
  const count = reader.uint32();
  let complete = true;
  for (let i = 0; i < count && complete; i++) complete = reader.property(values);
  return { properties: new Properties(values, codepage), complete };
}

class PropertyReader {
  readonly #bytes: Buffer;
  #position = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The next number, -1 at the end. */
  uint32(): number {
    if (this.#position + 4 > this.#bytes.length) return -1;
    this.#position += 4;
    return this.#bytes.readUInt32LE(this.#position - 4);
  }

  /** The next bytes and their padding to four; null at the end. */
  #take(length: number): Buffer | null {
    if (length < 0 || this.#position + length > this.#bytes.length) return null;
    const taken = this.#bytes.subarray(this.#position, this.#position + length);
    this.#position += (length + 3) & ~3;
    return taken;
  }

  /** Reads one property; false when it cannot be read. */
  property(values: Map<number, Value>): boolean {
    const tag = this.uint32();
    if (tag === -1) return false;
    const id = tag >>> 16;
    const type = tag & 0xffff & ~multiple;
    if (id >= 0x8000 && !this.#skipName()) return false;
    const size = sizes.get(type);
    if (size === undefined && !variable.has(type)) return false;
    const isCounted = size === undefined || (tag & multiple) !== 0;
    const count = isCounted ? this.uint32() : 1;
    if (count === -1) return false;
    for (let i = 0; i < count; i++) {
      const value = this.#take(size ?? this.uint32());
      if (value === null) return false;
      if (i === 0 && id < 0x8000 && !values.has(id)) values.set(id, { type, bytes: value });
    }
    return true;
  }

  /** GUID, kind, and an identifier or a name (MS-OXTNEF §2.1.3.4.1). */
  #skipName(): boolean {
    if (this.#take(16) === null) return false;
    const kind = this.uint32();
    if (kind === 0) return this.uint32() !== -1;
    return kind === 1 && this.#take(this.uint32()) !== null;
  }
}
