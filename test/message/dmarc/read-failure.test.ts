import { describe, expect, test } from 'vitest';
import type { DmarcFailureReport } from '../../../src/message/dmarc/failure.ts';
import { findFailureReport } from '../../../src/message/dmarc/read-failure.ts';
import { openStructure } from '../../../src/message/structure.ts';

const multipart = (...parts: readonly string[]) =>
  `Content-Type: multipart/report; report-type=feedback-report;\n boundary=b\n\n${parts.map((part) => `--b\n${part}\n`).join('')}--b--\n`;
const text = 'Content-Type: text/plain\n\nThis is an authentication failure report.\n';
const original =
  'Content-Type: message/rfc822\n\nFrom: Author <author@example.org>\nMessage-ID: <1@example.org>\n\nbody';
const fields = (more: string) => `Content-Type: message/feedback-report\n\n${more}\n`;

const find = (raw: string) => findFailureReport(openStructure(Buffer.from(raw)));
const read = (more: string): DmarcFailureReport | undefined => find(multipart(text, fields(more), original))?.report;

describe('findFailureReport', () => {
  test('a report as RFC 9991 has it in its appendix', () => {
    const report = fields(
      [
        'Feedback-Type: auth-failure',
        'Version: 1',
        'User-Agent: DMARC-Filter/1.2.3',
        'Auth-Failure: dmarc',
        'Authentication-Results: gen.example;',
        '  dmarc=fail header.from=consumer.example',
        'Identity-Alignment: dkim',
        'DKIM-Domain: consumer.example',
        'DKIM-Identity: @consumer.example',
        'DKIM-Selector: epsilon',
        'Original-Envelope-Id: 65E1A3F0A0',
        'Original-Mail-From: author=gen.example@forwarder.example',
        'Source-IP: 192.0.2.2',
        'Source-Port: 12345',
        'Reported-Domain: consumer.example',
      ].join('\n'),
    );
    expect(find(multipart(text, report, original))).toEqual({
      section: '2',
      report: {
        kind: 'dmarcFailure',
        feedbackType: 'auth-failure',
        userAgent: 'DMARC-Filter/1.2.3',
        version: '1',
        authFailure: ['dmarc'],
        identityAlignment: ['dkim'],
        authenticationResults: ['gen.example;  dmarc=fail header.from=consumer.example'],
        reportedDomain: 'consumer.example',
        deliveryResult: null,
        sourceIp: '192.0.2.2',
        sourcePort: 12345,
        originalMailFrom: 'author=gen.example@forwarder.example',
        originalRcptTo: [],
        originalEnvelopeId: '65E1A3F0A0',
        arrivalDate: null,
        reportingMta: null,
        incidents: 1,
        dkimDomain: 'consumer.example',
        dkimIdentity: '@consumer.example',
        dkimSelector: 'epsilon',
        spfDns: null,
        original: { messageId: '1@example.org', from: 'author@example.org', subject: '', date: null },
      },
    });
  });

  test('a report as RFC 6591 has it in its appendix', () => {
    const more = [
      'Feedback-Type: auth-failure',
      'User-Agent: Someisp!Mail-Feedback/1.0',
      'Version: 1',
      'Original-Mail-From: <randomuser@example.net>',
      'Original-Rcpt-To: <user@example.com>',
      'Original-Rcpt-To: <other@example.com>',
      'Received-Date: Thu, 8 Oct 2011 12:30:15 -0500 (EDT)',
      'Source-IP: 2001:DB8::7',
      'Authentication-Results: mail.example.com; spf=fail smtp.mailfrom=randomuser@example.net;',
      'Authentication-Results: mail.example.com; dkim=fail',
      'Reported-Domain: Example.COM',
      'Reporting-MTA: dns; mail.example.com',
      'Delivery-Result: Reject (5.7.1)',
      'Auth-Failure: spf, signature',
      'Identity-Alignment: none',
      'Incidents: 7',
      'SPF-DNS: txt : example.net : "v=spf1 -all"',
    ].join('\n');
    expect(read(more)).toMatchObject({
      authFailure: ['signature', 'spf'],
      identityAlignment: [],
      originalMailFrom: 'randomuser@example.net',
      originalRcptTo: ['user@example.com', 'other@example.com'],
      arrivalDate: new Date('2011-10-08T17:30:15Z'),
      sourceIp: '2001:db8::7',
      reportedDomain: 'example.com',
      reportingMta: 'mail.example.com',
      deliveryResult: 'reject',
      incidents: 7,
      spfDns: 'txt : example.net : "v=spf1 -all"',
    });
  });

  const base = 'Feedback-Type: auth-failure\nAuth-Failure: dmarc\n';
  test.each<[string, Partial<DmarcFailureReport>]>([
    ['Delivery-Result: smg-policy-action', { deliveryResult: 'policy' }],
    ['Delivery-Result: something', { deliveryResult: 'other' }],
    ['Source-IP: [IPv6:2001:db8::1]', { sourceIp: '2001:db8::1' }],
    ['Source-IP: IPv6:2001:DB8::1', { sourceIp: '2001:db8::1' }],
    ['Source-IP: 300.1.1.1', { sourceIp: null }],
    ['Source-Port: 70000', { sourcePort: null }],
    ['Original-Mail-From: <>', { originalMailFrom: '' }],
    ['Original-Mail-From:', { originalMailFrom: '' }],
    ['Original-Rcpt-To:', { originalRcptTo: [] }],
    ['Incidents: many', { incidents: 1 }],
    ['Arrival-Date: whenever', { arrivalDate: null }],
  ])('%s', (field, expected) => {
    expect(read(base + field)).toMatchObject(expected);
  });

  test.each([
    ['a blank line before the fields', multipart(text, fields(`\n${base}`))],
    ['no type', multipart(text, `\n${base}`)],
    [
      'another type',
      multipart(
        text,
        `Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\n${Buffer.from(base).toString('base64')}\n`,
      ),
    ],
    ['no parts', `Content-Type: message/feedback-report\n\n${base}`],
    ['another type of feedback that names a failure', multipart(fields('Feedback-Type: dmarc\nAuth-Failure: dmarc'))],
    ['no Feedback-Type', multipart(text, fields('Version: 1\nAuth-Failure: dmarc\nSource-IP: 192.0.2.1'))],
    ['semicolons', multipart(text, fields('Feedback-Type: auth-failure\nAuth-Failure: dmarc; x'))],
    ['CR for newlines', multipart(text, fields(base)).replaceAll('\n', '\r')],
  ])('%s is found too', (_, raw) => {
    expect(find(raw)?.report).toMatchObject({ authFailure: ['dmarc'], original: null });
  });

  test.each(['message/rfc822', 'message/global-headers', 'text/rfc822-headers', 'text/rfc822'])(
    'the message that failed may be enclosed as %s',
    (type) => {
      const enclosed = original.replace('message/rfc822', type);
      expect(find(multipart(text, fields(base), enclosed))?.report.original?.from).toBe('author@example.org');
    },
  );

  test.each([
    ['a complaint', multipart(text, fields('Feedback-Type: abuse\nVersion: 1'), original)],
    ['a report that does not say what of', multipart(text, fields('Version: 1\nAuth-Failure: something'), original)],
    ['nothing', ''],
    ['text that speaks of it', 'Subject: x\n\nWhat does "Feedback-Type: auth-failure" mean?\n'],
    [
      'a report in a message in the message',
      multipart(
        text,
        `Content-Type: message/rfc822\n\n${multipart(fields(base)).replaceAll('--b', '--c').replace('=b', '=c')}`,
      ),
    ],
  ])('%s is none', (_, raw) => {
    expect(find(raw)).toBeNull();
  });

  // Exim: dmarc_forensic_sender
  const exim = `From: dmarc@mx.example\n\nA message claiming to be from you has failed the published DMARC\npolicy for your domain.\n
  Sender Domain: example.com
  Sender IP Address: 192.0.2.9
  Received Date: Tue, 29 Oct 2024 10:00:00 +0100
  SPF Alignment: no
  DKIM Alignment: yes
  DMARC Results: Reject

------ This is a copy of the headers\n`;

  test('the text that Exim writes', () => {
    expect(find(exim)?.report).toMatchObject({
      feedbackType: 'auth-failure',
      authFailure: ['dmarc'],
      identityAlignment: ['spf'],
      reportedDomain: 'example.com',
      sourceIp: '192.0.2.9',
      arrivalDate: new Date('2024-10-29T09:00:00Z'),
    });
    expect(find(exim.replace('DMARC Results', 'Results'))).toBeNull();
  });

  test.each([
    ['fields', fields(`${base}${'Original-Rcpt-To: a@example.org\n'.repeat(100_000)}`)],
    ['a long field', fields(`${base}User-Agent: ${'x('.repeat(1_000_000)}`)],
    ['lines that begin like fields', `\n${'A:\n'.repeat(1_000_000)}`],
    ['colons', `\n${':'.repeat(1_000_000)}`],
    ['names without end', `\n${'a-'.repeat(1_000_000)}`],
    ['lines of Exim', `\nSender Domain:${' x:'.repeat(1_000_000)}`],
  ])('many %s: in little time', { timeout: 3_000 }, (_, part) => {
    find(multipart(text, part));
  });
});
