const monthNames = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const dayNames = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

function matches(
  field: string,
  value: number,
  minimum: number,
  maximum: number,
  names: readonly string[],
  base: number,
): boolean {
  const read = (text: string) => {
    const named = names.indexOf(text.toUpperCase());
    return named >= 0 ? named + base : Number(text);
  };
  return field.split(',').some((part) => {
    const [span = '*', stepText] = part.split('/');
    const step = Number(stepText ?? 1);
    const [from = '', to] = span.split('-');
    const first = span === '*' ? minimum : read(from);
    const last = span === '*' ? maximum : to !== undefined ? read(to) : stepText !== undefined ? maximum : first;
    return value >= first && value <= last && (value - first) % step === 0;
  });
}

/**
 * The first minute after `after` at which a cron expression that validation has accepted is due, as the CronJob controller reads it (when both
 * day fields are restricted, either will do). Undefined when there is none within four years.
 */
export function nextTime(expression: string, timeZone: string, after: Date): Date | undefined {
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = expression.trim().split(/ +/);
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    minute: 'numeric',
    hour: 'numeric',
    day: 'numeric',
    month: 'numeric',
    weekday: 'short',
  });
  const minuteMs = 60_000;
  const end = after.getTime() + 4 * 366 * 86_400_000;
  for (let time = (Math.floor(after.getTime() / minuteMs) + 1) * minuteMs; time < end; ) {
    const parts = new Map(format.formatToParts(time).map((part) => [part.type, part.value]));
    const number = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
    const onDay = matches(day, number('day'), 1, 31, [], 0);
    const onWeekday = matches(weekday, dayNames.indexOf((parts.get('weekday') ?? '').toUpperCase()), 0, 6, dayNames, 0);
    const either = !day.startsWith('*') && !weekday.startsWith('*');
    const dayMatches =
      matches(month, number('month'), 1, 12, monthNames, 1) && (either ? onDay || onWeekday : onDay && onWeekday);
    if (dayMatches && matches(hour, number('hour'), 0, 23, [], 0) && matches(minute, number('minute'), 0, 59, [], 0))
      return new Date(time);
    // A quarter of an hour is the finest difference between time zones; days that do not match are crossed in these steps.
    time += dayMatches ? minuteMs : 15 * minuteMs - (time % (15 * minuteMs));
  }
  return undefined;
}
