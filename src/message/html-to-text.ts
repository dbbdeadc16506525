import { readReference } from './entities.ts';
import { elementOf, elementOfKey, type HtmlElement, keyCodes, longestKey } from './html-elements.ts';

const SPACE = 0x20;
const NEWLINE = 0x0a;
const CR = 0x0d;
const DOUBLE = 0x22;
const AMPERSAND = 0x26;
const SINGLE = 0x27;
const SLASH = 0x2f;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const NO_BREAK_SPACE = 0xa0;
/** Longest name that an element can have here. */
const longestName = 16;

const isLetter = (code: number) => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
const isNamePart = (code: number) => isLetter(code) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x3a;
/** By code: 0 for text as it stands, 2 for the blank, which is that between two words, 3 for other blanks, `&` and `<`. */
const kinds = new Uint8Array(65_536);
kinds.fill(3, 0, SPACE);
for (const code of [AMPERSAND, LESS, NO_BREAK_SPACE]) kinds[code] = 3;
kinds[SPACE] = 2;
/** By code: 1 for what may end a tag, or hide its end. */
const tagEnds = new Uint8Array(65_536);
for (const code of [GREATER, DOUBLE, SINGLE]) tagEnds[code] = 1;

/** UTF-16 units of HTML, and of the text that is made of them, which is never longer. */
interface Units {
  /** As bytes in UTF-16LE. */
  readonly html: Buffer;
  readonly source: Uint16Array;
  readonly text: Buffer;
  readonly out: Uint16Array;
}

function allocate(length: number): Units {
  // Two more: what ends text stands behind the end, and is looked at with what follows it.
  const html = Buffer.allocUnsafeSlow(2 * length + 4);
  const text = Buffer.allocUnsafeSlow(2 * length);
  return { html, source: new Uint16Array(html.buffer), text, out: new Uint16Array(text.buffer) };
}

/** Kept for all HTML up to this length: it is converted in one go. */
const keptLength = 262_144;
let kept: Units | null = null;

function unitsFor(length: number): Units {
  if (length > keptLength) return allocate(length);
  kept ??= allocate(keptLength);
  return kept;
}

/** Turns HTML into text in one pass; every scan for an end that fails is remembered, so that none is repeated. */
class Converter {
  readonly #html: string;
  readonly #units: Units;
  readonly #source: Uint16Array;
  readonly #out: Uint16Array;
  /** Units written, and all of them or'ed. */
  #length = 0;
  #bits = 0;
  /** Newlines that are due before the next text. */
  #breaks = 0;
  #space = false;
  #pre = 0;
  /** Where no more quotes of a kind stand. */
  #noDouble: number;
  #noSingle: number;
  #noCommentEnd = false;
  #unclosed: Set<string> | null = null;

  constructor(html: string) {
    this.#html = html;
    this.#units = unitsFor(html.length);
    this.#source = this.#units.source;
    this.#out = this.#units.out;
    this.#units.html.write(html, 0, 'utf16le');
    this.#source[html.length] = LESS;
    this.#noDouble = html.length;
    this.#noSingle = html.length;
  }

  convert(): string {
    const source = this.#source;
    const end = this.#html.length;
    let position = 0;
    while (position < end) {
      const code = source[position] ?? 0;
      if (code === LESS) position = this.#markup(position);
      else if (code === AMPERSAND) position = this.#reference(position);
      else if (this.#pre > 0) position = this.#preformatted(position, end);
      else if (kinds[code] === 0) position = this.#run(position);
      else {
        this.#space = true;
        position++;
      }
    }
    return this.#text().trim();
  }

  /** What was written; one byte a unit where that is enough. */
  #text(): string {
    const length = this.#length;
    const { text } = this.#units;
    if (this.#bits > 0xff) return text.toString('utf16le', 0, 2 * length);
    const out = this.#out;
    // In place: a byte is never written before its unit is read.
    for (let i = 0; i < length; i++) text[i] = out[i] ?? 0;
    return text.toString('latin1', 0, length);
  }

  /** Copies text as it stands, single blanks between words too; returns where it ends. */
  #run(start: number): number {
    this.#separate();
    const source = this.#source;
    const out = this.#out;
    let to = this.#length;
    let bits = this.#bits;
    let i = start;
    let code = source[i] ?? 0;
    let kind = kinds[code] ?? 0;
    for (;;) {
      const nextCode = source[i + 1] ?? 0;
      const next = kinds[nextCode] ?? 0;
      // A blank goes on when text follows it, and what is neither text nor a blank never.
      if ((kind & (next | 1)) !== 0) break;
      out[to++] = code;
      bits |= code;
      code = nextCode;
      kind = next;
      i++;
    }
    this.#length = to;
    this.#bits = bits;
    return i;
  }

