import type { Memory, Mutable } from '../source.ts';
import { folderName } from './folder-names.ts';

/** One answer to FETCH: what is absent was not in it. */
export interface FetchRow {
  readonly uid: number;
  readonly flags?: readonly string[];
  /** BODY[]; without bytes where the server sent NIL. */
  readonly body?: Buffer;
  /** Where `body` lies. */
  readonly memory?: Memory;
  /** BODY[]<n>: where `body` begins in the message. */
  readonly origin?: number;
  /** Bytes of the row's literals where they are more than may be kept: then they are empty here. */
  readonly oversize?: number;
  /** BODY[HEADER] or a part of it. */
  readonly header?: Buffer;
  /** RFC822.SIZE; 0 when it is no number. */
  readonly size?: number;
  /** INTERNALDATE; an invalid date when it cannot be read. */
  readonly receivedAt?: Date;
  /** EMAILID or X-GM-MSGID. */
  readonly objectId?: string;
  /** X-GM-LABELS, as folders are called. */
  readonly labels?: readonly string[];
}

type Value = string | Buffer | null | readonly Value[];

const maxDepth = 20;
const open = 0x28;
const close = 0x29;
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const bracket = 0x5b;
const brace = 0x7b;

/** The text of a response, and where it has been read to. */
class Cursor {
  readonly #text: string;
  readonly #literals: readonly Buffer[];
  #at: number;
  #taken = 0;

  constructor(text: string, at: number, literals: readonly Buffer[]) {
    this.#text = text;
    this.#at = at;
    this.#literals = literals;
  }

  /** Code of the next character that is no space; NaN at the end. */
  peek(): number {
    while (this.#text.charCodeAt(this.#at) === space) this.#at += 1;
    return this.#text.charCodeAt(this.#at);
  }

  skip(): void {
    this.#at += 1;
  }

  /** The name of a data item, with its section: `BODY[HEADER.FIELDS (To)]<0>`. Undefined when there is none. */
  name(): string | undefined {
    const start = this.#at;
    let inSection = false;
    for (; this.#at < this.#text.length; this.#at += 1) {
      const code = this.#text.charCodeAt(this.#at);
      if (code === bracket) inSection = true;
      else if (code === 0x5d) inSection = false;
      else if (!inSection && (code === space || code === open || code === close)) break;
    }
    return this.#at === start || inSection ? undefined : this.#text.slice(start, this.#at);
  }

  /** The next value; undefined when there is none or it does not end. */
  value(depth = 0): Value | undefined {
    const code = this.peek();
    if (Number.isNaN(code) || code === close) return undefined;
    if (code === quote) return this.#quoted();
    if (code === open) return depth < maxDepth ? this.#list(depth) : undefined;
    if (this.#text.startsWith(literalMark, this.#at)) {
      this.#at += literalMark.length;
      return this.#literals[this.#taken++];
    }
    if (code === brace) return undefined;
    const start = this.#at;
    // Flags hold characters that no atom should: only what separates values ends one.
    for (; this.#at < this.#text.length; this.#at += 1) {
      const next = this.#text.charCodeAt(this.#at);
      if (next === space || next === open || next === close) break;
    }
    const atom = this.#text.slice(start, this.#at);
    return atom.length === 3 && atom.toUpperCase() === 'NIL' ? null : atom;
  }

  #list(depth: number): Value | undefined {
    this.skip();
    const values: Value[] = [];
    while (this.peek() !== close) {
      const value = this.value(depth + 1);
      if (value === undefined) return undefined;
      values.push(value);
    }
    this.skip();
    return values;
  }

  #quoted(): string | undefined {
    const start = this.#at + 1;
    const end = this.#text.indexOf('"', start);
    if (end < 0) return undefined;
    const plain = this.#text.slice(start, end);
    if (!plain.includes('\\')) {
      this.#at = end + 1;
      return plain;
    }
    let value = '';
    for (let at = start; at < this.#text.length; at += 1) {
      let code = this.#text.charCodeAt(at);
      if (code === quote) {
        this.#at = at + 1;
        return value;
      }
      if (code === backslash) code = this.#text.charCodeAt(++at);
      value += String.fromCharCode(code);
    }
    return undefined;
  }
}

/** Stands in a response's text for a literal. No atom begins with it. */
export const literalMark = '{}';

const utf8 = (text: string): string => (/[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text);

const partial = /^BODY\[\]<\d{1,15}>$/i;

const isString = (value: Value): value is string => typeof value === 'string';

const textOf = (value: Value): string => {
  if (isString(value)) return value;
  if (Buffer.isBuffer(value)) return value.toString('latin1');
  return '';
};

const number = (value: Value, digits: number): number => {
  const text = textOf(value);
  return text.length > 0 && text.length <= digits && /^\d+$/.test(text) ? Number(text) : 0;
};

const bytesOf = (value: Value): Buffer =>
  Buffer.isBuffer(value) ? value : Buffer.from(isString(value) ? value : '', 'latin1');

const firstOf = (value: Value): string => utf8(textOf(Array.isArray(value) ? (value[0] ?? null) : value));

/**
 * Reads `* 12 FETCH (UID 7 FLAGS (\Seen) BODY[] {})` (RFC 9051 §7.5.2): text in latin1 without its last line end, `literalMark` in place of
 * each literal. Items that nobody asked for are passed over; undefined when it is malformed or has no UID.
 */
export function parseFetchRow(text: string, literals: readonly Buffer[]): Mutable<FetchRow> | undefined {
  const start = text.indexOf('(');
  if (start < 0) return undefined;
  const cursor = new Cursor(text, start + 1, literals);
  const row: Mutable<FetchRow> = { uid: 0 };
  while (cursor.peek() !== close) {
    const name = cursor.name();
    const value = name === undefined ? undefined : cursor.value();
    if (name === undefined || value === undefined) return undefined;
    switch (name.toUpperCase()) {
      case 'UID':
        row.uid = number(value, 10);
        break;
      case 'FLAGS':
        row.flags = [...new Set((Array.isArray(value) ? value : []).filter(isString).map(utf8))];
        break;
      case 'BODY[]':
        row.body = bytesOf(value);
        break;
      case 'RFC822.SIZE':
        row.size = number(value, 15);
        break;
      case 'INTERNALDATE':
        row.receivedAt = new Date(textOf(value));
        break;
      case 'EMAILID':
      case 'X-GM-MSGID':
        row.objectId = firstOf(value);
        break;
      case 'X-GM-LABELS':
        row.labels = (Array.isArray(value) ? value : []).map((label) => folderName(utf8(textOf(label)), '/'));
        break;
      default:
        if (value !== null && /^BODY\[HEADER\]/i.test(name)) row.header = bytesOf(value);
        else if (partial.test(name)) {
          row.body = bytesOf(value);
          row.origin = number(name.slice(7, -1), 15);
        }
    }
  }
  return row.uid > 0 ? row : undefined;
}
