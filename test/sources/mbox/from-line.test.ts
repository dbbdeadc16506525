import { describe, expect, test } from 'vitest';
import { fromLineTime } from '../../../src/sources/mbox/from-line.ts';

const time = (line: string) => fromLineTime(Buffer.from(line))?.toISOString();

describe('From_ lines', () => {
  test.each([
    ['From ann@example.org Tue Mar 31 22:00:05 2015', '2015-03-31T22:00:05.000Z'],
    ['From - Sun Mar  4 09:01:00 2018', '2018-03-04T09:01:00.000Z'],
    ['From MAILER-DAEMON Fri Jul  8 12:08:34 2011', '2011-07-08T12:08:34.000Z'],
    ['From 1529@xxx Tue Mar 31 22:00:00 +0200 2015', '2015-03-31T20:00:00.000Z'],
    ['From ann@example.org Tue Mar 31 22:00:00 2015 -0100', '2015-03-31T23:00:00.000Z'],
    ['From ann@example.org Tue Mar 31 22:00:00 MET DST 1998', '1998-03-31T22:00:00.000Z'],
    ['From ann at example.org  Thu Jan  1 00:00:00 1998', '1998-01-01T00:00:00.000Z'],
    ['From ann@example.org Tue Mar 31 22:00 98', '1998-03-31T22:00:00.000Z'],
    ['From ann@example.org Tue, 31 Mar 2015 22:00:00 +0100', '2015-03-31T21:00:00.000Z'],
    ['From ann@example.org Tue Mar 31 22:00:00 2015 remote from uunet', '2015-03-31T22:00:00.000Z'],
  ])('%s', (line, expected) => expect(time(line)).toBe(expected));

  test.each([
    'From now on we meet at 10:00',
    'From March 31 on',
    'From: ann@example.org Tue Mar 31 22:00:05 2015',
    '>From ann@example.org Tue Mar 31 22:00:05 2015',
    'From ann@example.org Tue Mar 41 22:00:05 2015',
    'From ann@example.org Tue Mar 31 25:00:05 2015',
    `From ${'a'.repeat(600)} Tue Mar 31 22:00:05 2015`,
  ])('no From_ line: %s', (line) => expect(time(line)).toBeUndefined());
});
