import { stalled } from '../telemetry/errors.ts';
import type { DefectCode } from './defect-codes.ts';
import { Defects } from './defects.ts';
import { lowerName } from './header-names.ts';
import { parseParameters } from './parameters.ts';
import { maxNameLength } from './sanitize.ts';
import { trimBlanks } from './trim-blanks.ts';

/** One field as it stands: lower-case name, value of latin1 bytes without its line breaks and outer blanks. */
export interface HeaderField {
  /** Lower-case name. */
  readonly name: string;
  /** Unfolded value, undecoded. */
  readonly value: string;
}

export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  /** Where the body starts: behind the blank line, or where what is no header begins. */
  readonly bodyStart: number;
}

/** Says whether the line from `start` to `end` of the message ends a part. */
export type IsDelimiter = (start: number, end: number) => boolean;

const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const DASH = 0x2d;
/** U+FEFF in UTF-8: editors put it before what they save. */
const byteOrderMark = '\xef\xbb\xbf';
/** Bytes of a message's, and of a part's header that are read at first. */
const firstChunk = 4_096;
const firstPartChunk = 512;

const headerTooLarge = (limit: number) =>
  stalled('MESSAGE_HEADER_TOO_LARGE', `the header of the message is larger than ${limit} bytes; such mail is not read`);

/** 1 for bytes of a field's name: graphic ASCII but the colon (RFC 5322 §2.2). */
const nameBytes = new Uint8Array(256).fill(1, SPACE + 1, 0x7f);
nameBytes[COLON] = 0;

/** Length of the name of the field in a line, or -1 when the line is no field; blanks before the colon are allowed. */
function nameLength(bytes: Buffer, start: number, end: number): number {
  let i = start;
  while (i < end && nameBytes[bytes[i] ?? 0] === 1) i++;
  if (i === start) return -1;
  const length = i - start;
  while (i < end && (bytes[i] === SPACE || bytes[i] === TAB)) i++;
  return i < end && bytes[i] === COLON ? length : -1;
}

const isGraphic = (code = 0): boolean => code > SPACE && code < 0x7f;

/**
 * Reads the header block that starts at `start`. Lines that are no fields are skipped (`HEADER_LINE_SKIPPED`) as long as
 * fields follow; else the body starts there (`HEADER_END_MISSING`).
 *
 * @param limit bytes; a longer block is `MESSAGE_HEADER_TOO_LARGE`.
 */
export function readHeaders(
  raw: Buffer,
  start: number,
  end: number,
  limit: number,
  defects: Defects,
  isDelimiter?: IsDelimiter,
): HeaderBlock {
  for (let size = start === 0 ? firstChunk : firstPartChunk; ; size *= 8) {
    const stop = Math.min(end, start + size);
    const text = raw.toString('latin1', start, stop);
    const block = new BlockReader(raw, text, start, stop === end, isDelimiter).read();
    if (block === null ? size > limit : block.bodyStart - start > limit) throw headerTooLarge(limit);
    if (block !== null) {
      for (const code of block.problems) defects.add(code, 'header');
      return block;
    }
  }
}

const noProblems: DefectCode[] = [];
/** `boundary="x"` and its kind (RFC 2045 §5.1, RFC 2231). */
const parameterLine = /^[ \t]*[a-z][\w-]{0,40}(?:\*\d{0,3}\*?)?=\S/i;
/** What may follow a line that is no field, in place of a position. */
const unknown = -1;
const body = -2;

const isFolded = (code: number): boolean => code === SPACE || code === TAB;

function isBlankTo(bytes: Buffer, start: number, end: number): boolean {
  let i = start;
  while (i < end && isFolded(bytes[i] ?? 0)) i++;
  return i === end;
}

/** Reads a block from `text`, which may end before the block does. */
class BlockReader {
  readonly fields: HeaderField[] = [];
  bodyStart = 0;
  problems = noProblems;
  /** Behind a line of blanks, which may be meant to end the header. */
  #behindBlank = -1;
  /** Of the first Content-Type that names one among the fields that were looked at, without blanks at its end. */
  #boundary = '';
  #looked = 0;
  readonly #bytes: Buffer;
  readonly #text: string;
  readonly #offset: number;
  readonly #complete: boolean;
  readonly #isDelimiter: IsDelimiter | undefined;

  /** @param text the bytes from `offset` on; positions count from there. */
  constructor(bytes: Buffer, text: string, offset: number, complete: boolean, isDelimiter: IsDelimiter | undefined) {
    this.#bytes = bytes;
    this.#text = text;
    this.#offset = offset;
    this.#complete = complete;
    this.#isDelimiter = isDelimiter;
  }

