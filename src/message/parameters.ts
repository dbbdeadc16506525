import { decodeCharset } from './charsets.ts';
import { withoutComments } from './comments.ts';
import type { Defects } from './defects.ts';
import { decodeRawHeader, decodeWords } from './encoded-words.ts';
import { hexDigit } from './transfer-encoding.ts';
import { trimBlanks } from './trim-blanks.ts';

/** A header such as Content-Type: its value in lower case, its parameters by lower-case name. */
export interface Parameterised {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
}

interface Piece {
  readonly text: string;
  /** Percent-encoded (RFC 2231). */
  readonly encoded: boolean;
}

interface QuotedString {
  readonly text: string;
  /** Behind its last quote. */
  readonly end: number;
}

/** Most pieces of one continued parameter. */
const maxPieces = 1_000;
/** Where a parameter stands that is no continued one: `name*`, and `name`. */
const extended = maxPieces;
const plain = maxPieces + 1;
const names = new Set(['name', 'filename']);

/** Bytes of percent-encoded latin1 text. */
function decodePercent(text: string): Buffer {
  const source = Buffer.from(text, 'latin1');
  const out = Buffer.allocUnsafe(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0;
    const high = byte === 0x25 ? hexDigit(source[i + 1] ?? 0) : -1;
    const low = byte === 0x25 ? hexDigit(source[i + 2] ?? 0) : -1;
    if (high >= 0 && low >= 0) {
      out[length++] = (high << 4) | low;
      i += 2;
    } else out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** Text of a parameter from its pieces in order (RFC 2231 §3, §4). */
function assemble(pieces: readonly Piece[], where: string, defects: Defects): string {
  const first = pieces[0];
  if (first === undefined) return '';
  if (!pieces.some((piece) => piece.encoded)) {
    const text = pieces.map((piece) => piece.text).join('');
    return decodeWords(decodeRawHeader(text, where, defects), where, defects);
  }
  let charset = '';
  let head = first.text;
  if (first.encoded) {
    const quote = head.indexOf("'");
    const second = quote === -1 ? -1 : head.indexOf("'", quote + 1);
    if (second !== -1) {
      charset = head.slice(0, quote);
      head = head.slice(second + 1);
    }
  }
  const bytes = pieces.map((piece, i) => {
    const text = i === 0 ? head : piece.text;
    return piece.encoded ? decodePercent(text) : Buffer.from(text, 'latin1');
  });
  return decodeCharset(Buffer.concat(bytes), charset, where, defects);
}

/** Reads a quoted string whose first `"` is at `start`; unterminated ones end with the text. */
function readQuoted(text: string, start: number, isName: boolean, where: string, defects: Defects): QuotedString {
  let result = '';
  let i = start + 1;
  let run = i;
  for (; i < text.length; i++) {
    const char = text[i];
    if (char === '"') return { text: result + text.slice(run, i), end: i + 1 };
    if (char === '\\' && i + 1 < text.length) {
      // In a file's name, a backslash before anything else than these is a path separator of old senders.
      const next = text[i + 1];
      if (!isName || next === '"' || next === '\\') {
        result += text.slice(run, i);
        run = i + 1;
        i++;
      }
    }
  }
  defects.add('PARAMETER_QUOTE_UNTERMINATED', where);
  return { text: result + text.slice(run), end: text.length };
}

/** Text before the first comment, and without it; without those that stand before it. */
function beforeComment(text: string): string {
  const comment = text.indexOf('(');
  if (comment === -1) return text.trim();
  // Elsewhere a parenthesis may belong to a name that should be in quotes.
  return text.slice(0, comment).trim() === '' ? withoutComments(text).trim() : text.slice(0, comment).trim();
}

/** Behind the comment that begins at `start` and the blanks that follow it; one that is never closed is none. */
function behindComment(text: string, start: number): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (depth === 0 && char !== ' ' && char !== '\t') return i;
  }
  return depth === 0 ? text.length : start;
}

