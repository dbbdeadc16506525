import { asciiCodes } from './ascii-codes.ts';
import { withoutComments } from './comments.ts';
import type { Defects } from './defects.ts';

const months: Readonly<Record<string, number>> = Object.fromEntries(
  ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'].map((name, i) => [name, i]),
);

/** Zones of RFC 5322 §4.3 in minutes east of Greenwich, and the ones that senders use beside them. */
export const zones: Readonly<Record<string, number>> = {
  ut: 0,
  utc: 0,
  gmt: 0,
  z: 0,
  wet: 0,
  west: 60,
  bst: 60,
  cet: 60,
  met: 60,
  mez: 60,
  cest: 120,
  mest: 120,
  mesz: 120,
  eet: 120,
  eest: 180,
  msk: 180,
  msd: 240,
  ist: 330,
  jst: 540,
  kst: 540,
  est: -300,
  edt: -240,
  cst: -360,
  cdt: -300,
  mst: -420,
  mdt: -360,
  pst: -480,
  pdt: -420,
};

const SPACE = 0x20;
const OPEN = 0x28;
const CLOSE = 0x29;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const COLON = 0x3a;

const maxLength = 256;

/**
 * Minutes east of Greenwich, up to 99:59 (RFC 5322 §3.3). Names that nobody knows count as 0 (§4.3, `DATE_ZONE_UNKNOWN`), an
 * impossible number is null; `Eastern Daylight Time` is read by its initials.
 */
function zoneMinutes(words: readonly string[], defects: Defects): number | null {
  const zone = words[0] ?? '';
  const numeric = /^(?:gmt|utc|ut)?([+-])(\d{1,2})(?::?(\d\d))?$/i.exec(zone);
  if (numeric) {
    const hours = Number(numeric[2]);
    const minutes = Number(numeric[3] ?? 0);
    if (minutes > 59) return null;
    return (numeric[1] === '-' ? -1 : 1) * (hours * 60 + minutes);
  }
  if (/^[+-]?\d/.test(zone)) return null;
  const initials =
    words[2]?.toLowerCase() === 'time'
      ? words
          .slice(0, 3)
          .map((word) => word[0])
          .join('')
      : zone;
  const minutes = zones[initials.toLowerCase()];
  if (minutes === undefined) defects.add('DATE_ZONE_UNKNOWN', 'date');
  return minutes ?? 0;
}

/** Hours of a day from hours on a twelve-hour clock. */
const afternoon = (hours: number, half: string) => (hours % 12) + (half.toLowerCase() === 'pm' ? 12 : 0);

/** RFC 5322 §4.3: two digits are 1950–2049, three count from 1900. */
function fullYear(digits: string): number | null {
  const year = Number(digits);
  if (!/^\d{2,4}$/.test(digits)) return null;
  if (digits.length === 4) return year;
  if (digits.length === 3) return year + 1900;
  return year < 50 ? year + 2000 : year + 1900;
}

/** @param rest what stands behind the time: AM or PM, the zone's words. */
function instant(
  year: number,
  month: number,
  day: number,
  time: string,
  rest: readonly string[],
  defects: Defects,
): Date | null {
  const clock = /^(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d{1,9})?)?$/.exec(time);
  const half = /^[ap]m$/i.test(rest[0] ?? '') ? rest[0] : undefined;
  const offset = zoneMinutes(half === undefined ? rest : rest.slice(1), defects);
  if (!clock || offset === null) return null;
  const hours = half === undefined ? Number(clock[1]) : afternoon(Number(clock[1]), half);
  const minutes = Number(clock[2]);
  const seconds = Number(clock[3] ?? 0);
  if (hours > 23 || minutes > 59 || seconds > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month, day);
  if (date.getUTCMonth() !== month || date.getUTCDate() !== day) return null; // 31 February
  date.setUTCHours(hours, minutes - offset, seconds);
  const result = date.getUTCFullYear();
  return result >= 1 && result <= 9999 ? date : null;
}

const isTime = (token: string | undefined) => token !== undefined && /^\d{1,2}[:.]\d/.test(token);
const monthOf = (token: string | undefined) =>
  token === undefined ? undefined : months[token.slice(0, 3).toLowerCase()];

