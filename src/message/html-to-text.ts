import { decodeEntities } from './entities.ts';

/** Elements whose content is no text. */
const dropped = new Set(['script', 'style', 'title', 'template', 'noframes', 'iframe', 'textarea', 'select']);
/** Elements that stand on lines of their own; those with `true` have a blank line around them. */
const blocks = new Map<string, boolean>();
for (const name of ['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'ul', 'ol', 'dl', 'table'])
  blocks.set(name, true);
for (const name of ['div', 'tr', 'li', 'dt', 'dd', 'hr', 'center', 'address', 'form', 'fieldset', 'caption', 'body'])
  blocks.set(name, false);
for (const name of [
  'article',
  'section',
  'header',
  'footer',
  'main',
  'nav',
  'aside',
  'figure',
  'thead',
  'tbody',
  'html',
])
  blocks.set(name, false);

const isLetter = (code: number) => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
const isNamePart = (code: number) => isLetter(code) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x3a;
const blanks = /[ \t\r\n\f\u00A0]+/g;

/** Turns HTML into text in one pass; every scan for an end that fails is remembered, so that none is repeated. */
class Converter {
  readonly #html: string;
  #out = '';
  /** Newlines that are due before the next text. */
  #breaks = 0;
  #space = false;
  #pre = 0;
  #noQuote: Readonly<Record<string, number>> = {};
  #noCommentEnd = false;
  readonly #unclosed = new Set<string>();

  constructor(html: string) {
    this.#html = html;
  }

  convert(): string {
    const html = this.#html;
    let position = 0;
    while (position < html.length) {
      const open = html.indexOf('<', position);
      if (open === -1) {
        this.#text(html.slice(position));
        break;
      }
      if (open > position) this.#text(html.slice(position, open));
      position = this.#markup(open);
    }
    return this.#out.trim();
  }

  /** Reads what begins with `<` at `open`; returns where to go on. */
  #markup(open: number): number {
    const html = this.#html;
    const code = html.charCodeAt(open + 1);
    if (code === 0x21 || code === 0x3f) {
      if (!html.startsWith('<!--', open)) return this.#after(html.indexOf('>', open));
      const end = this.#noCommentEnd ? -1 : html.indexOf('-->', open + 2);
      if (end !== -1) return end + 3;
      this.#noCommentEnd = true;
      return this.#after(html.indexOf('>', open));
    }
    const closing = code === 0x2f;
    const nameStart = closing ? open + 2 : open + 1;
    if (!isLetter(html.charCodeAt(nameStart))) {
      this.#text('<');
      return open + 1;
    }
    let nameEnd = nameStart + 1;
    while (nameEnd < html.length && isNamePart(html.charCodeAt(nameEnd))) nameEnd++;
    const name = nameEnd - nameStart > 16 ? '' : html.slice(nameStart, nameEnd).toLowerCase();
    const end = this.#tagEnd(nameEnd);
    this.#tag(name, closing);
    if (!closing && dropped.has(name) && !this.#unclosed.has(name)) return this.#skip(name, end);
    return end;
  }

  /** Position behind the `>` of a tag; quotes hide it. */
  #tagEnd(start: number): number {
    const html = this.#html;
    for (let i = start; i < html.length; i++) {
      const char = html[i];
      if (char === '>') return i + 1;
      // Quotes count only as values: `="…"`.
      if ((char === '"' || char === "'") && this.#isValue(i)) {
        if (i >= (this.#noQuote[char] ?? html.length)) continue;
        const close = html.indexOf(char, i + 1);
        if (close === -1) this.#noQuote = { ...this.#noQuote, [char]: i };
        else i = close;
      }
    }
    return html.length;
  }

  #isValue(quote: number): boolean {
    let i = quote - 1;
    while (i > quote - 8 && (this.#html[i] === ' ' || this.#html[i] === '\n' || this.#html[i] === '\r')) i--;
    return this.#html[i] === '=';
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
        this.#unclosed.add(name);
        return start;
      }
      if (html.slice(close + 2, close + 2 + name.length).toLowerCase() === name)
        return this.#after(html.indexOf('>', close));
      position = close + 2;
    }
  }

  #tag(name: string, closing: boolean): void {
    if (name === 'br') {
      if (this.#out !== '') this.#breaks++;
      this.#space = false;
      return;
    }
    if (name === 'td' || name === 'th') this.#space = true;
    const blank = blocks.get(name);
    if (blank === undefined) return;
    this.#breaks = Math.max(this.#breaks, blank ? 2 : 1);
    this.#space = false;
    if (name === 'pre') this.#pre = Math.max(0, this.#pre + (closing ? -1 : 1));
  }

  #text(raw: string): void {
    const decoded = decodeEntities(raw);
    if (this.#pre > 0) {
      this.#flush(decoded.split('\r\n').join('\n'));
      return;
    }
    const text = decoded.replace(blanks, ' ');
    if (text === ' ') {
      this.#space = true;
      return;
    }
    const leading = text.startsWith(' ');
    const trailing = text.endsWith(' ');
    if (leading) this.#space = true;
    this.#flush(leading || trailing ? text.slice(leading ? 1 : 0, trailing ? -1 : undefined) : text);
    this.#space = trailing;
  }

  #flush(text: string): void {
    if (this.#out !== '') {
      if (this.#breaks > 0) this.#out += this.#breaks === 1 ? '\n' : this.#breaks === 2 ? '\n\n' : '\n\n\n';
      else if (this.#space) this.#out += ' ';
    }
    this.#breaks = 0;
    this.#space = false;
    this.#out += text;
  }
}

/**
 * HTML as plain text: scripts, styles and comments dropped, block elements on lines of their own, character references
 * decoded, blanks collapsed except in `pre`. Understands any input; linear in its length.
 */
export const htmlToText = (html: string): string => new Converter(html).convert();
