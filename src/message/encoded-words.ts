import { decodeBase64 } from './base64.ts';
import { decodeCharset, latin1ToWindows1252 } from './charsets.ts';
import { Defects } from './defects.ts';
import { hexDigit } from './transfer-encoding.ts';

interface Word {
  readonly charset: string;
  readonly bytes: Buffer;
  /** Its text where that is base64. */
  readonly base64?: string;
  readonly end: number;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII
const nonAscii = /[^\x00-\x7f]/;

/** A header's raw latin1 text with its bare 8-bit bytes read as UTF-8, else as windows-1252 (`HEADER_8BIT`). */
export function decodeRawHeader(raw: string, where: string, defects: Defects): string {
  if (!nonAscii.test(raw)) return raw;
  defects.add('HEADER_8BIT', where);
  const text = Buffer.from(raw, 'latin1').toString('utf8');
  return text.includes('\uFFFD') ? latin1ToWindows1252(raw) : text;
}

/** Bytes of a Q-encoded word: `_` is a space, `=XX` a byte. */
function decodeQ(text: string): Buffer {
  const source = Buffer.from(text, nonAscii.test(text) ? 'utf8' : 'latin1');
  const out = Buffer.allocUnsafe(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    const byte = source[i] ?? 0;
    if (byte === 0x5f) out[length++] = 0x20;
    else if (byte === 0x3d) {
      const high = hexDigit(source[i + 1] ?? 0);
      const low = hexDigit(source[i + 2] ?? 0);
      if (high >= 0 && low >= 0) {
        out[length++] = (high << 4) | low;
        i += 2;
      } else out[length++] = byte;
    } else out[length++] = byte;
  }
  return out.subarray(0, length);
}

/** Position of the `?=` that stands between `start` and `limit`, or -1. */
function endBefore(text: string, start: number, limit: number): number {
  const end = text.slice(start, limit).indexOf('?=');
  return end === -1 ? -1 : start + end;
}

/** The encoded word whose `=?` is at `start`, or null when there is none. */
function readWord(text: string, start: number): Word | null {
  const charsetEnd = text.indexOf('?', start + 2);
  if (charsetEnd === -1 || charsetEnd - start > 66 || charsetEnd === start + 2) return null;
  const encoding = text[charsetEnd + 1];
  if (text[charsetEnd + 2] !== '?' || encoding === undefined) return null;
  const content = charsetEnd + 3;
  // A word that was never closed must not swallow the next one; its end is looked for no farther, or many would take for ever.
  const next = text.indexOf('=?', content);
  const end = next === -1 ? text.indexOf('?=', content) : endBefore(text, content, next + 3);
  if (end === -1) return null;
  const name = text.slice(start + 2, charsetEnd);
  const language = name.indexOf('*');
  const charset = language === -1 ? name : name.slice(0, language);
  const body = text.slice(content, end);
  if (encoding === 'Q' || encoding === 'q') return { charset, bytes: decodeQ(body), end: end + 2 };
  if (encoding === 'B' || encoding === 'b')
    return { charset, bytes: decodeBase64(Buffer.from(body, 'latin1')), base64: body, end: end + 2 };
  return null;
}

const blanksOnly = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code !== 0x20 && code !== 0x09) return false;
  }
  return true;
};

/** Words that were cut anywhere in one long base64, decoded as that; null when they are no such words. */
function decodeCut(words: readonly Word[], charset: string): string | null {
  let base64 = '';
  for (const word of words) {
    if (word.base64 === undefined) return null;
    base64 += word.base64;
  }
  const text = decodeCharset(decodeBase64(Buffer.from(base64, 'latin1')), charset, '', new Defects());
  return text.includes('\uFFFD') ? null : text;
}

/** Words of one charset, decoded together. */
function decodeRun(words: readonly Word[], charset: string, where: string, defects: Defects): string {
  const [only] = words;
  if (words.length === 1 && only !== undefined) return decodeCharset(only.bytes, charset, where, defects);
  const found = new Defects();
  const text = decodeCharset(Buffer.concat(words.map((word) => word.bytes)), charset, where, found);
  const cut = text.includes('\uFFFD') ? decodeCut(words, charset) : null;
  if (cut !== null) defects.add('ENCODED_WORD_CUT', where);
  else defects.addAll(found);
  return cut ?? text;
}

/**
 * `text` with its encoded words decoded (RFC 2047 §6.2, RFC 2231 §5). Blanks between two of them vanish; neighbours of one
 * charset are decoded together, because some senders cut characters in two. Words inside quotes and next to text are
 * decoded too: senders mean them so. Linear in the length of `text`.
 */
export function decodeWords(text: string, where: string, defects: Defects): string {
  let start = text.indexOf('=?');
  if (start === -1 || text.indexOf('?=', start + 2) === -1) return text;
  const lastEnd = text.lastIndexOf('?=');
  let result = '';
  let done = 0;
  let run: Word[] = [];
  const flush = () => {
    const first = run[0];
    if (first === undefined) return;
    result += decodeRun(run, first.charset, where, defects);
    run = [];
  };
  while (start !== -1 && start < lastEnd) {
    const word = readWord(text, start);
    if (word === null) {
      start = text.indexOf('=?', start + 2);
      continue;
    }
    const between = text.slice(done, start);
    const first = run[0];
    if (first === undefined || !blanksOnly(between)) {
      flush();
      result += between;
    } else if (first.charset.toLowerCase() !== word.charset.toLowerCase()) flush();
    run.push(word);
    done = word.end;
    start = text.indexOf('=?', done);
  }
  flush();
  return result + text.slice(done);
}
