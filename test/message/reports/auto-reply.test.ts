import { describe, expect, test } from 'vitest';
import { autoReply } from '../../../src/message/reports/auto-reply.ts';
import { readReport } from '../../../src/message/reports/read-report.ts';
import { openReport } from '../../../src/message/reports/report-source.ts';
import { bytes, dsn, textBounce } from './messages.ts';

const mail = (...headers: readonly string[]) =>
  bytes('From: Joe <joe@dest.test>', 'To: author@origin.test', ...headers, '', 'Ich bin bis Montag nicht da.');
const read = (raw: Buffer) => autoReply(openReport(raw));

describe('automatic replies', () => {
  test.each([
    ['auto-submitted', ['Subject: weg', 'Auto-Submitted: auto-replied']],
    ['auto-submitted', ['Subject: weg', 'Auto-Submitted: Auto-Replied (vacation); owner-email="joe@dest.test"']],
    ['auto-submitted', ['Subject: weg', 'Auto-Submitted: (RFC 3834 (section 5)) auto-replied (vacation)']],
    ['vacation-header', ['Subject: weg', 'X-Autoreply: yes']],
    ['vacation-header', ['Subject: weg', 'X-Autorespond: Re: hello']],
    ['vacation-header', ['Subject: weg', 'X-MS-Exchange-Inbox-Rules-Loop: joe@dest.test']],
    ['x-auto-response-suppress', ['Subject: weg', 'X-Auto-Response-Suppress: All', 'In-Reply-To: <a@origin.test>']],
    ['x-auto-response-suppress', ['Return-Path: <>', 'Subject: weg', 'X-Auto-Response-Suppress: OOF']],
    ['precedence', ['Subject: weg', 'Precedence: auto_reply']],
    ['precedence', ['Return-Path: <>', 'Subject: weg', 'Precedence: bulk', 'In-Reply-To: <a@origin.test>']],
    ['x-auto-response-suppress', ['Subject: Automatische Antwort: hello', 'X-Auto-Response-Suppress: All']],
    [
      'x-auto-response-suppress',
      ['Subject: =?utf-8?Q?R=C3=A9ponse_automatique=C2=A0:_x?=', 'X-Auto-Response-Suppress: DR, OOF, AutoReply'],
    ],
    [
      'x-auto-response-suppress',
      ['Subject: Automatic reply: hello', 'Auto-Submitted: auto-generated', 'X-Auto-Response-Suppress: All'],
    ],
    ['subject', ['Return-Path: <>', 'Subject: Auto: weg']],
    ['subject', ['Return-Path: <>', 'Subject: Automatic reply: hello']],
    ['subject', ['Return-Path: <>', 'Subject: Joe is out of the office.']],
    ['vacation-header', ['Subject: weg', 'X-Precedence: auto_reply']],
    ['vacation-header', ['Subject: weg', 'X-POST-MessageClass: 9; Autoresponder']],
    ['vacation-header', ['Subject: weg', 'X-Apple-Action: VACATION']],
    ['vacation-header', ['Subject: weg', 'X-FC-MachineGenerated: true']],
    [
      'x-auto-response-suppress',
      [
        'Return-Path: <>',
        'Subject: weg',
        'Auto-Submitted: auto-generated',
        'X-Auto-Response-Suppress: All',
        'In-Reply-To: <a@origin.test>',
      ],
    ],
  ])('%s tells: %j', (sign, headers) => {
    expect(read(mail(...headers))).toMatchObject({ sign, advice: expect.stringContaining('away') });
    expect(readReport(mail(...headers))?.kind).toBe('autoReply');
  });

  test.each([
    ['a letter', ['Subject: hello']],
    ['a notification (RFC 5436)', ['Subject: new mail', 'Auto-Submitted: auto-notified; owner-email="joe@dest.test"']],
    ['a reply', ['Subject: Re: hello', 'In-Reply-To: <a@origin.test>']],
    [
      'what no message occasioned',
      ['Subject: report', 'Auto-Submitted: auto-generated', 'X-Auto-Response-Suppress: All'],
    ],
    [
      'what an application sends in a thread',
      [
        'Subject: [JIRA] done',
        'Auto-Submitted: auto-generated',
        'X-Auto-Response-Suppress: All',
        'In-Reply-To: <a@origin.test>',
      ],
    ],
    ['what has another precedence', ['Subject: hello', 'X-Precedence: list']],
    ['what a person sent', ['Subject: hello', 'Auto-Submitted: no']],
    [
      'a list',
      [
        'Subject: Re: hello',
        'Precedence: bulk',
        'List-Id: <l.x.test>',
        'X-Auto-Response-Suppress: All',
        'References: <a@x.test>',
      ],
    ],
    ['an application that wants no replies', ['Subject: invoice', 'X-Auto-Response-Suppress: All']],
    ['a header that says no', ['Subject: hello', 'X-Autoreply: no']],
    ['a subject alone', ['Subject: Auto: red, cheap']],
    ['a subject of Exchange alone', ['Subject: Automatische Antwort: hello']],
    ['an application with a subject like one', ['Subject: Auto: red, cheap', 'X-Auto-Response-Suppress: All']],
  ])('%s is none', (_, headers) => {
    expect(read(mail(...headers))).toBeNull();
  });

  test('the subject is decoded', () => {
    expect(read(mail('Auto-Submitted: auto-replied', 'Subject: =?utf-8?Q?Caf=C3=A9?='))?.subject).toBe('Café');
  });

  test('a bounce bears Auto-Submitted: auto-replied and is none', () => {
    const headers = ['Auto-Submitted: auto-replied', 'X-Auto-Response-Suppress: All'];
    const text = textBounce('<joe@dest.test>: 550 5.1.1 user unknown', headers);
    const fields = dsn('Final-Recipient: rfc822; joe@dest.test\nAction: failed\nStatus: 5.1.1');
    for (const raw of [text, Buffer.concat([Buffer.from(`${headers.join('\r\n')}\r\n`), fields])]) {
      expect(read(raw)).toBeNull();
      expect(readReport(raw)?.kind).toBe('delivery');
    }
  });
});
