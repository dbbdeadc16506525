const monthNames = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const month = `(${monthNames.join('|')})[a-z]*`;
const clock = '(\\d{1,2}):(\\d\\d)(?::(\\d\\d))?';

/** `Tue Mar 31 22:00:00 2015`, as asctime has it; a zone before the year (UUCP, Google Takeout) or after it (RFC 822 habits). */
const asctime = new RegExp(
  `\\b${month}\\s+(\\d{1,2})\\s+${clock}\\s+(?:([+-]\\d{4}|[A-Za-z]{1,5}(?: [A-Za-z]{1,5})?)\\s+)?(\\d{4}|\\d\\d)(?:\\s+([+-]\\d{4}))?(?:\\s|$)`,
  'i',
);
/** `31 Mar 2015 22:00:00 +0000`. */
const dayFirst = new RegExp(
  `\\b(\\d{1,2})[ -]${month}[ -](\\d{4}|\\d\\d)\\s+${clock}(?:\\s+([+-]\\d{4}))?(?:\\s|$)`,
  'i',
);

const maxLength = 512;

function fullYear(text: string): number {
  const year = Number(text);
  if (text.length === 4) return year;
  return year < 70 ? 2000 + year : 1900 + year;
}

const zoneMs = (zone: string | undefined): number => {
  const match = /^([+-])(\d\d)(\d\d)$/.exec(zone ?? '');
  if (!match) return 0;
  return (match[1] === '-' ? -1 : 1) * (Number(match[2]) * 60 + Number(match[3])) * 60_000;
};

/**
 * The time of a From_ line (without its line end): when the message was delivered. Undefined when it has no date, and then the line is
 * hardly a From_ line. Without a numeric zone it counts as UTC, so that every machine reads the same time.
 */
export function fromLineTime(line: Buffer): Date | undefined {
  if (line.length > maxLength) return undefined;
  const text = line.toString('latin1', 0, line.length);
  if (!text.startsWith('From ')) return undefined;
  const a = asctime.exec(text);
  const b = a ? undefined : dayFirst.exec(text);
  const [monthName, day, hour, minute, second, year, zone] = a
    ? [a[1], a[2], a[3], a[4], a[5], a[7], a[8] ?? a[6]]
    : [b?.[2], b?.[1], b?.[4], b?.[5], b?.[6], b?.[3], b?.[7]];
  if (monthName === undefined || year === undefined) return undefined;
  const [d, h, m, s] = [Number(day), Number(hour), Number(minute), Number(second ?? 0)];
  if (d < 1 || d > 31 || h > 23 || m > 59 || s > 60) return undefined;
  const at = Date.UTC(fullYear(year), monthNames.indexOf(monthName.toLowerCase()), d, h, m, s);
  return new Date(at - zoneMs(zone));
}
