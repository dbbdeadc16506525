/** The last second of the year 9999. */
const lastSecond = 253_402_300_799;

/** An instant as seconds since 1970, or as milliseconds when it has 13 digits; null for other text and beyond the year 9999. */
export function epochDate(text: string): Date | null {
  if (!/^\d{1,13}(\.\d{1,9})?$/.test(text)) return null;
  const number = Math.trunc(Number(text));
  if (/^\d{13}/.test(text)) return new Date(number);
  return number <= lastSecond ? new Date(number * 1_000) : null;
}

/** A day by itself begins at midnight UTC; other text stays as it is. */
export const fromMidnight = (text: string): string => (/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text);
