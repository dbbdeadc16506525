import type { Random } from '../random.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const named: readonly (readonly [name: string, minutes: number])[] = [
  ['GMT', 0],
  ['UT', 0],
  ['EST', -300],
  ['EDT', -240],
  ['CST', -360],
  ['PDT', -420],
];
const two = (value: number): string => String(value).padStart(2, '0');

/** A Date header (RFC 5322 §3.3, §4.3) and the instant that it is, as ISO 8601. */
export function dateHeader(random: Random): { readonly text: string; readonly instant: string } {
  const seconds = random.pick([1_700_000_000, random.between(0, 2_000_000_000), 951_782_400, 4_102_444_799]);
  const zone = random.once(6) ? random.pick(named) : null;
  const minutes = zone?.[1] ?? random.pick([0, 60, -60, 330, -570, 840, -720, 345]);
  const local = new Date((seconds + minutes * 60) * 1_000);
  const sign = minutes < 0 ? '-' : '+';
  const numeric = `${sign}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`;
  const withSeconds = !random.once(8);
  const instant = new Date((withSeconds ? seconds : seconds - local.getUTCSeconds()) * 1_000);
  const day = random.once(4) ? String(local.getUTCDate()) : two(local.getUTCDate());
  const clock = `${two(local.getUTCHours())}:${two(local.getUTCMinutes())}${withSeconds ? `:${two(local.getUTCSeconds())}` : ''}`;
  const week = random.once(6) ? '' : `${days[local.getUTCDay()]}, `;
  const comment = random.once(6) ? ' (a comment (in \\) one))' : '';
  const date = `${day} ${months[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
  return { text: `${week}${date} ${clock} ${zone?.[0] ?? numeric}${comment}`, instant: instant.toISOString() };
}
