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
    ['displayed', { type: 'other', action: '', sent: '' }],
  ])('Disposition: %s', (disposition, expected) => {
    expect(read(mdn(`Final-Recipient: rfc822; joe@dest.test\nDisposition: ${disposition}`))).toMatchObject(expected);
  });

  test('the internationalised variant (RFC 6533)', () => {
    const fields = 'Final-Recipient: utf-8; jörg@dest.test\nDisposition: manual-action/MDN-sent-manually; displayed';
    expect(read(mdn(fields, 'message/global-disposition-notification'))?.recipient).toBe('jörg@dest.test');
  });

  test('it is neither an automatic reply nor a delivery report', () => {
    const raw = mdn('Final-Recipient: rfc822; joe@dest.test\nDisposition: manual-action/MDN-sent-manually; displayed');
    expect(readReport(raw)?.kind).toBe('disposition');
  });

  test('a part without its fields is none', () => {
    expect(read(mdn('Subject: x'))).toBeNull();
  });
});
