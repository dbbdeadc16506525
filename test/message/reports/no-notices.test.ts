import { describe, expect, test } from 'vitest';
import { deliveryStatus } from '../../../src/message/reports/delivery-status.ts';
import { openReport } from '../../../src/message/reports/report-source.ts';
import { bytes } from './messages.ts';

describe('ordinary mail', () => {
  test.each([
    [
      'a person who quotes a failure',
      bytes(
        'From: Ann <ann@x.test>',
        'To: joe@x.test',
        'Subject: mail trouble',
        '',
        'My mail came back:\n<bob@y.test>: 550 5.1.1 user unknown',
      ),
    ],
    [
      'a newsletter from a bounce address',
      bytes('From: News <bounce@news.test>', 'Subject: News', '', 'joe@x.test\nUnsubscribe here'),
    ],
    [
      'a null sender alone',
      bytes('Return-Path: <>', 'From: a@x.test', 'Subject: Hello', '', 'Write to\nhelp@x.test\nif you like'),
    ],
    [
      'a list on which somebody quotes a failure',
      bytes(
        'From: Ann <ann@x.test>',
        'Subject: Re: mail delivery failed',
        'List-Id: <l.x.test>',
        '',
        'Does anybody know this?\n<bob@y.test>: 550 5.1.1 user unknown',
      ),
    ],
    [
      'a long letter without an author',
      bytes('Return-Path: <>', 'Subject: Hello', '', `550 user unknown\n<bob@y.test>: 550\n${'word '.repeat(700)}`),
    ],
    [
      'the answer of a postmaster to one who sent a notice on',
      bytes(
        'From: Paul <postmaster@y.test>',
        'To: ann@x.test',
        'Subject: Re: Delivery Status Notification (Failure)',
        '',
        'The alias works again.\n\n> Delivery to the following recipient failed permanently:\n>\n>     bob@y.test\n>\n> 550 5.1.1 User unknown',
      ),
    ],
    [
      'a notice that a person sends on',
      bytes(
        'From: Ann <ann@x.test>',
        'Subject: =?utf-8?B?RndkOiBVbmRlbGl2ZXJlZCBNYWls?=',
        '',
        'Look:\n\n<bob@y.test>: host mx.y.test said: 550 5.1.1 User unknown (in reply to RCPT TO command)',
      ),
    ],
    ['nothing', Buffer.alloc(0)],
  ])('%s is no report', (_, raw) => {
    expect(deliveryStatus(openReport(raw))).toBeNull();
  });
});
