/** Lines of a text as what they are by structure; nothing here knows a language. */

/** Longest line that can be anything but text. */
const maxLine = 1_000;

/** A line that quotes: `>`, `>>`, `| ` before it, or initials (`JD> `). */
export const isQuoted = (line: string): boolean => /^\s{0,3}(?:>|＞|\p{Lu}{1,4}>(?:\s|$))/u.test(line);

export const isBlank = (line: string): boolean => line.trim() === '';

/** The line before a signature (RFC 3676 §4.3), also as programs mangle it. */
export const isSignatureMark = (line: string): boolean => /^\s?(?:--|—)[\s\u00a0]*$/.test(line);

/** A line of at least ten strokes and nothing else. */
export const isRule = (line: string): boolean => /^\s{0,8}([-_=*~─━])\1{9,}\s*$/.test(line);

const address = /[^\s<>"()@,;:]{1,64}@[^\s<>"()@,;:]{1,255}\p{L}/u;
const anyAddress = new RegExp(address, 'u');

/** Whether an e-mail address stands in the line. */
export const hasAddress = (line: string): boolean => line.includes('@') && anyAddress.test(line.slice(0, maxLine));

const time = /(?<!\p{Nd})\p{Nd}{1,2}[:.h時시点]\s?\p{Nd}{2}(?!\p{Nd})/u;
const year = /(?<!\p{Nd})\p{Nd}{4}(?!\p{Nd})/u;
const dayAndMonth = /(?<!\p{Nd})\p{Nd}{1,4}[-./年년]\s?\p{Nd}{1,2}[-./月월]\s?\p{Nd}{1,4}(?!\p{Nd})/u;

/** Whether a point in time stands in the line: a year and a time of day, or a numeric date. Digits of any script count. */
export function hasDate(line: string): boolean {
  if (!/\p{Nd}{2}/u.test(line)) return false;
  const text = line.slice(0, maxLine);
  return dayAndMonth.test(text) || (year.test(text) && time.test(text));
}

/** Whether the line ends in a colon, also in that of East Asian scripts; marks of direction behind it count for nothing. */
export const endsInColon = (line: string): boolean =>
  /[:：﹕]["'»”*_\s\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/.test(line.slice(-40));

/** A line `label: value` of a header that somebody quotes; labels are a few words in any script. */
export interface HeaderLine {
  readonly label: string;
  readonly value: string;
}

const header =
  /^[\s*_\u200e\u200f\u202a-\u202e]{0,4}([\p{L}\p{M}][\p{L}\p{M}\p{Pd}.'’/ ]{0,30})[*_\u00a0 ]{0,3}[:：][*_]{0,2}(?:\s+|$|(?=[^\s/]))(.*)$/u;

/** The line as one of a header block, or null. */
export function headerLine(line: string): HeaderLine | null {
  if (line.length > maxLine) return null;
  const match = header.exec(line);
  return match === null ? null : { label: (match[1] ?? '').trim(), value: (match[2] ?? '').trim() };
}

/** Words between strokes, such as `-----Original Message-----`; the words, or null. */
export function ruledWords(line: string): string | null {
  if (line.length > 200) return null;
  return /^\s{0,3}[>\s]{0,2}([-_=*~─━])\1{2,}\s?([^\s\-_=*~─━].{0,160}?)\s?\1{3,}\s*$/u.exec(line)?.[2] ?? null;
}
