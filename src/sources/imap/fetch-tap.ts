import { type FetchRow, literalMark, parseFetchRow } from './fetch-row.ts';
import { type Literal, LiteralMemory } from './literal-memory.ts';

/** Numbers of IMAP have 32 bits. */
const largestLiteral = 2 ** 32;

const vanished = '* VANISHED ';
/** Bytes of a line that lists what is gone: of some million messages. */
const mostVanished = 2 ** 24;

/** Most that a server may send in one row. */
export interface TapLimits {
  /** Bytes of one line without its literals. */
  readonly line: number;
  /** Bytes of all literals of one row that are kept; of a larger row they are read and dropped. */
  readonly literals: number;
}

const defaultTapLimits: TapLimits = { line: 2 ** 16, literals: 2 ** 27 };

/** Of messages of at most so many bytes; a header that is fetched alone has room in any case. */
export const tapLimits = (messageSize = defaultTapLimits.literals): TapLimits => ({
  ...defaultTapLimits,
  literals: Math.max(messageSize, 2 ** 19),
});

/** Takes bytes that are no row: of lines, or of a literal. */
export type Pass = (bytes: Buffer, literal: boolean) => void;

/** A server that cannot be right. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

const digit = (code: number | undefined): boolean => code !== undefined && code >= 0x30 && code <= 0x39;

/** Whether a response is `* 12 FETCH `; undefined when its end is not there yet. Some servers pad with U+0000. */
function isRow(bytes: Buffer, from: number): boolean | undefined {
  let at = from;
  while (bytes[at] === 0) at += 1;
  const start = at;
  for (const code of [0x2a, 0x20]) {
    if (at >= bytes.length) return undefined;
    if (bytes[at++] !== code) return false;
  }
  while (digit(bytes[at]) && at - start <= 12) at += 1;
  const word = bytes.toString('latin1', at, at + 7).toUpperCase();
  if (at - start === 2) return at < bytes.length ? false : undefined;
  if (word === ' FETCH ') return true;
  return ' FETCH '.startsWith(word) && at + word.length === bytes.length ? undefined : false;
}

/** Whether a response is `* VANISHED `; undefined when its end is not there yet. */
function isVanished(bytes: Buffer, from: number): boolean | undefined {
  const start = bytes.toString('latin1', from, from + vanished.length).toUpperCase();
  if (start === vanished) return true;
  return vanished.startsWith(start) && from + start.length === bytes.length ? undefined : false;
}

/** The literal that a line announces at its end (`{12}`, `{12+}`, `~{12}`): its size and where the text before it ends. */
function literalAt(bytes: Buffer, from: number, end: number) {
  let at = end - 1;
  if (bytes[at] !== 0x7d) return undefined;
  at -= 1;
  if (bytes[at] === 0x2b) at -= 1;
  const last = at;
  while (at >= from && digit(bytes[at])) at -= 1;
  if (at < from || at === last || bytes[at] !== 0x7b) return undefined;
  const size = Number(bytes.toString('latin1', at + 1, last + 1));
  return { size, textEnd: at > from && bytes[at - 1] === 0x7e ? at - 1 : at };
}

/**
 * Looks at what an IMAP server sends, byte by byte in any pieces: while rows are wanted, answers to FETCH are read here and everything else
 * is passed on untouched, in order. It always knows whether a byte belongs to a line or to a literal.
 */
export class FetchTap {
  readonly #limits: TapLimits;
  /** As `TapLimits.literals`, of the FETCH that is in flight. */
  literals: number;
  /** Takes rows as they end; undefined: everything is passed on. */
  onRow: ((row: FetchRow) => void) | undefined;
  /** Takes what stands behind VANISHED (RFC 7162 §3.2.10); undefined: it is passed on. */
  onVanished: ((text: string) => void) | undefined;
  /** What the response that is being read is; `start`: not known yet. */
  #response: 'start' | 'row' | 'vanished' | 'other' = 'start';
  /** Of the line that is being read. */
  #vanished: Buffer[] = [];
  #vanishedBytes = 0;
  /** The beginning of a line whose end has not come, of a row or of what may become one. */
  #held: Buffer | undefined;
  /** The end of a line of another response whose end has not come, enough to see a literal. */
  #tail = '';
  /** Bytes of the current literal that have not come. */
  #left = 0;
  readonly #memory = new LiteralMemory();
  #literal: Literal | undefined;
  #filled = 0;
  #text = '';
  #literals: Literal[] = [];
  #literalBytes = 0;

  constructor(limits = defaultTapLimits) {
    this.#limits = limits;
    this.literals = limits.literals;
  }

