import { describe, expect, test } from 'vitest';
import { feedbackReport } from '../../../src/message/reports/feedback-report.ts';
import { readReport } from '../../../src/message/reports/read-report.ts';
import { openReport } from '../../../src/message/reports/report-source.ts';
import { bytes } from './messages.ts';

const arf = (fields: string) =>
  bytes(
    'From: feedback@isp.test',
    'To: abuse@origin.test',
    'Subject: FW: offer',
    'Auto-Submitted: auto-generated',
    'Content-Type: multipart/report; report-type=feedback-report; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'This is an abuse report.',
    '--b',
    'Content-Type: message/feedback-report',
    '',
    fields,
    '--b',
    'Content-Type: message/rfc822',
    '',
    'From: Offers <offers@origin.test>',
    'To: joe@isp.test',
    'Subject: offer',
    'Message-ID: <offer@origin.test>',
    '',
    'Buy.',
    '--b--',
  );
const required = 'Feedback-Type: abuse\nUser-Agent: Feedback/1.0\nVersion: 1\nOriginal-Rcpt-To: <joe@isp.test>';
const read = (raw: Buffer) => feedbackReport(openReport(raw));

describe('ARF (RFC 5965)', () => {
  test('fields without a value are none', () => {
    expect(read(arf('Feedback-Type: abuse\nAuthentication-Results:\nReported-Domain: origin.test'))).toMatchObject({
      authenticationResults: [],
      reportedDomains: ['origin.test'],
    });
  });

  test.each(['text/plain', 'application/octet-stream; name=report.txt'])('under the type %s', (type) => {
    const raw = arf(required).toString('latin1').replace('message/feedback-report', type);
    expect(read(Buffer.from(raw, 'latin1'))).toMatchObject({ feedbackType: 'abuse', recipients: ['joe@isp.test'] });
    const incomplete = raw.replace('Version: 1', 'X: 1');
    expect(read(Buffer.from(incomplete, 'latin1'))).toBeNull();
  });

  test('every field', () => {
    const report = read(
      arf(
        [
          'Feedback-Type: Abuse',
          'User-Agent: Feedback/1.0',
          'Version: 1',
          'Original-Mail-From: <bounce@origin.test>',
          'Original-Rcpt-To: <joe@isp.test>',
          'Original-Rcpt-To: ann@isp.test',
          'Original-Envelope-Id: env-1',
          'Arrival-Date: Mon, 2 Nov 2026 10:00:00 +0000',
          'Reporting-MTA: dns; mx.isp.test',
          'Source-IP: 192.0.2.1',
          'Incidents: 3',
          'Authentication-Results: isp.test; dmarc=fail',
          'Reported-Domain: origin.test',
          'Reported-URI: https://origin.test/',
          'Reported-URI: mailto:x@origin.test',
        ].join('\n'),
      ),
    );
    expect(report).toMatchObject({
      feedbackType: 'abuse',
      userAgent: 'Feedback/1.0',
      version: '1',
      recipients: ['joe@isp.test', 'ann@isp.test'],
      originalMailFrom: 'bounce@origin.test',
      originalEnvelopeId: 'env-1',
      arrivalDate: 'Mon, 2 Nov 2026 10:00:00 +0000',
      reportingMta: 'mx.isp.test',
      sourceIp: '192.0.2.1',
      incidents: 3,
      authenticationResults: ['isp.test; dmarc=fail'],
      reportedDomains: ['origin.test'],
      reportedUris: ['https://origin.test/', 'mailto:x@origin.test'],
      original: { messageId: 'offer@origin.test', subject: 'offer', from: 'offers@origin.test', to: ['joe@isp.test'] },
      advice: expect.stringContaining('stop sending'),
    });
  });

  test('an authentication failure (RFC 6591)', () => {
    const fields =
      'Feedback-Type: auth-failure\nVersion: 1\nAuth-Failure: DMARC\nDelivery-Result: Delivered\nDKIM-Domain: origin.test\nSPF-DNS: txt : origin.test : "v=spf1 -all"';
    expect(read(arf(fields))).toMatchObject({
      feedbackType: 'auth-failure',
      authFailure: 'dmarc',
      deliveryResult: 'delivered',
      dkimDomain: 'origin.test',
      spfDns: 'txt : origin.test : "v=spf1 -all"',
    });
  });

  test.each([
    ['Feedback-Type: abuse (fraud)\nVersion: 1 (draft)', { feedbackType: 'abuse', version: '1' }],
    ['Feedback-Type: abuse\nSource-IP: IPv6:2001:DB8::1', { sourceIp: '2001:db8::1' }],
    ['Feedback-Type: abuse\nSource-IP: [192.0.2.1]', { sourceIp: '192.0.2.1' }],
    ['Feedback-Type: abuse\nIncidents: 7 (since noon)', { incidents: 7 }],
    ['Feedback-Type: not-spam', { advice: expect.stringContaining('no spam') }],
    ['Feedback-Type: auth-failure', { advice: expect.stringContaining('SPF') }],
    ['Feedback-Type: virus', { advice: expect.stringContaining('virus') }],
    ['Feedback-Type: opt-out', { advice: expect.stringContaining('stop sending') }],
  ])('%j', (fields, expected) => {
    expect(read(arf(fields))).toMatchObject(expected);
  });

  test('the header alone is returned, to nobody who is named', () => {
    const raw = arf('Feedback-Type: abuse\nUser-Agent: a\nVersion: 1').toString();
    const header = raw
      .replace('message/rfc822', 'text/rfc822-headers')
      .replace('joe@isp.test', '<Undisclosed Recipients>');
    expect(read(Buffer.from(header))).toMatchObject({ recipients: [], original: { messageId: 'offer@origin.test' } });
  });

  test('what is left out comes from the message that is returned', () => {
    expect(read(arf('Feedback-Type: abuse\nReceived-Date: yesterday\nIncidents: many'))).toMatchObject({
      recipients: ['joe@isp.test'],
      arrivalDate: 'yesterday',
      incidents: 1,
    });
  });

  test('a report without fields is none', () => {
    expect(read(arf(''))).toBeNull();
  });
});

test('Outlook.com sends the message alone', () => {
  const raw = bytes(
    'From: staff@hotmail.com',
    'Subject: complaint about message from 192.0.2.1',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: message/rfc822',
    '',
    'X-HmXmrOriginalRecipient: <joe@outlook.test>',
    'X-SID-PRA: offers@origin.test',
    'From: offers@origin.test',
    'To: somebody@else.test',
    '',
    'Buy.',
    '--b--',
  );
  expect(read(raw)).toMatchObject({
    feedbackType: 'abuse',
    recipients: ['joe@outlook.test'],
    originalMailFrom: 'offers@origin.test',
  });
});

test('Amazon SES sends JSON', () => {
  const value = {
    notificationType: 'Complaint',
    complaint: { complainedRecipients: [{ emailAddress: 'joe@isp.test' }], complaintFeedbackType: 'abuse' },
  };
  const raw = bytes('From: no-reply@sns.amazonaws.com', 'Subject: AWS Notification Message', '', JSON.stringify(value));
  expect(read(raw)).toMatchObject({ feedbackType: 'abuse', recipients: ['joe@isp.test'] });
  expect(readReport(raw)?.kind).toBe('feedback');
});

test('ordinary mail with a forwarded message is none', () => {
  const raw = bytes(
    'From: a@x.test',
    'Content-Type: message/rfc822',
    '',
    'From: b@x.test',
    'To: c@x.test',
    '',
    'Hello',
  );
  expect(readReport(raw)).toBeNull();
});
