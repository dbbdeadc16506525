import { decodeCharset } from '../charsets.ts';
import { Defects } from '../defects.ts';
import { charsetOf } from './properties.ts';

/** A body in RTF: HTML that Outlook wrapped in it, else its text. */
export interface RtfBody {
  readonly kind: 'html' | 'text';
  readonly content: string;
}

/** What holds within one group (RTF 1.9.1, "Group"). */
interface Group {
  /** Nothing of it is text. */
  skipped: boolean;
  /** `{\*\htmltag …}`: HTML that stands as it is (MS-OXRTFEX §2.1.3.1.4). */
  tag: boolean;
  /** `\htmlrtf`: for readers of RTF alone (MS-OXRTFEX §2.1.3.1.2). */
  rtfOnly: boolean;
  /** Characters behind `\u` that stand for it. */
  replaced: number;
  /** Current font. */
  font: number;
  /** The font table. */
  fonts: boolean;
}

const maxGroups = 1_000;
/** Code pages by `\fcharset` (RTF 1.9.1, "Font Table"). */
const codepages: Readonly<Record<number, number>> = {
  0: 1252,
  128: 932,
  129: 949,
  134: 936,
  136: 950,
  161: 1253,
  162: 1254,
  163: 1258,
  177: 1255,
  178: 1256,
  186: 1257,
  204: 1251,
  222: 874,
  238: 1250,
};
/** Destinations that hold no text. */
const silent = new Set(
  'colortbl stylesheet info pict object header headerl headerr headerf footer footerl footerr footerf footnote listtable themedata'.split(
    ' ',
  ),
);
const characters: Readonly<Record<string, string>> = {
  par: '\n',
  line: '\n',
  sect: '\n',
  page: '\n',
  row: '\n',
  tab: '\t',
  cell: '\t',
  lquote: '\u2018',
  rquote: '\u2019',
  ldblquote: '\u201c',
  rdblquote: '\u201d',
  bullet: '\u2022',
  endash: '\u2013',
  emdash: '\u2014',
  enspace: '\u2002',
  emspace: '\u2003',
};

const control = /\\(?:([a-z]{1,32})(-?\d{1,10})? ?|'([0-9a-f]{2})|([^a-z]))/iy;
const text = /[^\\{}\r\n]+/y;

class RtfReader {
  readonly #rtf: string;
  readonly #groups: Group[] = [];
  readonly #fonts = new Map<number, number>();
  readonly #out: string[] = [];
  #group: Group = { skipped: false, tag: false, rtfOnly: false, replaced: 1, font: -1, fonts: false };
  #codepage = 1252;
  #isHtml = false;
  /** Bytes in a code page that are not decoded yet. */
  #bytes = '';
  #bytesIn = 1252;
  /** Characters that stand for a `\u` before them. */
  #skip = 0;
  /** The next word is the first of its group, behind `\*`. */
  #starred = false;

  constructor(rtf: string) {
    this.#rtf = rtf;
  }

  read(): RtfBody {
    const rtf = this.#rtf;
    for (let position = 0; position < rtf.length; ) {
      const char = rtf[position];
      if (char === '{') {
        if (this.#groups.length >= maxGroups) break;
        this.#groups.push(this.#group);
        this.#group = { ...this.#group };
        position++;
      } else if (char === '}') {
        this.#flush();
        this.#group = this.#groups.pop() ?? this.#group;
        this.#starred = false;
        this.#skip = 0;
        position++;
      } else if (char === '\\') position = this.#control(position);
      else if (char === '\r' || char === '\n') position++;
      else {
        text.lastIndex = position;
        const run = text.exec(rtf)?.[0] ?? '';
        this.#put(run.slice(this.#skip));
        this.#skip = Math.max(0, this.#skip - run.length);
        position += run.length;
      }
    }
    this.#flush();
    return { kind: this.#isHtml ? 'html' : 'text', content: this.#out.join('') };
  }

  /** Reads one control word or symbol; where it ends. */
  #control(position: number): number {
    control.lastIndex = position;
    const found = control.exec(this.#rtf);
    if (found === null) return position + 1;
    const [whole, word, number, hex, symbol] = found;
    let end = position + whole.length;
    if (hex !== undefined) this.#put(String.fromCharCode(Number.parseInt(hex, 16)), true);
    else if (symbol !== undefined) this.#symbol(symbol);
    else if (word === 'bin') end += Math.max(0, Number(number ?? 0));
    else if (word !== undefined) this.#word(word, number === undefined ? null : Number(number));
    return end;
  }

  #symbol(symbol: string): void {
    if (symbol === '*') this.#starred = true;
    else if (symbol === '\\' || symbol === '{' || symbol === '}') this.#put(symbol, true);
    else if (symbol === '~') this.#character(this.#isHtml ? '&nbsp;' : '\u00a0');
    else if (symbol === '_') this.#character(this.#isHtml ? '&shy;' : '\u2011');
    else if (symbol === '\r' || symbol === '\n') this.#character('\n');
  }

  #word(word: string, number: number | null): void {
    const group = this.#group;
    const starred = this.#starred;
    this.#starred = false;
    if (word === 'htmltag' && starred) group.tag = true;
    else if (starred || silent.has(word)) group.skipped = true;
    else if (word === 'fonttbl') group.fonts = true;
    else if (word === 'fromhtml') this.#isHtml = true;
    else if (word === 'htmlrtf') {
      this.#flush();
      group.rtfOnly = number !== 0;
    } else if (word === 'ansicpg') this.#codepage = number ?? 1252;
    else if (word === 'f' || word === 'deff') {
      if (word === 'f' || group.font === -1) group.font = number ?? -1;
    } else if (word === 'fcharset') this.#fonts.set(group.font, codepages[number ?? 0] ?? -1);
    else if (word === 'uc') group.replaced = Math.min(16, Math.max(0, number ?? 1));
    else if (word === 'u') {
      this.#character(String.fromCharCode((number ?? 0) & 0xffff));
      this.#skip = group.replaced;
    } else {
      const character = characters[word];
      if (character !== undefined) this.#character(character);
    }
  }

  /** Whether text is wanted where the reader stands. */
  get #isText(): boolean {
    const { skipped, tag, rtfOnly, fonts } = this.#group;
    return !skipped && !fonts && (!tag || this.#isHtml) && !(this.#isHtml && rtfOnly);
  }

  /** Adds bytes in the current code page; `single` when they stand for one character that `\u` may replace. */
  #put(bytes: string, single = false): void {
    if (single && this.#skip > 0) {
      this.#skip--;
      return;
    }
    if (bytes === '' || !this.#isText) return;
    const font = this.#group.tag ? -1 : (this.#fonts.get(this.#group.font) ?? -1);
    const codepage = font === -1 ? this.#codepage : font;
    if (codepage !== this.#bytesIn) this.#flush();
    this.#bytesIn = codepage;
    this.#bytes += bytes;
  }

  #character(character: string): void {
    if (!this.#isText) return;
    this.#flush();
    this.#out.push(character);
  }

  #flush(): void {
    if (this.#bytes === '') return;
    const bytes = Buffer.from(this.#bytes, 'latin1');
    this.#out.push(decodeCharset(bytes, charsetOf(this.#bytesIn), 'text', new Defects()));
    this.#bytes = '';
  }
}

/**
 * Reads RTF: the HTML that is encapsulated in it (MS-OXRTFEX), else its text with a newline for each paragraph. Broken RTF gives
 * what can be read. Linear.
 */
export const readRtf = (rtf: Buffer): RtfBody => new RtfReader(rtf.toString('latin1')).read();
