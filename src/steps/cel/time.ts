import { evaluationError } from './error.ts';

const first = -62_135_596_800_000;
const last = 253_402_300_799_999;

/** Whether a date is an instant between the years 1 and 9999. */
export const inRange = (date: Date): boolean => date.getTime() >= first && date.getTime() <= last;

const rfc3339 = /^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[-+][0-9]{2}:[0-9]{2})$/;

/** The instant of an RFC 3339 timestamp. */
export function parseTimestamp(text: string): Date {
  const date = rfc3339.test(text) ? new Date(text.toUpperCase()) : new Date(Number.NaN);
  // Date turns 31 February into 2 March; a day that does not exist is an error here.
  const day = Number(text.slice(8, 10));
  const days = new Date(Date.UTC(Number(text.slice(0, 4)), Number(text.slice(5, 7)), 0)).getUTCDate();
  if (inRange(date) && day <= days) return date;
  throw evaluationError('invalid_timestamp');
}

/** The instant so many seconds after 1970. */
export function fromSeconds(seconds: bigint): Date {
  const date = new Date(Number(seconds) * 1000);
  if (inRange(date)) return date;
  throw evaluationError('invalid_timestamp');
}

const formats = new Map<string, Intl.DateTimeFormat>();

function format(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known !== undefined) return known;
  try {
    const made = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    if (formats.size < 1000) formats.set(timeZone, made);
    return made;
  } catch {
    throw evaluationError('invalid_time_zone');
  }
}

/** The same wall-clock time as `date` has in `timeZone`, as if it were UTC. */
function wallClock(date: Date, timeZone: string): Date {
  const parts = new Map<string, number>();
  for (const part of format(timeZone).formatToParts(date)) parts.set(part.type, Number(part.value));
  const get = (type: string) => parts.get(type) ?? 0;
  const wall = new Date(0);
  wall.setUTCFullYear(get('year'), get('month') - 1, get('day'));
  wall.setUTCHours(get('hour'), get('minute'), get('second'), date.getUTCMilliseconds());
  return wall;
}

function dayOfYear(date: Date): number {
  const start = new Date(0);
  start.setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start.getTime()) / 86_400_000);
}

/** Parts of a timestamp by the name of the CEL function; in UTC. */
const parts: Readonly<Record<string, (date: Date) => number>> = {
  getFullYear: (d) => d.getUTCFullYear(),
  getMonth: (d) => d.getUTCMonth(),
  getDate: (d) => d.getUTCDate(),
  getDayOfMonth: (d) => d.getUTCDate() - 1,
  getDayOfWeek: (d) => d.getUTCDay(),
  getDayOfYear: dayOfYear,
  getHours: (d) => d.getUTCHours(),
  getMinutes: (d) => d.getUTCMinutes(),
  getSeconds: (d) => d.getUTCSeconds(),
  getMilliseconds: (d) => d.getUTCMilliseconds(),
};

export const timestampParts = Object.keys(parts);

/** One part of a timestamp, in UTC or in an IANA time zone; independent of the machine's own zone. */
export function timestampPart(name: string, date: Date, timeZone?: string): bigint {
  const part = parts[name];
  if (part === undefined) throw evaluationError('no_matching_overload');
  return BigInt(part(timeZone === undefined ? date : wallClock(date, timeZone)));
}
