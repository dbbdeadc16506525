import { stalled } from '../../telemetry/errors.ts';

/** What `XmlReader.next` has found; `end` is the end of the text, whatever is open then, even a tag. */
export type XmlToken = 'open' | 'close' | 'text' | 'end';

/** Deepest nesting of elements. */
const maxDepth = 32;
/** Longest tag with its attributes, in UTF-16 units. */
const maxTag = 16_384;
const maxName = 256;
/** Longest text between two tags that is kept, in UTF-16 units. */
const maxText = 65_536;
/** Most tags that open an element; reports of a hundred thousand records need some 3 million. */
const maxOpened = 4_000_000;
/** Most repairs of one text: what needs more is no XML. */
const maxRepairs = 10_000;

const GT = 0x3e;
const SLASH = 0x2f;
const EQUALS = 0x3d;
const isBlank = (code: number) => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const isQuote = (code: number) => code === 0x22 || code === 0x27;
/** What a name may begin with; characters beyond ASCII are not told apart. */
const beginsName = (code: number) =>
  (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || code === 0x3a || code >= 0x80;

const refused = (what: string) => stalled('REPORT_XML_INVALID', `the report is no XML that can be read: ${what}`);

const noNamespaces: ReadonlyMap<string, string> = new Map();
const predefined: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', apos: "'", quot: '"' };

/** The character of a reference; U+FFFD for one that XML does not have, undefined for what is no reference. */
function referenced(name: string): string | undefined {
  if (!name.startsWith('#')) return predefined[name];
  const code = /^#x/i.test(name) ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
  if (code > 0x10ffff || code === 0 || (code >= 0xd800 && code <= 0xdfff)) return '\uFFFD';
  return String.fromCodePoint(code);
}

/**
 * Reads XML 1.0 piece by piece, in time linear in the text and with bounded depth. There is no DTD (a DOCTYPE
 * with definitions is refused) and no entity beyond the five predefined ones and numbers, so nothing can expand. What senders get wrong is repaired and
 * noted in `repaired`: a `<` or `&` that begins nothing is text, an end tag that closes an outer element closes the inner ones.
 */
export class XmlReader {
  readonly #text: string;
  #position = 0;
  readonly #open: string[] = [];
  /** Elements that the last end tag closes, not told yet. */
  #closing = 0;
  #selfClosed = false;
  #opened = 0;
  #repairs = 0;
  /** Of the tag found last: lower-case local name, prefix (empty: none), declared namespaces by prefix. */
  name = '';
  prefix = '';
  namespaces = noNamespaces;
  /** The text found last. */
  text = '';

  constructor(text: string) {
    this.#text = text;
  }

  /** Elements that are open. */
  get depth(): number {
    return this.#open.length;
  }

  get repaired(): boolean {
    return this.#repairs > 0;
  }

  #repair(): void {
    this.#repairs++;
    if (this.#repairs > maxRepairs) throw refused('too much of it is wrong');
  }

  /** @throws MailmillError `REPORT_XML_INVALID` */
  next(): XmlToken {
    for (;;) {
      if (this.#selfClosed || this.#closing > 0) return this.#close();
      const text = this.#text;
      const start = this.#position;
      if (start >= text.length) return 'end';
      if (text.charCodeAt(start) !== 0x3c) return this.#readText(start);
      const following = text.charCodeAt(start + 1);
      if (beginsName(following)) return this.#readOpen(start);
      if (following === SLASH) this.#readClose(start);
      else if (text.startsWith('<!--', start)) this.#skip(start + 4, '-->');
      else if (text.startsWith('<![CDATA[', start)) {
        this.#skip(start + 9, ']]>');
        this.text = text.slice(start + 9, Math.min(this.#position - 3, start + 9 + maxText));
        return 'text';
      } else if (following === 0x3f) this.#skip(start + 2, '?>');
      else if (following === 0x21) this.#skipDoctype(start);
      else {
        this.#repair();
        return this.#readText(start);
      }
    }
  }

  #close(): XmlToken {
    if (this.#selfClosed) this.#selfClosed = false;
    else this.#closing--;
    this.#open.pop();
    return 'close';
  }

  #skip(from: number, mark: string): void {
    const end = this.#text.indexOf(mark, from);
    this.#position = end === -1 ? this.#text.length : end + mark.length;
  }

  /** A document type's name, and where its definition is said to be, mean nothing here; definitions of its own are refused. */
  #skipDoctype(start: number): void {
    const end = this.#text.indexOf('>', start);
    const declaration = this.#text.slice(start, Math.min(end === -1 ? this.#text.length : end, start + maxTag));
    if (this.#opened > 0 || end - start > maxTag || !/^<!DOCTYPE\s[^[<]*$/i.test(declaration))
      throw refused('it has a document type declaration with definitions');
    this.#skip(start, '>');
  }

  /** The end of a text that ends within a tag. */
  #stop(): XmlToken {
    this.#position = this.#text.length;
    return 'end';
  }

  /** Text up to the next `<`; the one at `start` is text itself. */
  #readText(start: number): XmlToken {
    const next = this.#text.indexOf('<', start + 1);
    const end = next === -1 ? this.#text.length : next;
    this.#position = end;
    this.text = this.#decode(this.#text.slice(start, Math.min(end, start + maxText)));
    return 'text';
  }

  #decode(text: string): string {
    if (!text.includes('&')) return text;
    return text.replace(/&(?:(#\d{1,7}|#[xX][\da-fA-F]{1,6}|[a-z]{2,4});)?/g, (whole, name: string | undefined) => {
      const char = name === undefined ? undefined : referenced(name);
      if (char === undefined) this.#repair();
      return char ?? whole;
    });
  }

  /** Where the name that begins at `start` ends. */
  #nameEnd(start: number): number {
    const text = this.#text;
    let end = start;
    for (; end < text.length; end++) {
      const code = text.charCodeAt(end);
      if (isBlank(code) || code === GT || code === SLASH || code === EQUALS || code === 0x3c) break;
    }
    if (end - start > maxName) throw refused('a name is too long');
    return end;
  }

  #readOpen(start: number): XmlToken {
    const text = this.#text;
    const nameEnd = this.#nameEnd(start + 1);
    let namespaces: Map<string, string> | undefined;
    let from = nameEnd;
    let to = nameEnd;
    let i = nameEnd;
    for (; ; i++) {
      if (i >= text.length) return this.#stop();
      if (i - start > maxTag) throw refused('a tag is too long');
      const code = text.charCodeAt(i);
      if (code === GT) break;
      if (isQuote(code)) {
        const close = text.indexOf(text.charAt(i), i + 1);
        if (close === -1) return this.#stop();
        if (close - start > maxTag) throw refused('an attribute is too long');
        if (text.startsWith('xmlns', from)) {
          namespaces ??= new Map();
          namespaces.set(text.slice(from, to).slice(6), text.slice(i + 1, close));
        }
        i = close;
        to = from = close + 1;
      } else if (!isBlank(code) && code !== EQUALS) {
        if (to < i) from = i;
        to = i + 1;
      }
    }
    this.#position = i + 1;
    if (this.#open.length >= maxDepth) throw refused(`elements are nested deeper than ${maxDepth}`);
    this.#opened++;
    if (this.#opened > maxOpened) throw refused('it has too many elements');
    const name = text.slice(start + 1, nameEnd);
    this.#selfClosed = text.charCodeAt(i - 1) === SLASH;
    this.#open.push(name);
    const colon = name.indexOf(':');
    this.prefix = colon === -1 ? '' : name.slice(0, colon);
    this.name = name.slice(colon + 1).toLowerCase();
    this.namespaces = namespaces ?? noNamespaces;
    return 'open';
  }

  #readClose(start: number): void {
    const nameEnd = this.#nameEnd(start + 2);
    const end = this.#text.indexOf('>', nameEnd);
    if (end === -1) {
      this.#stop();
      return;
    }
    if (end - start > maxTag) throw refused('a tag is too long');
    this.#position = end + 1;
    const level = this.#open.lastIndexOf(this.#text.slice(start + 2, nameEnd));
    if (level === -1) this.#repair();
    else {
      this.#closing = this.#open.length - level;
      if (this.#closing > 1) this.#repair();
    }
  }
}