  /**
   * Takes the next bytes; gives what is no row to `pass`, lines apart from literals. Throws `ProtocolError` when a row is larger than it can be.
   */
  feed(chunk: Buffer, pass: Pass): void {
    const data = this.#held ? Buffer.concat([this.#held, chunk]) : chunk;
    this.#held = undefined;
    /** Start of what is to be passed on; -1: nothing is. */
    let from = -1;
    let at = 0;
    const flush = (literal = false) => {
      if (from >= 0 && at > from) pass(data.subarray(from, at), literal);
      from = -1;
    };
    while (at < data.length) {
      if (this.#response === 'start') {
        const response = this.#begins(data, at);
        if (response === undefined) break;
        this.#response = response;
        if (response !== 'other') flush();
      }
      if (this.#response === 'other' && from < 0) from = at;
      if (this.#left > 0) {
        const n = Math.min(this.#left, data.length - at);
        if (this.#response === 'row') this.#fill(data.subarray(at, at + n));
        else flush();
        from = this.#response === 'other' ? at : -1;
        this.#left -= n;
        at += n;
        flush(true);
        continue;
      }
      const lf = data.indexOf(0x0a, at);
      if (this.#response === 'vanished') {
        this.#vanishedLine(data.subarray(at, lf < 0 ? undefined : lf), lf >= 0);
        at = lf < 0 ? data.length : lf + 1;
        continue;
      }
      if (this.#response === 'other') {
        this.#otherLine(data, at, lf);
        at = lf < 0 ? data.length : lf + 1;
        continue;
      }
      if (lf < 0) break;
      this.#rowLine(data, at, lf);
      at = lf + 1;
    }
    flush();
    if (at === data.length) return;
    this.#held = at === 0 ? data : data.subarray(at);
    this.#checkLine(this.#held.length);
  }

  /** Nobody wants rows any more; what was held back of a response that may be none is passed on. */
  stop(pass: Pass): void {
    this.onRow = undefined;
    if (this.#response !== 'start' || this.#held === undefined) return;
    const held = this.#held;
    this.#held = undefined;
    this.feed(held, pass);
  }

  #begins(data: Buffer, at: number): 'row' | 'vanished' | 'other' | undefined {
    const row = this.onRow !== undefined && isRow(data, at);
    if (row) return 'row';
    const gone = this.onVanished !== undefined && isVanished(data, at);
    if (gone) return 'vanished';
    return row === undefined || gone === undefined ? undefined : 'other';
  }

  #vanishedLine(bytes: Buffer, ends: boolean): void {
    this.#vanished.push(bytes);
    this.#vanishedBytes += bytes.length;
    if (this.#vanishedBytes > mostVanished) throw new ProtocolError('a list of what is gone that does not end');
    if (!ends) return;
    const text = Buffer.concat(this.#vanished).toString('latin1').slice(vanished.length);
    this.#vanished = [];
    this.#vanishedBytes = 0;
    this.#response = 'start';
    this.onVanished?.(text.trim());
  }

  #otherLine(data: Buffer, at: number, lf: number): void {
    const line =
      this.#tail + data.toString('latin1', Math.max(at, (lf < 0 ? data.length : lf) - 64), lf < 0 ? undefined : lf);
    this.#tail = lf < 0 ? line.slice(-64) : '';
    if (lf < 0) return;
    // The same that imapflow sees as a literal.
    const found = /(\{?)(\d+)\}\r?$/.exec(line);
    if (!found) this.#response = 'start';
    else if (found[1] === '{') this.#left = Number(found[2]);
    else if (found[2]!.length > 40) throw new ProtocolError('a literal with a size of more than 40 digits');
    else this.#response = 'start';
  }

  #rowLine(data: Buffer, at: number, lf: number): void {
    const end = lf > at && data[lf - 1] === 0x0d ? lf - 1 : lf;
    this.#checkLine(end - at + this.#text.length);
    const literal = literalAt(data, at, end);
    if (literal) {
      this.#text += data.toString('latin1', at, literal.textEnd) + literalMark;
      this.#literalBytes += literal.size;
      if (!(this.#literalBytes < largestLiteral)) throw new ProtocolError('a literal that is too large');
      this.#left = literal.size;
      if (literal.size === 0 || this.#tooLarge) this.#literals.push(this.#memory.take(0));
      return;
    }
    const text = this.#text === '' ? data.toString('latin1', at, end) : this.#text + data.toString('latin1', at, end);
    const row = parseFetchRow(
      text,
      this.#literals.map(({ bytes }) => bytes),
    );
    for (const literal of this.#literals)
      if (row && literal.bytes === row.body) row.memory = literal;
      // What else a row says is text by now, but for a header, which nobody gives back.
      else if (literal.bytes !== row?.header) literal.release();
    if (row && this.#tooLarge) row.oversize = this.#literalBytes;
    this.#response = 'start';
    this.#text = '';
    this.#literals = [];
    this.#literalBytes = 0;
    // What cannot be read is a message that did not come: it is looked for again.
    if (row) this.onRow?.(row);
  }

  get #tooLarge(): boolean {
    return this.#literalBytes > this.literals;
  }

  /** Takes bytes of a literal. They are copied: what they came in would live as long as they do. */
  #fill(bytes: Buffer): void {
    if (this.#tooLarge) return;
    const size = this.#filled + this.#left;
    const literal = this.#literal ?? this.#memory.take(size);
    bytes.copy(literal.bytes, this.#filled);
    this.#filled += bytes.length;
    this.#literal = literal;
    if (this.#filled < size) return;
    this.#literals.push(literal);
    this.#literal = undefined;
    this.#filled = 0;
  }

  #checkLine(bytes: number): void {
    if (bytes > this.#limits.line) throw new ProtocolError('a line of a row that does not end');
  }
}