  /** Copies text with its blanks; returns where it ends. */
  #preformatted(start: number, end: number): number {
    this.#separate();
    let i = start;
    for (; i < end; i++) {
      const code = this.#source[i] ?? 0;
      if (code === LESS || code === AMPERSAND) break;
      this.#out[this.#length++] = code;
      this.#bits |= code;
    }
    return i;
  }

  /** Writes what is due before text. */
  #separate(): void {
    if (this.#length > 0) {
      if (this.#breaks > 0) for (let i = Math.min(3, this.#breaks); i > 0; i--) this.#out[this.#length++] = NEWLINE;
      else if (this.#space) this.#out[this.#length++] = SPACE;
    }
    this.#breaks = 0;
    this.#space = false;
  }

  #write(text: string): void {
    this.#separate();
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      this.#out[this.#length++] = code;
      this.#bits |= code;
    }
  }

  #reference(start: number): number {
    const { text, length } = readReference(this.#html, start);
    if (text === '\u00A0') this.#space = true;
    else this.#write(text);
    return start + length;
  }

  /** Reads what begins with `<` at `open`; returns where to go on. */
  #markup(open: number): number {
    const html = this.#html;
    const source = this.#source;
    const end = html.length;
    const code = open + 1 < end ? (source[open + 1] ?? 0) : 0;
    if (code === 0x21 || code === 0x3f) return this.#declaration(open);
    const closing = code === SLASH;
    const nameStart = closing ? open + 2 : open + 1;
    if (nameStart >= end || !isLetter(source[nameStart] ?? 0)) {
      this.#write('<');
      return open + 1;
    }
    let nameEnd = nameStart;
    let key = 0;
    let hasKey = true;
    for (; nameEnd < end; nameEnd++) {
      const char = source[nameEnd] ?? 0;
      if (!isNamePart(char)) break;
      const keyCode = keyCodes[char] ?? 0;
      if (keyCode === 0) hasKey = false;
      key = (key << 5) | keyCode;
    }
    const length = nameEnd - nameStart;
    let element: HtmlElement | undefined;
    if (hasKey && length <= longestKey) element = elementOfKey(key);
    else if (length <= longestName) element = elementOf(html.slice(nameStart, nameEnd));
    const tagEnd = source[nameEnd] === GREATER && nameEnd < end ? nameEnd + 1 : this.#tagEnd(nameEnd, end);
    if (element === undefined) return tagEnd;
    this.#tag(element, closing);
    if (!closing && element.dropped && this.#unclosed?.has(element.name) !== true)
      return this.#skip(element.name, tagEnd);
    return tagEnd;
  }

  /** A comment, or what is no element. */
  #declaration(open: number): number {
    const html = this.#html;
    if (!html.startsWith('<!--', open)) return this.#after(html.indexOf('>', open));
    const end = this.#noCommentEnd ? -1 : html.indexOf('-->', open + 2);
    if (end !== -1) return end + 3;
    this.#noCommentEnd = true;
    return this.#after(html.indexOf('>', open));
  }

  /** Position behind the `>` of a tag; quotes hide it. */
  #tagEnd(start: number, end: number): number {
    const source = this.#source;
    for (let i = start; i < end; i++) {
      const code = source[i] ?? 0;
      if (tagEnds[code] === 0) continue;
      if (code === GREATER) return i + 1;
      // Quotes count only as values: `="…"`.
      if (this.#isValue(i)) i = this.#closingQuote(i, code);
    }
    return end;
  }

  /** Position of the quote that closes the one at `quote`; that itself when nothing does. */
  #closingQuote(quote: number, code: number): number {
    if (quote >= (code === DOUBLE ? this.#noDouble : this.#noSingle)) return quote;
    const source = this.#source;
    const end = this.#html.length;
    for (let i = quote + 1; i < end; i++) if (source[i] === code) return i;
    if (code === DOUBLE) this.#noDouble = quote;
    else this.#noSingle = quote;
    return quote;
  }

  #isValue(quote: number): boolean {
    const source = this.#source;
    let i = quote - 1;
    while (i > quote - 8 && (source[i] === SPACE || source[i] === NEWLINE || source[i] === CR)) i--;
    return source[i] === EQUALS;
  }

  #after(index: number): number {
    return index === -1 ? this.#html.length : index + 1;
  }

  /** Position behind the end tag of a dropped element; what is never closed is dropped only if it is code. */
  #skip(name: string, start: number): number {
    const html = this.#html;
    let position = start;
    for (;;) {
      const close = html.indexOf('</', position);
      if (close === -1) {
        if (name === 'script' || name === 'style') return html.length;
        this.#unclosed ??= new Set();
        this.#unclosed.add(name);
        return start;
      }
      if (html.slice(close + 2, close + 2 + name.length).toLowerCase() === name)
        return this.#after(html.indexOf('>', close));
      position = close + 2;
    }
  }

  #tag({ name, breaks }: HtmlElement, closing: boolean): void {
    if (name === 'br') {
      if (this.#length > 0) this.#breaks++;
      this.#space = false;
    } else if (name === 'td' || name === 'th') this.#space = true;
    if (breaks === 0) return;
    this.#breaks = Math.max(this.#breaks, breaks);
    this.#space = false;
    if (name === 'pre') this.#pre = Math.max(0, this.#pre + (closing ? -1 : 1));
  }
}

/**
 * HTML as plain text: scripts, styles and comments dropped, block elements on lines of their own, character references
 * decoded, blanks collapsed except in `pre`. Understands any input; linear in its length.
 */
export const htmlToText = (html: string): string => new Converter(html).convert();