const commentOfName = /\([^()]{0,200}\)[ \t]{0,8}(?=")/y;

/** Behind a comment before a file's name in quotes; one that is not in quotes may itself begin with a parenthesis. */
function behindCommentOfName(text: string, start: number): number {
  commentOfName.lastIndex = start;
  return commentOfName.test(text) ? commentOfName.lastIndex : start;
}

function collect(text: string, start: number, where: string, defects: Defects): Map<string, Map<number, Piece>> {
  const found = new Map<string, Map<number, Piece>>();
  let position = start;
  let equals = -1;
  /** Comments are closed; looked for the end once, or many of them would take for ever. */
  let closes = true;
  while (position < text.length) {
    // Looked for again only when it is passed: many semicolons may stand before it.
    if (equals < position) equals = text.indexOf('=', position);
    let semicolon = text.indexOf(';', position);
    if (equals === -1) break;
    if (semicolon !== -1 && semicolon < equals) {
      position = semicolon + 1;
      continue;
    }
    let name = withoutComments(text.slice(position, equals)).trim().toLowerCase();
    position = equals + 1;
    while (text[position] === ' ' || text[position] === '\t') position++;
    const isName = names.has(name) || (name.includes('*') && names.has(name.slice(0, name.indexOf('*'))));
    if (text[position] === '(' && (isName || closes)) {
      const behind = isName ? behindCommentOfName(text, position) : behindComment(text, position);
      if (!isName) closes = behind !== position;
      position = behind;
      if (semicolon !== -1 && semicolon < position) semicolon = text.indexOf(';', position);
    }
    let value: string;
    if (text[position] === '"') {
      const quoted = readQuoted(text, position, isName, where, defects);
      value = quoted.text;
      const next = text.indexOf(';', quoted.end);
      position = next === -1 ? text.length : next + 1;
    } else {
      const end = semicolon === -1 ? text.length : semicolon;
      value = trimBlanks(text.slice(position, end));
      position = end + 1;
      if (!names.has(name)) {
        // A comment may follow without a blank; in names and boundaries it is what should be in quotes.
        const ends = value.search(name === 'boundary' || name.includes('*') ? /[ \t]/ : /[ \t]|(?<=.)\(/);
        if (ends !== -1) value = value.slice(0, ends);
      }
    }
    const encoded = name.endsWith('*');
    if (encoded) name = name.slice(0, -1);
    let index = encoded ? extended : plain;
    const star = name.lastIndexOf('*');
    if (star !== -1 && /^\d{1,3}$/.test(name.slice(star + 1))) {
      index = Number(name.slice(star + 1));
      name = name.slice(0, star);
    }
    const pieces = found.get(name) ?? new Map<number, Piece>();
    found.set(name, pieces);
    if (!pieces.has(index)) pieces.set(index, { text: value, encoded });
  }
  return found;
}

const parameter = /^[\w*-]+\s{0,8}=/;

/** The value before the parameters, and where these begin; a blank stands for a missing semicolon, and the value may be missing too. */
function splitValue(text: string, where: string, defects: Defects): { readonly value: string; readonly start: number } {
  const comment = text.indexOf('(');
  let semicolon = text.indexOf(';');
  if (comment !== -1 && comment < semicolon) semicolon = text.indexOf(';', behindComment(text, comment));
  const head = beforeComment(semicolon === -1 ? text : text.slice(0, semicolon));
  if (parameter.test(head)) {
    defects.add('PARAMETER_SEPARATOR_MISSING', where);
    return { value: '', start: text.indexOf(head) };
  }
  const blank = head.search(/[ \t]/);
  if (blank === -1 || !head.includes('=', blank))
    return { value: head.toLowerCase(), start: semicolon === -1 ? -1 : semicolon + 1 };
  defects.add('PARAMETER_SEPARATOR_MISSING', where);
  return { value: head.slice(0, blank).toLowerCase(), start: text.indexOf(head) + blank + 1 };
}

/** `name*` beats `name` (RFC 6266 §4.3), and so does `name*0`, wherever they stand: senders write both for old readers. */
function chosen(pieces: ReadonlyMap<number, Piece>): readonly Piece[] {
  const whole = pieces.get(extended);
  if (whole !== undefined) return [whole];
  const ordered: Piece[] = [];
  // Some count from 1.
  for (let i = pieces.has(0) ? 0 : 1; i < maxPieces; i++) {
    const piece = pieces.get(i);
    if (piece === undefined) break;
    ordered.push(piece);
  }
  const only = pieces.get(plain);
  return ordered.length === 0 && only !== undefined ? [only] : ordered;
}

/**
 * Reads `value; name=…; name*0*=…` (RFC 2045 §5.1, RFC 2231). The first of two equal parameters wins, unquoted names may
 * hold blanks, encoded words are decoded although they are not allowed there. Linear in the length of `text`.
 */
export function parseParameters(text: string, where: string, defects: Defects): Parameterised {
  const { value, start } = splitValue(text, where, defects);
  const parameters = new Map<string, string>();
  if (start === -1) return { value, parameters };
  for (const [name, found] of collect(text, start, where, defects)) {
    const pieces = chosen(found);
    // A boundary is compared with bytes: nothing in it is meant to be decoded.
    const isBytes = name === 'boundary' && !pieces.some((piece) => piece.encoded);
    parameters.set(name, isBytes ? pieces.map((piece) => piece.text).join('') : assemble(pieces, where, defects));
  }
  return { value, parameters };
}
