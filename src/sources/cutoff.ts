import { milliseconds } from '../api/schema.ts';

/** The instant that `since` means when a folder is first seen at `now`: a time span before it, or the start of that day in UTC; undefined: everything. */
export function cutoffAt(since: string | undefined, now: Date): Date | undefined {
  if (since === undefined) return undefined;
  if (/^\d{4}-\d{2}-\d{2}$/.test(since)) return new Date(`${since}T00:00:00Z`);
  return new Date(now.getTime() - milliseconds(since));
}
