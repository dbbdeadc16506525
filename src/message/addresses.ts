import { domainToASCII } from 'node:url';
import { bareAddress, packedMailbox, unescaped, type Word, withoutBlanks, withoutRoute } from './address-words.ts';
import type { Defects } from './defects.ts';
import { decodeWords } from './encoded-words.ts';
import type { Address } from './message.ts';
import { plainMailboxes } from './plain-mailboxes.ts';
import { clean, cut, maxIdLength, maxValueLength } from './sanitize.ts';

const EQUALS = 0x3d;
/** An encoded word that stands alone, with what none may hold there: commas, angle brackets (RFC 2047 §5 (3)). */
const encodedWord = /=\?[^\s?"]{1,60}\?[bq]\?[^\s?"]+\?=(?=[\s<,;(]|$)/iy;

/** Reads the mailboxes of one header; every character is looked at a bounded number of times. */
class AddressReader {
  readonly #text: string;
  readonly #where: string;
  readonly #defects: Defects;
  readonly #result: Address[] = [];
  #position = 0;
  #words: Word[] = [];
  /** A word outside quotes has an `@`: asked of each colon, it would take time with their square to look again. */
  #hasAt = false;
  #spaced = false;
  #comment = '';
  #angle: string | null = null;
  /** Words that stood before the angle bracket. */
  #wordsBefore = 0;
  /** Names without an address or quotes that commas end, one behind the other. */
  #halves = 0;
  #group: string | null = null;
  #quotesEnd = false;
  #commentsEnd = false;

  constructor(text: string, where: string, defects: Defects) {
    this.#text = text;
    this.#where = where;
    this.#defects = defects;
  }

  read(): readonly Address[] {
    const text = this.#text;
    while (this.#position < text.length) {
      const char = text[this.#position];
      if (char === ' ' || char === '\t' || char === '\r' || char === '\n') {
        this.#spaced = true;
        this.#position++;
      } else if (char === '"') this.#quoted();
      else if (char === '(') this.#readComment();
      else if (char === '<') this.#readAngle();
      else if (char === ',' || char === ';') {
        this.#finish();
        if (char === ';') {
          this.#group = null;
          this.#halves = 0;
        }
        this.#position++;
      } else if (char === ':' && this.#startsGroup()) this.#position++;
      // Closes nothing, and begins no group.
      else if ((char === '>' || char === ':') && this.#words.length === 0) this.#position++;
      else this.#atom();
    }
    this.#finish();
    return this.#result;
  }

  #push(text: string, quoted: boolean): void {
    if (!quoted && text.includes('@')) this.#hasAt = true;
    const last = this.#words[this.#words.length - 1];
    if (last !== undefined && !quoted && !last.quoted && !this.#spaced) last.text += text;
    else this.#words.push({ text, quoted, spaced: this.#spaced });
    this.#spaced = false;
  }

  #atom(): void {
    const start = this.#position;
    encodedWord.lastIndex = start;
    if (this.#text.charCodeAt(start) === EQUALS && encodedWord.test(this.#text)) {
      this.#position = encodedWord.lastIndex;
      this.#push(this.#text.slice(start, this.#position), true);
      return;
    }
    let end = start + 1;
    for (; end < this.#text.length; end++) {
      const code = this.#text.charCodeAt(end);
      // blank, " ( , : ; <
      if (code <= 0x20 || code === 0x22 || code === 0x28 || code === 0x2c || (code >= 0x3a && code <= 0x3c)) break;
    }
    this.#position = end;
    this.#push(this.#text.slice(start, end), false);
  }

  /** Position of the end of a string that `close` ends, or -1; backslashes escape, `open` nests. */
  #endOf(start: number, open: string, close: string): number {
    let depth = 1;
    for (let i = start; i < this.#text.length; i++) {
      const char = this.#text[i];
      if (char === '\\') i++;
      else if (char === close && --depth === 0) return i;
      else if (char === open && open !== close) depth++;
    }
    return -1;
  }

  #quoted(): void {
    const start = this.#position + 1;
    const end = this.#quotesEnd ? -1 : this.#endOf(start, '"', '"');
    if (end === -1) {
      // Nothing closes it: the quote counts for nothing, and no later one is looked for again.
      this.#quotesEnd = true;
      this.#defects.add('ADDRESS_QUOTE_UNTERMINATED', this.#where);
      this.#position = start;
      return;
    }
    this.#position = end + 1;
    this.#push(unescaped(this.#text.slice(start, end)), true);
  }

  #readComment(): void {
    const start = this.#position + 1;
    const end = this.#commentsEnd ? -1 : this.#endOf(start, '(', ')');
    if (end === -1) {
      this.#commentsEnd = true;
      this.#defects.add('ADDRESS_COMMENT_UNTERMINATED', this.#where);
      this.#position = start;
      return;
    }
    this.#position = end + 1;
    this.#spaced = true;
    if (this.#comment === '') this.#comment = unescaped(this.#text.slice(start, end)).trim();
  }

  #readAngle(): void {
    const text = this.#text;
    let i = this.#position + 1;
    let spec = '';
    let run = i;
    while (i < text.length && text[i] !== '>') {
      const char = text[i];
      if (char === '"' && !this.#quotesEnd) {
        const end = this.#endOf(i + 1, '"', '"');
        if (end === -1) this.#quotesEnd = true;
        else i = end;
      } else if (char === '(' && !this.#commentsEnd) {
        const end = this.#endOf(i + 1, '(', ')');
        if (end === -1) this.#commentsEnd = true;
        else {
          spec += text.slice(run, i);
          i = end;
          run = end + 1;
        }
      } else if (char === '<') {
        // `<<a@b>>`: only the inner one means something.
        spec = '';
        run = i + 1;
      }
      i++;
    }
    if (i >= text.length) {
      this.#defects.add('ADDRESS_ANGLE_UNTERMINATED', this.#where);
      const comma = text.indexOf(',', run);
      if (comma !== -1) i = comma;
    }
    spec += text.slice(run, i);
    this.#position = i;
    while (text[this.#position] === '>') this.#position++;
    this.#spaced = true;
    this.#takeAngle(withoutRoute(withoutBlanks(spec)));
  }

  /** Another address in angle brackets is that of another mailbox, whose comma is missing. */
  #takeAngle(address: string): void {
    if (this.#angle === null) {
      this.#angle = address;
      this.#wordsBefore = this.#words.length;
    } else if (address.includes('@') && this.#angle.includes('@') && address !== this.#angle) {
      this.#defects.add('ADDRESS_SEPARATOR_MISSING', this.#where);
      const words = this.#words.splice(this.#wordsBefore);
      this.#finish();
      this.#words = words;
      this.#wordsBefore = words.length;
      this.#angle = address;
    }
  }

  /** Takes the phrase so far as a group's name; false when the colon is none of a group. */
  #startsGroup(): boolean {
    if (this.#angle !== null || this.#group !== null) return false;
    if (this.#words.length === 0 || this.#hasAt) return false;
    const name = this.#phrase(this.#words);
    // A URI's scheme is no group.
    if (name.toLowerCase() !== 'mailto') this.#group = name;
    this.#words = [];
    this.#comment = '';
    this.#halves = 0;
    return true;
  }

  #phrase(words: readonly Word[]): string {
    let text = '';
    for (const word of words) text += text !== '' && word.spaced ? ` ${word.text}` : word.text;
    const name = decodeWords(text.trim(), this.#where, this.#defects).trim();
    return cut(clean(name, this.#where, this.#defects), maxValueLength, 'HEADER_VALUE_CUT', this.#where, this.#defects);
  }

  /** The name with what stands before its comma, which is not in quotes: `Doe, John <jdoe@example.com>`. */
  #withHalf(name: string): string {
    const half = this.#halves === 1 ? this.#result.pop() : undefined;
    if (half === undefined) return name;
    this.#defects.add('ADDRESS_COMMA_UNQUOTED', this.#where);
    return cut(`${half.name}, ${name}`, maxValueLength, 'HEADER_VALUE_CUT', this.#where, this.#defects);
  }

  #finish(): void {
    let words: readonly Word[] = this.#words;
    let address = this.#angle;
    if (address === null) {
      const bare = bareAddress(words);
      address = bare.address;
      words = bare.rest;
    }
    let phrase = this.#phrase(words);
    const packed = address === '' && this.#angle === null ? packedMailbox(phrase) : null;
    if (packed !== null) {
      this.#defects.add('ADDRESS_IN_NAME', this.#where);
      phrase = packed.name;
      address = packed.address;
    }
    const comment = phrase === '' && address !== '' ? this.#comment : '';
    const own = comment === '' ? phrase : this.#phrase([{ text: comment, quoted: true, spaced: false }]);
    const name = this.#angle !== null && words[0]?.quoted === false ? this.#withHalf(own) : own;
    if (own !== '') this.#halves = address === '' && words.every((word) => !word.quoted) ? this.#halves + 1 : 0;
    const group = this.#group;
    if (address !== '' || name !== '') {
      const cleaned = clean(address, this.#where, this.#defects);
      const spec = cut(cleaned, maxIdLength, 'HEADER_VALUE_CUT', this.#where, this.#defects);
      const at = spec.lastIndexOf('@');
      const domain = at === -1 ? '' : normalDomain(spec.slice(at + 1));
      this.#result.push(group === null ? { name, address: spec, domain } : { name, address: spec, domain, group });
    }
    this.#words = [];
    this.#hasAt = false;
    this.#comment = '';
    this.#angle = null;
    this.#spaced = false;
  }
}

/** A domain in lower case, an internationalised one by its A-labels (RFC 5890), so that both of its forms are one. */
function normalDomain(domain: string): string {
  const lower = domain.toLowerCase();
  // What is no domain name stays as it is.
  return isAsciiText(lower) ? lower : domainToASCII(lower) || lower;
}

const isAsciiText = (text: string): boolean => /^[\0-\x7f]*$/.test(text);

/**
 * The mailboxes of an address header's decoded but still encoded-word text (RFC 5322 §3.4 with §4.4): groups flattened and
 * remembered, comments as names where there is no other, routes dropped. A mailbox without `@` keeps its text as name.
 * Linear in the length of `text`.
 */
export function parseAddresses(text: string, where: string, defects: Defects): readonly Address[] {
  if (text === '') return [];
  return plainMailboxes(text) ?? new AddressReader(text, where, defects).read();
}
