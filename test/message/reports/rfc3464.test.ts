import { describe, expect, test } from 'vitest';
import { readReport } from '../../../src/message/reports/read-report.ts';
import { dsn, only, report } from './messages.ts';

/** What a report says of each recipient, in short. */
const verdicts = (fields: readonly string[], text?: string) =>
  report(dsn(fields.join('\n'), text)).recipients.map((one) => [one.recipient, one.action, one.status, one.reason]);

describe('the examples of RFC 3464 (appendix E)', () => {
  test('a simple one', () => {
    const fields = [
      'Reporting-MTA: dns; cs.utk.test',
      '',
      'Original-Recipient: rfc822;louisl@larry.slip.umd.test',
      'Final-Recipient: rfc822;louisl@larry.slip.umd.test',
      'Action: failed',
      'Status: 4.0.0',
      'Diagnostic-Code: smtp; 426 connection timed out',
      'Last-Attempt-Date: Thu, 7 Jul 1994 17:15:49 -0400',
    ];
    expect(verdicts(fields)).toEqual([['louisl@larry.slip.umd.test', 'failed', '4.0.0', 'expired']]);
  });

  test('several recipients', () => {
    const fields = [
      'Reporting-MTA: dns; cs.utk.test',
      '',
      'Original-Recipient: rfc822;arathib@vnet.test',
      'Final-Recipient: rfc822;arathib@vnet.test',
      'Action: failed',
      'Status: 5.0.0 (permanent failure)',
      'Diagnostic-Code: smtp;',
      " 550 'arathib@vnet.test' is not a registered gateway user",
      'Remote-MTA: dns; vnet.test',
      '',
      'Original-Recipient: rfc822;johnh@hpnjld.test',
      'Final-Recipient: rfc822;johnh@hpnjld.test',
      'Action: delayed',
      'Status: 4.0.0 (hpnjld.test: host name lookup failure)',
      '',
      'Original-Recipient: rfc822;wsnell@sdcc13.test',
      'Final-Recipient: rfc822;wsnell@sdcc13.test',
      'Action: failed',
      'Status: 5.0.0',
      'Diagnostic-Code: smtp; 550 user unknown',
      'Remote-MTA: dns; sdcc13.test',
    ];
    const text = [
      '   ----- The following addresses had delivery problems -----',
      '<arathib@vnet.test>  (unrecoverable error)',
      '<wsnell@sdcc13.test>  (unrecoverable error)',
    ];
    // Who says in a reply that the user is unknown, nobody knows when, has taken the recipient before: Sisimai's “filtered”.
    expect(verdicts(fields, text.join('\n'))).toEqual([
      ['arathib@vnet.test', 'failed', '5.0.0', 'filtered'],
      ['johnh@hpnjld.test', 'delayed', '4.0.0', 'networkerror'],
      ['wsnell@sdcc13.test', 'failed', '5.0.0', 'filtered'],
    ]);
  });

  test('one of a gateway', () => {
    const fields = [
      'Reporting-MTA: mailbus; SYS30',
      '',
      'Final-Recipient: unknown; nair_s',
      'Status: 5.0.0 (unknown permanent failure)',
      'Action: failed',
    ];
    expect(verdicts(fields)).toEqual([['nair_s', 'failed', '5.0.0', 'onhold']]);
  });

  test('a delay', () => {
    const fields = [
      'Reporting-MTA: dns; sun2.nsfnet-relay.test',
      '',
      'Final-Recipient: rfc822;thomas@de-montfort.test',
      'Status: 4.0.0 (unknown temporary failure)',
      'Action: delayed',
    ];
    expect(verdicts(fields)).toEqual([['thomas@de-montfort.test', 'delayed', '4.0.0', 'expired']]);
  });
});

test('every action in one report (RFC 3464 §2.3.3)', () => {
  const fields = [
    'Reporting-MTA: dns; mta.test',
    '',
    'Final-Recipient: rfc822;a@dest.test',
    'Action: relayed',
    'Status: 2.0.0',
    '',
    'Final-Recipient: rfc822;list@dest.test',
    'Action: expanded',
    'Status: 2.1.5',
    '',
    'Final-Recipient: rfc822;c@dest.test',
    'Action: delivered',
    'Status: 2.1.5',
    '',
    'Final-Recipient: rfc822;d@dest.test',
    'Action: delayed',
    'Status: 4.4.1',
    'Will-Retry-Until: Thu, 7 Jul 1994 17:15:49 -0400',
    '',
    'Final-Recipient: X400; /S=Smith/O=Org/PRMD=p/ADMD=a/C=gb/',
    'Action: failed',
    'Status: 5.1.1',
    'Diagnostic-Code: X400; unable-to-transfer, unrecognised-OR-name',
  ];
  expect(verdicts(fields)).toEqual([
    ['a@dest.test', 'relayed', '2.0.0', 'delivered'],
    ['list@dest.test', 'expanded', '2.1.5', 'delivered'],
    ['c@dest.test', 'delivered', '2.1.5', 'delivered'],
    ['d@dest.test', 'delayed', '4.4.1', 'expired'],
    ['/S=Smith/O=Org/PRMD=p/ADMD=a/C=gb/', 'failed', '5.1.1', 'userunknown'],
  ]);
});

test('a delay without a status is for now', () => {
  const [one] = report(
    dsn('Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@dest.test\nAction: delayed'),
  ).recipients;
  expect(one).toMatchObject({ action: 'delayed', status: '4.0.0', pseudoStatus: true, hardBounce: false });
});

test('a report within what its gateway signed is one', () => {
  const inner = dsn('Final-Recipient: rfc822; a@dest.test\nAction: failed\nStatus: 5.1.1').toString();
  const start = inner.indexOf('Content-Type: multipart/report');
  const type = 'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=s';
  const signature = '--s\r\nContent-Type: application/pkcs7-signature\r\n\r\nx\r\n--s--\r\n';
  const raw = `${inner.slice(0, start)}${type}\r\n\r\n--s\r\n${inner.slice(start)}\r\n${signature}`;
  expect(readReport(Buffer.from(raw))).toMatchObject({ kind: 'delivery', recipients: [{ reason: 'userunknown' }] });
});

test('a quoted local part keeps its quotes', () => {
  const fields = 'Final-Recipient: rfc822; "joe smith"@dest.test\nAction: failed\nStatus: 5.1.1';
  expect(only(dsn(fields)).recipient).toBe('"joe smith"@dest.test');
});

test('the last reply of a session is no reason for a failure when it is one of success', () => {
  const fields = 'Final-Recipient: rfc822; joe@dest.test\nAction: failed\nStatus: 5.2.2\nDiagnostic-Code: SMTP; 250 OK';
  const text = '>>> RCPT To:<joe@dest.test>\n<<< 552 mailbox is full';
  expect(only(dsn(fields, text))).toMatchObject({ replyCode: '552', reason: 'mailboxfull', command: 'RCPT' });
});

test('a field that tells the status exactly counts before the text', () => {
  const fields = 'Final-Recipient: rfc822; joe@dest.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: suppressed';
  expect(only(dsn(fields, 'Why: 5.1.0 - unknown address')).status).toBe('5.1.1');
});
