import {
  type DeliveryReport,
  deliveryStatus,
  type RecipientStatus,
} from '../../../src/message/reports/delivery-status.ts';
import { openReport } from '../../../src/message/reports/report-source.ts';

/** Raw bytes of lines that end in CRLF. */
export const bytes = (...lines: readonly string[]): Buffer => Buffer.from(lines.join('\n').replace(/\r?\n/g, '\r\n'));

/** A notice in plain text from an MTA's own address. */
export const textBounce = (body: string, headers: readonly string[] = []): Buffer =>
  bytes(
    'From: Mail Delivery System <MAILER-DAEMON@mta.test>',
    'To: author@origin.test',
    'Subject: Undelivered mail',
    ...headers,
    'Content-Type: text/plain; charset=utf-8',
    '',
    body,
  );

/** A report by RFC 3464 with a text, fields and the header of the returned message. */
export const dsn = (fields: string, text = 'Your message could not be delivered.', type = 'message/delivery-status') =>
  bytes(
    'From: MAILER-DAEMON@mta.test',
    'To: author@origin.test',
    'Subject: Returned mail',
    'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    text,
    '--b',
    `Content-Type: ${type}`,
    '',
    fields,
    '--b',
    'Content-Type: text/rfc822-headers',
    '',
    'From: Author <author@origin.test>',
    'To: joe@dest.test',
    'Subject: =?utf-8?q?Caf=C3=A9?=',
    'Message-ID: <original@origin.test>',
    '--b--',
  );

/** The report in raw bytes; throws when there is none. */
export function report(raw: Buffer): DeliveryReport {
  const found = deliveryStatus(openReport(raw));
  if (found === null) throw new Error('the message is no delivery report');
  return found;
}

/** The only recipient of a report. */
export function only(raw: Buffer): RecipientStatus {
  const { recipients } = report(raw);
  const [first] = recipients;
  if (first === undefined || recipients.length !== 1) throw new Error(`the report has ${recipients.length} recipients`);
  return first;
}
