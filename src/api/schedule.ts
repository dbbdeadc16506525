const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const days = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names: readonly string[];
}

/** As the CronJob controller reads them: Sunday is 0, never 7. */
const fields: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: months },
  { name: 'day of week', min: 0, max: 6, names: days },
];

/** Why a cron expression that the schema accepts is none for Kubernetes; `undefined` when it is one. */
export function scheduleProblem(schedule: string): string | undefined {
  const parts = schedule.split(' ').filter((part) => part !== '');
  if (parts.length !== fields.length) return 'needs five fields: minute, hour, day of month, month, day of week';
  for (const [index, field] of fields.entries()) {
    const bad = (parts[index] ?? '').split(',').find((range) => !validRange(range, field));
    if (bad !== undefined) return `${JSON.stringify(bad)} is no ${field.name} (${field.min} to ${field.max})`;
  }
  return undefined;
}

function validRange(range: string, field: Field): boolean {
  const [span = '', step, ...more] = range.split('/');
  if (more.length > 0 || (step !== undefined && !/^[1-9][0-9]*$/.test(step))) return false;
  if (span === '*') return true;
  const ends = span.split('-').map((end) => numberOf(end, field));
  const [from, to = from] = ends;
  return (
    ends.length <= 2 && from !== undefined && to !== undefined && from >= field.min && to <= field.max && from <= to
  );
}

function numberOf(text: string, field: Field): number | undefined {
  const named = field.names.indexOf(text.toUpperCase());
  if (named >= 0) return named + field.min;
  return /^[0-9]+$/.test(text) ? Number(text) : undefined;
}

/** Whether this machine's time zone database has a zone. */
export function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}