  /** The block, or null when it does not end within an incomplete text. */
  read(): this | null {
    const text = this.#text;
    let position = 0;
    if (this.#offset === 0 && text.startsWith(byteOrderMark)) {
      this.#problem('BYTE_ORDER_MARK_SKIPPED');
      position = byteOrderMark.length;
    }
    while (position < text.length) {
      const lf = this.#lineFeed(position);
      if (lf === -1) return null;
      const lineEnd = this.#endOfLine(position, lf);
      if (lineEnd === position) return this.#ends(Math.min(lf + 1, text.length));
      if (this.#bytes[this.#offset + position] === DASH && this.#delimits(position, lineEnd))
        return this.#ends(position);
      const length = this.#nameLength(position, lineEnd);
      if (length === -1) {
        const joined = this.#joinParameters(position);
        if (joined === unknown) return null;
        const next = joined > position ? joined : this.#foreign(position, lf);
        if (next === unknown) return null;
        if (next === body) return this.#ends(position);
        position = next;
      } else if (length > maxNameLength) {
        this.#problem('HEADER_NAME_TOO_LONG');
        position = lf + 1;
      } else {
        position = this.#field(position, length, lineEnd, lf);
        if (position === -1) return null;
      }
    }
    return this.#complete ? this.#ends(text.length) : null;
  }

  /** Adds the field whose first line is given; returns where the line behind it begins, or -1 when the text ends before. */
  #field(start: number, length: number, firstEnd: number, firstLf: number): number {
    const text = this.#text;
    const bytes = this.#bytes;
    const offset = this.#offset;
    let from = offset + start + length;
    while (bytes[from] !== COLON) from++;
    from += 1 - offset;
    while (from < firstEnd && bytes[offset + from] === SPACE) from++;
    let position = firstLf + 1;
    let value = text.slice(from, firstEnd);
    let end = firstEnd;
    while (position < text.length && isFolded(bytes[offset + position] ?? 0)) {
      const lf = this.#lineFeed(position);
      if (lf === -1) return -1;
      // A folding tab is a blank.
      if (bytes[offset + position] === TAB) {
        value += ' ';
        position++;
      }
      end = this.#endOfLine(position, lf);
      if (isBlankTo(bytes, offset + position, offset + end)) this.#behindBlank = lf + 1;
      value += text.slice(position, end);
      position = lf + 1;
    }
    // Looked at where it stands: a folded value is not made one piece before it is asked for.
    const isTrimmed = from < firstEnd && isGraphic(bytes[offset + from]) && isGraphic(bytes[offset + end - 1]);
    const name = lowerName(bytes, offset + start, offset + start + length);
    this.fields.push({ name, value: isTrimmed ? value : trimBlanks(value) });
    return position;
  }

  /** Where the line that begins at `start` ends, without its CR. */
  #endOfLine(start: number, lf: number): number {
    return lf > start && this.#bytes[this.#offset + lf - 1] === CR ? lf - 1 : lf;
  }

  #nameLength(start: number, end: number): number {
    return nameLength(this.#bytes, this.#offset + start, this.#offset + end);
  }

  /** Position of the next line feed, the end where there is none; -1 when the text may go on. */
  #lineFeed(start: number): number {
    const lf = this.#text.indexOf('\n', start);
    return lf === -1 && this.#complete ? this.#text.length : lf;
  }

  /** Takes lines that are parameters of the field before them, whose blanks at the beginning were lost; where the line behind stands. */
  #joinParameters(start: number): number {
    const last = this.fields.at(-1);
    if (last?.value.endsWith(';') !== true) return start;
    const pieces = [last.value];
    let position = start;
    while (position < this.#text.length && pieces.at(-1)?.endsWith(';') === true) {
      const lf = this.#lineFeed(position);
      if (lf === -1) return unknown;
      const line = this.#text.slice(position, this.#endOfLine(position, lf));
      if (!parameterLine.test(line)) break;
      pieces.push(trimBlanks(line));
      position = lf + 1;
    }
    if (position === start) return start;
    this.fields[this.fields.length - 1] = { name: last.name, value: pieces.join(' ') };
    this.#problem('HEADER_FOLD_MISSING');
    return position;
  }

  /** Where to go on behind a line that is no field, and the lines that continue it; `body` when the body begins there. */
  #foreign(position: number, lf: number): number {
    const text = this.#text;
    const mbox = this.#offset === 0 && position === 0 && text.startsWith('From ');
    if (mbox || text.startsWith('>From ', position)) {
      this.#problem('MBOX_LINE_SKIPPED');
      return lf + 1;
    }
    const isBody = position === this.#behindBlank || this.#beginsParts(position, this.#endOfLine(position, lf));
    const next = isBody ? body : this.#behindForeign(lf + 1);
    if (next === body) this.#problem('HEADER_END_MISSING');
    else if (next !== unknown) this.#problem('HEADER_LINE_SKIPPED');
    return next;
  }

  /** Whether a line is the delimiter of the multipart whose header this is: the blank line before it is missing. */
  #beginsParts(start: number, end: number): boolean {
    if (!this.#text.startsWith('--', start)) return false;
    for (; this.#boundary === '' && this.#looked < this.fields.length; this.#looked++) {
      const field = this.fields[this.#looked];
      if (field?.name !== 'content-type') continue;
      // Its defects are told where the type is read for itself.
      const { parameters } = parseParameters(field.value, 'content-type', new Defects());
      this.#boundary = parameters.get('boundary')?.trimEnd() ?? '';
    }
    return this.#boundary !== '' && this.#text.slice(start + 2, end).trimEnd() === this.#boundary;
  }

  /** Where more of the header stands behind a line that is no field, or its end, which counts only behind fields. */
  #behindForeign(start: number): number {
    const text = this.#text;
    for (let line = start; line < text.length; ) {
      const lf = this.#lineFeed(line);
      if (lf === -1) return unknown;
      const end = this.#endOfLine(line, lf);
      if (end === line) return line === start && this.fields.length > 0 ? line : body;
      if (this.#delimits(line, end)) return body;
      if (this.#nameLength(line, end) !== -1) return line;
      if (!isFolded(this.#bytes[this.#offset + line] ?? 0)) return body;
      line = lf + 1;
    }
    return this.#complete ? body : unknown;
  }

  #delimits(start: number, end: number): boolean {
    return this.#isDelimiter?.(this.#offset + start, this.#offset + end) === true;
  }

  #problem(code: DefectCode): void {
    if (this.problems === noProblems) this.problems = [code];
    else if (!this.problems.includes(code)) this.problems.push(code);
  }

  #ends(bodyStart: number): this {
    this.bodyStart = this.#offset + bodyStart;
    return this;
  }
}

/** The first field of that name, or the empty string. */
export function firstField(fields: readonly HeaderField[], name: string): string {
  for (const field of fields) if (field.name === name) return field.value;
  return '';
}
