const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const minuteMs = 60_000;
const quarterMs = 15 * minuteMs;
/** As far as the CronJob controller looks. */
const horizonMs = 5 * 366 * 86_400_000;

interface Field {
  readonly values: ReadonlySet<number>;
  /** Whether a part of it is `*` (and not a step of it): such a day field does not count as restricted. */
  readonly star: boolean;
}

function field(text: string, minimum: number, maximum: number, names: readonly string[] = [], base = 0): Field {
  const read = (part: string) => {
    const named = names.indexOf(part.toUpperCase());
    return named >= 0 ? named + base : Number(part);
  };
  const values = new Set<number>();
  let star = false;
  for (const part of text.split(',')) {
    const [span = '*', stepText] = part.split('/');
    const step = Number(stepText ?? 1);
    if (span === '*' && step === 1) star = true;
    const [from = '', to] = span.split('-');
    const first = span === '*' ? minimum : read(from);
    const last = span === '*' ? maximum : to !== undefined ? read(to) : stepText !== undefined ? maximum : first;
    for (let value = first; value <= last; value += step) values.add(value);
  }
  return { values, star };
}

/**
 * The first minute after `after` at which a cron expression that validation has accepted is due, as the CronJob controller reads it
 * (robfig/cron 3): where both day fields are restricted either will do; an hour that a time zone skips has no runs, one that it repeats has
 * them twice. Undefined when there is none within five years.
 */
export function nextTime(expression: string, timeZone: string, after: Date): Date | undefined {
  const [minuteText = '*', hourText = '*', dayText = '*', monthText = '*', weekdayText = '*'] = expression
    .trim()
    .split(/ +/);
  const minute = field(minuteText, 0, 59);
  const hour = field(hourText, 0, 23);
  const day = field(dayText, 1, 31);
  const month = field(monthText, 1, 12, monthNames, 1);
  const weekday = field(weekdayText, 0, 6, dayNames);
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    minute: 'numeric',
    hour: 'numeric',
    day: 'numeric',
    month: 'numeric',
    weekday: 'short',
  });
  const end = after.getTime() + horizonMs;
  for (let time = (Math.floor(after.getTime() / minuteMs) + 1) * minuteMs; time < end; ) {
    const parts = new Map(format.formatToParts(time).map((part) => [part.type, part.value]));
    const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    const onDay = day.values.has(number('day'));
    const onWeekday = weekday.values.has(dayNames.indexOf((parts.get('weekday') ?? '').toUpperCase()));
    const dayMatches = day.star || weekday.star ? onDay && onWeekday : onDay || onWeekday;
    const dateMatches = dayMatches && month.values.has(number('month'));
    const hourMatches = dateMatches && hour.values.has(number('hour'));
    if (hourMatches && minute.values.has(number('minute'))) return new Date(time);
    if (hourMatches) {
      time += minuteMs;
      continue;
    }
    // A quarter of an hour is the finest difference between time zones: hours that do not match are crossed in these steps, and days in
    // one that ends two hours before them, because a clock that is put forward shortens the day.
    time += quarterMs - (time % quarterMs);
    const dayLeft = (24 - number('hour')) * 4 * quarterMs - number('minute') * minuteMs;
    if (!dateMatches && dayLeft > 10 * quarterMs) time += dayLeft - 10 * quarterMs;
  }
  return undefined;
}

/**
 * When what is to run at these times, and last succeeded at `since`, has not done so for two of them: the second one after. Undefined when there
 * is none within five years.
 */
export function overdueTime(expression: string, timeZone: string, since: Date): Date | undefined {
  const next = nextTime(expression, timeZone, since);
  return next && nextTime(expression, timeZone, next);
}
