import { isAscii, isUtf8 } from 'node:buffer';
import iconv from 'iconv-lite';
import type { Random } from '../random.ts';

/** A charset with characters that it has; the name is what mail calls it. */
export interface Alphabet {
  readonly charset: string;
  readonly letters: readonly string[];
}

const range = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => String.fromCodePoint(from + i));

const latin = [...range(0x61, 0x7a), ...range(0x41, 0x5a), ...range(0x30, 0x39)];
const western = [...'äöüßéèçñøåÆÐ'];
const cyrillic = range(0x410, 0x44f);
const han = [...'日本語漢字中文電子郵件件名文字化'];
const kana = [...range(0x3041, 0x3093), ...range(0x30a1, 0x30f3)];
const hangul = [...'안녕하세요메일제목한국어'];
const everything = [...western, ...cyrillic, ...han, ...kana, ...hangul, ...'€„“…😀🍵👩‍💻', ...range(0x5d0, 0x5ea)];

/** Only characters that come back from an encoder of others as they went in. */
function alphabet(charset: string, wanted: readonly string[]): Alphabet {
  const letters = wanted.filter((one) => iconv.decode(iconv.encode(one, charset), charset) === one);
  return { charset, letters: [...latin.slice(0, 5), ...letters] };
}

export const ascii: Alphabet = { charset: 'us-ascii', letters: latin };
export const utf8: Alphabet = { charset: 'utf-8', letters: [...latin.slice(0, 20), ...everything] };

/** ASCII first, then UTF-8, then what else occurs. Those of several bytes without ASCII (UTF-16) are not among them. */
export const alphabets: readonly Alphabet[] = [
  ascii,
  utf8,
  alphabet('iso-8859-1', western),
  alphabet('iso-8859-15', [...western, '€', 'Š', 'ž']),
  alphabet('windows-1252', [...western, ...'€„“…']),
  alphabet('iso-8859-2', [...'ąćęłńóśźżČřŠ']),
  alphabet('windows-1250', [...'ąćęłńóśźżČřŠ']),
  alphabet('koi8-r', cyrillic),
  alphabet('windows-1251', cyrillic),
  alphabet('iso-8859-5', cyrillic),
  alphabet('iso-8859-7', range(0x3b1, 0x3c9)),
  alphabet('windows-1255', range(0x5d0, 0x5ea)),
  alphabet('iso-8859-8', range(0x5d0, 0x5ea)),
  alphabet('windows-1256', range(0x627, 0x63a)),
  alphabet('windows-874', range(0xe01, 0xe2e)),
  alphabet('shift_jis', [...han, ...kana]),
  alphabet('euc-jp', [...han, ...kana]),
  alphabet('gb2312', [...'中文字件名']),
  alphabet('gbk', [...han]),
  alphabet('gb18030', [...han]),
  alphabet('big5', [...'中文電子郵件名']),
  alphabet('euc-kr', hangul),
  alphabet('ks_c_5601-1987', hangul),
];

export const utf16: readonly Alphabet[] = [
  { charset: 'utf-16le', letters: utf8.letters },
  { charset: 'utf-16be', letters: utf8.letters },
];

/** Bytes of a text in a charset; iconv-lite is no part of what is tested here. */
export const encode = (text: string, charset: string): Buffer =>
  charset === 'us-ascii' ? Buffer.from(text, 'latin1') : iconv.encode(text, charset);

/** `ß€` and its kind in windows-1252: bytes that are UTF-8 too, which nobody can tell. */
const isAmbiguous = (text: string, charset: string): boolean =>
  charset === 'windows-1252' && isUtf8(encode(text, charset)) && !isAscii(encode(text, charset));

/** A word; one that may be read otherwise ends in a letter that makes its bytes no UTF-8. */
export function word(random: Random, { charset, letters }: Alphabet, longest = 12): string {
  const text = random.list(1, longest, () => random.pick(letters)).join('');
  return isAmbiguous(text, charset) ? `${text}é` : text;
}

/** Words with single blanks between them. */
export const phrase = (random: Random, alphabet: Alphabet, most = 4): string =>
  random.list(1, most, () => word(random, alphabet)).join(' ');
