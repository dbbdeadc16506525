import { zones } from './dates.ts';

const PLUS = 0x2b;
const MINUS = 0x2d;
const digit = (code: number): number => (code >= 0x30 && code <= 0x39 ? code - 0x30 : Number.NaN);

/** Longest Date value that is looked at; longer ones are no dates. */
const maxLength = 256;
const numeric = /^(?:gmt|utc|ut)?([+-])(\d{1,2}):?(\d\d)$/i;

/** `-0000` says that the sender does not know its zone (RFC 5322 §3.3). */
function minutes(negative: boolean, hours: number, rest: number): number | null {
  if (!(hours < 24 && rest < 60) || (negative && hours === 0 && rest === 0)) return null;
  return (hours * 60 + rest) * (negative ? -1 : 1);
}

/**
 * The zone that a Date header was written in, in minutes east of Greenwich; null when it names none, one that nobody knows, or
 * `-0000`.
 */
export function dateOffset(value: string): number | null {
  const end = value.length;
  const sign = value.charCodeAt(end - 5);
  if (sign === PLUS || sign === MINUS) {
    const at = (i: number) => digit(value.charCodeAt(end - i));
    const [hours, rest] = [at(4) * 10 + at(3), at(2) * 10 + at(1)];
    // What nearly every sender writes.
    if (!Number.isNaN(hours + rest) && value.charCodeAt(end - 6) === 0x20) return minutes(sign === MINUS, hours, rest);
  }
  if (end > maxLength) return null;
  const words = value
    .replace(/"|\([^()]*\)/g, ' ')
    .replace(/(\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-])/i, '$1 $2')
    .split(/[\s,]+/);
  for (const word of words.toReversed()) {
    const match = numeric.exec(word);
    if (match !== null) return minutes(match[1] === '-', Number(match[2]), Number(match[3]));
    const named = zones[word.toLowerCase()];
    if (named !== undefined) return named;
  }
  return null;
}
