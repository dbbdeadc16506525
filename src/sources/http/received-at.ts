/** The header by which a webhook sink in mode Raw tells when the mail server received a message. */
const header = 'mailmill-received-at';
/** What the sender's clock may be ahead of ours; milliseconds. */
const aheadMs = 300_000;
const form = /^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/**
 * When a message was received, as its sender tells it by an RFC 3339 time in `mailmill-received-at`: from the year 1970 on, and at most five minutes
 * ahead of `now`. Anything else is no reason to turn mail away: it was received `now` then.
 */
export function receivedAt(headers: Readonly<Record<string, string | string[] | undefined>>, now: Date): Date {
  const told = headers[header];
  if (typeof told !== 'string') return now;
  const day = form.exec(told)?.[1];
  // Date takes 30 February for 2 March.
  if (day === undefined || !isDay(day)) return now;
  const at = new Date(told);
  const ms = at.getTime();
  return ms >= 0 && ms <= now.getTime() + aheadMs ? at : now;
}

const isDay = (day: string): boolean => {
  const at = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(day);
};
