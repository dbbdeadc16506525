import { describe, expect, test } from 'vitest';
import { dispositionNotification } from '../../../src/message/reports/disposition-notification.ts';
import { readReport } from '../../../src/message/reports/read-report.ts';
import { openReport } from '../../../src/message/reports/report-source.ts';
import { bytes } from './messages.ts';

const mdn = (fields: string, type = 'message/disposition-notification') =>
  bytes(
    'From: Joe <joe@dest.test>',
    'To: author@origin.test',
    'Subject: Read: hello',
    'Auto-Submitted: auto-replied',
    'Content-Type: multipart/report; report-type=disposition-notification; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain',
    '',
    'Your message was displayed.',
    '--b',
    `Content-Type: ${type}`,
    '',
    fields,
    '--b--',
  );
const read = (raw: Buffer) => dispositionNotification(openReport(raw));

describe('disposition notifications (RFC 8098)', () => {
  test('every field', () => {
    const fields = [
      'Reporting-UA: joes-pc.dest.test; Foomail 97.1',
      'MDN-Gateway: dns; gate.test',
      'Original-Recipient: rfc822;list@dest.test',
      'Final-Recipient: rfc822;joe@dest.test',
      'Original-Message-ID: <original@origin.test>',
      'Disposition: manual-action/MDN-sent-manually; displayed/error,warning',
      'Error: no more paper',
      'Failure: no printer',
      'Warning: low ink',
    ];
    expect(read(mdn(fields.join('\n')))).toEqual({
      type: 'displayed',
      action: 'manual',
      sent: 'manual',
      modifiers: ['error', 'warning'],
      recipient: 'joe@dest.test',
      originalRecipient: 'list@dest.test',
      originalMessageId: 'original@origin.test',
      reportingUserAgent: 'joes-pc.dest.test; Foomail 97.1',
      gateway: 'gate.test',
      errors: ['no more paper'],
      failures: ['no printer'],
      warnings: ['low ink'],
      original: null,
    });
  });

  test.each([
    ['automatic-action/MDN-sent-automatically; deleted', { type: 'deleted', action: 'automatic', sent: 'automatic' }],
    ['automatic-action / MDN-sent-manually ; Dispatched', { type: 'dispatched', action: 'automatic', sent: 'manual' }],
    ['manual-action/MDN-sent-manually; processed', { type: 'processed' }],
    ['manual-action/MDN-sent-manually; teleported', { type: 'other' }],
    ['displayed', { type: 'displayed', action: '', sent: '' }],
    ['read', { type: 'other', action: '', sent: '' }],
    ['(RFC 2298) manual-action/MDN-sent-manually; (by (hand)) deleted (unread)', { type: 'deleted', sent: 'manual' }],
    [
      'automatic-action/MDN-sent-automatically; failed/Failure: unsupported  format, error',
      { type: 'failed', modifiers: ['failure: unsupported format', 'error'] },
    ],
    ['manual-action/MDN-sent-manually;\n displayed/warning,\n\tsuperseded', { modifiers: ['warning', 'superseded'] }],
  ])('Disposition: %s', (disposition, expected) => {
    expect(read(mdn(`Final-Recipient: rfc822; joe@dest.test\nDisposition: ${disposition}`))).toMatchObject(expected);
  });

  test('the internationalised variant (RFC 6533)', () => {
    const fields = 'Final-Recipient: utf-8; jörg@dest.test\nDisposition: manual-action/MDN-sent-manually; displayed';
    expect(read(mdn(fields, 'message/global-disposition-notification'))?.recipient).toBe('jörg@dest.test');
  });

  test('without Original-Message-ID, and about an address with a phrase', () => {
    const fields = 'Final-Recipient: rfc822; "Joe" <joe@dest.test> (away)\nDisposition: displayed';
    expect(read(mdn(fields))).toMatchObject({ recipient: 'joe@dest.test', originalMessageId: '' });
  });

  test('within what its sender signed', () => {
    const inner = mdn('Final-Recipient: rfc822; joe@dest.test\nDisposition: displayed').toString();
    const end = inner.indexOf('Content-Type: multipart/report');
    const raw = bytes(
      inner.slice(0, end).trimEnd(),
      'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=s',
      '',
      '--s',
      inner.slice(end),
      '--s',
      'Content-Type: application/pkcs7-signature',
      '',
      'x',
      '--s--',
    );
    expect(readReport(raw)).toMatchObject({ kind: 'disposition', type: 'displayed', recipient: 'joe@dest.test' });
  });

  test('the header of the original message is returned (RFC 8098 §3)', () => {
    const raw = mdn('Final-Recipient: rfc822; joe@dest.test\nDisposition: displayed').toString();
    const header =
      '--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: <a@origin.test>\r\nSubject: hi\r\n--b--';
    expect(read(Buffer.from(raw.replace('--b--', header)))?.original).toMatchObject({
      messageId: 'a@origin.test',
      subject: 'hi',
    });
  });

  test('it is neither an automatic reply nor a delivery report', () => {
    const raw = mdn('Final-Recipient: rfc822; joe@dest.test\nDisposition: manual-action/MDN-sent-manually; displayed');
    expect(readReport(raw)?.kind).toBe('disposition');
  });

  test('a part without its fields is none', () => {
    expect(read(mdn('Subject: x'))).toBeNull();
  });
});
