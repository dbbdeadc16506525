import { isAscii, isUtf8 } from 'node:buffer';
import { createRequire } from 'node:module';
import { decodeEucTw } from './cns-11643.ts';
import type { Defects } from './defects.ts';
import { decodeJohab } from './johab.ts';
import { withLf } from './newlines.ts';
import { decodeHz, decodeIso2022Cn, decodeIso2022Kr } from './shifted-charsets.ts';

/** Code points of the bytes 0x80–0x9F in windows-1252 (WHATWG Encoding, index-windows-1252). */
const windows1252 =
  '\u20AC\x81\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\x8D\u017D\x8F' +
  '\x90\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\x9D\u017E\u0178';

const c1 = /[\x80-\x9f]/g;

/** The code point of a C1 control read as windows-1252. */
export const fromC1 = (char: string): string => windows1252[char.charCodeAt(0) - 0x80] ?? char;

/** A latin1 string read as windows-1252: what senders mean by iso-8859-1. */
export const latin1ToWindows1252 = (text: string): string => text.replace(c1, fromC1);

/** Decodes bytes whose charset has a table of its own; invalid ones become U+FFFD. */
type Decode = (bytes: Buffer) => string;
type Charset = 'ascii' | 'utf-8' | 'windows-1252' | 'unknown' | Decode;

const known = new Map<string, Charset>();
for (const name of [
  '',
  'us-ascii',
  'ascii',
  'us',
  'ansi_x3.4-1968',
  '7bit',
  '8bit',
  'binary',
  'default',
  'unknown-8bit',
])
  known.set(name, 'ascii');
for (const name of ['x-unknown', 'unknown', 'x-user-defined', 'none', 'us_ascii', 'usascii']) known.set(name, 'ascii');
for (const name of ['utf-8', 'utf8', 'utf_8', 'unicode-1-1-utf-8', 'utf-8mb4', 'utf8mb4']) known.set(name, 'utf-8');

/** UTF-16 by its byte order mark; without one by where the zeros of ASCII stand, and else as `order` says (RFC 2781 §4.3). */
const utf16 =
  (order: 'utf-16be' | 'utf-16le' | null): Decode =>
  (bytes) => {
    const mark = bytes.length < 2 ? 0 : bytes.readUInt16BE(0);
    if (mark === 0xfffe) return new TextDecoder('utf-16le').decode(bytes);
    if (mark === 0xfeff) return new TextDecoder('utf-16be').decode(bytes);
    return new TextDecoder(order ?? (hasLittleEndianAscii(bytes) ? 'utf-16le' : 'utf-16be')).decode(bytes);
  };

/** Whether zeros stand rather in the second bytes of pairs. */
function hasLittleEndianAscii(bytes: Buffer): boolean {
  let balance = 0;
  for (let i = 0; i + 1 < bytes.length; i += 2) balance += Number(bytes[i + 1] === 0) - Number(bytes[i] === 0);
  return balance > 0;
}

known.set('utf-16', utf16(null));
known.set('iso-2022-kr', decodeIso2022Kr);
known.set('csiso2022kr', decodeIso2022Kr);
known.set('iso-2022-cn', decodeIso2022Cn);
known.set('iso-2022-cn-ext', decodeIso2022Cn);
known.set('hz-gb-2312', decodeHz);
for (const name of ['johab', 'x-johab', 'ms1361', 'cp1361', 'ksc5601-1992', 'ksc5601_1992', 'ks_c_5601-1992'])
  known.set(name, decodeJohab);
for (const name of ['euc-tw', 'x-euc-tw', 'euctw', 'cns11643']) known.set(name, decodeEucTw);

/** Names in mail that the Encoding Standard does not know. */
const aliases: Readonly<Record<string, string>> = {
  cp932: 'shift_jis',
  'x-ms-cp932': 'shift_jis',
  cp936: 'gbk',
  ms936: 'gbk',
  cp949: 'euc-kr',
  ks_c_5601: 'euc-kr',
  'x-windows-949': 'euc-kr',
  cp950: 'big5',
  'x-big5': 'big5',
  big5hkscs: 'big5',
  cp50220: 'iso-2022-jp',
  cp50221: 'iso-2022-jp',
  'x-gbk': 'gbk',
  utf16: 'utf-16',
  'iso-10646-ucs-2': 'utf-16',
  'koi8-ru': 'koi8-u',
  'unicode-1-1-utf-7': 'utf-7',
  'x-unicode-1-1-utf-7': 'utf-7',
  'x-unicode-2-0-utf-7': 'utf-7',
  csunicode11utf7: 'utf-7',
  cp51932: 'euc-jp',
  extended_unix_code_packed_format_for_japanese: 'euc-jp',
  'kz-1048': 'rk1048',
  kz1048: 'rk1048',
  ptcp154: 'pt154',
  cp154: 'pt154',
  'cyrillic-asian': 'pt154',
  ibm00858: 'cp858',
  cp00858: 'cp858',
  ccsid00858: 'cp858',
  'pc-multilingual-850+euro': 'cp858',
  'cp-is': 'cp861',
  'iso-8859-1-windows-3.0-latin-1': 'windows-1252',
  'iso-8859-1-windows-3.1-latin-1': 'windows-1252',
  'iso-8859-2-windows-latin-2': 'windows-1250',
  'iso-8859-9-windows-latin-5': 'windows-1254',
  'cn-gb': 'gbk',
  uhc: 'euc-kr',
  hz: 'hz-gb-2312',
  'x-mac-ce': 'maccenteuro',
  'x-mac-croatian': 'maccroatian',
  'x-mac-greek': 'macgreek',
  'x-mac-icelandic': 'maciceland',
  'x-mac-romanian': 'macromania',
  'x-mac-turkish': 'macturkish',
  'utf-8-sig': 'utf-8',
  cp65001: 'utf-8',
  'windows-65001': 'utf-8',
};

