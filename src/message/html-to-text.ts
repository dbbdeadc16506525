import { readReference } from './entities.ts';

/** What an element means for the text around it. */
interface Element {
  readonly name: string;
  /** Newlines around it. */
  readonly breaks: number;
  /** Its content is no text. */
  readonly dropped: boolean;
}

const elements = new Map<string, Element>();
function define(names: string, breaks: number, dropped = false): void {
  for (const name of names.split(' ')) {
    const element = { name, breaks, dropped };
    elements.set(name, element);
    elements.set(name.toUpperCase(), element);
  }
}
define('script style title template noframes iframe textarea select', 0, true);
define('p h1 h2 h3 h4 h5 h6 blockquote pre ul ol dl table', 2);
define('div tr li dt dd hr center address form fieldset caption body html thead tbody', 1);
define('article section header footer main nav aside figure', 1);
define('br td th a b i u em strong font span img small big sub sup input label tt code map area meta link', 0);

/** The element of that name; most are found as they are written. */
const elementOf = (name: string): Element | undefined => elements.get(name) ?? elements.get(name.toLowerCase());

const isLetter = (code: number) => (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
const isNamePart = (code: number) => isLetter(code) || (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x3a;
/** Codes that may stand in a run of text as it is: everything but blanks and `&`. */
const isPlain = (code: number) => code > 0x20 && code !== 0x26 && code !== 0xa0;

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
        this.#text(position, html.length);
        break;
      }
      if (open > position) this.#text(position, open);
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
      this.#text(open, open + 1);
      return open + 1;
    }
    let nameEnd = nameStart + 1;
    while (nameEnd < html.length && isNamePart(html.charCodeAt(nameEnd))) nameEnd++;
    const element = nameEnd - nameStart > 16 ? undefined : elementOf(html.slice(nameStart, nameEnd));
    const end = this.#tagEnd(nameEnd);
    if (element === undefined) return end;
    this.#tag(element, closing);
    if (!closing && element.dropped && !this.#unclosed.has(element.name)) return this.#skip(element.name, end);
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

  #tag({ name, breaks }: Element, closing: boolean): void {
    if (name === 'br') {
      if (this.#out !== '') this.#breaks++;
      this.#space = false;
    } else if (name === 'td' || name === 'th') this.#space = true;
    if (breaks === 0) return;
    this.#breaks = Math.max(this.#breaks, breaks);
    this.#space = false;
    if (name === 'pre') this.#pre = Math.max(0, this.#pre + (closing ? -1 : 1));
  }

  /** Adds text: references decoded, runs of blanks as one unless in `pre`. */
  #text(start: number, end: number): void {
    const html = this.#html;
    let run = start;
    let i = start;
    while (i < end) {
      const code = html.charCodeAt(i);
      if (isPlain(code) || (code !== 0x26 && this.#pre > 0)) i++;
      else if (code === 0x20 && i > run && i + 1 < end && isPlain(html.charCodeAt(i + 1))) i += 2;
      else {
        if (i > run) this.#flush(html.slice(run, i));
        if (code === 0x26) {
          const reference = readReference(html, i);
          if (reference.text === '\u00A0') this.#space = true;
          else this.#flush(reference.text);
          i = Math.min(end, i + reference.length);
        } else {
          this.#space = true;
          i++;
        }
        run = i;
      }
    }
    if (end > run) this.#flush(html.slice(run, end));
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
