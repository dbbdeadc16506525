import { expect, test } from 'vitest';
import { receivedAt } from '../../../src/sources/http/received-at.ts';

const now = new Date('2026-11-21T12:00:00.000Z');
const at = (told: string | string[] | undefined) => receivedAt({ 'mailmill-received-at': told }, now).toISOString();

test.each([
  ['2024-02-29T23:59:59.123Z', '2024-02-29T23:59:59.123Z'],
  ['2024-03-01T01:00:00+02:00', '2024-02-29T23:00:00.000Z'],
  ['1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z'],
  ['2026-11-21T12:05:00.000Z', '2026-11-21T12:05:00.000Z'],
])('%s is taken', (told, expected) => {
  expect(at(told)).toBe(expected);
});

test.each([
  ['nothing', undefined],
  ['more than five minutes ahead', '2026-11-21T12:05:00.001Z'],
  ['before 1970', '1969-12-31T23:59:59Z'],
  ['no day of the calendar', '2024-02-30T00:00:00Z'],
  ['no time of a day', '2024-02-28T25:00:00Z'],
  ['no zone', '2024-02-28T12:00:00'],
  ['another form', 'Thu, 22 Aug 2024 12:36:23 +0000'],
  ['a number', '1700000000'],
  ['a list', '2024-02-28T12:00:00Z, 2024-02-28T12:00:00Z'],
  ['several', ['2024-02-28T12:00:00Z', '2024-02-28T12:00:00Z']],
  ['empty', ''],
  ['a year that is too long', '+012024-02-28T12:00:00Z'],
])('%s is the time of arrival', (_, told) => {
  expect(at(told)).toBe(now.toISOString());
});
