import { describe, expect, test } from 'vitest';
import { parseDate } from '../../src/message/dates.ts';
import { Defects } from '../../src/message/defects.ts';

const iso = (text: string) => parseDate(text, new Defects())?.toISOString() ?? null;

describe('parseDate', () => {
  test.each([
    // RFC 5322 appendix A
    ['Fri, 21 Nov 1997 09:55:06 -0600', '1997-11-21T15:55:06.000Z'],
    ['Tue, 1 Jul 2003 10:52:37 +0200', '2003-07-01T08:52:37.000Z'],
    ['Thu, 13 Feb 1969 23:32:54 -0330', '1969-02-14T03:02:54.000Z'],
    ['Thu,    13      Feb        1969    23:32               -0330 (Newfoundland Time)', '1969-02-14T03:02:00.000Z'],
    ['21 Nov 97 09:55:06 GMT', '1997-11-21T09:55:06.000Z'],
    ['Fri, 21 Nov 1997 09(comment):   55  :  06 -0600', '1997-11-21T15:55:06.000Z'],
    ['Fri, 21(st)Nov(ember)1997 09:55:06 -0600', '1997-11-21T15:55:06.000Z'],
    // obsolete and wrong, but clear
    ['Thu, 22 Aug 02 12:36:23 EDT', '2002-08-22T16:36:23.000Z'],
    ['Thu, 22 Aug 102 12:36:23 +0000', '2002-08-22T12:36:23.000Z'],
    ['Thu Aug 22 12:36:23 2002', '2002-08-22T12:36:23.000Z'],
    ['Thu Aug 22 12:36:23 PDT 2002', '2002-08-22T19:36:23.000Z'],
    ['22-Aug-2002 12:36:23 GMT', '2002-08-22T12:36:23.000Z'],
    ['2002-08-22T12:36:23+02:00', '2002-08-22T10:36:23.000Z'],
    ['2002-08-22 12:36:23', '2002-08-22T12:36:23.000Z'],
    ['Aug 22, 2002 12:36:23 +0200', '2002-08-22T10:36:23.000Z'],
    ['August 22 2002 12:36', '2002-08-22T12:36:00.000Z'],
    ['Thu,22 Aug 2002 12:36:23+0200', '2002-08-22T10:36:23.000Z'],
    ['22 Aug 2002 12:36-0200', '2002-08-22T14:36:00.000Z'],
    ['"Thu, 22 Aug 2002 12:36:23 +0200"', '2002-08-22T10:36:23.000Z'],
    ['mar, 20 Aug 2002 12:36:23 GMT', '2002-08-20T12:36:23.000Z'], // a Tuesday in many languages
    ['Thu, 22 Aug 2002 12:36:23 +2400', '2002-08-21T12:36:23.000Z'], // RFC 5322 §3.3: up to 9959
    ['28 Jun 01 10:05:15 PM', '2001-06-28T22:05:15.000Z'],
    ['03 Jul 01 12:47:50 AM', '2001-07-03T00:47:50.000Z'],
    ['Fri, 30 Aug 02 21:48:08 Eastern Daylight Time', '2002-08-31T01:48:08.000Z'],
    ['Mon, 16 Sep 2002 13:12:50 GMT+1', '2002-09-16T12:12:50.000Z'],
    ['Sat, 29 Feb 2020 00:00:60 +0000', '2020-02-29T00:01:00.000Z'],
    ['Mon, 1 Jan 0001 00:00:00 +0000', '0001-01-01T00:00:00.000Z'],
    // none
    ['', null],
    ['yesterday', null],
    ['Thu, 31 Feb 2002 12:00:00 +0000', null],
    ['Thu, 22 Aug 2002 25:00:00 +0000', null],
    ['Thu, 22 Aug 2002 12:00:00 +9999', null],
    ['Mon, 1 Jan 0001 00:00:00 +0100', null],
    ['Thu, 22 Aug 20022 12:36:23 +0000', null],
    ['22 Foo 2002 12:36:23', null],
    ['9'.repeat(300), null],
  ])('%s', (text, expected) => {
    expect(iso(text)).toBe(expected);
  });

  test('a zone that nobody knows counts as UTC and is a defect', () => {
    const defects = new Defects();
    expect(parseDate('Thu, 22 Aug 2002 12:36:23 XYZ', defects)?.toISOString()).toBe('2002-08-22T12:36:23.000Z');
    expect(defects.list()).toEqual([{ code: 'DATE_ZONE_UNKNOWN', detail: 'date' }]);
  });
});