/** The number that two digits write; negative, more than a hundred times what they could, when they are none. */
function twoDigits(codes: Uint8Array, at: number): number {
  const tens = (codes[at] ?? 0) - 0x30;
  const ones = (codes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -10_000;
}

/** Three codes as one number. */
const threeCodes = (codes: Uint8Array, at: number): number =>
  ((codes[at] ?? 0) << 16) | ((codes[at + 1] ?? 0) << 8) | (codes[at + 2] ?? 0);

/** Months by their three letters as nearly everybody writes them. */
const writtenMonths = new Map<number, number>(
  Object.entries(months).map(([name, month]) => [
    threeCodes(asciiCodes(`${name.charAt(0).toUpperCase()}${name.slice(1)}`), 0),
    month,
  ]),
);

/** Days that each month has in every year. */
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** How many letters stand from `at` on. */
function letters(codes: Uint8Array, at: number): number {
  let end = at;
  for (; ; end++) {
    const lower = (codes[end] ?? 0) | 0x20;
    if (!(lower >= 0x61 && lower <= 0x7a)) return end - at;
  }
}

/** Whether nothing but ` (UTC)` or its kind stands behind `at`. */
function isZoneComment(codes: Uint8Array, at: number, end: number): boolean {
  if (codes[at] !== SPACE || codes[at + 1] !== OPEN) return false;
  const count = letters(codes, at + 2);
  return count >= 1 && count <= 5 && end === at + count + 3 && codes[end - 1] === CLOSE;
}

/** What nearly every sender writes: `[Thu, ]22 Aug 2002 12:36:23 +0000[ (UTC)]`; null when it must be read with more care. */
function commonDate(value: string): Date | null {
  const end = value.length;
  const codes = asciiCodes(value);
  let at = letters(codes, 0) === 3 && codes[3] === COMMA && codes[4] === SPACE ? 5 : 0;
  if (at === 5 && codes[at] === SPACE) at++;
  const isShort = codes[at + 1] === SPACE;
  const day = isShort ? (codes[at] ?? 0) - 0x30 : twoDigits(codes, at);
  at += isShort ? 1 : 2;
  const sign = codes[at + 19];
  const isForm =
    codes[at] === SPACE &&
    codes[at + 4] === SPACE &&
    codes[at + 9] === SPACE &&
    codes[at + 12] === COLON &&
    codes[at + 15] === COLON &&
    codes[at + 18] === SPACE &&
    (sign === PLUS || sign === MINUS) &&
    (end === at + 24 || isZoneComment(codes, at + 24, end));
  if (!isForm) return null;
  const month = writtenMonths.get(threeCodes(codes, at + 1));
  const year = twoDigits(codes, at + 5) * 100 + twoDigits(codes, at + 7);
  const hours = twoDigits(codes, at + 10);
  const minutes = twoDigits(codes, at + 13);
  const seconds = twoDigits(codes, at + 16);
  const zoneHours = twoDigits(codes, at + 20);
  const zoneMinutes = twoDigits(codes, at + 22);
  const isSure =
    day >= 1 &&
    day <= (isShort ? 9 : (monthDays[month ?? 0] ?? 0)) &&
    year >= 1000 &&
    year <= 9998 &&
    hours <= 23 &&
    minutes <= 59 &&
    seconds <= 59 &&
    zoneHours <= 23 &&
    zoneMinutes <= 59 &&
    Math.min(hours, minutes, seconds, zoneHours, zoneMinutes) >= 0;
  if (!isSure || month === undefined) return null;
  const offset = (zoneHours * 60 + zoneMinutes) * (sign === MINUS ? -1 : 1);
  return new Date(Date.UTC(year, month, day, hours, minutes - offset, seconds));
}

/**
 * A Date header as an instant, or null when it cannot be read or lies outside the years 1 to 9999. Reads RFC 5322 with
 * its obsolete forms, asctime's order, `22-Aug-2002`, `Aug 22, 2002` and ISO 8601; a zone that is missing or unknown counts as UTC.
 */
export function parseDate(value: string, defects: Defects): Date | null {
  if (value.length > maxLength) return null;
  const quick = commonDate(value);
  if (quick !== null) return quick;
  // Blanks and comments may stand around each colon (RFC 5322 §4.3); some put quotes around all of it.
  const text = withoutComments(value)
    .replace(/"/g, ' ')
    .replace(/\s*:\s*/g, ':')
    .trim();
  const iso = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)\s?(Z|[+-]\d\d:?\d\d|[A-Za-z]{2,5})?$/.exec(
    text,
  );
  if (iso)
    return instant(
      Number(iso[1]),
      Number(iso[2]) - 1,
      Number(iso[3]),
      iso[4] ?? '',
      iso[5] === undefined ? [] : [iso[5]],
      defects,
    );
  let tokens = text
    .replace(/(:\d\d)([+-]\d{4})\b/, '$1 $2')
    .split(/[\s,]+/)
    .filter((token) => token !== '');
  // A day's name, in whatever language: it may begin as a month does (mar, mardi).
  const named = !/^\d/.test(tokens[0] ?? '');
  if (named && (monthOf(tokens[0]) === undefined || monthOf(tokens[2]) !== undefined)) tokens = tokens.slice(1);
  const dashed = /^(\d{1,2})-([A-Za-z]{3,9})-(\d{2,4})$/.exec(tokens[0] ?? '');
  if (dashed) tokens = [dashed[1] ?? '', dashed[2] ?? '', dashed[3] ?? '', ...tokens.slice(1)];
  const [first = '', second = '', third = '', fourth = '', fifth] = tokens;
  const rest = tokens.slice(4);
  const month = monthOf(second);
  if (/^\d{1,2}$/.test(first) && month !== undefined) {
    const year = fullYear(third);
    return year === null ? null : instant(year, month, Number(first), fourth, rest, defects);
  }
  const early = monthOf(first);
  // Aug 22, 2024 12:36:23 [zone]
  if (early !== undefined && /^\d{1,2}$/.test(second) && /^\d{4}$/.test(third) && isTime(fourth))
    return instant(Number(third), early, Number(second), fourth, rest, defects);
  // asctime: Thu Aug 22 12:36:23 [zone] 2024
  if (early !== undefined && /^\d{1,2}$/.test(second) && isTime(third)) {
    const zoned = fifth !== undefined && /^\d{4}$/.test(fifth);
    const year = fullYear(zoned ? fifth : fourth);
    return year === null ? null : instant(year, early, Number(second), third, zoned ? [fourth] : rest, defects);
  }
  return null;
}
