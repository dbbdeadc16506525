/** Object ids of PostgreSQL's built-in types (pg_type.dat); they are the same in every server. */
export const oids = {
  boolean: 16,
  bigint: 20,
  integer: 23,
  text: 25,
  'double precision': 701,
  'timestamp with time zone': 1184,
  uuid: 2950,
  jsonb: 3802,
} as const;

export type ElementType = keyof typeof oids;

const headerBytes = 20;
/** UTF-16 units below which room for the longest UTF-8 is cheaper than counting it. */
const shortText = 16_384;
/** A buffer doubles up to this step: one of a large message must not double. */
const growBytes = 2 ** 20;
/** 2000-01-01 in milliseconds since 1970, where PostgreSQL's timestamps begin. */
const epochMs = 946_684_800_000;

/**
 * Builds one array parameter in PostgreSQL's binary format (`array_recv`), element by element: no escaping, and the server
 * neither parses text nor compares time zones. `mark` and `reset` take back a row that turns out not to fit.
 */
export class ArrayWriter {
  readonly #type: ElementType;
  #buffer: Buffer;
  #end = headerBytes;
  #mark = headerBytes;

  constructor(type: ElementType, bytes: number) {
    this.#type = type;
    this.#buffer = Buffer.allocUnsafe(headerBytes + bytes);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#end;
  }

  mark(): void {
    this.#mark = this.#end;
  }

  reset(): void {
    this.#end = this.#mark;
  }

  null(): void {
    this.#reserve(4);
    this.#end = this.#buffer.writeInt32BE(-1, this.#end);
  }

  /** Text as UTF-8; a lone surrogate becomes U+FFFD. The caller takes care of U+0000. */
  text(value: string): void {
    this.#utf8(value, 0);
  }

  json(value: string): void {
    this.#utf8(value, 1);
  }

  uuid(value: string): void {
    this.#reserve(20);
    const at = this.#buffer.writeInt32BE(16, this.#end);
    if (this.#buffer.write(value.replaceAll('-', ''), at, 16, 'hex') !== 16) throw new TypeError('not a UUID');
    this.#end = at + 16;
  }

  boolean(value: boolean): void {
    this.#reserve(5);
    this.#end = this.#buffer.writeInt8(value ? 1 : 0, this.#buffer.writeInt32BE(1, this.#end));
  }

  int32(value: number): void {
    this.#reserve(8);
    this.#end = this.#buffer.writeInt32BE(value, this.#buffer.writeInt32BE(4, this.#end));
  }

  int64(value: bigint): void {
    this.#reserve(12);
    this.#end = this.#buffer.writeBigInt64BE(value, this.#buffer.writeInt32BE(8, this.#end));
  }

  float64(value: number): void {
    this.#reserve(12);
    this.#end = this.#buffer.writeDoubleBE(value, this.#buffer.writeInt32BE(8, this.#end));
  }

  /** @param ms since 1970, whole. */
  timestamp(ms: number): void {
    this.int64(BigInt(ms - epochMs) * 1000n);
  }

  /** The parameter with `count` elements; valid until the next write. */
  finish(count: number): Buffer {
    let at = this.#buffer.writeInt32BE(1, 0); // dimensions
    at = this.#buffer.writeInt32BE(1, at); // may hold nulls
    at = this.#buffer.writeInt32BE(oids[this.#type], at);
    at = this.#buffer.writeInt32BE(count, at);
    this.#buffer.writeInt32BE(1, at); // lower bound
    return this.#buffer.subarray(0, this.#end);
  }

  #utf8(value: string, prefix: 0 | 1): void {
    this.#reserve(5 + (value.length < shortText ? value.length * 3 : Buffer.byteLength(value)));
    const at = this.#end + 4;
    if (prefix === 1) this.#buffer[at] = 1; // version of jsonb's binary format
    const bytes = prefix + this.#buffer.write(value, at + prefix, 'utf8');
    this.#buffer.writeInt32BE(bytes, this.#end);
    this.#end = at + bytes;
  }

  #reserve(bytes: number): void {
    const needed = this.#end + bytes;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#buffer.length + Math.min(this.#buffer.length, growBytes), needed));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
  }
}