/** Lower-case name without quotes and blanks; `iso8859_1`, `win-1251` and their kind in the standard's spelling. */
function normalName(name: string): string {
  // `utf-8;` and `charset=utf-8` are what broken writers of parameters leave.
  let result = name
    .toLowerCase()
    .replace(/^\s*(?:charset\s*=\s*)?/, '')
    .replace(/(?<![\s;,])[\s;,]+$/, '');
  if (result.startsWith('"') || result.startsWith("'")) result = result.slice(1);
  if (result.endsWith('"') || result.endsWith("'")) result = result.slice(0, -1);
  const windows = /^(?:x-)?(?:windows|win|cp|ms)[-_ ]?(125\d|874)$/.exec(result);
  if (windows) return `windows-${windows[1]}`;
  const iso = /^(?:iso[-_ ]?)?8859[-_ ]?(\d{1,2})(?:-[ie])?$/.exec(result);
  if (iso) return `iso-8859-${iso[1]}`;
  // What the extensions of ISO-2022-JP add is rare; its switches are no characters then, and told.
  const iso2022 = /^iso[-_]?2022[-_]?(jp|kr|cn)(?:[-_]?(?:[123]|2004|ext|ms))?$/.exec(result);
  if (iso2022) return `iso-2022-${iso2022[1]}`;
  return aliases[result] ?? result;
}

/** iconv-lite, when mail first needs it: most workers never do. Required, not imported, so that reading mail stays synchronous. */
function iconvDecoder(name: string): Decode | null {
  // `require` of a module is untyped.
  const iconv: typeof import('iconv-lite') = createRequire(import.meta.url)('iconv-lite');
  return iconv.encodingExists(name) ? (bytes) => iconv.decode(bytes, name) : null;
}

/** What iconv-lite knows and no mail is written in: encodings of bytes as text. */
const noCharsets = new Set(['base64', 'hex', 'binary']);

const allAscii = Buffer.from(Array.from({ length: 128 }, (_, code) => code));

/** A decoder that leaves ASCII bytes to a copy, unless they may mean something else: in UTF-16, UTF-7, ISO-2022-JP. */
function table(decode: Decode): Decode {
  if (decode(allAscii) !== allAscii.toString('latin1')) return decode;
  return (bytes) => (isAscii(bytes) ? bytes.toString('latin1') : decode(bytes));
}

/** Characters of Hong Kong's supplement are for private use in Node's Big5 and have code points in iconv-lite's. */
const withHongKong = (bytes: Buffer, text: string): string =>
  /[\ue000-\uf8ff\ufffd]/.test(text) ? (iconvDecoder('big5hkscs')?.(bytes) ?? text) : text;

function decoderOf(name: string): Charset {
  try {
    const decoder = new TextDecoder(name);
    if (decoder.encoding === 'utf-8' || decoder.encoding === 'windows-1252') return decoder.encoding;
    if (decoder.encoding === 'utf-16le' || decoder.encoding === 'utf-16be') return utf16(decoder.encoding);
    if (decoder.encoding === 'iso-2022-jp') return (bytes) => decoder.decode(withoutIdleEscapes(bytes));
    if (decoder.encoding === 'big5') return table((bytes) => withHongKong(bytes, decoder.decode(bytes)));
    return table((bytes) => decoder.decode(bytes));
  } catch {
    // A RangeError: the Encoding Standard has no such label.
    if (!/^[a-z\d][\w.:+-]{1,39}$/.test(name) || noCharsets.has(name.replace(/[^a-z0-9]/g, ''))) return 'unknown';
    const decode = iconvDecoder(name);
    return decode === null ? 'unknown' : table(decode);
  }
}

