import { describe, expect, test } from 'vitest';
import { nextTime, overdueTime } from '../../src/api/next-time.ts';

const next = (expression: string, zone: string, after: string) =>
  nextTime(expression, zone, new Date(after))?.toISOString().replace('.000Z', 'Z');

// Expected times are those of robfig/cron 3.0.1, which the CronJob controller uses, unless a comment says otherwise.
describe('the next time of a schedule', () => {
  test.each([
    ['the same day', '0 2 * * *', '2026-11-01T00:00:00Z', '2026-11-01T02:00:00Z'],
    ['never the minute that it is', '0 2 * * *', '2026-11-01T02:00:00Z', '2026-11-02T02:00:00Z'],
    ['never a minute that has begun', '0 2 * * *', '2026-11-01T01:59:59.999Z', '2026-11-01T02:00:00Z'],
    ['across a year', '*/5 * * * *', '2026-12-31T23:59:59Z', '2027-01-01T00:00:00Z'],
    ['steps of a range', '5-59/20 */6 * * *', '2026-11-01T00:46:00Z', '2026-11-01T06:05:00Z'],
    ['steps from a number to the end', '10/25 4 * * *', '2026-11-01T04:10:00Z', '2026-11-01T04:35:00Z'],
    ['lists', '0 8,12,17 * * *', '2026-11-01T12:00:00Z', '2026-11-01T17:00:00Z'],
    ['names in any case', '0 9 * JAN-mar mon-FRI', '2026-11-01T00:00:00Z', '2027-01-01T09:00:00Z'],
    ['Sunday as 0', '0 12 * * 0', '2026-11-02T00:00:00Z', '2026-11-08T12:00:00Z'],
    ['months without a 31st', '59 23 31 * *', '2026-11-01T00:00:00Z', '2026-12-31T23:59:00Z'],
    ['leap days', '0 0 29 2 *', '2026-11-01T00:00:00Z', '2028-02-29T00:00:00Z'],
    ['either day field', '0 0 13 * FRI', '2026-11-01T00:00:00Z', '2026-11-06T00:00:00Z'],
    ['either day field, the other one', '0 0 3 * FRI', '2026-11-01T00:00:00Z', '2026-11-03T00:00:00Z'],
    ['a star with a step counts as restricted', '0 0 */2 * MON', '2026-11-01T00:00:00Z', '2026-11-02T00:00:00Z'],
    ['a star with step 1 does not', '0 0 */1 * MON', '2026-11-03T00:00:00Z', '2026-11-09T00:00:00Z'],
    ['a star in a list makes both hold', '0 0 13,* * FRI', '2026-11-07T00:00:00Z', '2026-11-13T00:00:00Z'],
  ])('%s', (_, expression, after, expected) => expect(next(expression, 'Etc/UTC', after)).toBe(expected));

  test.each([
    ['winter', '0 2 * * *', 'Europe/Zurich', '2026-11-01T02:00:00Z', '2026-11-02T01:00:00Z'],
    ['summer', '0 2 * * *', 'Europe/Zurich', '2026-07-01T02:00:00Z', '2026-07-02T00:00:00Z'],
    ['an hour that is skipped', '30 2 * * *', 'Europe/Zurich', '2026-03-28T12:00:00Z', '2026-03-30T00:30:00Z'],
    ['an hour that comes twice, first', '30 2 * * *', 'Europe/Zurich', '2026-10-25T00:00:00Z', '2026-10-25T00:30:00Z'],
    ['and again', '30 2 * * *', 'Europe/Zurich', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    ['and not a third time', '30 2 * * *', 'Europe/Zurich', '2026-10-25T01:30:00Z', '2026-10-26T01:30:00Z'],
    ['quarter hours', '15 0 * * *', 'Asia/Kathmandu', '2026-11-01T00:00:00Z', '2026-11-01T18:30:00Z'],
    ['the day before in UTC', '0 0 1 * *', 'Pacific/Auckland', '2026-11-15T00:00:00Z', '2026-11-30T11:00:00Z'],
    // Half an hour is skipped or repeated here; robfig/cron loses the whole day, we do not.
    ['half an hour', '0 2 * * *', 'Australia/Lord_Howe', '2027-04-03T15:10:00Z', '2027-04-03T15:30:00Z'],
  ])('in a zone: %s', (_, expression, zone, after, expected) => expect(next(expression, zone, after)).toBe(expected));

  test('there is none', () => expect(next('0 0 30 2 *', 'Etc/UTC', '2026-11-01T00:00:00Z')).toBeUndefined());
});

test('what succeeded last night is overdue when the night after the next has come', () => {
  const overdue = (expression: string, since: string) =>
    overdueTime(expression, 'Europe/Zurich', new Date(since))?.toISOString();
  expect(overdue('0 3 * * *', '2026-11-20T02:00:31Z')).toBe('2026-11-22T02:00:00.000Z');
  // From Friday: Monday is the first.
  expect(overdue('0 3 * * 1-5', '2026-11-20T02:00:31Z')).toBe('2026-11-24T02:00:00.000Z');
  expect(overdue('0 0 30 2 *', '2026-11-20T02:00:31Z')).toBeUndefined();
});