function lookUp(name: string): Charset {
  const found = known.get(name);
  if (found !== undefined) return found;
  const normal = normalName(name);
  let charset = known.get(normal) ?? decoderOf(normal);
  // The registry's names for programs: `csUTF8`, `csGBK`.
  if (charset === 'unknown' && normal.startsWith('cs')) charset = lookUp(normal.slice(2));
  // Bounded: names come from strangers.
  if (known.size < 1_000) known.set(name, charset);
  return charset;
}

const utf8 = (bytes: Buffer): string => {
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: ESC is what switches character sets
const idleEscapes = /\x1b(?:\([BJ]|\$[@B])(?=\x1b)/g;

/** ISO-2022-JP without switches that nothing follows: the Encoding Standard calls them errors, senders joined words. */
const withoutIdleEscapes = (bytes: Buffer): Buffer =>
  Buffer.from(bytes.toString('latin1').replace(idleEscapes, ''), 'latin1');

/** Bytes of no declared charset: UTF-8 when they are valid UTF-8, else windows-1252. */
export function decodeUndeclared(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1');
  return isUtf8(bytes) ? utf8(bytes) : latin1ToWindows1252(bytes.toString('latin1'));
}

/** What may stand behind a word of windows-1252, once more than once: `€ … ‚ „ ‹ ‘ ’ “ ” • – — ™ ›`, a blank, `§ © « ® ° ´ · »`. */
const closing = new Set(
  '80 82 84 85 8b 91 92 93 94 95 96 97 99 9b a0 a7 a9 ab ae b0 b4 b7 bb'
    .split(' ')
    .map((hex) => Number.parseInt(hex, 16)),
);

/**
 * Whether valid UTF-8 is so by no accident. In windows-1252 a capital and a symbol (`CAFÉ”`) are a letter of UTF-8 in two bytes; but for
 * those of Latin-1 (`Ã©`) only a word of such letters is meant. A small letter and two symbols (`café »`) are one in three; but for
 * punctuation (`â€™`), which nobody means otherwise.
 */
function isMeant(utf8: Buffer): boolean {
  let behind = -1;
  for (let i = 0; i < utf8.length; i++) {
    const lead = utf8[i] ?? 0;
    if (lead < 0x80) continue;
    if (lead >= 0xe0) {
      const isWord = lead <= 0xef && lead !== 0xe2 && closing.has(utf8[i + 1] ?? 0) && closing.has(utf8[i + 2] ?? 0);
      if (!isWord && lead <= 0xf0) return true;
      i += lead <= 0xef ? 2 : 3;
      continue;
    }
    if (lead <= 0xc3 || i === behind) return true;
    behind = i + 2;
    i++;
  }
  return false;
}

/**
 * Bytes as text. A charset that nobody knows is read as if undeclared (`CHARSET_UNKNOWN`); bytes that the declared
 * charset does not have become U+FFFD (`CHARSET_INVALID_BYTES`); 8-bit bytes in what is declared as ASCII or not at all
 * are UTF-8 when valid, else windows-1252 (`UNDECLARED_8BIT`); valid UTF-8 is rarely anything else (`CHARSET_WRONG` where windows-1252 is declared).
 */
export function decodeCharset(bytes: Buffer, name: string, where: string, defects: Defects): string {
  const charset = lookUp(name);
  if (typeof charset === 'function') {
    const text = charset(bytes);
    if (text.includes('\uFFFD')) defects.add('CHARSET_INVALID_BYTES', where);
    return text;
  }
  if (isAscii(bytes)) {
    if (charset === 'unknown') defects.add('CHARSET_UNKNOWN', where);
    return bytes.toString('latin1');
  }
  switch (charset) {
    case 'utf-8':
      if (!isUtf8(bytes)) defects.add('CHARSET_INVALID_BYTES', where);
      return utf8(bytes);
    case 'windows-1252':
      if (isUtf8(bytes) && isMeant(bytes)) {
        defects.add('CHARSET_WRONG', where);
        return utf8(bytes);
      }
      return latin1ToWindows1252(bytes.toString('latin1'));
    case 'ascii':
      defects.add('UNDECLARED_8BIT', where);
      return decodeUndeclared(bytes);
    case 'unknown':
      defects.add('CHARSET_UNKNOWN', where);
      return decodeUndeclared(bytes);
  }
}

/** As `decodeCharset`, with LF for every CRLF, and for CRs before one. */
export const decodeText = (bytes: Buffer, name: string, where: string, defects: Defects): string =>
  // A table of its own may have other bytes for line ends.
  typeof lookUp(name) === 'function'
    ? decodeCharset(bytes, name, where, defects).replace(/(?<!\r)\r+\n/g, '\n')
    : decodeCharset(withLf(bytes), name, where, defects);
